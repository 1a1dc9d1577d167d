"""One gate by itself: whether its rule returns the derivative of its forward, at the values of one node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.testing.branches import branch_of
from autograd_cnn.testing.judging import Line, Obstacle, judge
from autograd_cnn.testing.oracles import SAFETY, Estimate, extrapolated, power_of_two
from autograd_cnn.testing.report import Verdict
from autograd_cnn.testing.ties import DECLARED, Offsets

_EPS = float(np.finfo(np.float64).eps)
_START, _LEAST = 2.0**-5, 2.0**-26
_MOST_ELEMENTS, _DIRECTIONS = 32, 6
_NEAR = 2.0**-20
_SIZED = 1e3


@dataclass(frozen=True)
class WrongEdge:
    """An input slot that receives a wrong gradient, with its numbers."""

    slot: int
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    bar: float
    note: str = ""


class Local:
    """A gate at the values and the upstream gradient of one node, in float64.

    Parameters
    ----------
    node : Node
        What the gate made.
    upstream : float or ndarray
        The gradient that arrived there.
    """

    def __init__(self, node: Node, upstream: Any) -> None:
        gate = node.gate
        if gate is None:
            raise TypeError("a leaf has no rule")
        self.node, self.gate = node, gate
        self.attributes = {name: value for name, value in node.attributes.items() if name not in gate.saves}
        self.inputs: tuple[Any, ...] = node.inputs or ()
        self.values = [_wide(x.value if isinstance(x, Node) else x) for x in self.inputs]
        self.upstream = np.asarray(upstream, np.float64)
        self.given = upstream
        self.here = self.forward(self.values)

    def forward(self, values: list[Any]) -> Any:
        """Compute the gate's output on plain values."""
        return np.asarray(self.gate._on_arrays(values, self.attributes)[0])

    def wrong_edge(self, on_ties: bool) -> WrongEdge | None:
        """Return the first input whose gradient is wrong; None when all are right, or cannot be judged.

        Parameters
        ----------
        on_ties : bool
            Look at elements on a tie alone, or at the others alone.
        """
        if self.here.dtype != np.float64:
            return None  # it narrows by itself, as astype does: there are no differences to trust
        for parts, allowed in self.gradients():
            for slot, part in enumerate(parts):
                if part is None:
                    continue
                for index, direction in directions(np.shape(part)):
                    if found := self._judged(slot, index, direction, np.asarray(part, np.float64), allowed, on_ties):
                        return found
        return None

    def gradients(self) -> Iterator[tuple[tuple[Any, ...], float]]:
        """Yield what the rule gives on float64 copies, and on the node itself; and how finely each is rounded."""
        floating = [x for x in self.inputs if isinstance(x, Node) and x.requires_grad]
        if any(x.dtype.itemsize < 8 for x in floating):
            copies = [
                x
                if not isinstance(x, Node)
                else Scalar(x.value, x.requires_grad)
                if isinstance(x, Scalar)
                else Tensor(value, x.requires_grad)
                for x, value in zip(self.inputs, self.values, strict=True)
            ]
            yield downstream_gradients(self.gate(*copies, **self.attributes), self.upstream), 0.0
            yield downstream_gradients(self.node, self.given), _SIZED * float(np.finfo(floating[0].dtype).eps)
        else:
            yield downstream_gradients(self.node, self.given), 0.0

    def _judged(
        self, slot: int, index: tuple[int, ...] | None, direction: Any, part: Any, allowed: float, on_ties: bool
    ) -> WrongEdge | None:
        analytic = float(np.sum(part * direction))
        scale = float(np.max(np.abs(part), initial=0.0))
        if not np.isfinite(analytic):
            return None
        try:
            found = judge(
                self.line(slot, direction), analytic, scale, lambda: (allowed + 64 * _EPS) * scale, _EPS, "ridders"
            )
        except Obstacle as obstacle:
            if not on_ties or not obstacle.kink or index is None:
                return None
            return self._judged_on_tie(slot, index, direction, analytic, allowed * scale)
        if on_ties or found.verdict is not Verdict.WRONG:
            return None
        return WrongEdge(slot, index, analytic, found.estimate.value, found.estimate.bar)

    def line(self, slot: int, direction: Any, start: list[Any] | None = None, step: float = _START) -> Line:
        """Return ⟨forward, upstream⟩ along a direction in one input."""
        origin = self.values if start is None else start
        branches = branch_of(self.gate, origin, self.attributes)
        middle = self.forward(origin)

        def at(t: float) -> Any:
            moved = list(origin)
            moved[slot] = origin[slot] + t * direction
            if not np.array_equal(branch_of(self.gate, moved, self.attributes), branches):
                raise Obstacle(f"a kink of {self.gate.name}", kink=True)
            value = self.forward(moved) if t else middle
            if not np.isfinite(value).all():
                raise Obstacle("a value that is not finite", kink=False)
            return value

        def change(t: float, s: float) -> float:
            return float(np.sum((at(t) - at(s)) * self.upstream))

        reach = power_of_two(max(1.0, float(np.max(np.abs(origin[slot]) * (direction != 0), initial=0.0))))
        noise = 8 * _EPS * float(np.sum(np.abs(middle * self.upstream)))
        return Line(change, step * reach, _LEAST * reach * min(step / _START, 1.0), noise)

    def _judged_on_tie(
        self, slot: int, index: tuple[int, ...], direction: Any, analytic: float, allowed: float
    ) -> WrongEdge | None:
        """Compare with what the gate declares for ties, or with its one-sided derivatives."""
        approach = DECLARED.get(self.gate.name)
        try:
            if approach is None:
                low, high = sorted(self._one_sided(slot, direction * side) * side for side in (1.0, -1.0))
                bar, words = (
                    1e-6 * max(abs(low), abs(high)) + allowed,
                    f" on a tie: anything from {low:.6g} to {high:.6g}",
                )
            else:
                found = [self._approached(slot, direction, o) for o in approach(self.values, self.attributes)]
                low = high = float(np.mean([e.value for e in found]))
                bar, words = float(np.max([e.bar for e in found])) + allowed, " on a tie, by its rule for ties"
        except Obstacle:
            return None
        if low - bar <= analytic <= high + bar:
            return None
        return WrongEdge(slot, index, analytic, low if analytic < low else high, bar, words)

    def _approached(self, slot: int, direction: Any, offsets: Offsets) -> Estimate:
        """Return the derivative beside the tie, extrapolated to the tie."""
        size = max(int(np.size(self.values[slot])), 1)
        row: list[Estimate] = []
        for d in (_NEAR, _NEAR / 2, _NEAR / 4):
            start = [x if o is None or not np.any(o) else x + d * o for x, o in zip(self.values, offsets, strict=True)]
            line = self.line(slot, direction, start, power_of_two(d / (8 * size)))
            row.append(extrapolated(line.centred, line.start, 3, line.noise))
        coarse, middle, fine = (e.value for e in row)
        value = (8 * fine - 6 * middle + coarse) / 3
        bar = SAFETY * abs(value - (2 * fine - middle)) + SAFETY * max(e.bar for e in row)
        return Estimate(value, bar, _NEAR)

    def _one_sided(self, slot: int, direction: Any) -> float:
        """Return the derivative to one side, from values on that side alone."""
        h = power_of_two(_NEAR)
        moved = [list(self.values) for _ in range(3)]
        for k, values in enumerate(moved):
            values[slot] = values[slot] + (k + 1) * h * direction
        first, second, third = (float(np.sum(self.forward(v) * self.upstream)) for v in moved)
        if not np.isfinite([first, second, third]).all():
            raise Obstacle("a value that is not finite", kink=False)
        return (4 * second - third - 3 * first) / (2 * h)


def directions(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...] | None, Any]]:
    """Yield unit vectors, or a few random directions through a large input."""
    if np.prod(shape, dtype=int) <= _MOST_ELEMENTS:
        for index in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[index] = 1.0
            yield index, unit
        return
    rng = np.random.default_rng(0)
    for _ in range(_DIRECTIONS):
        direction = rng.uniform(0.5, 1.0, shape) * rng.choice((-1.0, 1.0), shape)
        yield None, direction / np.linalg.norm(direction)


def _wide(value: Any) -> Any:
    """Return floating values in float64, others as they are."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else value
