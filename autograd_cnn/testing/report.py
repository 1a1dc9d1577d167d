"""What a check found: a verdict with its numbers for every coordinate, as data and as text."""

from __future__ import annotations

import enum
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd_cnn.testing.oracles import relative_error

if TYPE_CHECKING:
    from autograd_cnn.testing.blaming import Evidence


class Verdict(enum.Enum):
    """What is known of a gradient after a check."""

    OK = "OK"
    """It lies within the oracle's error bar, and the bar is narrow."""
    WRONG = "WRONG"
    """It lies outside the error bars of every oracle that was asked."""
    KINK = "KINK"
    """Inconclusive: a kink is nearer than any step that could be taken."""
    TIE = "TIE"
    """Inconclusive: it stands on a kink, where a gradient is a convention."""
    ILL_CONDITIONED = "ILL_CONDITIONED"
    """Inconclusive: rounding leaves an error bar too wide to tell."""
    NONFINITE = "NONFINITE"
    """The output or the gradient is NaN or infinite."""
    NONDETERMINISTIC = "NONDETERMINISTIC"
    """Two runs at the same point gave different numbers."""

    def __str__(self) -> str:
        return self.value


FAILING = (Verdict.NONDETERMINISTIC, Verdict.NONFINITE, Verdict.WRONG)
INCONCLUSIVE = (Verdict.ILL_CONDITIONED, Verdict.KINK, Verdict.TIE)


def band_of(error: float) -> str:
    """Return what CS231n's notes say of a relative error (neural networks part 3, gradient checks)."""
    if not error <= 1e-2:
        return "probably wrong"
    if error > 1e-4:
        return "uncomfortable"
    if error > 1e-7:
        return "okay with kinks, too high without"
    return "happy"


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One number of a gradient beside its oracle.

    Attributes
    ----------
    input : str
        Which input: its name, or its place in the call.
    index : tuple of int or None
        Which element of it; None for a direction through all inputs.
    order : int
        1 for a gradient, 2 for a gradient of a gradient.
    analytic, numeric : float
        What backprop and what the oracle says.
    bar : float
        The oracle's error bar; it includes how far rounding may move the backward pass.
    step : float
        The largest step that the oracle took.
    verdict : Verdict
        The judgement.
    note : str
        How it came about, where that was not straight: steps shrunk, point moved, gate on a tie.
    """

    input: str
    index: tuple[int, ...] | None
    order: int
    analytic: float
    numeric: float
    bar: float
    step: float
    verdict: Verdict
    note: str = ""

    @property
    def relative_error(self) -> float:
        """The notes' relative error ``|a − n|/max(|a|, |n|)``."""
        error: float = relative_error(self.analytic, self.numeric)
        return error

    @property
    def band(self) -> str:
        """What the notes say of such a relative error."""
        return band_of(self.relative_error)

    @property
    def label(self) -> str:
        """The coordinate in a few letters: ``x[0, 2]``, or ``∂²x[0, 2]`` for second order."""
        place = "" if not self.index else f"[{', '.join(map(str, self.index))}]"
        return ("∂²" if self.order == 2 else "") + self.input + place

    def __str__(self) -> str:
        note = f"  ({self.note})" if self.note else ""
        if math.isnan(self.numeric):
            return f"{self.verdict!s:<15} {self.label:<16} backprop {self.analytic:< 13.7g} no oracle{note}"
        return (
            f"{self.verdict!s:<15} {self.label:<16} backprop {self.analytic:< 13.7g} oracle {self.numeric:< 13.7g} "
            f"± {self.bar:.1e}  relative error {self.relative_error:.1e}{note}"
        )


