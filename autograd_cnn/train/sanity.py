"""The sanity checks of the notes, before hours of training: CS231n, neural networks part 3.

At the start the loss is that of chance; a penalty on the weights makes it larger; and twenty samples can be learned
by heart. A network that fails one of them has a mistake that no amount of training mends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import functional, nn, optim
from autograd_cnn.data import batches
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Tensor
from autograd_cnn.recording import no_grad
from autograd_cnn.settings import count, finite, magnitude
from autograd_cnn.train.evaluation import switched, value_of
from autograd_cnn.train.unchanged import unchanged

_DROPPING = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.DropConnect, nn.GaussianNoise)
_SOME = 256  # samples are enough to see a loss


@dataclass(frozen=True)
class SanityCheck:
    """One check.

    Attributes
    ----------
    name : str
    passed : bool
    found, expected : str
        What the network does, and what it should.
    advice : str
        Where to look when it fails.
    """

    name: str
    passed: bool
    found: str
    expected: str
    advice: str

    def __str__(self) -> str:
        line = f"{'ok    ' if self.passed else 'FAILED'} {self.name}: {self.found}; expected {self.expected}"
        return line if self.passed else f"{line}\n       {self.advice}"


@dataclass(frozen=True)
class SanityReport:
    """All checks of a network.

    Attributes
    ----------
    checks : tuple of SanityCheck
    """

    checks: tuple[SanityCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))


def sanity_check(
    model: nn.Module,
    criterion: Callable[[Any, Any], Any],
    dataset: Any,
    *,
    penalty: Callable[[Any], Any] | None = None,
) -> SanityReport:
    """Make the three checks of the notes; afterwards the network is, to the bit, what it was.

    Parameters
    ----------
    model : Module
        Not trained yet.
    criterion : callable
        Takes scores and targets, returns the loss.
    dataset : Dataset, or (inputs, targets)
        What it will be trained on.
    penalty : callable, optional
        As for the `Trainer`; by default the L2 norm of the weights.

    Examples
    --------
    >>> from autograd_cnn import data, nn, train
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    >>> report = train.sanity_check(model, nn.CrossEntropyLoss(), data.digits().train)
    >>> report.passed
    True
    >>> print(report.checks[0])
    ok     initial loss: 2.293; expected about 2.303, that of equal scores
    """
    return SanityReport(
        (
            check_initial_loss(model, criterion, dataset),
            check_regularization(model, criterion, dataset, penalty),
            check_overfitting(model, criterion, dataset),
        )
    )


def check_initial_loss(
    model: nn.Module,
    criterion: Callable[[Any, Any], Any],
    dataset: Any,
    *,
    expected: float | None = None,
    tolerance: float = 0.25,
) -> SanityCheck:
    """Compare the loss at the start with that of chance: ln K for softmax, (K − 1)·Δ for the multiclass SVM.

    Parameters
    ----------
    model, criterion, dataset
        As in `sanity_check`.
    expected : float, optional
        By default what the criterion says when all scores are equal.
    tolerance : float
        By which part of it the loss may differ: weights are small at the start, not 0.
    """
    name = "check_initial_loss"
    tolerance = magnitude(name, "tolerance", tolerance)
    wanted = None if expected is None else finite(name, "expected", expected)
    inputs, targets = _sample(dataset, _SOME)
    with unchanged(model=model, criterion=criterion), no_grad(), switched(model, training=True):
        scores = value_of(model(Tensor(inputs)))
        found = float(value_of(criterion(Tensor(scores), targets)))
        chance = float(value_of(criterion(Tensor(_equal(criterion, scores)), targets)))
    wanted = chance if wanted is None else wanted
    return SanityCheck(
        name="initial loss",
        passed=abs(found - wanted) <= tolerance * abs(wanted),
        found=f"{found:.4g}",
        expected=f"about {wanted:.4g}" + (", that of equal scores" if expected is None else ""),
        advice="Are the starting weights too large, the images not centred and scaled, or is the loss not the mean?",
    )


def check_regularization(
    model: nn.Module, criterion: Callable[[Any, Any], Any], dataset: Any, penalty: Callable[[Any], Any] | None = None
) -> SanityCheck:
    """See whether the loss is larger with a penalty on the weights; parameters as in `sanity_check`."""
    inputs, targets = _sample(dataset, _SOME)
    with unchanged(model=model, criterion=criterion), no_grad(), switched(model, training=True):
        loss = float(value_of(criterion(model(Tensor(inputs)), targets)))
        added = value_of(functional.l2_penalty(model, 1e-2) if penalty is None else penalty(model))
    return SanityCheck(
        name="regularisation",
        passed=loss + float(added) > loss,
        found=f"loss {loss:.4g}, with a penalty {loss + float(added):.4g}",
        expected="a larger loss with a penalty",
        advice="Are all weights 0, or does the penalty have the wrong sign, or see other parameters?",
    )


def check_overfitting(
    model: nn.Module,
    criterion: Callable[[Any, Any], Any],
    dataset: Any,
    *,
    samples: int = 20,
    steps: int = 300,
    lr: float = 0.01,
    share: float = 0.01,
) -> SanityCheck:
    """Learn a few samples by heart, by Adam without dropout and penalty: the loss must nearly vanish.

    Parameters
    ----------
    model, criterion, dataset
        As in `sanity_check`.
    samples, steps : int
        How many samples, and steps at most.
    lr : float
        Learning rate.
    share : float
        What part of the first loss may be left.
    """
    name = "check_overfitting"
    samples, steps = count(name, "samples", samples), count(name, "steps", steps)
    lr, share = magnitude(name, "lr", lr), magnitude(name, "share", share)
    inputs, targets = _sample(dataset, samples)
    losses: list[float] = []
    with unchanged(model=model, criterion=criterion), switched(model, training=True), np.errstate(all="ignore"):
        for layer in model.modules():
            if isinstance(layer, _DROPPING):
                layer.training = False
        optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
        for _ in range(steps + 1):
            loss = criterion(model(Tensor(inputs)), targets)
            losses.append(float(loss.item()))
            if not share * losses[0] < losses[-1] < math.inf:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return SanityCheck(
        name="overfitting",
        passed=losses[-1] <= share * losses[0],
        found=f"{len(targets)} samples, loss {losses[0]:.4g} at first, {losses[-1]:.4g} after {len(losses) - 1} steps",
        expected=f"{share:.0%} of it, or less",
        advice="Does a gradient not reach the weights, are units dead, do labels not belong to the images?",
    )


def _equal(criterion: Any, scores: NDArray[Any]) -> NDArray[Any]:
    """Return scores of the same shape that prefer nothing, in the form that the criterion takes."""
    if isinstance(criterion, nn.NLLLoss):  # logarithms of probabilities
        return np.full_like(scores, -math.log(scores.shape[1]))
    return np.full_like(scores, 0.5 if isinstance(criterion, nn.BCELoss) else 0.0)


def _sample(dataset: Any, most: int) -> tuple[Any, Any]:
    """Return up to so many samples, drawn from all over the data by a generator of their own."""
    found: tuple[Any, Any] = next(iter(batches(dataset, most, rng=0)))
    if len(found[1]) < 2:
        raise ArgumentError(f"sanity check: got {len(found[1])} samples, expected at least 2")
    return found
