"""The learning rate over a training, under every schedule, and what falling rates are good for.

CS231n, neural networks part 3, "Annealing the learning rate". In steps, exponentially, as 1/t, along a cosine, from a
warm-up on, or whenever the loss no longer falls. A rate that stays high keeps rolling about the minimum; here,
with a network too small for all its images, every schedule ends at less than two thirds of its loss.

Run: python examples/42_schedules.py [folder] [--quick]
"""

from autograd_cnn import data, models, nn, optim, train
from autograd_cnn.optim import lr_scheduler as schedules
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs = 12 if quick else 40
digits = data.digits()


def warmed(optimizer):
    """Rise for a sixth of the epochs, then fall along a cosine."""
    rise = schedules.LinearLR(optimizer, 0.1, total_iters=epochs // 6)
    fall = schedules.CosineAnnealingLR(optimizer, epochs - epochs // 6)
    return schedules.SequentialLR(optimizer, [rise, fall], [epochs // 6])


SCHEDULES = {
    "constant": lambda o: None,
    "step": lambda o: schedules.StepLR(o, epochs // 3, 0.3),
    "multi-step": lambda o: schedules.MultiStepLR(o, [epochs // 2, 5 * epochs // 6]),
    "on plateau": lambda o: schedules.ReduceLROnPlateau(o, factor=0.3, patience=epochs // 12),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.05 ** (1 / epochs)),
    "1/t": lambda o: schedules.InverseTimeLR(o, 12 / epochs),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, epochs),
    "warm-up": warmed,
}


def trained(schedule):
    """Return the history of a training whose rate begins at 0.1, high for so few units, and goes as scheduled."""
    model = models.mlp(64, (8,), rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=schedule(optimizer), compile=True)
    return trainer.fit(digits.train, digits.validation, epochs=epochs, batch_size=16, rng=0)


histories = {name: trained(schedule) for name, schedule in SCHEDULES.items()}
for name, history in histories.items():
    rates, last = history.curve("lr"), history.epochs[-1]
    print(
        f"{name:11}: rate {rates[0]:.3f} -> {rates[-1]:.4f}, training loss of the last epoch {last.loss:.4f}", end=", "
    )
    print(f"validation accuracy {last.validation_accuracy:.1%}")

LOOKS = (
    *(("muted", "dotted"), ("ink", "long"), ("gradient", "dashed"), ("value", "solid")),
    *(("critical", "dotted"), ("ok_text", "long"), ("value", "dash-dot"), ("ok_text", "solid")),
)
rate, loss = Axis("learning rate", 0, 0.105), Axis("training loss (nats)", 1e-3, 3, log=True)
panels = []
for quantity, axis in (("lr", rate), ("loss", loss)):
    lines = [
        Line(name, range(1, epochs + 1), history.curve(quantity), *look)
        for (name, history), look in zip(histories.items(), LOOKS, strict=True)
    ]
    panels += [Panel(Axis("epoch"), axis, lines[:4], "In steps"), Panel(Axis("epoch"), axis, lines[4:], "Smoothly")]
facts = ("a network of 8 hidden units on the bundled digits, SGD with momentum 0.9; the same weights for all runs",)
picture = chart(ChartData("Schedules", panels, facts=facts, columns=2, size=(300.0, 190.0)))
print("written:", picture.save(folder / "schedules.svg"))
