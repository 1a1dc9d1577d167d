"""A point with what is known there: the run in its own precision, the run in float64, and both gradients."""

from __future__ import annotations

import functools
import math

import numpy as np

from autograd_cnn.errors import AutogradError
from autograd_cnn.testing.judging import Line, Obstacle
from autograd_cnn.testing.oracles import power_of_two, scattering
from autograd_cnn.testing.run import Backward, Run, Vector
from autograd_cnn.testing.subject import Subject

_START, _LEAST = 2.0**-5, 2.0**-26
_JITTERS = 4
_EPS = float(np.finfo(np.float64).eps)


class Place:
    """A point with what is known there: the run in its own precision, the run in float64, the gradient."""

    def __init__(self, subject: Subject, x: Vector, own: Run | None = None) -> None:
        self.subject, self.x = subject, x
        self.own = own or subject.run(x, wide=False)
        self.backward: Backward = subject.backward(self.own)
        self.wide = subject.run(x)
        self.narrow = self.wide.narrow
        self.wide_backward: Backward = subject.backward(self.wide)
        self.noise = self.wide_backward.noise + _EPS * float(np.sum(np.abs(self.wide.value)))
        size = np.abs(self.backward.gradient)
        # where all gradients are 0, a bar is held against the sizes of the numbers that they come from
        self.scale = float(np.max(size, initial=min(1.0, self.noise / _EPS), where=np.isfinite(size)))

    @property
    def parted(self) -> str | None:
        """Where the run in narrow precision took another branch than the run in float64."""
        return self.wide.branches.first_difference(self.own.branches)

    @functools.cached_property
    def rounding(self) -> Vector:
        """How far rounding may have moved the gradient: measured by changing the point, and every gradient on the way.

        Both by a few units of rounding: what a rule cancels inside (softmax, normalisation) shows too.
        """
        subject, epsilon = self.subject, self.subject.epsilons
        rng = np.random.default_rng(0)
        spread = 4 * epsilon * self.backward.magnitude
        for _ in range(_JITTERS):
            x = subject.rounded(self.x * (1 + 2 * epsilon * rng.uniform(-1, 1, self.x.size)))
            run = subject.run(x, wide=False)
            if run.branches.first_difference(self.own.branches) is None:
                moved = np.abs(subject.shaken(run, rng) - self.backward.gradient)
                spread = np.maximum(spread, 8 * np.where(np.isfinite(moved), moved, 0.0))
        return spread

    @functools.cached_property
    def scatter(self) -> float:
        """How far rounding moves the function, measured by changing the point."""

        def value(x: Vector) -> float:
            try:
                run = self.subject.run(x)
            except AutogradError:
                return math.nan
            parted = self.wide.branches.first_difference(run.branches) is not None
            return math.nan if parted else self.subject.objective(run.value - self.wide.value)

        return scattering(value, self.x)

    def rounding_along(self, direction: Vector) -> float:
        """Return how far the leaves' precision may move the gradient along a direction.

        What cancels within a rule without a trace outside (softmax, sure of one class) is at most of the size of
        the values in the graph times their gradients.
        """
        epsilon = float(np.max(self.subject.epsilons[direction != 0], initial=0.0))
        size = 2 * self.along(np.abs(self.backward.gradient), np.abs(direction)) + self.backward.energy
        return 8 * epsilon * size + self.along(self.rounding + self.subject.smallest, np.abs(direction))

    @staticmethod
    def along(gradient: Vector, direction: Vector) -> float:
        """Return the part of a gradient along a direction."""
        chosen = direction != 0
        return float(np.sum(gradient[chosen] * direction[chosen]))

    def line(self, direction: Vector) -> Line:
        """Return the function along a direction."""

        def at(t: float) -> Run:
            if t == 0:
                return self.wide
            try:
                run = self.subject.run(self.x + t * direction)
            except AutogradError as error:
                raise Obstacle(f"an error: {error}", kink=False) from None
            if (parted := self.wide.branches.first_difference(run.branches)) is not None:
                raise Obstacle(f"a kink of {parted}", kink=True)
            if not run.finite:
                raise Obstacle("a value that is not finite", kink=False)
            return run

        def change(t: float, s: float) -> float:
            return self.subject.objective(at(t).value - at(s).value)

        size = float(np.max(np.abs(self.x) * (direction != 0), initial=0.0))
        reach = power_of_two(max(1.0, size))
        return Line(change, _START * reach, _LEAST * reach, self.noise, lambda: self.scatter, _START * size)
