"""The default random generator, used wherever ``rng=`` is not given."""

from __future__ import annotations

import numpy as np

_default = np.random.default_rng()


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
    if rng is None:
        return _default
    return np.random.default_rng(rng)
