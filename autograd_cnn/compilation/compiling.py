"""`ag.compile`: call a function as before, and have it replayed natively."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd_cnn.compilation.arguments import structure_of
from autograd_cnn.compilation.checking import compare, compare_results
from autograd_cnn.compilation.instructions import StaleError
from autograd_cnn.compilation.program import Monitor, Program
from autograd_cnn.compilation.recording import Traced, trace
from autograd_cnn.compilation.results import results
from autograd_cnn.compilation.scalars.results import Replayed, TapeReplay, gate_of
from autograd_cnn.compilation.scalars.sampling import sampled
from autograd_cnn.compilation.scalars.taping import Floats, Taped, taped
from autograd_cnn.compilation.scalars.training import train
from autograd_cnn.errors import ArgumentError
from autograd_cnn.recording import recording
from autograd_cnn.registry import Gate
from autograd_cnn.settings import whole

RECORDINGS = 8
"""As many are kept for one structure of arguments: for training and testing, for a guard that decides otherwise."""


class Compiled:
    """A function that is recorded at its first call and replayed at the next ones; made by `compile`."""

    def __init__(
        self,
        function: Callable[..., Any],
        update: Callable[[Any, Any], Any] | None,
        check: bool,
        monitor: Monitor | None = None,
    ) -> None:
        self.function = function
        self.monitor = monitor
        self.update = Compiled(update, None, False) if update is not None else None
        self.check = check
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)
        self._what = f"compile: {self.__name__}"
        self._recordings: dict[Any, list[Program | tuple[Taped, Gate]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy record for itself."""
        return Compiled, (self.function, self.update and self.update.function, self.check, self.monitor)

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}, {sum(map(len, self._recordings.values()))} recordings>"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Return what the function returns: nodes, whose `backward` fills the gradients of leaves."""
        here = recording()
        if here.finite_only or here.compiling_from is not None:  # gate by gate, to be watched or to be recorded
            return self.function(*arguments, **named)
        leaves: list[Any] = []
        structure = structure_of(self._what, (arguments, named), leaves)
        drawn: Sequence[int] = ()
        for found in self._current(structure):
            if isinstance(found, tuple):
                return self._result(found, leaves, lambda: self.function(*arguments, **named))
            try:
                return self._results(found, leaves)
            except StaleError as stale:
                drawn = stale.drawn
        found = self._record(structure, leaves, drawn)
        if isinstance(found, tuple):
            return self._result(found, leaves, lambda: self.function(*arguments, **named))
        return self._results(found, leaves)

    def _result(self, found: tuple[Taped, Gate], leaves: list[Any], function: Callable[[], Any]) -> Any:
        """Return the Scalar that a tape comes to."""
        tape, gate = found
        replay = TapeReplay(tape, tape.leaves(leaves))
        result = Replayed(gate, (*leaves, *tape.closed), replay)
        if self.check:
            compare(self.__name__, tape, replay.leaves, (*leaves, *tape.closed), result.value, function)
        return result if recording().active else result.detach()

    def _results(self, program: Program, leaves: list[Any]) -> Any:
        """Return the nodes that a recorded graph comes to."""
        replay = program.replay(leaves)
        if self.check:
            compare_results(self.__name__, replay, leaves)
        return results(replay, leaves)

    def map(self, *columns: Any, gradients: str | None = None) -> Any:
        """Call the function on many samples at once.

        Parameters
        ----------
        *columns : array_like or number
            One per argument: (samples,) for a number, (samples, n) for a list of n numbers. A number or Scalar is
            the same for all samples.
        gradients : {"each", "sum"}, optional
            Also return the gradients of the Scalars that the function closes over: sample by sample, or summed.

        Returns
        -------
        ndarray, or (ndarray, dict)
            The values, (samples,). With `gradients`, also by Scalar its gradients: (samples,) or a float. No
            `grad` is written.

        Examples
        --------
        >>> import autograd_cnn as ag
        >>> w = ag.Scalar(3.0)
        >>> f = ag.compile(lambda x: w * x[0] + x[1])
        >>> f.map([[1.0, 0.0], [2.0, 1.0]])
        array([3., 7.])
        >>> values, found = f.map([[1.0, 0.0], [2.0, 1.0]], gradients="sum")
        >>> found[w]
        3.0
        """
        if gradients not in (None, "each", "sum"):
            raise ArgumentError(f"map: gradients={gradients!r}, expected 'each', 'sum' or None")
        found, leaves, data = self._sampled("map", columns)
        seed = None if gradients is None or not found.requires_grad else 1.0
        results = found.over_samples(found.leaves(leaves), data, seed)
        if gradients is None:
            return results[0]
        inputs = (*leaves, *found.closed)
        parts = zip(found.reached, results[1:], strict=False)
        by_leaf = {inputs[i]: part for i, part in parts if i >= found.arguments}
        return results[0], by_leaf if gradients == "each" else {x: float(p.sum()) for x, p in by_leaf.items()}

    def train(self, *columns: Any, steps: int = 1) -> Any:
        """Take training steps on the mean over all samples: forward, backward, and the update formula.

        Parameters
        ----------
        *columns : array_like or number
            The samples, as for `map`; none for a function without arguments.
        steps : int
            How many.

        Returns
        -------
        ndarray
            The loss before every step, (steps,).

        Raises
        ------
        ArgumentError
            When the function was compiled without ``update=``, `steps` is no whole number, or there are no samples.
        GradientError
            When no Scalar that requires a gradient is to be trained.

        Notes
        -----
        All Scalars that the function closes over and that require a gradient are trained; they get their new values
        at the end, and keep their `grad`.
        """
        if self.update is None:
            raise ArgumentError(
                f"train: {self.__name__} was compiled without update=, such as lambda p, g: p - 0.1 * g"
            )
        steps = whole("train", "steps", steps, 0, wanted="a whole number that is not negative")
        found, leaves, data = self._sampled("train", columns)
        if data.shape[1] == 0:
            raise ArgumentError("train: got no samples, expected at least one")
        formula = self.update._recorded(structure_of("update", ((0.0, 0.0), {}), []), [1.0, 1.0])
        return train(found, formula, found.leaves(leaves), data, steps)

    def _current(self, structure: Any) -> Iterator[Program | tuple[Taped, Gate]]:
        """Yield the recordings for calls of this structure that still hold, the newest first."""
        for known in self._recordings.get(structure, ()):
            if (known[0] if isinstance(known, tuple) else known).surroundings.are_unchanged():
                yield known

    def _record(self, structure: Any, leaves: Sequence[Any], drawn: Sequence[int]) -> Program | tuple[Taped, Gate]:
        """Call the function and keep what it does, as a tape or as a graph."""
        traced = trace(self.function, self.__name__, structure, leaves, drawn)
        made: Program | tuple[Taped, Gate]
        if traced.is_of_scalars and self.monitor is None:
            made = self._taped(traced, structure)
        else:
            made = Program(self.function, structure, traced, self.monitor)
        known = self._recordings.setdefault(structure, [])
        known.insert(0, made)
        del known[RECORDINGS:]
        return made

    def _taped(self, traced: Traced, structure: Any) -> tuple[Taped, Gate]:
        found = taped(self.function, traced)
        return found, gate_of(found, self.function, structure)

    def _recorded(self, structure: Any, leaves: Sequence[Any]) -> Taped:
        """Return the tape for calls of this structure, made now if there is none that still holds."""
        found = next(self._current(structure), None) or self._record(structure, leaves, ())
        if isinstance(found, Program):
            raise ArgumentError(
                f"compile: {self.__name__} is no function of Scalars alone; map, train and update= are for those"
            )
        return found[0]

    def _sampled(self, what: str, columns: Sequence[Any]) -> tuple[Taped, list[Any], Floats]:
        """Return the recording for one sample of the columns, that sample, and all: (arguments, samples)."""
        structure, leaves, data = sampled(what, self.__name__, columns)
        return self._recorded(structure, leaves), leaves, data


