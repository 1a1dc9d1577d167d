"""The notes' baselines: guess all parameters anew, or take a random step, and keep what is better."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.optim.flat import Flat, Vector
from autograd_cnn.optim.groups import Leaf, number
from autograd_cnn.random import generator


class _Search:
    """What both share: the parameters, where randomness comes from, and that what is worse is taken back."""

    def __init__(self, params: Any, rng: np.random.Generator | int | None) -> None:
        self._flat = Flat(type(self).__name__, params)
        self.rng = generator(rng)
        self.best = math.inf

    @property
    def parameters(self) -> list[Leaf]:
        """What is searched for."""
        return self._flat.leaves

    def _try(self, tried: Vector, closure: Callable[[], Any]) -> float:
        """Keep `tried` if its loss is the lowest so far, else go back; return the lowest loss."""
        kept, loss = self._flat.values(), math.nan
        self._flat.assign(tried)
        try:
            loss = self._flat.measured(closure)
        finally:
            if not loss < self.best:
                self._flat.assign(kept)
        self.best = loss if loss < self.best else self.best
        return self.best


class RandomSearch(_Search):
    """Draw all parameters anew at every step, and keep the best: the notes' "first very bad idea".

    CS231n, optimization part 1, "Strategy #1".

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to search for.
    scale : float
        Standard deviation of what is drawn, from a normal distribution around 0.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator (see `autograd_cnn.manual_seed`).

    Attributes
    ----------
    best : float
        The lowest loss so far; infinite before the first step.

    Raises
    ------
    ArgumentError
        When something is no trainable leaf, or the scale is negative.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(5.0)
    >>> search = optim.RandomSearch([x], scale=1.0, rng=0)
    >>> for _ in range(200):
    ...     loss = search.step(lambda: (x - 1) ** 2)
    >>> loss < 0.001, abs(x.value - 1) < 0.04
    (True, True)
    """

    def __init__(self, params: Any, scale: float = 1e-4, *, rng: np.random.Generator | int | None = None) -> None:
        super().__init__(params, rng)
        self.scale = number("RandomSearch", "scale", scale)

    def step(self, closure: Callable[[], Any]) -> float:
        """Try other parameters, keep them if they are better, and return the lowest loss so far.

        Parameters
        ----------
        closure : callable
            Returns the loss of the parameters as they are, as a node or number; nothing is recorded.

        Raises
        ------
        ArgumentError
            When the closure returns something else.
        """
        return self._try(self.scale * self.rng.standard_normal(len(self._flat.values())), closure)


class RandomLocalSearch(_Search):
    """Take a random step from the best parameters so far, and stay there if the loss is lower.

    CS231n, optimization part 1, "Strategy #2": better than guessing, and far worse than following the gradient.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to search for; the search begins where they are.
    step_size : float
        Standard deviation of a step of each element.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Attributes
    ----------
    best : float
        The lowest loss so far; infinite before the first step.

    Raises
    ------
    ArgumentError
        When something is no trainable leaf, or the step size is negative.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(5.0)
    >>> search = optim.RandomLocalSearch([x], step_size=0.1, rng=0)
    >>> for _ in range(200):
    ...     loss = search.step(lambda: (x - 1) ** 2)
    >>> loss < 0.001
    True
    """

    def __init__(self, params: Any, step_size: float = 1e-4, *, rng: np.random.Generator | int | None = None) -> None:
        super().__init__(params, rng)
        self.step_size = number("RandomLocalSearch", "step_size", step_size)

    def step(self, closure: Callable[[], Any]) -> float:
        """Try a step, go back if it leads up, and return the lowest loss so far.

        Parameters
        ----------
        closure : callable
            Returns the loss of the parameters as they are, as a node or number; nothing is recorded. The first step
            calls it where the search begins, too.

        Raises
        ------
        ArgumentError
            When the closure returns something else.
        """
        kept = self._flat.values()
        if self.best == math.inf:
            first = self._flat.measured(closure)
            self.best = math.inf if math.isnan(first) else first  # anything is better than NaN
        return self._try(kept + self.step_size * self.rng.standard_normal(len(kept)), closure)
