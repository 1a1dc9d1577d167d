"""One hidden layer approximates any function: built by hand from bumps, at a jump, and by training.

CS231n, neural networks part 1, "Representational power". A steep sigmoid is a step, two steps are a bump, and bumps
side by side follow any continuous function: the error shrinks as 1 / bumps. A jump is never met at the jump itself,
only in ever smaller surroundings. Training finds a better network with fewer units, but nothing promises that it will.

Run: python examples/16_universal_approximation.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn, optim
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

x = np.linspace(0, 1, 1001, dtype=np.float32)[:, None]


def wave(x):
    return 0.3 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x)


def network(slope, places, heights):
    """Return the sum of steps of these heights at these places: a hidden layer of steep sigmoids."""
    hidden, output = nn.Linear(1, len(places)), nn.Linear(len(places), 1)
    hidden.weight.assign(np.full((len(places), 1), slope))
    hidden.bias.assign(-slope * np.asarray(places))
    output.weight.assign(np.asarray(heights)[None])
    output.bias.assign(np.zeros(1))
    return nn.Sequential(hidden, nn.Sigmoid(), output)


bumps, jumps, trained = {}, {}, {}
for count in (5, 15, 60):
    edges = np.linspace(0, 1, count + 1)
    heights = wave((edges[:-1] + edges[1:]) / 2)
    steps = np.diff(heights, prepend=0.0, append=0.0)  # where two bumps meet, one goes down and the next up
    edges[[0, -1]] = -0.1, 1.1
    bumps[f"{count} bumps"] = y = network(40.0 * count, edges, steps)(x).value
    mean = np.abs(y - wave(x)).mean()
    print(f"{count:3} bumps: mean error {mean:.4f}, times bumps {mean * count:.3f}")

for slope in (10, 40, 160):
    jumps[f"slope {slope}"] = y = network(slope, [0.5], [1.0])(x).value
    off = np.abs(y - (x > 0.5))
    print(f"a jump by slope {slope:3}: largest error {off.max():.2f}, mean {off.mean():.4f}", end=", ")
    print(f"times slope {off.mean() * slope:.3f}")

model = nn.Sequential(nn.Linear(1, 20, rng=0), nn.Tanh(), nn.Linear(20, 1, rng=1))
model[0].weight.assign(10 * model[0].weight.value)  # kinks all over the range, not only in its middle
model[0].bias.assign(-model[0].weight.value[:, 0] * np.linspace(0, 1, 20))
optimizer = optim.Adam(model.parameters(), lr=0.01)
step = ag.compile(lambda inputs, targets: F.mse_loss(model(inputs), targets))
for steps in (100, 400, 1500 if quick else 8000):
    for _ in range(steps):
        loss = step(x[::10], wave(x[::10]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    trained[f"{steps} steps more"] = y = model(x).value
    print(f" 20 trained units, {steps:4} steps more: mean error {np.abs(y - wave(x)).mean():.4f}")


def panel(title, target, curves):
    looks = zip(curves.items(), ("saturated", "ok_text", "value"), ("dotted", "dashed", "solid"), strict=True)
    lines = [Line(name, x[::2, 0], y[::2, 0], ink, dash) for (name, y), ink, dash in looks]
    return Panel(Axis("x"), Axis("y"), (Line("target", x[::2, 0], target[::2, 0], "wire", width=4.0), *lines), title)


panels = (
    panel("Bumps, by hand", wave(x), bumps),
    panel("A jump, by one sigmoid", 1.0 * (x > 0.5), jumps),
    panel("20 tanh units, trained", wave(x), trained),
)
picture = chart(ChartData("One hidden layer approximates any function", panels, columns=3, size=(250.0, 200.0)))
print("written:", picture.save(folder / "universal_approximation.svg"))
