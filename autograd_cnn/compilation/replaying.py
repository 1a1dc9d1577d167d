"""One recording of a function: its tape, the Scalars it reads, and how it is replayed."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.backward import backward_steps
from autograd_cnn.compilation.arguments import TENSORS_LATER, Structure, rebuilt
from autograd_cnn.compilation.lowering import Draft, Lowered
from autograd_cnn.compilation.tracing import in_traceable_rules, tracing
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar, Tensor, describe, topological_order
from autograd_cnn.kernels import tape as kernels
from autograd_cnn.kernels.tape import LANES, ONE
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.recording import recorded

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recorded:
    """What `record` found; calls with the same structure of arguments replay it.

    Attributes
    ----------
    lowered : Lowered
        The tape. Its rows begin with the arguments, then come the `closed` nodes, then the seed.
    arguments : int
        How many numbers and Scalars the arguments hold.
    closed : tuple of Node
        What the function reads besides its arguments, and what may change from call to call.
    needs : list of bool
        Which of the closed nodes required a gradient.
    output : int
        The row of the output.
    reached : tuple of int, gradients : ndarray of int
        The arguments and closed nodes that a gradient reaches, by their rows, and the rows of these gradients.
    receivers : tuple of Node
        The closed nodes among them; `trained` are the places of those that are leaves.
    requires_grad : bool
        Whether there is a gradient at all.
    replay : Replay
        The rows at work.
    """

    lowered: Lowered
    arguments: int
    closed: tuple[Node, ...]
    needs: list[bool]
    output: int
    reached: tuple[int, ...]
    gradients: NDArray[np.uint32]
    receivers: tuple[Node, ...]
    trained: tuple[int, ...]
    requires_grad: bool
    replay: Replay = field(repr=False)

    @property
    def inputs(self) -> int:
        """Number of rows that are given anew at each call."""
        return self.arguments + len(self.closed)

    def is_current(self) -> bool:
        """Whether the same closed nodes as when it was recorded require a gradient."""
        return [x.requires_grad for x in self.closed] == self.needs

    def leaves(self, arguments: Sequence[Any]) -> Floats:
        """Return what the first rows hold at this call."""
        numbers = array("d", [x if type(x) is float else x._value for x in arguments])
        numbers.extend([x._value for x in self.closed])
        found = self.lowered.leaves.copy()
        found[: len(numbers)] = numbers
        return found

    def value(self, leaves: Floats) -> float:
        """Return the output."""
        with self.replay.lock:
            self.replay.forward(leaves)
            return float(self.replay.values[self.output])

    def gradients_of(self, leaves: Floats, seed: float) -> list[float]:
        """Return the gradient of every input that one reaches."""
        with self.replay.lock:
            self.replay.forward(leaves)
            self.replay.backward(self.inputs, seed)
            return self.replay.values[self.gradients].tolist()  # type: ignore[no-any-return]

    def over_samples(self, leaves: Floats, data: Floats, seed: float | None) -> Floats:
        """Return for each sample the output and, with a seed, the gradients: (1 + reached, samples).

        Parameters
        ----------
        leaves : ndarray
            What all samples share.
        data : ndarray
            (arguments, samples).
        """
        wanted = np.array([self.output, *(self.gradients if seed is not None else ())], np.uint32)
        leaves = leaves.copy()
        leaves[self.inputs] = 1.0 if seed is None else seed
        results = np.empty((len(wanted), data.shape[1]))
        stop = self.lowered.forward_runs if seed is None else len(self.lowered.tape.opcodes)
        if self.lowered.calls:
            for n in range(data.shape[1]):
                of_sample = leaves.copy()
                of_sample[: self.arguments] = data[:, n]
                with self.replay.lock:
                    self.replay.forward(of_sample)
                    self.replay.do(self.lowered.forward_runs, stop)
                    results[:, n] = self.replay.values[wanted]
            return results
        blocks = -(-data.shape[1] // len(LANES))
        operations = len(self.lowered.tape.a) * data.shape[1]
        share_out(kernels.map_blocks, blocks, operations, stop, self.lowered.tape, leaves, data, wanted, results, LANES)
        return results


class Replay:
    """The rows of a tape, and whose values they hold."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.values: Floats = np.zeros(len(lowered.tape.a))
        self.lock = Lock()
        self.current: Floats | None = None

    def forward(self, leaves: Floats) -> None:
        """Do the runs of the first phase, unless they were done with these leaves last."""
        if self.current is not leaves:
            self.current = None
            self.values[: len(leaves)] = leaves
            self.do(0, self.lowered.forward_runs)
            self.current = leaves

    def backward(self, seed_row: int, seed: float) -> None:
        """Do the runs of the gradients."""
        self.values[seed_row] = seed
        self.do(self.lowered.forward_runs, len(self.lowered.tape.opcodes))

    def do(self, start: int, stop: int) -> None:
        """Do some runs, natively as far as that goes."""
        for run, call in self.lowered.calls.items():
            if start <= run < stop:
                kernels.run(start, run, self.lowered.tape, self.values, ONE)
                with recorded(active=True, finite_only=False, compiling_from=None):
                    self.values[call.row] = call.function(*self.values[list(call.operands)].tolist())
                start = run + 1
        kernels.run(start, stop, self.lowered.tape, self.values, ONE)


