"""The default random generator, used wherever ``rng=`` is not given; and drawing the same numbers once more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import is_whole, written

if TYPE_CHECKING:
    States = dict[np.random.Generator, Any]

_default: np.random.Generator | None = None  # made when first used: numpy.random takes a while to import
_noted: ContextVar[tuple[States, ...]] = ContextVar("noted", default=())
"""Where the blocks of `noted` around here and now keep the states of generators."""


def manual_seed(seed: int) -> None:
    """Start the default generator anew, so that what follows is reproducible.

    Raises
    ------
    ArgumentError
        When the seed is no integer of at least 0.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.manual_seed(0)
    """
    global _default
    _default = seeded("manual_seed: seed", seed)


def generator(rng: np.random.Generator | int | None = None) -> np.random.Generator:
    """Return `rng` itself, a generator seeded with the integer `rng`, or the default one for None.

    Raises
    ------
    ArgumentError
        When it is none of these.
    """
    global _default
    if rng is not None:
        found = seeded("rng", rng)
    elif _default is None:
        found = _default = np.random.default_rng()
    else:
        found = _default
    for states in _noted.get():
        if found not in states:
            states[found] = found.bit_generator.state
    return found


def seeded(name: str, rng: np.random.Generator | int) -> np.random.Generator:
    """Return a generator of an integer, called `name` where it is none; or one that is a generator already."""
    if isinstance(rng, np.random.Generator):
        return rng
    if not is_whole(rng, 0, math.inf):
        raise ArgumentError(f"{name}={written(rng)}, expected an integer of at least 0, or a numpy Generator")
    return np.random.default_rng(rng)


@dataclass(frozen=True)
class Noted:
    """How random generators stood when a function was called.

    Attributes
    ----------
    default : numpy.random.Generator
        The default one.
    states : dict
        The state of it, and of every other one that was known before, or asked for by `generator` in between.
    """

    default: np.random.Generator
    states: States

    @contextmanager
    def again(self) -> Iterator[None]:
        """Draw the same numbers once more inside the ``with`` block; then all generators go on as if nothing was."""
        global _default
        before, now = generator(), {rng: rng.bit_generator.state for rng in self.states}
        _default = self.default
        try:
            for rng, state in self.states.items():
                rng.bit_generator.state = state
            yield
        finally:
            _default = before
            for rng, state in now.items():
                rng.bit_generator.state = state


@contextmanager
def noted(known: Iterable[np.random.Generator]) -> Iterator[Noted]:
    """Note the states that generators have when they are first asked for inside the ``with`` block.

    Parameters
    ----------
    known : iterable of Generator
        Those that may be drawn from without being asked for; they are noted at once.
    """
    found = Noted(generator(), {})
    found.states.update((rng, rng.bit_generator.state) for rng in (found.default, *known))
    token = _noted.set((*_noted.get(), found.states))
    try:
        yield found
    finally:
        _noted.reset(token)
