"""One gate by itself: whether its rule returns the derivative of its forward, at the values of one node."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.calling import on_arrays
from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.testing.branches import branch_of
from autograd_cnn.testing.judging import Line, Obstacle, judge
from autograd_cnn.testing.oracles import SAFETY, Estimate, extrapolated, power_of_two, scattering
from autograd_cnn.testing.report import Verdict
from autograd_cnn.testing.ties import DECLARED, Offsets

_EPS = float(np.finfo(np.float64).eps)
_START, _LEAST = 2.0**-5, 2.0**-26
_MOST_ELEMENTS, _MOST_TIES, _DIRECTIONS = 32, 512, 6
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
        return np.asarray(on_arrays(self.gate, values, self.attributes)[0])

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
                part = np.asarray(part, np.float64)
                found = self._judged_off_ties(slot, part, allowed)
                if on_ties:
                    found = (self._judged_at_kink(slot, i, part, allowed) for i in elements(part.shape, _MOST_TIES))
                if edge := next(filter(None, found), None):
                    return edge
        return None

    def _judged_off_ties(self, slot: int, part: Any, allowed: float) -> Iterator[WrongEdge | None]:
        """Judge every element of a small input; of a large one directions, or elements where those meet a kink."""
        for index, direction in directions(part.shape):
            try:
                yield self._judged(slot, index, direction, part, allowed)
            except Obstacle as obstacle:
                if index is None and obstacle.kink:  # some elements stand on a tie: the others are asked by themselves
                    yield from self._judged_one_by_one(slot, part, allowed)
                    return

    def _judged_one_by_one(self, slot: int, part: Any, allowed: float) -> Iterator[WrongEdge | None]:
        for index in elements(part.shape, _MOST_TIES):
            direction = np.zeros(part.shape)
            direction[index] = 1.0
            try:
                edge = self._judged(slot, index, direction, part, allowed)
            except Obstacle:
                continue
            yield edge

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
        self, slot: int, index: tuple[int, ...] | None, direction: Any, part: Any, allowed: float
    ) -> WrongEdge | None:
        analytic = float(np.sum(part * direction))
        scale = float(np.max(np.abs(part), initial=0.0))
        if not np.isfinite(analytic):
            return None
        rounding = (allowed + 64 * _EPS) * scale
        found = judge(self.line(slot, direction), analytic, scale, lambda: rounding, _EPS, "ridders")
        if found.verdict is not Verdict.WRONG:
            return None
        return WrongEdge(slot, index, analytic, found.estimate.value, found.estimate.bar)

    def _judged_at_kink(self, slot: int, index: tuple[int, ...], part: Any, allowed: float) -> WrongEdge | None:
        """Judge an element that stands on a tie, or beside one, nearer than the smallest step; others are right."""
        direction = np.zeros(part.shape)
        direction[index] = 1.0
        line = self.line(slot, direction)
        try:
            line.centred(2 * line.least)
        except Obstacle as obstacle:
            if obstacle.kink and np.isfinite(part[index]):
                judged = self._judged_on_tie if self._on_tie(slot, index) else self._judged_beside_kink
                return judged(slot, index, direction, float(part[index]), allowed * float(np.max(np.abs(part))))
        return None

    def line(self, slot: int, direction: Any, start: list[Any] | None = None, step: float = _START) -> Line:
        """Return ⟨forward, upstream⟩ along a direction in one input."""
        origin = self.values if start is None else start
        branches = branch_of(self.gate, origin, self.attributes)
        middle = self.forward(origin)

        def at(x: Any) -> Any:
            moved = [*origin[:slot], x, *origin[slot + 1 :]]
            if not np.array_equal(branch_of(self.gate, moved, self.attributes), branches):
                raise Obstacle(f"a kink of {self.gate.name}", kink=True)
            value = self.forward(moved)
            if not np.isfinite(value).all():
                raise Obstacle("a value that is not finite", kink=False)
            return value

        def change(t: float, s: float) -> float:
            ahead, behind = (at(origin[slot] + by * direction) for by in (t, s))
            return float(np.sum((ahead - behind) * self.upstream))

        def beside(x: Any) -> float:
            try:
                return float(np.sum((at(x) - middle) * self.upstream))
            except Obstacle:
                return math.nan

        reach = power_of_two(max(1.0, float(np.max(np.abs(origin[slot]) * (direction != 0), initial=0.0))))
        noise = 8 * _EPS * float(np.sum(np.abs(middle * self.upstream)))
        least = _LEAST * reach * min(step / _START, 1.0)
        return Line(change, step * reach, least, noise, lambda: scattering(beside, origin[slot]))

    def _on_tie(self, slot: int, index: tuple[int, ...]) -> bool:
        """Whether an element stands on a tie, and not only beside one: the next number takes another branch.

        A gate that looks at sums of several numbers (a margin) rounds its own: there the largest says what is next.
        """
        branches = branch_of(self.gate, self.values, self.attributes)
        sizes = [float(abs(self.values[slot][index]))]
        if not self.gate.broadcasts and np.shape(self.values[slot]) != self.here.shape:
            sizes += [float(np.max(np.abs(x), initial=0.0)) for x in self.values if np.asarray(x).dtype.kind == "f"]
        for size in sizes:
            for by in (4 * np.spacing(size), -4 * np.spacing(size)):
                moved = list(self.values)
                moved[slot] = np.array(moved[slot])
                moved[slot][index] += by
                if not np.array_equal(branch_of(self.gate, moved, self.attributes), branches):
                    return True
        return False

    def _judged_beside_kink(
        self, slot: int, index: tuple[int, ...], direction: Any, analytic: float, allowed: float
    ) -> WrongEdge | None:
        """Compare with the derivative to the side where the kink is not."""
        branches = branch_of(self.gate, self.values, self.attributes)
        for side in (1.0, -1.0):
            moved = list(self.values)
            moved[slot] = moved[slot] + 4 * _NEAR * side * direction
            if np.array_equal(branch_of(self.gate, moved, self.attributes), branches):
                try:
                    value, bar, _ = self._one_sided(slot, direction * side)
                except Obstacle:
                    continue
                if abs(analytic - side * value) > bar + allowed:
                    return WrongEdge(slot, index, analytic, side * value, bar + allowed, " on this side of a kink")
                return None
        return None

    def _judged_on_tie(
        self, slot: int, index: tuple[int, ...], direction: Any, analytic: float, allowed: float
    ) -> WrongEdge | None:
        """Compare with what the gate declares for ties, or with its one-sided derivatives."""
        approach = DECLARED.get(self.gate.name)
        try:
            if approach is None:
                ahead, behind = (self._one_sided(slot, direction * side) for side in (1.0, -1.0))
                low, high = sorted((ahead.value, -behind.value))
                bar = max(ahead.bar, behind.bar) + allowed
                words = f" on a tie: anything from {low:.6g} to {high:.6g}"
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

    def _one_sided(self, slot: int, direction: Any) -> Estimate:
        """Return the derivative to one side, from values on that side alone."""
        h = power_of_two(_NEAR)
        ahead = []
        for k in (1, 2, 3):
            moved = list(self.values)
            moved[slot] = moved[slot] + k * h * direction
            ahead.append(self.forward(moved))
        first, second, third = ahead
        if not np.isfinite(ahead).all():
            raise Obstacle("a value that is not finite", kink=False)
        slope = (4 * (second - first) - (third - first)) / (2 * h) * self.upstream
        rounded = (second != first) * np.abs(second * self.upstream)
        value = float(np.sum(slope))
        return Estimate(value, 1e-6 * float(np.sum(np.abs(slope))) + 16 * _EPS / h * float(np.sum(rounded)), h)


def directions(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...] | None, Any]]:
    """Yield unit vectors, or a few random directions through a large input."""
    if np.prod(shape, dtype=int) <= _MOST_ELEMENTS:
        for index in elements(shape, _MOST_ELEMENTS):
            unit = np.zeros(shape)
            unit[index] = 1.0
            yield index, unit
        return
    rng = np.random.default_rng(0)
    for _ in range(_DIRECTIONS):
        direction = rng.uniform(0.5, 1.0, shape) * rng.choice((-1.0, 1.0), shape)
        yield None, direction / np.linalg.norm(direction)


def elements(shape: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """Return the places of all elements, or of some at random where there are more."""
    size = int(np.prod(shape, dtype=int))
    chosen = np.arange(size) if size <= most else np.sort(np.random.default_rng(0).permutation(size)[:most])
    return [tuple(map(int, np.unravel_index(i, shape))) for i in chosen]


def _wide(value: Any) -> Any:
    """Return floating values in float64, others as they are."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else value
