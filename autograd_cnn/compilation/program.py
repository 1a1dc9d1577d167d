"""One recording of a function of Tensors: when it still holds, and how calls take turns with its memory."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from autograd_cnn import live
from autograd_cnn.compilation.arguments import Structure, rebuilt
from autograd_cnn.compilation.instructions import StaleError
from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native import Group, groups_of
from autograd_cnn.compilation.native.counting import Tally
from autograd_cnn.compilation.recording import Traced, emptied
from autograd_cnn.compilation.state import Past, State
from autograd_cnn.compilation.surroundings import Surroundings
from autograd_cnn.errors import GradientError
from autograd_cnn.graph import Node
from autograd_cnn.recording import recorded, recording


class Watch(Protocol):
    """A graph that a monitor watches, whose values and gradients are replaced at every call."""

    def take(self) -> bool:
        """Take in one training step; whether that could be done without the arrays that are not there."""


class Monitor(Protocol):
    """What `ag.compile` needs of a monitor, such as `health.Monitor`."""

    def wants(self) -> bool:
        """Whether the next training step is one to be looked at."""

    def wants_arrays(self) -> bool:
        """Whether that takes the values and gradients themselves, not only what they come to."""

    def pass_over(self) -> None:
        """Count a training step that is not looked at."""

    def watch(self, loss: Any, *, replayed: bool, tallies: Mapping[Node, Tally] | None) -> Watch:
        """Find out where to look in a graph; what has a tally may not be there to be read, nor anything later."""


class Program:
    """What was recorded, and the states in which it is replayed: one per call whose result is still needed.

    Parameters
    ----------
    function : callable
        The function.
    structure : Structure
        That of its arguments.
    traced : Traced
        One run of it: the first call.
    monitor : Monitor, optional
        What watches its backward passes.
    """

    def __init__(
        self, function: Callable[..., Any], structure: Structure, traced: Traced, monitor: Monitor | None = None
    ) -> None:
        self.function = function
        self.structure = structure
        self.traced = emptied(traced)
        self.monitor = monitor
        self._groups: dict[Look, dict[Node, Group | None]] = {}
        self.closed_are_leaves = all(x.gate is None for x in traced.closed)
        self._free: dict[Look, list[State]] = {look: [] for look in Look}
        drawn = [int(seed) for _, seed in traced.log.draws]
        self._past: Past | None = Past(drawn, [source.made._value for source in traced.log.sources])
        self._spent: weakref.ref[Replay] | None = None
        self._seen: State | None = None  # the next report reads arrays there: calls leave them alone until then
        self.surroundings = Surroundings(function, traced.closed, traced.log)

    def replay(self, arguments: Sequence[Any]) -> Replay:
        """Compute the outputs for new arguments; return what holds them.

        Raises
        ------
        StaleError
            When the function would have decided otherwise, or made another shape.
        """
        replay = Replay(self, self._state(self._look() if recording().active else Look.NOTHING))
        past, self._past = self._past, None  # the first call was recorded: it has drawn, and done its effects
        self._run(replay.held(), arguments, past)
        return replay

    def _run(self, state: State, arguments: Sequence[Any], past: Past | None) -> None:
        try:
            state.run(arguments, past)
        except StaleError as stale:
            stale.drawn = state.drawn
            raise

    def _state(self, look: Look) -> State:
        """Return a state in which a monitor sees as much of a call."""
        counts = look == Look.NOTHING and self.monitor is not None and self._counts_in_passing
        state = self._free_state(Look.COUNTS if counts else look)
        state.look = look
        return state

    @cached_property
    def _counts_in_passing(self) -> bool:
        """Whether what counts is fused as far as what does not: then one memory serves both, and stays in the cache."""
        fused = [
            {node: group and group.nodes for node, group in self._groups_of(look).items()}
            for look in (Look.NOTHING, Look.COUNTS)
        ]
        return fused[0] == fused[1]

    def _groups_of(self, look: Look) -> dict[Node, Group | None]:
        if look not in self._groups:
            self._groups[look] = groups_of(self.traced, look)
        return self._groups[look]

    def _free_state(self, look: Look) -> State:
        """Return a state that no result needs any more, or a new one; where a monitor sees arrays, less is fused."""
        free = self._free[look]
        place = next((i for i, state in enumerate(free) if state is not self._seen), None)
        if place is not None:
            return free.pop(place)
        spent = None if self._spent is None else self._spent()
        state = None if spent is None else spent.state
        if spent is not None and state is not None and state is not self._seen and state.most == look:
            spent.state = None
            return state
        return State(self.traced, self._groups_of(look), look)

    def _look(self) -> Look:
        """Return how much the monitor wants to see of the next training step."""
        if self.monitor is None or not self.monitor.wants():
            return Look.NOTHING
        return Look.ARRAYS if self.monitor.wants_arrays() else Look.COUNTS

    def prepare(self, replay: Replay, arguments: Sequence[Any]) -> State:
        """Return the state to go backward in: a call that shows too little, since others went backward, is redone."""
        state, look = replay.held(), self._look()
        if state.look < look:
            replay.state, replay.fused = self._redone(state, look, arguments), state
        return replay.held()

    def _redone(self, state: State, look: Look, arguments: Sequence[Any]) -> State:
        """Return a state that shows more, in which a call was made again."""
        again = self._state(look)
        given = [made._value if x is made else x for made, x in zip(state.stand_ins, arguments, strict=True)]
        again.run(given, state.past)
        return again

    def observe(self, state: State, output: int, arguments: Sequence[Any], seed: Any) -> None:
        """Let the monitor take in a step, or count it, once gradients are in their places."""
        if self.monitor is None:
            return
        if not self.monitor.wants():
            self.monitor.pass_over()
        elif not self._is_taken(state, output, arguments):
            again = self._redone(state, Look.ARRAYS, arguments)
            again.backward(output, seed)
            self._is_taken(again, output, arguments)
            self.give_back(again)

    def _is_taken(self, state: State, output: int, arguments: Sequence[Any]) -> bool:
        """Let the monitor take in a step that stands in a state; whether it needed no more."""
        assert self.monitor is not None
        for stand_in, x in zip(state.stand_ins, arguments, strict=True):
            stand_in.grad = x.grad if isinstance(x, Node) else None
        end = state.outputs[output]
        watch = state.watches.get(end)
        if watch is None:
            tallies = state.tallies if state.look == Look.COUNTS else None
            watch = state.watches[end] = self.monitor.watch(end, replayed=True, tallies=tallies)
        if state.look == Look.ARRAYS:
            self._seen = state
        return watch.take()

    def is_spent(self, replay: Replay) -> None:
        """Let the next call take over the state of one that went backward, should its result live on."""
        self._spent = weakref.ref(replay)

    def give_back(self, state: State) -> None:
        """Take a state that no result needs any more."""
        self._free[state.most].append(state)


class Replay:
    """One call: the state that holds its values, until no result needs it or a later call takes it over.

    `fused` is the state before that, where the call was done again to be watched: results read their arguments in it.
    """

    state: State | None = None
    fused: State | None = None

    def __init__(self, program: Program, state: State) -> None:
        self.program = program
        self.state = state

    def __del__(self) -> None:
        for state in (self.state, self.fused):
            if state is not None:
                self.program.give_back(state)

    def reaches_leaves(self, inputs: Sequence[Any]) -> bool:
        """Whether all that a gradient can reach are leaves."""
        given = inputs[: len(self.program.traced.stand_ins)]
        return self.program.closed_are_leaves and all([not isinstance(x, Node) or x.gate is None for x in given])

    def held(self) -> State:
        """Return the state, or raise when it was taken over."""
        if self.state is None:
            raise GradientError(
                "backward: the compiled function was called again after this result went backward, and uses its "
                "memory; go backward twice before that, or call the function itself"
            )
        return self.state

    def again(self, *inputs: Any) -> Any:
        """Call the function itself once more, with what this call drew and read, and without its effects."""
        past, sources = self.held().past, self.program.traced.log.sources
        held = {source.key: live.Held(x.copy(), source.read) for source, x in zip(sources, past.read, strict=True)}
        arguments = [
            x._value if isinstance(stand_in, live.Data) and isinstance(x, Node) else x
            for stand_in, x in zip(self.program.traced.stand_ins, inputs, strict=False)
        ]
        positional, named = rebuilt(self.program.structure, iter(arguments))
        with recorded(active=True, log=live.Log(drawn=deque(past.drawn), held=held, muted=True)):
            return self.program.function(*positional, **named)


def copied(x: Any) -> Any:
    """Return a value that no later call overwrites."""
    return np.array(x) if isinstance(x, np.ndarray) else x
