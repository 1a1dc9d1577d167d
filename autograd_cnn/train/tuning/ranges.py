"""What a hyperparameter may be: ranges on a linear or a logarithmic scale, and choices.

Every range maps a position from 0 to 1 to a value and back, on its scale. Sampling uniformly, laying a grid, narrowing
around a value and telling whether a value lies on the border are then the same for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import is_whole, real


@dataclass(frozen=True)
class Uniform:
    """A real number of which all values between two ends are equally likely, such as dropout's p.

    Parameters
    ----------
    low, high : float
        The ends, low below high.

    Raises
    ------
    ArgumentError
        When the ends are not finite, or not rising.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_ends(self, "rising, finite numbers", -math.inf)

    @property
    def log(self) -> bool:
        """False: equal steps are equal differences."""
        return False

    def at(self, position: float) -> float:
        """Return the value at a position from 0 to 1."""
        return float(min(max(self.low + position * (self.high - self.low), self.low), self.high))

    def position(self, value: float) -> float:
        """Return where from 0 to 1 a value lies."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """A positive number of which all orders of magnitude are equally likely, such as a learning rate.

    ``LogUniform(1e-6, 10)`` is the notes' ``10 ** uniform(-6, 1)``: learning rate and strength of regularisation
    multiply what they act on, so that they are searched by factors (CS231n, neural networks part 3).

    Parameters
    ----------
    low, high : float
        The ends, low below high, both above 0.

    Raises
    ------
    ArgumentError
        When they are not such.

    Examples
    --------
    >>> from autograd_cnn import train
    >>> [round(train.LogUniform(1e-6, 10).at(p), 6) for p in (0, 4 / 7, 1)]
    [1e-06, 0.01, 10.0]
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_ends(self, "rising, finite numbers above 0", 0)

    @property
    def log(self) -> bool:
        """True: equal steps are equal factors."""
        return True

    def at(self, position: float) -> float:
        """Return the value at a position from 0 to 1."""
        exponent = math.log10(self.low) + position * (math.log10(self.high) - math.log10(self.low))
        return float(min(max(10**exponent, self.low), self.high))

    def position(self, value: float) -> float:
        """Return where from 0 to 1 a value lies."""
        return math.log(value / self.low) / math.log(self.high / self.low)


@dataclass(frozen=True)
class Integer:
    """A whole number, both ends included, such as how many units a layer has.

    Parameters
    ----------
    low, high : int
        The ends, low below high.
    log : bool
        Whether all orders of magnitude are equally likely; the ends are then above 0.

    Raises
    ------
    ArgumentError
        When they are not such.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        if not is_whole(self.low) or not is_whole(self.high):
            raise ArgumentError(f"{self}: expected whole numbers")
        _check_ends(self, "rising numbers" + " above 0" * self.log, 0 if self.log else -math.inf)

    @property
    def _scale(self) -> Uniform | LogUniform:
        return (LogUniform if self.log else Uniform)(self.low, self.high)

    def at(self, position: float) -> int:
        """Return the whole number nearest to a position from 0 to 1."""
        return round(self._scale.at(position))

    def position(self, value: float) -> float:
        """Return where from 0 to 1 a value lies."""
        return self._scale.position(value)


@dataclass(frozen=True)
class Choice:
    """One of several things without order, such as which activation.

    Parameters
    ----------
    options : sequence
        At least one; anything, also classes and functions.

    Raises
    ------
    ArgumentError
        For no options.
    """

    options: Sequence[Any]

    def __post_init__(self) -> None:
        if isinstance(self.options, str) or not isinstance(self.options, Sequence) or not self.options:
            raise ArgumentError(f"Choice: options={self.options!r}, expected a list of at least one")
        object.__setattr__(self, "options", tuple(self.options))

    def __str__(self) -> str:
        return f"Choice({', '.join(map(name_of, self.options))})"


Range: TypeAlias = Uniform | LogUniform | Integer | Choice
Space: TypeAlias = Mapping[str, Range]


def checked_space(space: Any) -> dict[str, Range]:
    """Return a search space as a dictionary.

    Raises
    ------
    ArgumentError
        When it is none: each parameter has a name and a range.
    """
    named = isinstance(space, Mapping) and space and all(isinstance(name, str) for name in space)
    if not named or not all(isinstance(values, Range) for values in space.values()):
        raise ArgumentError(
            f"tune: space={space!r}, expected a range for each name, such as {{'lr': train.LogUniform(1e-6, 10)}}"
        )
    return dict(space)


def narrowed(values: Range, best: Any, factor: float) -> Range:
    """Return a range `factor` times as wide on its scale around a value, inside the old one; choices stay."""
    if isinstance(values, Choice):
        return values
    low = min(max(values.position(best) - factor / 2, 0.0), 1 - factor)
    ends = values.at(low), values.at(low + factor)
    if isinstance(values, Integer) and ends[0] == ends[1]:  # no narrower than two numbers
        ends = (ends[0], ends[0] + 1) if ends[0] < values.high else (ends[0] - 1, ends[0])
    found: Range = replace(cast(Any, values), low=ends[0], high=ends[1])
    return found


def border(values: Range, value: Any, margin: float) -> str:
    """Return "lower" or "upper" where a value lies within `margin` of an end of its range's scale, else ""."""
    if isinstance(values, Choice):
        return ""
    position = values.position(value)
    if margin < position < 1 - margin:
        return ""
    return "lower" if position < 0.5 else "upper"


def grid(space: Space, points: int) -> dict[str, list[Any]]:
    """Return the values of each parameter in a grid of at most `points` points, if choices leave room for that.

    Each range gets as many values as all others can have too, at equal steps of its scale from end to end; one that
    gets a single value takes the middle.
    """
    choices = math.prod(len(values.options) for values in space.values() if isinstance(values, Choice))
    ranges = sum(not isinstance(values, Choice) for values in space.values())
    each = 1
    while ranges and choices * (each + 1) ** ranges <= points:
        each += 1
    places = [i / (each - 1) for i in range(each)] if each > 1 else [0.5]
    found: dict[str, list[Any]] = {}
    for name, values in space.items():
        if isinstance(values, Choice):
            found[name] = list(range(len(values.options)))
        else:
            found[name] = list(dict.fromkeys(map(values.at, places)))  # whole numbers may coincide
    return found


def name_of(thing: Any) -> str:
    """Return what to call a value in tables: a number in few digits, a class or function by its name."""
    if isinstance(thing, float):
        return f"{thing:.4g}"
    return str(getattr(thing, "__name__", thing))


def _check_ends(values: Uniform | LogUniform | Integer, wanted: str, above: float) -> None:
    if not above < real(values.low) < real(values.high) < math.inf:
        raise ArgumentError(f"{values}: expected {wanted}")
