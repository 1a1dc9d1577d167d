"""What is checked: a function of nodes, at a point that can be moved, in its own precision or in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.backward import backward_steps, downstream_gradients, grad
from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.graph import Node, Scalar, describe, topological_order
from autograd_cnn.recording import recorded
from autograd_cnn.testing.branches import branches_taken
from autograd_cnn.testing.run import Backward, Run, Vector, holding
from autograd_cnn.testing.surroundings import Surroundings

_EPS = float(np.finfo(np.float64).eps)


@dataclass(eq=False)
class Subject:
    """A function and the leaves that its gradient is checked at.

    Attributes
    ----------
    f : callable
        Takes nodes, returns a node or a tuple of nodes.
    arguments : tuple
        What it is called with.
    leaves, names : tuple
        The leaves that are moved, and what reports call them.
    surroundings : Surroundings
        Restored around each run.
    others : list of Node
        Further leaves in narrow precision, which runs in float64 widen.
    weights : list of ndarray
        What each output is multiplied with before all is added up to one number.
    """

    f: Callable[..., Any]
    arguments: tuple[Any, ...]
    leaves: tuple[Node, ...]
    names: tuple[str, ...]
    surroundings: Surroundings
    others: list[Node] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    evaluations: int = 0
    may_be_constant: bool = False

    @property
    def start(self) -> Vector:
        """All coordinates of all leaves at the point given, in float64."""
        return np.concatenate([np.ravel(x.value).astype(np.float64) for x in self.leaves] or [np.zeros(0)])

    def pieces(self, x: Vector) -> list[Any]:
        """Cut a flat vector into arrays of the leaves' shapes."""
        ends = np.cumsum([leaf.size for leaf in self.leaves])[:-1]
        return [part.reshape(leaf.shape) for leaf, part in zip(self.leaves, np.split(x, ends), strict=True)]

    def rounded(self, x: Vector) -> Vector:
        """Return the nearest point that the leaves can hold in their own dtypes."""
        parts = [np.ravel(part.astype(leaf.dtype)) for leaf, part in zip(self.leaves, self.pieces(x), strict=True)]
        return np.concatenate([part.astype(np.float64) for part in parts] or [x])

    @property
    def coordinates(self) -> list[tuple[str, tuple[int, ...]]]:
        """Name and index of every coordinate, in the order of the flat vector."""
        return [(name, i) for name, leaf in zip(self.names, self.leaves, strict=True) for i in np.ndindex(leaf.shape)]

    @property
    def epsilons(self) -> Vector:
        """Distance of 1 from the next number, per coordinate: how finely its gradient is rounded."""
        sizes = [np.full(leaf.size, np.finfo(leaf.dtype).eps, np.float64) for leaf in self.leaves]
        return np.concatenate(sizes or [np.zeros(0)])

    @property
    def smallest(self) -> Vector:
        """What is lost where a gradient underflows, per coordinate."""
        sizes = [np.full(leaf.size, 16 * float(np.finfo(leaf.dtype).tiny)) for leaf in self.leaves]
        return np.concatenate(sizes or [np.zeros(0)])

    def settings(self, x: Vector, wide: bool) -> tuple[tuple[Node, Any], ...]:
        """Return the leaves with the values that they shall have at `x`."""
        set_: list[tuple[Node, Any]] = []
        for leaf, part in zip(self.leaves, self.pieces(x), strict=True):
            own = part.astype(np.float64 if wide else leaf.dtype)
            set_.append((leaf, float(own) if isinstance(leaf, Scalar) else own))
        if wide:
            set_ += [(leaf, leaf.value.astype(np.float64)) for leaf in self.others]
        return tuple(set_)

    def run(self, x: Vector, *, wide: bool = True) -> Run:
        """Run the function at `x`, in float64 or in the leaves' own dtypes.

        Raises
        ------
        ArgumentError, DtypeError, GradientError
            When it returns what cannot be differentiated.
        """
        self.evaluations += 1
        self.surroundings.restore()
        settings = self.settings(x, wide)
        try:
            with holding(settings), recorded(active=True, finite_only=False):
                outputs = _outputs(self.f(*self.arguments), self.may_be_constant)
                branches = branches_taken(outputs)
        finally:
            self.surroundings.restore()
        value = np.concatenate([np.ravel(y.value).astype(np.float64) for y in outputs])
        return Run(outputs, value, branches, settings)

    def backward(self, run: Run, seed: float = 1.0) -> Backward:
        """Walk back through a run, writing nothing into the graph; `seed` times the outputs' weights is put on them."""
        gradient = {leaf: np.zeros(leaf.shape) for leaf in self.leaves}
        magnitude = {leaf: np.zeros(leaf.shape) for leaf in self.leaves}
        noise = energy = 0.0
        with run.as_it_was():
            for output, weight in zip(run.outputs, self.weights, strict=True):
                for step in backward_steps(output, seed * weight) if output.requires_grad else ():
                    share = np.multiply(step.node.value, step.upstream, dtype=np.float64)
                    noise += _EPS * float(np.sum(np.abs(share)))
                    energy += float(np.sum(share * share))
                    if step.node in gradient:
                        gradient[step.node] = gradient[step.node] + step.upstream
                        magnitude[step.node] += np.abs(step.upstream)
                    for x, part in zip(step.node.inputs or (), step.downstream, strict=False):
                        if part is not None and x in magnitude:
                            magnitude[x] += np.abs(part)
        parts = [
            np.concatenate([np.ravel(g).astype(np.float64) for g in found.values()] or [np.zeros(0)])
            for found in (gradient, magnitude)
        ]
        if not np.isfinite(noise + energy):
            return Backward(parts[0], parts[1], 0.0, 0.0)
        return Backward(parts[0], parts[1], noise, float(np.sqrt(energy)))

    def shaken(self, run: Run, rng: np.random.Generator) -> Vector:
        """Return the gradient of a run, every gradient on the way changed at random by a few units of rounding."""
        gradient = {leaf: np.zeros(leaf.shape) for leaf in self.leaves}
        with run.as_it_was():
            for output, weight in zip(run.outputs, self.weights, strict=True):
                pending: dict[Node, Any] = {output: np.asarray(weight, output.dtype)}
                for node in reversed(topological_order(output, where=lambda node: node.requires_grad)):
                    if node not in pending or not node.requires_grad:
                        continue
                    upstream = _shaken(pending.pop(node), node, rng)
                    if node in gradient:
                        gradient[node] = gradient[node] + upstream
                    for x, part in zip(node.inputs or (), downstream_gradients(node, upstream), strict=False):
                        if part is not None:
                            pending[x] = pending[x] + part if x in pending else part
        return np.concatenate([np.ravel(g).astype(np.float64) for g in gradient.values()] or [np.zeros(0)])

    def weigh(self, outputs: Sequence[Node], rng: np.random.Generator) -> None:
        """Choose what the elements of the outputs are weighed with: 1 for one number, else nothing near 0 or 1."""
        only_one = len(outputs) == 1 and outputs[0].size == 1
        self.weights = [np.ones(y.shape) if only_one else weights_off_zero(rng, y.shape) for y in outputs]

    @property
    def only_one(self) -> bool:
        """Whether the function returns one number, whose gradient is taken as it is."""
        return len(self.weights) == 1 and self.weights[0].size == 1

    def objective(self, change: Vector) -> float:
        """Return the weighted sum of a change of the outputs."""
        flat = np.concatenate([np.ravel(w) for w in self.weights])
        return float(np.sum(change * flat))

    def widen(self, run: Run, before: int) -> None:
        """Remember the narrow leaves in a run's graph that were there before it: float64 runs widen them."""
        for output in run.outputs:
            for node in topological_order(output):
                narrow = node.gate is None and node.dtype.kind == "f" and node.dtype.itemsize < 8
                if narrow and node.serial < before and node not in self.leaves and node not in self.others:
                    self.others.append(node)

    def second_order(self, directions: Vector) -> Subject:
        """Return the subject whose function is ⟨gradient, directions⟩: its gradient is of second order."""

        def gradient_along(*arguments: Any) -> Node:
            total: Any = None
            for output, weight in zip(_outputs(self.f(*arguments), True), self.weights, strict=True):
                if not output.requires_grad:
                    continue
                found = grad(output, self.leaves, weight, create_graph=True, allow_unused=True)
                for g, leaf, v in zip(found, self.leaves, self.pieces(directions), strict=True):
                    if isinstance(g, Node):
                        part = (g * (float(v) if isinstance(leaf, Scalar) else v.astype(leaf.dtype))).sum()
                        total = part if total is None else total + part
            return Scalar(0.0, requires_grad=False) if total is None else total

        return Subject(
            gradient_along,
            self.arguments,
            self.leaves,
            self.names,
            self.surroundings,
            self.others,
            [np.ones(())],
            may_be_constant=True,
        )


