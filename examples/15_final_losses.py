"""Small networks land in bad minima by bad luck; large ones in many minima that are about equally good.

CS231n, neural networks part 1, "Setting number of layers and their sizes": train many networks from different starting
weights and look at their final losses. A small network has few minima, some far worse than others, so the losses
spread; a large network has many, and all of them are close to the best. It does not depend on luck.

Run: python examples/15_final_losses.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, Bars, ChartData, Panel, Rule, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

points, labels = data.spirals(100, 3, noise=0.1, rng=0)


def final_loss(hidden, seed, steps):
    """Train one hidden layer on the spirals from the weights of one seed; return the last loss."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(2, hidden, rng=rng), nn.Tanh(), nn.Linear(hidden, 3, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    for _ in range(steps):
        loss = step(points, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


sizes, seeds, steps = ((3, 30), 6, 300) if quick else ((3, 4, 5, 30), 30, 600)
losses = {hidden: np.array([final_loss(hidden, seed, steps) for seed in range(seeds)]) for hidden in sizes}
for hidden, found in losses.items():
    print(f"{hidden:3} hidden units: loss from {found.min():.3f} to {found.max():.3f}", end=", ")
    print(f"mean {found.mean():.3f}, standard deviation {found.std():.3f}")

edges = np.linspace(0, max(map(max, losses.values())) * 1.02, 31)
panels = [
    Panel(
        Axis("final loss (nats)", 0, edges[-1]),
        Axis("networks", 0, seeds),
        (
            Bars("networks", edges, np.histogram(found, edges)[0]),
            Rule("their mean", found.mean(), "x", "gradient"),
        ),
        f"{hidden} hidden units",
        (f"standard deviation {found.std():.3f}",),
    )
    for hidden, found in losses.items()
]
subtitle = f"{seeds} networks of each size on three spirals, {steps} steps each"
picture = chart(ChartData("Large networks do not depend on luck", panels, subtitle, columns=2, size=(300.0, 130.0)))
print("written:", picture.save(folder / "final_losses.svg"))
