"""A training that is interrupted and goes on to the same bits, and one that stops by itself at its best epoch.

CS231n, neural networks part 3, "Babysitting the learning process". The first training is cut short after some epochs,
which may as well be a kill: its newest checkpoint is all that is left. Made anew from it, optimizer, schedule, order of
the images, dropout and averages go on as if nothing had happened. The second training has few images, and learns them
by heart: early stopping returns it to the weights with the lowest validation loss. They are handed on as safetensors,
which hold numbers and nothing that could run.

Run: python examples/43_checkpoints.py [folder] [--quick]     (safetensors: pip install 'autograd-cnn[weights]')
"""

import tempfile
from pathlib import Path

import numpy as np

from autograd_cnn import data, models, nn, optim, train
from viz.charts import Axis, ChartData, Line, Panel, Points, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs, cut = (8, 3) if quick else (30, 11)
digits = data.digits()


def fit(home=None, until=epochs, resume=False):
    """Train for so many epochs, with all that has a state; return the network and the history."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        flatten=nn.Flatten(), fc1=nn.Linear(64, 48, rng=rng), relu=nn.ReLU(),
        dropout=nn.Dropout(0.3, rng=rng), fc2=nn.Linear(48, 10, rng=rng),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    trainer = train.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        average=train.AveragedModel(model, decay=0.95),
        checkpoints=home,
    )
    return model, trainer.fit(digits.train, digits.validation, epochs=until, rng=rng, resume=resume)


with tempfile.TemporaryDirectory() as home:
    _, early = fit(home, until=cut)
    resumed, late = fit(home, resume=True)
    names = sorted(path.name for path in Path(home).iterdir())
whole, history = fit()
same = all(np.array_equal(a.value, b.value) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))
print(f"kept: {', '.join(names)}")
print(f"cut after epoch {len(early.epochs)}, resumed to epoch {len(late.epochs)}: the same weights to the bit: {same}")
assert late.losses == history.losses

few, many = (part[:100] for part in (digits.train.images, digits.train.labels)), digits.validation
model = models.mlp(64, (100,), rng=0)
trainer = train.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), 0.005), early_stopping=10)
stopped = trainer.fit(tuple(few), many, epochs=400, batch_size=20, rng=0)
best, last = stopped.epochs[stopped.best_epoch - 1], stopped.epochs[-1]
print(
    f"100 images: {stopped.stopped}; validation loss {best.validation_loss:.3f}, at the end {last.validation_loss:.3f}"
)
judged = train.evaluate(model, many, nn.CrossEntropyLoss())
print(f"the network that is left has {judged.loss:.3f}; top-1 error {1 - judged.accuracy:.1%}", end=", ")
print(f"top-5 error {judged.top5_error:.1%}")

with tempfile.TemporaryDirectory() as home:
    models.save_safetensors(model, Path(home) / "model.safetensors")
    other = models.mlp(64, (100,), rng=1)
    models.load_safetensors(other, Path(home) / "model.safetensors")
again = train.evaluate(other, many, nn.CrossEntropyLoss())
print(f"saved as safetensors and loaded into another network: {again.loss == judged.loss}")


def ends(found):
    return range(1, len(found.epochs) + 1)


panels = (
    Panel(
        Axis("epoch"),
        Axis("training loss (nats)", 0.05, 3, log=True),
        (
            Line("never interrupted", ends(history), history.curve("loss"), "wire", "solid", width=4.0),
            Line("until the cut", ends(early), early.curve("loss"), "critical", "dotted"),
            Line("resumed", ends(late)[cut:], late.curve("loss")[cut:], "value", "dashed"),
        ),
        "Interrupted and resumed",
    ),
    Panel(
        Axis("epoch"),
        Axis("loss (nats)", 0.005, 3, log=True),
        (
            Line("training", ends(stopped), stopped.curve("loss"), "gradient", "dotted"),
            Line("validation", ends(stopped), stopped.curve("validation_loss"), "value", "solid"),
            Points("its weights are kept", (best.epoch,), (best.validation_loss,), "ink", "diamond", 9.0),
        ),
        "Stopped when nothing better came",
    ),
)
picture = chart(ChartData("A training that is safe to stop", panels, columns=2, size=(300.0, 210.0)))
print("written:", picture.save(folder / "checkpoints.svg"))