def _shaken(upstream: Any, node: Node, rng: np.random.Generator) -> Any:
    """Return a gradient changed by up to two units of rounding, element by element."""
    factor = 1 + 2 * float(np.finfo(node.dtype).eps) * rng.uniform(-1, 1, node.shape)
    if isinstance(node, Scalar):
        return float(upstream * factor)
    changed: NDArray[Any] = np.multiply(upstream, factor).astype(node.dtype)
    return changed


def weights_off_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return random numbers of sizes ½ to 1, never 1 itself, which every floating dtype holds exactly."""
    found: NDArray[np.float64] = rng.integers(32, 64, shape) / 64 * rng.choice((-1.0, 1.0), shape)
    return found


def _outputs(result: Any, may_be_constant: bool) -> tuple[Node, ...]:
    """Return what a function returned as a tuple of nodes; typed errors for what has no gradient."""
    outputs = tuple(result) if isinstance(result, tuple | list) else (result,)
    for y in outputs:
        if not isinstance(y, Node):
            raise ArgumentError(
                f"check: the function returned {type(y).__name__}, expected a node; compute it with gates"
            )
    if not outputs:
        raise ArgumentError("check: the function returned an empty tuple, expected a node")
    if not may_be_constant and not any(y.requires_grad for y in outputs):
        raise GradientError(
            f"check: the function returned {describe(outputs[0])}, which no gradient flows into: "
            "what it does with its inputs is not recorded (detach, .value, no_grad, integers)"
        )
    return outputs
