"""More hidden units draw finer borders; stronger regularisation smooths them, which generalises better.

CS231n, neural networks part 1, "Setting number of layers and their sizes": networks of 3, 6 and 20 hidden units, and
20 hidden units with an L2 penalty of three strengths λ, on the same noisy points. The large network without penalty
learns the noise: its training error is smaller than that on fresh points.

Run: python examples/14_decision_regions.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

points, labels = data.two_moons(80, noise=0.35, rng=4)
fresh, fresh_labels = data.two_moons(2000, noise=0.35, rng=5)


def trained(hidden, penalty=0.0):
    """Train one hidden layer on the points, with ½λ‖w‖² of all weights added to the loss."""
    model = nn.Sequential(nn.Linear(2, hidden, rng=1), nn.Tanh(), nn.Linear(hidden, 1, rng=2))
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]

    def loss(x, y):
        square = sum((w * w).sum() for w in weights)
        return F.binary_cross_entropy_with_logits(model(x)[:, 0], y) + penalty / 2 * square

    step = ag.compile(loss)
    for _ in range(300 if quick else 3000):
        result = step(points, labels.astype(np.float32))
        optimizer.zero_grad()
        result.backward()
        optimizer.step()
    return model


def wrong(model, points, labels):
    return np.mean((model(points).value[:, 0] > 0) != labels)


models = {f"{hidden} hidden units": trained(hidden) for hidden in (3, 6, 20)}
models |= {f"20 hidden units, λ = {penalty}": trained(20, penalty) for penalty in (0.001, 0.01, 0.1)}
for name, model in models.items():
    length = np.sqrt(sum(float((p.value**2).sum()) for p in model.parameters()))
    errors = wrong(model, points, labels), wrong(model, fresh, fresh_labels)
    print(f"{name:26} training error {errors[0]:6.1%}  on fresh points {errors[1]:6.1%}  ‖w‖ {length:6.1f}")

picture = viz.textbook.decision_regions(models, points, labels, levels=(-2, 0, 2), title="Size against regularisation")
print("written:", picture.save(folder / "decision_regions.svg"))
