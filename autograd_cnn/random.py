"""The default random generator, used wherever ``rng=`` is not given."""

from __future__ import annotations

import numpy as np

_default: np.random.Generator | None = None  # made when first used: numpy.random takes a while to import


def manual_seed(seed: int) -> None:
    """Start the default generator anew, so that what follows is reproducible.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.manual_seed(0)
    """
    global _default
    _default = np.random.default_rng(seed)


def generator(rng: np.random.Generator | int | None = None) -> np.random.Generator:
    """Return `rng` itself, a generator seeded with the integer `rng`, or the default one for None."""
    global _default
    if rng is not None:
        return np.random.default_rng(rng)
    if _default is None:
        _default = np.random.default_rng()
    return _default
