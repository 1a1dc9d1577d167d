"""From numbers to a verdict: a derivative along one line, by backprop and by the oracle.

A gradient is WRONG only outside of every error bar: of the oracle at its best step, of the same oracle at
smaller steps, and of what rounding can do to the backward pass. It is OK only if the bar is narrow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograd_cnn.testing.oracles import LEVELS, SAFETY, Estimate, extrapolated
from autograd_cnn.testing.report import Verdict

NARROW = 1e-4
"""A bar wider than this part of the gradient proves nothing."""
NEGLIGIBLE = 1e-9
"""... unless it is below this part of the largest gradient of the check, or below what rounding makes of that."""

UNSEEN = 1e-9
"""A smaller part of a gradient is no bug but rounding within a gate, of which neither bar nor graph knows."""
UNSEEN_BESIDE = 1e-12
"""... nor is a smaller part of the largest gradient of the check."""

_TRIES = 4
_OPINIONS = 2
_NOTES_STEP = 1e-5


class Obstacle(Exception):  # noqa: N818  it is no error, it says where not to step
    """A step that cannot be taken: it crosses a kink, or leaves the domain."""

    def __init__(self, words: str, kink: bool) -> None:
        super().__init__(words)
        self.words = words
        self.kink = kink


@dataclass(frozen=True)
class Line:
    """A function along one direction through a point.

    Attributes
    ----------
    change : callable
        ``change(t, s)``: value at t minus value at s, steps along the direction; it raises `Obstacle`.
    start, least : float
        The largest and the smallest step to try.
    noise : float
        Uncertainty of one value by rounding, as its size tells.
    scatter : callable
        The same, measured: what cancels within a gate is rounded as large numbers are. Asked only where they differ.
    own : float
        Size of what is moved, where that is far below 1: another step to try before a gradient is called wrong.
    """

    change: Callable[[float, float], float]
    start: float
    least: float
    noise: float
    scatter: Callable[[], float]
    own: float = 0.0

    def centred(self, h: float) -> float:
        """Return the centred difference."""
        return self.change(h, -h) / (2 * h)

    def rounding(self, step: float) -> float:
        """Return what the measured rounding of values does to an estimate that began with a step, at its finest."""
        return 4 * self.scatter() * 2.0 ** (LEVELS - 1) / step


@dataclass(frozen=True)
class Judgement:
    """A verdict on one derivative, with the estimate that it rests on."""

    verdict: Verdict
    estimate: Estimate
    note: str = ""


def judge(
    line: Line, analytic: float, scale: float, rounding: Callable[[], float], epsilon: float, oracle: str
) -> Judgement:
    """Compare what backprop says with the oracle.

    Parameters
    ----------
    line : Line
        The function.
    analytic : float
        Its derivative by backprop.
    scale : float
        The largest gradient of the check.
    rounding : callable
        How far rounding may have moved `analytic`; asked only where they differ.
    epsilon : float
        How finely `analytic` is rounded.
    oracle : {"ridders", "central", "one-sided"}
        Which differences to take.

    Raises
    ------
    Obstacle
        When no step can be taken.
    """
    opinions = _estimates(line, oracle)
    best: Estimate | None = None
    obstacle: Obstacle | None = None
    for found in opinions:
        if isinstance(found, Obstacle):
            obstacle = found
            continue
        best = found if best is None or found.bar < best.bar else best
        if _is_narrow(best, analytic, scale):
            break
    if best is None:
        raise obstacle or Obstacle("no step could be taken", kink=False)
    note = "" if obstacle is None else f"step shrunk to {best.step:.1e} before {obstacle.words}"
    margin = max(16 * epsilon, UNSEEN) * max(abs(analytic), abs(best.value)) + UNSEEN_BESIDE * scale
    if not _within(best, analytic, margin):
        margin += rounding() + line.rounding(best.step)
        if not _within(best, analytic, margin):
            return _confirmed(line, best, analytic, margin, scale, opinions, note)
    widened = Estimate(best.value, best.bar + margin, best.step)
    if _is_narrow(widened, analytic, scale, max(NEGLIGIBLE, 32 * epsilon)):
        return Judgement(Verdict.OK, widened, note)
    return Judgement(Verdict.ILL_CONDITIONED, widened, note or "the error bar is wide: rounding, or a rough function")


def _confirmed(
    line: Line,
    best: Estimate,
    analytic: float,
    margin: float,
    scale: float,
    opinions: Iterator[Estimate | Obstacle],
    note: str,
) -> Judgement:
    """Ask again, with smaller steps, before calling a gradient wrong: a large step may have seen too little."""
    others = list(itertools.islice((found for found in opinions if not isinstance(found, Obstacle)), _OPINIONS))
    agreeing = [found for found in others if _within(found, analytic, margin)]
    if not agreeing and 0 < line.own < line.least:
        tiny = _estimate(line, line.own, "ridders")
        if isinstance(tiny, Estimate) and _within(tiny, analytic, margin) and _is_narrow(tiny, analytic, scale):
            return Judgement(Verdict.OK, tiny, f"step shrunk to {tiny.step:.1e}: larger ones see another slope")
    if not agreeing:
        return Judgement(Verdict.WRONG, Estimate(best.value, best.bar + margin, best.step), note)
    words = f"the oracle changes its mind between steps {best.step:.1e} and {agreeing[0].step:.1e}"
    sure = len(agreeing) == _OPINIONS and any(_is_narrow(found, analytic, scale) for found in agreeing)
    return Judgement(Verdict.OK if sure else Verdict.ILL_CONDITIONED, min(agreeing, key=lambda e: e.bar), words)


def _within(found: Estimate, analytic: float, margin: float) -> bool:
    return abs(analytic - found.value) <= found.bar + margin


def _is_narrow(found: Estimate, analytic: float, scale: float, negligible: float = NEGLIGIBLE) -> bool:
    return found.bar <= max(NARROW * max(abs(analytic), abs(found.value)), negligible * (scale or 1.0))


def _estimates(line: Line, oracle: str) -> Iterator[Estimate | Obstacle]:
    """Yield estimates at smaller and smaller steps, and what was in the way of others."""
    h = line.start if oracle == "ridders" else min(line.start, _NOTES_STEP)
    found = 0
    while h >= line.least and found < _TRIES + _OPINIONS:
        estimate = _estimate(line, h, oracle)
        yield estimate
        if isinstance(estimate, Obstacle):
            h /= 4
        else:
            found += 1
            h /= 16 if oracle == "ridders" else 4


def _estimate(line: Line, h: float, oracle: str) -> Estimate | Obstacle:
    """Return what an oracle says at a step, or what is in its way."""
    try:
        return _ORACLES[oracle](line, h)
    except Obstacle as obstacle:
        return obstacle


def _ridders(line: Line, h: float) -> Estimate:
    return extrapolated(line.centred, h, LEVELS, line.noise)


def _central(line: Line, h: float) -> Estimate:
    """Centred difference as in the notes; one at twice the step tells its error, which is quadratic."""
    fine, coarse = line.centred(h), line.centred(2 * h)
    return Estimate(fine, SAFETY * abs(fine - coarse) / 3 + 4 * line.noise / h, h)


def _one_sided(line: Line, h: float) -> Estimate:
    """One-sided difference; one at twice the step tells its error, which is linear."""
    fine, coarse = line.change(h, 0.0) / h, line.change(2 * h, 0.0) / (2 * h)
    return Estimate(fine, SAFETY * abs(fine - coarse) + 8 * line.noise / h, h)


_ORACLES: dict[str, Callable[[Line, float], Estimate]] = {
    "ridders": _ridders,
    "central": _central,
    "one-sided": _one_sided,
}
