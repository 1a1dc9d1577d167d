"""Linear layers collapse: without a nonlinearity between them, three layers are one matrix, and one straight line.

CS231n, neural networks part 1: the nonlinearity is where we get the wiggle. A network of three linear layers learns
two moons; the product of its matrices alone gives the same scores. With tanh between the same layers the line bends.

Run: python examples/13_linear_collapse.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

points, labels = data.two_moons(200, noise=0.15, rng=0)


def trained(*between):
    """Train three linear layers with what stands between them; return the network."""
    first, second, third = (nn.Linear(n, m, rng=n) for n, m in ((2, 16), (16, 15), (15, 1)))
    model = nn.Sequential(first, *between, second, *between, third)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    step = ag.compile(lambda x, y: F.binary_cross_entropy_with_logits(model(x)[:, 0], y))
    for _ in range(150 if quick else 1000):
        loss = step(points, labels.astype(np.float32))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, np.mean((model(points).value[:, 0] > 0) == labels)


linear, linear_right = trained()
bent, bent_right = trained(nn.Tanh())

# the layers' product: y = W₃(W₂(W₁x + b₁) + b₂) + b₃ = Wx + b
weight, bias = np.eye(2), np.zeros(2)
for layer in linear:
    weight, bias = layer.weight.value @ weight, layer.weight.value @ bias + layer.bias.value
difference = np.abs(points @ weight.T + bias - linear(points).value).max()
count = sum(parameter.size for parameter in linear.parameters())
print(f"three linear layers, {count} numbers: accuracy {linear_right:.1%}")
print(f"one layer, {weight.size + bias.size} numbers, gives the same scores up to {difference:.0e}")
print(f"with tanh between them: accuracy {bent_right:.1%}")

scores = {
    "Three linear layers": linear,
    "Their product W₃·W₂·W₁": lambda x: x @ weight.T + bias,
    "The same layers with tanh": bent,
}
picture = viz.textbook.decision_regions(
    scores, points, labels, levels=(-2, 0, 2), title="Without a nonlinearity layers collapse into one"
)
print("written:", picture.save(folder / "linear_collapse.svg"))
