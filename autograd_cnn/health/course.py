"""Judge the course of a training: how it began, whether the loss falls, and whether validation follows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd_cnn.health.advice import ADVICE
from autograd_cnn.health.measures import median
from autograd_cnn.health.report import Finding, Thresholds
from autograd_cnn.health.start import Scale, Start
from autograd_cnn.health.wording import number, share, tiny

_KNOWS_SOMETHING = 0.7
"""Share of the loss of chance under which a network was trained before it was watched."""


class Course(NamedTuple):
    """The losses of a training.

    Attributes
    ----------
    steps : sequence of int
        The steps that were looked at; the last one last.
    losses : sequence of float
        Of each of them.
    validation : sequence of (int, float)
        Step and validation loss, whenever it was taken.
    """

    steps: Sequence[int] = ()
    losses: Sequence[float] = ()
    validation: Sequence[tuple[int, float]] = ()


def is_learning(losses: Sequence[float], window: int, limits: Thresholds) -> bool:
    """Whether the loss falls, or has fallen to less than half: medians of `window` steps beside those before.

    Few steps are cut in halves.
    """
    recent = losses[-2 * window :]
    if len(recent) < 2:
        return False
    before, now = recent[: len(recent) // 2], recent[len(recent) // 2 :]
    first = median(losses[: len(before)])
    falls = median(now) < median(before) - limits.loss_decrease * abs(median(before))
    return falls or median(now) < first - 0.5 * abs(first)


def loss_findings(course: Course, limits: Thresholds) -> Iterator[Finding]:
    """Judge the losses: those of training over two windows, those of validation beside them."""
    losses, n = course.losses, limits.loss_steps
    if len(losses) >= 2 * n and not is_learning(losses, n, limits):
        before, now = median(losses[-2 * n : -n]), median(losses[-n:])
        evidence = (
            f"median loss {number(now)} in the last {n} steps, {number(before)} in the {n} before, "
            f"{number(median(losses[:n]))} in the first; warning unless it falls by {share(limits.loss_decrease)}"
        )
        since = course.steps[-2 * n]
        yield Finding("warning", "loss", "", "loss does not decrease", evidence, *ADVICE["loss"], since=since)
    yield from _overfitting(course, limits)


def _overfitting(course: Course, limits: Thresholds) -> Iterator[Finding]:
    taken = course.validation
    if len(taken) <= limits.patience or not course.losses:
        return
    best = min(range(len(taken)), key=lambda i: taken[i][1])
    begin = taken[-2][0]
    train, last = median(course.losses[bisect_left(course.steps, begin) :] or course.losses[-1:]), taken[-1][1]
    if len(taken) - 1 - best >= limits.patience and last > train + limits.overfit * abs(train):
        evidence = (
            f"validation loss {number(last)}, training loss {number(train)}: more than {share(limits.overfit)} above; "
            f"no better than {number(taken[best][1])} at step {taken[best][0]} for {len(taken) - 1 - best} times"
        )
        yield Finding(
            "warning", "overfitting", "", "overfitting", evidence, *ADVICE["overfitting"], since=taken[best][0]
        )


def start_findings(start: Start | None, limits: Thresholds) -> Iterator[Finding]:
    """Judge what the first step showed, unless the network knew something already."""
    if start is None:
        return
    chance = math.log(start.classes) if start.classes > 1 else None
    if chance is not None and start.loss is not None and start.loss < _KNOWS_SOMETHING * chance:
        return
    off = [scale for scale in start.scales if not _is_in_scale(scale, limits)]
    if off:
        yield _scale_finding(off, start.step, limits)
    elif chance is not None and start.loss is not None and start.loss > limits.initial_loss * chance:
        evidence = (
            f"loss {number(start.loss)} before the first step, {number(start.loss / chance)} times the "
            f"ln {start.classes} = {number(chance)} of chance; warning above {number(limits.initial_loss)} times"
        )
        advice = ADVICE["initial loss"]
        yield Finding("warning", "initial loss", "", "initial loss off", evidence, *advice, since=start.step)


def _is_in_scale(scale: Scale, limits: Thresholds) -> bool:
    """Whether outputs spread as they should; few units scatter, which three standard errors allow for."""
    low, high = limits.weight_scale
    room = 1 + 3 / math.sqrt(2 * max(scale.units, 1))
    return low / room <= scale.ratio <= high * room


def _scale_finding(off: Sequence[Scale], step: int, limits: Thresholds) -> Finding:
    """Tell of the layer farthest off, and how many others are."""
    worst = max(off, key=lambda scale: abs(math.log(scale.ratio)) if scale.ratio > 0 else math.inf)
    low, high = limits.weight_scale
    others = f"; and so in {len(off) - 1} more layers" if len(off) > 1 else ""
    evidence = (
        f"before the first step its {worst.units} outputs have standard deviation {tiny(worst.ratio)} of the RMS of "
        f"their inputs; warning outside {number(low)} to {number(high)}, wider for few units{others}"
    )
    words = "weights too small" if worst.ratio < low else "weights too large"
    return Finding("warning", "weight scale", worst.layer, words, evidence, *ADVICE[words], since=step)
