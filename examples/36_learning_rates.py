"""What the learning rate does to the loss: very high, high, good and low ones, and a test that finds the good one.

CS231n, neural networks part 3, "Loss function". One test of a hundred steps raises the rate from step to step; the
rates of the four runs are multiples of the one that it suggests. A schedule that ends at 0 makes good even what a
rate that is too high has kept from settling.

Run: python examples/36_learning_rates.py [folder] [--quick]
"""

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim, train
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

digits = data.digits().train
criterion = nn.CrossEntropyLoss()
EPOCHS = 4 if quick else 12


def network():
    return nn.Sequential(
        flatten=nn.Flatten(), fc1=nn.Linear(64, 32, rng=0), act1=nn.Tanh(), fc2=nn.Linear(32, 10, rng=1)
    )


def whole_loss(model):
    with ag.no_grad():
        return criterion(model(digits.images), digits.labels).item()


def losses_of(rate, schedule=None):
    """Train at a rate; return the loss over all training images before each epoch and after the last."""
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    scheduler = schedule(optimizer) if schedule else None
    found = [whole_loss(model)]
    for epoch in range(EPOCHS):
        for images, labels in data.batches(digits, 64, rng=epoch):
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if scheduler:
            scheduler.step()
        found.append(whole_loss(model))
    return found


model = network()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
found = train.rate_range(model, criterion, data.batches(digits, 64, rng=0), optimizer, 1e-5, 100.0, steps=100)
print(f"range test: {len(found.rates)} steps, suggestion {found.suggestion:.2g}, diverged at {found.rates[-1]:.2g}")
viz.rate_range(found).save(folder / "rate_range.svg")

rate = found.suggestion
runs = {
    f"very high: {10 * rate:.2g}": losses_of(10 * rate),
    f"high: {3 * rate:.2g}": losses_of(3 * rate),
    f"good: {rate:.2g}": losses_of(rate),
    f"low: {rate / 100:.2g}": losses_of(rate / 100),
    f"high to 0: {3 * rate:.2g}, cosine": losses_of(
        3 * rate, lambda o: optim.lr_scheduler.CosineAnnealingLR(o, EPOCHS)
    ),
}
for name, losses in runs.items():
    print(f"{name:25} loss {losses[0]:.2f} -> {losses[-1]:.3f}")

looks = [
    ("critical", "dotted"),
    ("ink", "dash-dot"),
    ("ok_text", "solid"),
    ("value", "dashed"),
    ("gradient", "long"),
]
lines = tuple(
    Line(name, range(EPOCHS + 1), losses, ink, dash)
    for (name, losses), (ink, dash) in zip(runs.items(), looks, strict=True)
)
panel = Panel(Axis("epoch"), Axis("loss over all training images", 0.0, 3.4), lines)
facts = ("A network of 32 hidden units on the bundled digits, SGD with momentum 0.9; the same weights for all runs.",)
chart(ChartData("Four learning rates, and one that falls", (panel,), facts=facts)).save(folder / "learning_rates.svg")