def compile(
    function: Callable[..., Any],
    *,
    update: Callable[[Any, Any], Any] | None = None,
    check: bool = False,
    monitor: Monitor | None = None,
) -> Compiled:
    """Return the function, recorded at its first call and replayed natively from then on.

    Parameters
    ----------
    function : callable
        Takes arrays, Tensors, Scalars and Python numbers, also in lists, tuples and dicts, and returns a node, or
        several in a tuple, list or dict. It may close over nodes and networks. Any gate may be used; one without
        native form runs in its plain form inside the replay.
    update : callable, optional
        For functions of Scalars: ``update(parameter, gradient)`` returns a parameter's new value; for `Compiled.train`.
    check : bool
        Call the function itself at every call too, and compare values and gradients.
    monitor : object, optional
        Such as `health.Monitor`: it takes in every step when ``backward`` of a result was called, and need not be told.
        Native layers count in passing what it asks for; only where it wants the arrays themselves, less is fused.

    Returns
    -------
    Compiled
        Called as the function is. What is recorded anew: other structures, shapes and dtypes of arguments, other bools
        and strings among them; layers that were switched between training and testing, or changed; names that the
        function closes over and that stand for something else. Within `detect_anomaly` the function itself is called.

    Raises
    ------
    DataDependentBranch
        At a call, when the function reads the number of a node that may change: by ``if``, ``float``, ``.value``.
    ArgumentError
        At a call, for arguments or results of other kinds.
    ReplayMismatch
        With ``check=True``, when a replay differs from the function.

    Notes
    -----
    Arrays among the arguments are data: NumPy's functions on them are replayed too, and where Python decides by them
    (``if y.max() > 9``), a replay decides again: a call that turns out otherwise is recorded anew. Random gates draw
    anew from the same generator. Buffers (`Module.register_buffer`), such as the running statistics of batch norm, are
    read anew at every call, and written into or assigned as the function does it; where Python decides by one
    (``if``, ``float``), a replay decides again. While recording, a buffer is no ndarray but stands for one: NumPy's
    functions, operators and indexing go on from it. Labels, class weights and statistics that `functional` takes as
    plain arrays are read anew, too, wherever they come from. Any other number or array from outside stays what it was
    when recorded: an operand in a closure or in a plain attribute, or a view that was taken of a buffer outside of the
    function.

    Values and gradients are those of the function itself: to the bit gate by gate, and to the rounding of sums where
    a native instruction does several gates. Only tapes of Scalars differ in the last places for gates whose forward
    asks NumPy for exp or log of a float (softplus, ELU).

    Results and gradients are the caller's; the memory between them is used again by the next call, unless a result
    is still held that did not go backward. So a result can go backward twice until the function is called again.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> w = ag.Scalar(2.0, name="w")
    >>> loss = ag.compile(lambda x, y: (w * x - y) ** 2, update=lambda p, g: p - 0.25 * g)
    >>> result = loss(3.0, 1.0)
    >>> result.backward()
    >>> result.value, w.grad
    (25.0, 30.0)
    >>> losses = loss.train([1.0, -1.0], [5.0, -5.0], steps=3)
    >>> losses, w
    (array([9.    , 2.25  , 0.5625]), <Scalar 'w' 4.625>)

    A network, with labels that change from call to call:

    >>> import numpy as np
    >>> from autograd_cnn import functional as F, nn
    >>> model = nn.Linear(3, 2, rng=0)
    >>> loss = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    >>> loss(np.eye(3, dtype=np.float32), np.array([0, 1, 1])).backward()
    >>> model.weight.grad.shape
    (2, 3)
    """
    if not callable(function) or (update is not None and not callable(update)):
        wrong = function if not callable(function) else update
        raise ArgumentError(f"compile: got {type(wrong).__name__}, expected a function")
    return Compiled(function, update, check, monitor)
