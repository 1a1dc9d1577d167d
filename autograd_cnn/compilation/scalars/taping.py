"""One recording of a function of Scalars: its tape, the Scalars it reads, and how it is replayed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.backward import backward_steps
from autograd_cnn.compilation.recording import Traced
from autograd_cnn.compilation.scalars.lowering import Draft, Lowered
from autograd_cnn.compilation.surroundings import Surroundings
from autograd_cnn.compilation.tracing import in_traceable_rules, tracing
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.kernels import tape as kernels
from autograd_cnn.kernels.tape import LANES, ONE
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.recording import recorded

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Taped:
    """What `taped` wrote; calls with the same structure of arguments replay it.

    Attributes
    ----------
    lowered : Lowered
        The tape. Its rows begin with the arguments, then come the `closed` nodes, then the seed.
    arguments : int
        How many numbers and Scalars the arguments hold.
    closed : tuple of Node
        What the function reads besides its arguments, and what may change from call to call.
    surroundings : Surroundings
        What it was recorded in.
    output : int
        The row of the output.
    reached : tuple of int, gradients : ndarray of int
        The arguments and closed nodes that a gradient reaches, by their rows, and the rows of these gradients.
    receivers : tuple of Node
        The closed nodes among them; `trained` are the places of those that are leaves.
    requires_grad : bool
        Whether there is a gradient at all.
    rows : Rows
        The tape at work.
    """

    lowered: Lowered
    arguments: int
    closed: tuple[Node, ...]
    surroundings: Surroundings
    output: int
    reached: tuple[int, ...]
    gradients: NDArray[np.uint32]
    receivers: tuple[Node, ...]
    trained: tuple[int, ...]
    requires_grad: bool
    rows: Rows = field(repr=False)

    @property
    def inputs(self) -> int:
        """Number of rows that are given anew at each call."""
        return self.arguments + len(self.closed)

    def leaves(self, arguments: Sequence[Any]) -> Floats:
        """Return what the first rows hold at this call."""
        numbers = array("d", [x if type(x) is float else x._value for x in arguments])
        numbers.extend([x._value for x in self.closed])
        found = self.lowered.leaves.copy()
        found[: len(numbers)] = numbers
        return found

    def value(self, leaves: Floats) -> float:
        """Return the output."""
        with self.rows.lock:
            self.rows.forward(leaves)
            return float(self.rows.values[self.output])

    def gradients_of(self, leaves: Floats, seed: float) -> list[float]:
        """Return the gradient of every input that one reaches."""
        with self.rows.lock:
            self.rows.forward(leaves)
            self.rows.backward(self.inputs, seed)
            return self.rows.values[self.gradients].tolist()  # type: ignore[no-any-return]

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
                with self.rows.lock:
                    self.rows.forward(of_sample)
                    self.rows.do(self.lowered.forward_runs, stop)
                    results[:, n] = self.rows.values[wanted]
            return results
        blocks = -(-data.shape[1] // len(LANES))
        operations = len(self.lowered.tape.a) * data.shape[1]
        share_out(kernels.map_blocks, blocks, operations, stop, self.lowered.tape, leaves, data, wanted, results, LANES)
        return results


class Rows:
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


def taped(function: Callable[..., Any], traced: Traced) -> Taped:
    """Write the values and gradients of a recorded function of Scalars as a tape."""
    stand_ins, closed, (output,) = traced.stand_ins, traced.closed, traced.outputs
    seed = Scalar(1.0, requires_grad=False)
    inputs: list[Node] = [*stand_ins, *closed]
    found: dict[Node, Any] = {}
    with tracing():
        if output.requires_grad:
            traceable = in_traceable_rules(output, inputs)
            for step in backward_steps(traceable, seed, create_graph=True, until=set(inputs)):
                found[step.node] = step.upstream
            output = traceable
    reached = [row for row, x in enumerate(inputs) if x in found]
    receivers = [inputs[row] for row in reached if row >= len(stand_ins)]
    first = len(reached) - len(receivers)
    draft = Draft()
    rows = {x: draft.leaf(x._value) for x in [*inputs, seed]}
    of_output = draft.write_graph([output], rows)
    draft.phase = 1
    of_gradients = draft.write_graph([found[inputs[row]] for row in reached], rows)
    lowered = draft.finished(of_output, of_gradients)
    return Taped(
        lowered,
        len(stand_ins),
        tuple(closed),
        Surroundings(function, closed, traced.log),
        lowered.rows[0][0],
        tuple(reached),
        np.array(lowered.rows[1], np.uint32),
        tuple(receivers),
        tuple(first + k for k, x in enumerate(receivers) if x.gate is None),
        output.requires_grad,
        Rows(lowered),
    )