@dataclass(frozen=True, slots=True)
class Blame:
    """The first gate whose own rule is wrong.

    Attributes
    ----------
    gate : str or None
        Its name; None when every gate is right by itself.
    node : str
        The node that it made, in words.
    slot : int or None
        Which of its inputs receives a wrong gradient.
    index : tuple of int or None
        Which element of that input; None for a direction.
    analytic, numeric, bar : float
        What its rule and what the oracle says, for the upstream gradient of the failing run.
    position : int
        The node's place in topological order, leaves included.
    message : str
        All of it in one or two sentences.
    """

    gate: str | None
    node: str = ""
    slot: int | None = None
    index: tuple[int, ...] | None = None
    analytic: float = math.nan
    numeric: float = math.nan
    bar: float = math.nan
    position: int = -1
    message: str = ""

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes
    ----------
    verdict : Verdict
        The worst that was found; OK when nothing failed and something was proved.
    coordinates : tuple of Coordinate
        One per element of every input checked, or per direction.
    notes : tuple of str
        What else there is to say: what was frozen, moved, or could not be done.
    oracle, seed : str, int
        How the check was made; the same seed gives the same report.
    evaluations : int
        How often the function was run.
    taylor_rate : float or None
        With which power of the step the Taylor remainder falls, as extra evidence: 2 for a right gradient,
        1 for a wrong one, infinite for a linear function; None where a kink is in the way.
    evidence : Evidence or None
        The run that it rests on, with the rules of that time: what `blame` and drawings look at. None in a report
        that was made by hand.
    """

    verdict: Verdict
    coordinates: tuple[Coordinate, ...] = ()
    notes: tuple[str, ...] = ()
    oracle: str = "ridders"
    seed: int = 0
    evaluations: int = 0
    taylor_rate: float | None = None
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the gradient was proved right: nothing failed, and something was conclusive."""
        return self.verdict is Verdict.OK

    def __bool__(self) -> bool:
        return self.ok

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many coordinates got each verdict."""
        return dict(Counter(c.verdict for c in self.coordinates))

    @property
    def inconclusive(self) -> tuple[Coordinate, ...]:
        """Coordinates of which nothing could be said."""
        return tuple(c for c in self.coordinates if c.verdict in INCONCLUSIVE)

    @property
    def wrong(self) -> tuple[Coordinate, ...]:
        """Coordinates that failed."""
        return tuple(c for c in self.coordinates if c.verdict in FAILING)

    @property
    def worst(self) -> Coordinate | None:
        """The failing coordinate with the largest relative error, or the worst of all where none failed."""
        among = self.wrong or tuple(c for c in self.coordinates if c.verdict is Verdict.OK) or self.coordinates
        return max(among, key=lambda c: c.relative_error, default=None)

    @property
    def relative_error(self) -> float:
        """The largest relative error among conclusive coordinates, by which the notes judge.

        Of gradients below their own error bar (0 beside 1e-17) it would say nothing: they are left out. It is
        infinite where a gradient is not finite, and NaN where a check failed before any gradient was compared.
        """
        if any(c.verdict is Verdict.NONFINITE for c in self.coordinates):
            return math.inf
        if not self.coordinates and self.verdict in FAILING:
            return math.nan
        conclusive = (c for c in self.coordinates if c.verdict not in INCONCLUSIVE)
        return max((c.relative_error for c in conclusive if max(abs(c.analytic), abs(c.numeric)) > c.bar), default=0.0)

    def blame(self) -> Blame:
        """Check each node's own rule on the values of this run; name the first wrong gate and its input.

        From the output backwards, so that the gate found is the one nearest to the output.
        """
        if self.evidence is None:
            return Blame(None, message="there is no graph to look at: the report was not made by check()")
        return self.evidence.culprit()

    def __str__(self) -> str:
        count = ", ".join(f"{n} {verdict}" for verdict, n in self.counts.items()) or "no coordinates"
        lines = [f"{self.verdict}: {count}; oracle {self.oracle}, {self.evaluations} evaluations, seed {self.seed}"]
        if self.coordinates:
            rate = "" if self.taylor_rate is None else f"; Taylor rate {self.taylor_rate:.2f}"
            lines.append(f"largest relative error {self.relative_error:.1e}: {band_of(self.relative_error)}{rate}")
        shown = sorted(self.wrong, key=lambda c: -c.relative_error) or self.inconclusive or self.coordinates[:0]
        lines += [f"  {c}" for c in shown[:10]]
        if len(shown) > 10:
            lines.append(f"  … and {len(shown) - 10} more")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print as text where IPython would print every field."""
        printer.text(str(self))
