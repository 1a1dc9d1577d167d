"""The notes as pictures, drawn from the engine's own numbers; and one page that binds them.

Run: python examples/09_textbook.py [folder]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import nn, optim
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder
textbook = viz.textbook

# Any gate that works element by element has a page, also one of your own: its slope is read off its rule.
textbook.activation("elu", alpha=2.0).save(folder / "elu.svg")

# Train one neuron with the hinge loss, and draw the line on which it cannot decide.
points, labels = textbook.two_clouds(60, rng=1)
neuron = nn.Neuron(2, None, rng=0)
optimizer = optim.SGD(neuron.parameters(), lr=0.1)
for step in range(41):
    loss = ag.Scalar(0.0)
    for point, label in zip(points, labels, strict=True):
        loss = loss + ag.relu(1 - neuron(point) * label) / len(points)
    if step % 20 == 0:
        print(f"step {step:2}  hinge loss {loss.value:.4f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
textbook.decision_line(neuron, points, labels, push=0.1).save(folder / "neuron.svg")


# The loss of that neuron around where it has come to: the parameters stay as they are.
def mean_hinge_loss():
    w = ag.stack([neuron.w0, neuron.w1])
    return ag.relu(1 - (points @ w + neuron.b) * labels).mean()


before = [parameter.value for parameter in neuron.parameters()]
textbook.loss_along(mean_hinge_loss, neuron.parameters(), 2, rng=0).save(folder / "loss.svg")
assert np.array_equal(before, [parameter.value for parameter in neuron.parameters()])

print("written:", textbook.page().save(folder / "textbook.html"))
