"""Hyperparameter search as the notes advise: by factors, at random rather than on a grid, from coarse to fine.

CS231n, neural networks part 3, "Hyperparameter optimization". First why random beats grid (Bergstra and Bengio 2012):
the learning rate matters and the weight decay hardly does, so that a grid of nine tries three learning rates, and a
random search nine. Then a coarse search over 10 ** uniform(-6, 1), in short trainings of which the hopeless are pruned,
and a finer one around its best. Last, a range that ends too early: the best lies on its border, and a warning says so.
Every search goes by the validation images; the test images are looked at once, at the end.

Run: python examples/29_hyperparameter_search.py [folder] [--quick]     (Optuna: pip install 'autograd-cnn[tune]')
"""

import warnings

import numpy as np

import viz
from autograd_cnn import data, models, nn, optim, train
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
digits = data.digits()


def fit(trial, epochs):
    """Train a network with the settings of a trial; return it with its accuracy on the validation images."""
    rng = np.random.default_rng(trial.seed)
    model = models.mlp(64, (trial.parameters.get("units", 32),), rng=rng)
    optimizer = optim.SGD(model.parameters(), lr=trial["lr"], momentum=0.9, weight_decay=trial["weight_decay"])
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, callbacks=[trial.watch])
    history = trainer.fit(digits.train, digits.validation, epochs=epochs, rng=rng)
    return model, history.epochs[-1].validation_accuracy if history.epochs else np.nan  # NaN where it diverged


def search(space, trials, epochs, **options):
    """Search; return what was found, and the network of the best trial."""
    networks = {}

    def objective(trial):
        networks[trial.number], accuracy = fit(trial, epochs)
        return accuracy

    found = train.tune(objective, space, trials=trials, **options)
    return found, networks[found.best.number]


warnings.filterwarnings("ignore", "Trainer: the loss is")  # a rate that diverges is a result too
warnings.simplefilter("ignore", train.SearchBorderWarning)  # until the last search

# Grid or random: nine trials each
space = {"lr": train.LogUniform(1e-4, 10), "weight_decay": train.LogUniform(1e-7, 1e-3)}
epochs, seeds = (3, 2) if quick else (5, 10)
grid, _ = search(space, 9, epochs, sampler="grid", seed=0)
randoms = [search(space, 9, epochs, seed=seed)[0] for seed in range(seeds)]
bests = [found.best.value for found in randoms]
rates = [len({trial["lr"] for trial in found.trials}) for found in (grid, randoms[0])]
print(f"grid: {rates[0]} learning rates, best validation accuracy {grid.best.value:.2%}")
print(f"random: {rates[1]} learning rates, best {np.mean(bests):.2%}, the mean of {seeds}; worst {min(bests):.2%}")
title = "Nine trials: a grid tries three learning rates, random search nine"
viz.grid_and_random(grid, randoms[0], "lr", "weight_decay", title=title).save(folder / "grid_and_random.svg")

# Coarse to fine
space = {
    "lr": train.LogUniform(1e-6, 10),
    "weight_decay": train.LogUniform(1e-7, 1),
    "units": train.Integer(16, 128, log=True),
}
coarse, _ = search(space, 12 if quick else 40, 2, pruner="median", seed=0)
print(f"coarse: {coarse}")
fine, model = search(coarse.narrowed(0.3), 8 if quick else 30, 3 if quick else 15, seed=2)
print(f"fine: {fine}")
test = train.evaluate(model, digits.test).accuracy
print(f"coarse {coarse.best.value:.2%} -> fine {fine.best.value:.2%}; test accuracy {test:.2%}")
viz.search(coarse, "lr", "weight_decay", title="The coarse search").save(folder / "search.svg")

# A range that ends too early
space = {"lr": train.LogUniform(1e-6, 1e-2)}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    short, _ = search(space | {"weight_decay": train.Choice([1e-5])}, 4 if quick else 12, 2, sampler="grid", seed=0)
print(f"a range that ends too early: {short.best.value:.2%}; {told[-1].message}")
