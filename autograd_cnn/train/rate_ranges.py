"""The learning-rate range test: raise the rate step by step, and see where the loss falls, and where it blows up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.memory import in_memory
from autograd_cnn.nn import Module
from autograd_cnn.optim import Optimizer
from autograd_cnn.optim.groups import number
from autograd_cnn.optim.lr_scheduler.scheduler import checked_optimizer
from autograd_cnn.settings import count
from autograd_cnn.train.evaluation import switched
from autograd_cnn.train.unchanged import unchanged

MEMORY = 0.9
"""How much of the smoothed loss is kept from step to step."""
DIVERGED = 4.0
"""The test ends when the smoothed loss is this many times the lowest."""


@dataclass(frozen=True)
class RateRange:
    """What a range test found; draw it with ``viz.rate_range(result)``.

    Attributes
    ----------
    rates : tuple of float
        The learning rate of every step.
    losses : tuple of float
        The loss of each step's batch, before that step; the last one may be NaN or infinite.
    smoothed : tuple of float
        Their leaky mean.
    diverged : bool
        Whether the test ended early, because the loss grew without bound.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    diverged: bool

    @property
    def suggestion(self) -> float | None:
        """The rate at which the smoothed loss falls fastest, or None where it never falls.

        At most a third of the rate of the lowest loss, which is too large already: smaller rates have brought the
        loss down to there, and this one no longer lowers it.
        """
        lowest = int(np.nanargmin(self.smoothed))
        if lowest == 0:
            return None
        slopes = np.gradient(self.smoothed[: lowest + 1], np.log(self.rates[: lowest + 1]))
        return min(self.rates[int(slopes.argmin())], self.rates[lowest] / 3)


def rate_range(
    model: Module,
    criterion: Callable[[Any, Any], Any],
    batches: Iterable[tuple[Any, Any]],
    optimizer: Optimizer,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
) -> RateRange:
    """Train for some steps at rising learning rates, put everything back, and return the losses.

    Smith 2015, "Cyclical learning rates for training neural networks", section 3.3; the rates rise by a factor, as
    the notes search for hyperparameters, on a log scale.

    Parameters
    ----------
    model : Module
        The network; its parameters, running statistics, modes and gradients are afterwards what they were.
    criterion : callable
        Takes its scores and the targets of a batch, returns their loss.
    batches : iterable of (inputs, targets)
        Such as `data.batches`; gone through again where it is shorter than the test.
    optimizer : Optimizer
        What to step with. Where groups have different rates they keep their proportions, and the largest is the one
        that is reported. Its state is restored, as are the generators of the model, of the batches, and the default
        one.
    lowest, highest : float
        The first learning rate and the last.
    steps : int
        How many steps lie between them; the test ends earlier when the loss is not finite, or is 4 times the lowest.

    Returns
    -------
    RateRange
        Rates, losses and a suggestion.

    Raises
    ------
    ArgumentError, OutOfMemoryError
        When the rates do not rise from above 0, there are less than two steps or more than fit in memory, or no
        batches.

    Examples
    --------
    >>> from autograd_cnn import data, nn, optim, train
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> batches = data.batches(data.digits().train, 64, rng=0)
    >>> found = train.rate_range(model, nn.CrossEntropyLoss(), batches, optimizer, 1e-4, 100.0, steps=60)
    >>> 0.01 < found.suggestion < 10, optimizer.lr
    (True, 0.1)
    """
    rates = _rates(lowest, highest, steps)
    groups = checked_optimizer("rate_range", optimizer).param_groups
    largest = max(group["lr"] for group in groups)
    shares = [group["lr"] / largest if largest else 1.0 for group in groups]
    losses: list[float] = []
    smoothed: list[float] = []
    # that the loss overflows in the end is what is looked for
    things = {"model": model, "criterion": criterion, "optimizer": optimizer, "batches": batches}
    with unchanged(**things), switched(model, training=True), np.errstate(all="ignore"):
        for rate, (inputs, targets) in zip(rates, _repeated(batches), strict=False):
            for group, share in zip(groups, shares, strict=True):
                group["lr"] = rate * share
            losses.append(_step(model, criterion, optimizer, inputs, targets))
            smoothed.append(_leaky_mean(losses))
            if _is_diverged(smoothed):
                break
    if not math.isfinite(losses[0]):
        raise ArgumentError(f"rate_range: the loss is {losses[0]} before the first step; start from other weights")
    return RateRange(tuple(rates[: len(losses)]), tuple(losses), tuple(smoothed), _is_diverged(smoothed))


def _rates(lowest: float, highest: float, steps: int) -> list[float]:
    first, last = number("rate_range", "lowest", lowest), number("rate_range", "highest", highest)
    if not 0 < first < last:
        raise ArgumentError(f"rate_range: from {lowest!r} to {highest!r}, expected rates that rise from above 0")
    steps = count("rate_range", "steps", steps)
    if steps < 2:
        raise ArgumentError(f"rate_range: steps={steps}, expected at least 2")
    with in_memory("rate_range: rates", (steps,), 8, "test fewer steps"):
        rates: list[float] = np.geomspace(first, last, steps).tolist()
    return rates


def _repeated(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches, epoch after epoch."""
    while True:
        batch = None
        for batch in batches:
            yield batch
        if batch is None:
            raise ArgumentError(
                "rate_range: there are no (more) batches; give something that can be gone through again, such as "
                "data.batches(...), not an iterator"
            )


def _step(model: Module, criterion: Any, optimizer: Optimizer, inputs: Any, targets: Any) -> float:
    loss = criterion(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.item())


def _leaky_mean(losses: Sequence[float]) -> float:
    """Return the mean in which each loss counts `MEMORY` times as much as the next."""
    weights = MEMORY ** np.arange(len(losses))[::-1]
    return float(np.average(losses, weights=weights))


def _is_diverged(smoothed: Sequence[float]) -> bool:
    return not smoothed[-1] <= DIVERGED * min(smoothed)
