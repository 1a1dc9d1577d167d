"""Several networks that answer together are more right than one: the notes' ways to come by them, and what each buys.

CS231n, neural networks part 3, "Model ensembles": other starting values, the best settings of a search, checkpoints of
one training, a running average of the weights, and bagging. Then Hinton's distillation (2015) puts the best of them
back into one network, which learns from their softened probabilities; the same network from labels alone is printed
beside it. All are judged on the test images.

Run: python examples/30_ensembles.py [folder] [--quick]     (Optuna: pip install 'autograd-cnn[tune]')
"""

import warnings

import numpy as np

from autograd_cnn import data, models, nn, optim, train
from viz.charts import Axis, ChartData, Panel, Points, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
digits = data.digits((0.35, 0.15, 0.5))  # few images to learn from, many to be judged by: an error is worth more
count, epochs, tried = (3, 8, 6) if quick else (8, 20, 24)


def network(seed, units=32):
    return models.mlp(64, (units,), rng=seed)


def fit(seed=0, learned=digits.train, lr=0.01, units=32, **options):
    """Train a network, and return it."""
    model = network(seed, units)
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr), **options)
    trainer.fit(learned, digits.validation, epochs=epochs, batch_size=32, rng=seed)
    return model


def try_out(trial):
    return train.evaluate(fit(trial.seed, lr=trial["lr"], units=trial["units"]), digits.validation).accuracy


with warnings.catch_warnings():
    warnings.simplefilter("ignore", train.SearchBorderWarning)
    space = {"lr": train.LogUniform(1e-3, 0.1), "units": train.Integer(16, 128, log=True)}
    found = train.tune(try_out, space, trials=tried, seed=0)

# One run, whose rate is high enough to wander about the minimum
snapshots, average = train.Snapshots(keep=count), train.AveragedModel(network(0), decay=0.95)
fit(lr=0.04, callbacks=[snapshots], average=average)

ways = {
    "other initializations": train.initializations(fit, range(count)),
    "top models of a search": train.top_models(found, lambda t: fit(t.number, lr=t["lr"], units=t["units"]), count),
    "checkpoints of one run": snapshots.models,
    "bagging": train.bagging(lambda sample: fit(0, sample), digits.train, count, rng=0),
}
gains = {name: train.ensemble_gain(networks, digits.test) for name, networks in ways.items()}
for name, gain in gains.items():
    print(f"{name:25}: {gain}")
last, running = (train.evaluate(model, digits.test).accuracy for model in (snapshots.models[-1], average.module))
print(
    f"{'running average':25}: the last weights {last:.2%}, their average {running:.2%} ({100 * (running - last):+.2f})"
)

# Back into one network
teacher = train.Ensemble(ways["top models of a search"])
students = []
for seed in range(count):
    student = network(seed)
    optimizer = optim.Adam(student.parameters(), 0.01)
    train.distill(teacher, student, digits.train, optimizer=optimizer, epochs=epochs, batch_size=32, rng=seed)
    students.append(train.evaluate(student, digits.test).accuracy)
alone, together = gains["other initializations"].members, gains["top models of a search"].average
print(f"{'distilled into one':25}: {np.mean(students):.2%}, from labels {np.mean(alone):.2%}, teacher {together:.2%}")

rows = [*gains, "running average", "distilled into one"]
single = [(a, i) for i, gain in enumerate(gains.values()) for a in gain.members]
single += [(last, len(gains)), *((a, len(gains) + 1) for a in students)]
means = [gain.average for gain in gains.values()]
layers = (
    Points("one network", *zip(*single, strict=True), "muted", "ring", 6.0),
    Points("averaged", (*means, running), range(len(rows) - 1), "value", "diamond", 9.0),
    Points("by votes", [gain.vote for gain in gains.values()], range(len(gains)), "gradient", "cross", 8.0),
)
rows_axis = Axis("way", -0.5, len(rows) - 0.5, ticks=tuple((float(i), name) for i, name in enumerate(rows)))
facts = (f"{count} networks each, {len(digits.train)} images to learn from; distilled: of {count} starting values",)
panel = Panel(Axis("accuracy on the test images"), rows_axis, layers)
print("written:", chart(ChartData("Ensembles on digits", (panel,), facts=facts)).save(folder / "ensembles.svg"))