def record(function: Callable[..., Any], name: str, structure: Structure, arguments: Sequence[Any]) -> Recorded:
    """Call a function once, on stand-ins for its arguments, and write its values and gradients as a tape.

    Raises
    ------
    ArgumentError
        When it returns anything but a Scalar, uses Tensors, or draws random numbers.
    DataDependentBranch
        When it decides by the value of a node.
    """
    stand_ins = [_stand_in(x) for x in arguments]
    seed = Scalar(1.0, requires_grad=False)
    with tracing():
        positional, named = rebuilt(structure, iter(stand_ins))
        output = function(*positional, **named)
        closed = _closed(name, output, stand_ins, seed.serial)
        inputs: list[Node] = [*stand_ins, *closed]
        found: dict[Node, Any] = {}
        if output.requires_grad:
            traceable = in_traceable_rules(output, inputs)
            for step in backward_steps(traceable, seed, create_graph=True, until=set(inputs)):
                found[step.node] = step.upstream
            output = traceable
    reached = [row for row, x in enumerate(inputs) if x in found]
    receivers = [inputs[row] for row in reached if row >= len(stand_ins)]
    first = len(reached) - len(receivers)
    with recorded(compiling_from=None):
        draft = Draft()
        rows = {x: draft.leaf(x._value) for x in [*inputs, seed]}
        of_output = draft.write_graph([output], rows)
        draft.phase = 1
        of_gradients = draft.write_graph([found[inputs[row]] for row in reached], rows)
        lowered = draft.finished(of_output, of_gradients)
    return Recorded(
        lowered,
        len(stand_ins),
        tuple(closed),
        [x.requires_grad for x in closed],
        lowered.rows[0][0],
        tuple(reached),
        np.array(lowered.rows[1], np.uint32),
        tuple(receivers),
        tuple(first + k for k, x in enumerate(receivers) if x.gate is None),
        output.requires_grad,
        Replay(lowered),
    )


def _stand_in(x: Any) -> Scalar:
    """Return the Scalar that stands for a number or Scalar among the arguments."""
    if isinstance(x, Node):
        return Scalar(x._value, x.requires_grad, x.name)
    return Scalar(x, requires_grad=False)


def _closed(name: str, output: Any, stand_ins: Sequence[Node], start: int) -> list[Node]:
    """Return the nodes that were there before the function was called and that its output is made from."""
    if isinstance(output, Tensor):
        raise ArgumentError(f"compile: {name} returned {describe(output)}; {TENSORS_LATER}")
    if not isinstance(output, Scalar):
        raise ArgumentError(f"compile: {name} returned {type(output).__name__}, expected one Scalar")
    closed, own = [], set(stand_ins)
    for node in topological_order(output, until=_Before(start)):
        if isinstance(node, Tensor):
            raise ArgumentError(f"compile: {name} uses {describe(node)}; {TENSORS_LATER}")
        if node.gate is not None and node.gate.is_source:
            raise ArgumentError(f"compile: {name} draws random numbers; draw them outside and pass them as arguments")
        if node.serial < start and node not in own:
            closed.append(node)
    return sorted(closed, key=operator.attrgetter("serial"))


@dataclass(frozen=True)
class _Before:
    """All nodes that were made before a serial number."""

    start: int

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Node) and node.serial < self.start

    def __iter__(self) -> Iterator[Node]:
        raise TypeError("these nodes cannot be listed")

    def __len__(self) -> int:
        raise TypeError("these nodes cannot be counted")
