"""The default random generator, used wherever ``rng=`` is not given."""

from __future__ import annotations

import numpy as np

from autograd_cnn.errors import ArgumentError

_default: np.random.Generator | None = None  # made when first used: numpy.random takes a while to import


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
        return seeded("rng", rng)
    if _default is None:
        _default = np.random.default_rng()
    return _default


def seeded(name: str, rng: np.random.Generator | int) -> np.random.Generator:
    """Return a generator of an integer, called `name` where it is none; or one that is a generator already."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{name}={rng!r}, expected an integer of at least 0, or a numpy Generator") from error
