"""Two moons, parted by a network of single numbers: every weight, product and sum is a Scalar of its own.

The graph of one sample has about a thousand gates. `ag.compile` records it once; `train` then replays it for all
samples of all steps as one tape of machine code, and `map` colours the plane.

Run: python examples/12_moons.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

points, labels = data.two_moons(200, noise=0.15, rng=0)
signs = 2.0 * labels - 1
model = nn.NeuronMLP(2, [8, 8, 1] if quick else [16, 16, 1], activation="tanh", rng=1)


def hinge(x, y):
    """Return max(0, 1 − y·s) of one point."""
    return ag.relu(1 - y * model(x))


# gate by gate: the engine shows everything, one number at a time
one = hinge(points[0].tolist(), signs[0])
one.backward()
print(f"one sample: {len(list(ag.nodes(one)))} nodes, {len(list(model.parameters()))} of them weights")

# recorded and replayed: the same loss
step = ag.compile(hinge, update=lambda w, gradient: w - 0.3 * (gradient + 1e-4 * w))
eager = np.mean([hinge(x, y).value for x, y in zip(points.tolist(), signs, strict=True)])
for steps in (1, 19, 80, 400, 0 if quick else 1500):
    losses = step.train(points, signs, steps=steps)
    if steps == 1:
        print(f"mean hinge loss gate by gate {eager:.6f}, replayed {losses[0]:.6f}")
    elif steps:
        print(f"{steps:5} steps more: {losses[-1]:.4f}")

score = ag.compile(model)
right = np.mean((score.map(points) > 0) == labels)
print(f"accuracy {right:.1%}")
picture = viz.textbook.decision_regions(
    {f"{len(list(model.parameters()))} weights": score.map},
    points,
    labels,
    levels=(-1, 0, 1),
    size=(400.0, 260.0),
    title="Two moons, by a network of single numbers",
)
print("written:", picture.save(folder / "moons.svg"))
