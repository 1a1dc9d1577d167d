"""Check a gradient: `check` returns a report, `assert_gradients` raises, `gradcheck` is torch's name for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, AutogradError
from autograd_cnn.suggestions import suggesting
from autograd_cnn.testing.arguments import subject_of
from autograd_cnn.testing.examination import Examination, examine
from autograd_cnn.testing.report import FAILING, INCONCLUSIVE, Coordinate, Report, Verdict
from autograd_cnn.testing.subject import Subject, weights_off_zero

_ORACLES = ("auto", "ridders", "central", "one-sided")
_MODES = ("full", "directions")
_KINKS = ("nudge", "skip", "tie", "fail")


class WrongGradientError(AutogradError, AssertionError):
    """A gradient that could not be proved right; `report` holds why."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def check(
    f: Callable[..., Any],
    *inputs: Any,
    wrt: Any = None,
    oracle: str = "auto",
    order: int = 1,
    mode: str = "full",
    kinks: str = "nudge",
    seed: int = 0,
) -> Report:
    """Judge the gradient of a function of nodes by numeric derivatives in float64.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node, or a tuple of nodes, of any shape. It runs many times, each time with the
        same random numbers (of the default generator and those it holds) and the same buffers of its modules.
    *inputs : Node, float, array or anything
        What it is called with. Floating numbers and arrays become leaves that are checked; nodes are checked
        where they require gradients; all else is handed on.
    wrt : int, Node, or sequence of them, optional
        Check these alone: places of inputs, or leaves that `f` uses by itself, such as parameters of a layer.
    oracle : {"auto", "ridders", "central", "one-sided"}
        How to differentiate: Ridders' extrapolation (auto), or the notes' differences with h = 1e-5.
    order : {1, 2}
        2 checks the gradient of the gradient too.
    mode : {"full", "directions"}
        Every element of every input, or a few random directions through all of them at once.
    kinks : {"nudge", "skip", "tie", "fail"}
        What to do where every step crosses a kink: move the point a little (seeded); leave it inconclusive;
        judge each gate by its declared rule at the tie; or count it as a failure.
    seed : int
        Of all that is random here.

    Returns
    -------
    Report
        With a verdict for every coordinate; ``report.blame()`` names the wrong gate.

    Raises
    ------
    ArgumentError, DtypeError, GradientError
        When there is nothing that could be checked: no node returned, integer inputs, no input that needs a
        gradient.

    Notes
    -----
    Several numbers are weighed at random and added up. Where `f` returns one, the backward pass starts from its
    seed 1, and once more from −1/2: a gradient is linear in the seed, and a rule that forgets its upstream gradient
    is not. Where a tie or rounding leaves a coordinate open, every gate is held against its own forward.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import check
    >>> report = check(lambda x, y: ag.maximum(x, y) * x, 1.5, np.array([1.0, 2.0]))
    >>> report.ok, len(report.coordinates)
    (True, 3)
    """
    _one_of("oracle", oracle, _ORACLES)
    _one_of("order", order, (1, 2))
    _one_of("mode", mode, _MODES)
    _one_of("kinks", kinks, _KINKS)
    oracle = "ridders" if oracle == "auto" else oracle
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        subject = subject_of(f, inputs, wrt)
        first = examine(subject, Examination(oracle, mode, kinks, seed, order=1))
        report = _concluded(first, kinks)
        if order == 2 and report.verdict not in FAILING:
            report = _with_second_order(report, subject, Examination(oracle, mode, kinks, seed, order=2))
    return report


@suggesting("check")
def assert_gradients(f: Callable[..., Any], *inputs: Any, **options: Any) -> Report:
    """Raise unless the gradients of a function are proved right; arguments as in `check`.

    Returns
    -------
    Report
        What was found.

    Raises
    ------
    WrongGradientError
        Also an AssertionError; its text is the report, with the gate to blame; its `report` is the report.
    """
    __tracebackhide__ = True  # pytest's traceback ends where the user's test calls this
    report = check(f, *inputs, **options)
    if not report.ok:
        if report.verdict is Verdict.WRONG:
            report = replace(report, notes=(*report.notes, str(report.blame())))
        raise WrongGradientError(report)
    return report


@suggesting("check")
def gradcheck(f: Callable[..., Any], inputs: Any, *, raise_exception: bool = True, **options: Any) -> bool:
    """Return whether the gradients of a function are right: torch.autograd.gradcheck, on this engine.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node or a tuple of nodes.
    inputs : Node, number or array, or a tuple or list of them
        What it is called with.
    raise_exception : bool
        Raise with the report as text instead of returning False.
    **options
        Those of `check`.

    Raises
    ------
    WrongGradientError
        When they are not proved right, and `raise_exception` is set.
    """
    arguments = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    return (assert_gradients if raise_exception else check)(f, *arguments, **options).ok


@suggesting("check")
def gradgradcheck(f: Callable[..., Any], inputs: Any, *, raise_exception: bool = True, **options: Any) -> bool:
    """Return whether the gradients of gradients are right too: torch.autograd.gradgradcheck; see `gradcheck`."""
    return gradcheck(f, inputs, raise_exception=raise_exception, **{**options, "order": 2})


def _one_of(name: str, given: Any, known: tuple[Any, ...]) -> None:
    if given not in known:
        raise ArgumentError(f"check: {name}={given!r}, expected one of {', '.join(map(repr, known))}")


def _with_second_order(first: Report, subject: Subject, how: Examination) -> Report:
    """Check the gradient of ⟨gradient, random directions⟩, and join both reports."""
    directions = weights_off_zero(np.random.default_rng((how.seed, 2)), subject.start.shape)
    second = _concluded(examine(subject.second_order(directions), how), how.kinks)
    return replace(
        second,
        verdict=_overall((*first.coordinates, *second.coordinates), how.kinks, (first.verdict, second.verdict)),
        coordinates=(*first.coordinates, *second.coordinates),
        notes=(*first.notes, *second.notes),
        evaluations=first.evaluations + second.evaluations,
        taylor_rate=first.taylor_rate,
    )


def _concluded(report: Report, kinks: str) -> Report:
    return replace(report, verdict=_overall(report.coordinates, kinks, (report.verdict,)))


def _overall(coordinates: tuple[Coordinate, ...], kinks: str, given: tuple[Verdict, ...]) -> Verdict:
    """Return the worst that was found; what was inconclusive counts where nothing else was found."""
    found = [*given, *(c.verdict for c in coordinates)]
    failing: list[Verdict] = [*FAILING, *((Verdict.KINK, Verdict.TIE) if kinks == "fail" else ())]
    for verdict in failing:
        if verdict in found:
            return verdict
    if any(c.verdict is Verdict.OK for c in coordinates):
        return Verdict.OK
    inconclusive: list[Verdict] = [verdict for verdict in INCONCLUSIVE if verdict in found]
    return inconclusive[0] if inconclusive else Verdict.OK
