"""The four learning-rate curves of the notes, each from a real training run on the bundled digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import autograd_cnn as ag
from autograd_cnn import data, functional, nn, optim
from autograd_cnn.random import seeded
from autograd_cnn.settings import is_whole, real
from viz.charts import Axis, ChartData, Line, Panel, Points, chart
from viz.charts.data import Layer
from viz.errors import TextbookError
from viz.picture import Picture
from viz.style import number

RATES = {"very high": 0.9, "high": 0.65, "good": 0.1, "low": 0.005}
"""Learning rates of the four shapes: one beyond what the curvature allows, one near it, one well below, one tiny."""

_LOOKS = (
    ("critical", "dotted"),
    ("ink", "dash-dot"),
    ("ok_text", "solid"),
    ("value", "dashed"),
    ("saturated", "long"),
    ("gradient", "solid"),
)
_BATCH = 8
_READINGS = 8
"""How often in each epoch the loss is read."""


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes
    ----------
    name : str
    rate : float
        The learning rate.
    epochs, losses : tuple of float
        When the loss over all training images was read, and what it was; it ends where it is no longer finite.
    """

    name: str
    rate: float
    epochs: tuple[float, ...]
    losses: tuple[float, ...]


def learning_rates(
    rates: Mapping[str, float] = RATES, *, epochs: int = 4, seed: int = 0, theme: str = "light"
) -> Picture:
    """Draw the training loss of one model at several learning rates.

    Parameters
    ----------
    rates : mapping of str to float
        A learning rate for each name.
    epochs : int
        Passes over the training images.
    seed : int
        Of the weights and of the order of the images: the same for all runs.
    theme : {"light", "dark"}

    Raises
    ------
    TextbookError
        When a rate is not positive, or there are no epochs.

    Notes
    -----
    A linear classifier of the digits with squared error, trained by SGD on batches of 8. Its loss is a bowl:
    steps beyond what the steepest direction allows diverge, steps near it bounce around the bottom, small
    ones have not arrived yet.
    """
    done = runs(rates, epochs=epochs, seed=seed)
    start = max(run.losses[0] for run in done)
    panels = (_panel(done, 1.12 * start, log=False), _panel(done, 1e6 * start, log=True))
    facts = (
        f"A linear classifier of the bundled digits, SGD on batches of {_BATCH}, seed {seed} for all runs; "
        f"loss at the end: {', '.join(f'{run.name} {number(run.losses[-1])}' for run in done)}.",
    )
    data = ChartData("What the learning rate does to the loss", panels, facts=facts, columns=2, size=(330.0, 240.0))
    return chart(data, theme=theme)


def _panel(done: Sequence[Run], top: float, *, log: bool) -> Panel:
    layers: list[Layer] = [_line(run, i) for i, run in enumerate(done)]
    gone = [when for run in done if (when := _leaves(run, top)) is not None]
    if gone:
        layers.append(
            Points(
                "diverges: leaves the chart",
                tuple(gone),
                (top * (0.6 if log else 0.97),) * len(gone),
                "critical",
                "cross",
                9.0,
            )
        )
    y = Axis("mean squared error over all training images", None if log else 0.0, top, log=log)
    return Panel(Axis("epoch"), y, tuple(layers), title="the same, on a log axis" if log else "loss")


def _leaves(run: Run, top: float) -> float | None:
    """Return when a run's loss was first read to be above `top`, or None."""
    return next((at for at, loss in zip(run.epochs, run.losses, strict=True) if not loss <= top), None)


def runs(rates: Mapping[str, float] = RATES, *, epochs: int = 4, seed: int = 0) -> tuple[Run, ...]:
    """Train once at each rate; see `learning_rates`."""
    if not rates or any(not 0 < real(rate) < math.inf for rate in rates.values()):
        raise TextbookError(f"learning_rates: got {dict(rates)}, expected a positive rate for each name")
    if not is_whole(epochs, 1):
        raise TextbookError(f"learning_rates: epochs={epochs!r}, expected at least 1")
    images = data.digits().train
    return tuple(_run(name, rate, images, epochs, seed) for name, rate in rates.items())


def _run(name: str, rate: float, images: data.Dataset, epochs: int, seed: int) -> Run:
    rng = seeded("learning_rates: seed", seed)
    model = nn.Sequential(flatten=nn.Flatten(), scores=nn.Linear(64, 10, rng=rng))
    optimizer = optim.SGD(model.parameters(), lr=rate)
    wanted = np.eye(10, dtype=np.float32)
    every = max(1, math.ceil(len(images) / _BATCH) // _READINGS)
    when, losses = [0.0], [_loss(model, images, wanted)]
    step = 0
    with np.errstate(all="ignore"):  # a loss that overflows is what one of the runs is to show
        for _ in range(epochs):
            for pixels, labels in data.batches(images, _BATCH, rng=rng):
                loss = functional.mse_loss(model(pixels), wanted[labels])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                if step % every == 0:
                    when.append(step * _BATCH / len(images))
                    losses.append(_loss(model, images, wanted))
                    if not math.isfinite(losses[-1]):
                        return Run(name, rate, tuple(when), tuple(losses))
    return Run(name, rate, tuple(when), tuple(losses))


def _loss(model: nn.Module, images: data.Dataset, wanted: NDArray[np.float32]) -> float:
    with ag.no_grad():
        return float(functional.mse_loss(model(images.images), wanted[images.labels]).item())


def _line(run: Run, i: int) -> Line:
    ink, dash = _LOOKS[i % len(_LOOKS)]
    return Line(f"{run.name}: {number(run.rate)}", run.epochs, run.losses, ink, dash, 2.2)
