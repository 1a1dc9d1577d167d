"""One neuron is a classifier: logistic regression or a support vector machine, depending on its loss.

CS231n, neural networks part 1, "Single neuron as a linear classifier". The same neuron learns the same points by the
cross entropy of its sigmoid and by the hinge loss. Both find a line. The hinge loss is content once every point is
outside of the margin: its gradient is 0, and the weights stay. Cross entropy is never content: the weights go on
growing.

Run: python examples/11_neuron_classifiers.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import nn
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

points, labels = viz.textbook.two_clouds(80, rng=1)  # the labels are −1 and 1
points += 0.5 * labels[:, None]  # far enough apart for a line


def cross_entropy(score, label):
    """Return −log σ(y·s), the Softmax loss of two classes."""
    return -ag.log(ag.sigmoid(label * score))


def hinge(score, label):
    """Return max(0, 1 − y·s), the SVM loss of two classes."""
    return ag.relu(1 - label * score)


scores = {}
for name, loss in {"Logistic regression": cross_entropy, "Support vector machine": hinge}.items():
    neuron = nn.Neuron(2, None, rng=0)
    step = ag.compile(lambda x, y, n=neuron, f=loss: f(n(x), y), update=lambda p, g: p - 0.2 * g)
    print(name)
    lengths = []
    for rounds in (500, 4500) if quick else (1000, 9000):
        losses = step.train(points, labels, steps=rounds)
        weights = np.array([neuron.w0.value, neuron.w1.value])
        lengths.append(np.hypot(*weights))
        print(f"  after {rounds:4} steps more: loss {losses[-1]:.5f}, length of the weights {lengths[-1]:.3f}")
    scores[name] = lambda x, w=weights, b=neuron.b.value: x @ w + b
    margins = scores[name](points) * labels
    print(f"  grown {lengths[1] / lengths[0]:.3f} times; {np.sum(margins <= 0)} points on the wrong side,", end=" ")
    print(f"{np.sum(margins < 1)} inside of the margin, the nearest at y·s = {margins.min():.2f}")

picture = viz.textbook.decision_regions(
    scores,
    points,
    labels,
    levels=(-1, 0, 1),
    columns=2,
    title="One neuron, two losses",
    facts=("0 is the decision; between −1 and 1 lies the margin of the hinge loss",),
)
print("written:", picture.save(folder / "neuron_classifiers.svg"))
