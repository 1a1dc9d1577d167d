"""What a compiled function must look at, draw or do again at every replay, and not only while it is recorded.

A replay repeats gates. Beside them a function reads plain arrays (labels, running statistics), decides by them (is a
label out of range?), draws random numbers and writes into running statistics. Code that does so says it with the
functions of this file. While nothing is recorded by `ag.compile` they do what they wrap and nothing else.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.graph import Array, Node, Tensor
from autograd_cnn.recording import recording


@dataclass(eq=False)
class Log:
    """What one recording of a function saw, beside gates; or, muted, what a second run of it must not do again.

    Attributes
    ----------
    guards : list of (Data, bool or int)
        What the function decided by, and how.
    effects : list of (callable, operands)
        What it did, such as writing into running statistics.
    draws : list of (callable, Drawn)
        Which random numbers it drew, and how to draw the next ones.
    sources : list of (Data, ndarray)
        Arrays from outside that are read anew.
    attributes : dict
        By identity, arrays that became attributes of gates, and the live array each is a copy of.
    modules : dict
        The modules it called, and the attributes they had.
    drawn : deque of int
        Random numbers to be used, before new ones are drawn.
    muted : bool
        Whether effects are left out.
    """

    guards: list[tuple[Data, int]] = field(default_factory=list)
    effects: list[tuple[Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)
    draws: list[tuple[Callable[[], int], Drawn]] = field(default_factory=list)
    sources: list[tuple[Data, Array]] = field(default_factory=list)
    attributes: dict[int, tuple[Array, Node]] = field(default_factory=dict)
    modules: dict[Any, dict[str, Any]] = field(default_factory=dict)
    drawn: deque[int] = field(default_factory=deque)
    muted: bool = False


class Drawn(int):
    """A seed that was drawn: a replay draws another one in its place."""


class Plainly:
    """What made a `Data`: a function of NumPy. It stands where other nodes have their gate."""

    is_source = False
    has_gradient = False
    saves: tuple[str, ...] = ()

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function


class Data(Tensor):
    """What a plain array is while a function that reads it is recorded: NumPy's functions on it are recorded too.

    Together with other nodes it is a Tensor without gradient. By itself it does what an array does, and stays Data;
    ``bool`` of it is remembered as a guard. Whatever else would turn it into numbers raises.
    """

    __slots__ = ()
    __hash__ = Node.__hash__

    def __bool__(self) -> bool:
        truth = bool(self._value)
        log = recording().log
        if log is not None:
            log.guards.append((self, truth))
        return truth

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self.item())  # type: ignore[arg-type]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Record the function of NumPy; beside other nodes, the gate of its name."""
        if _all_plain(inputs):
            return _recorded(f"np.{ufunc.__name__}", getattr(ufunc, method), inputs, options)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)  # type: ignore[misc]

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Record the function of NumPy; beside other nodes, the gate of its name."""
        if function in _STATIC:
            return function(*_with_values(inputs), **_with_values(options))
        if _all_plain((inputs, options)):
            return _recorded(f"np.{function.__name__}", function, inputs, options)
        return super().__array_function__(function, types, inputs, options)  # type: ignore[misc]


_STATIC = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
"""Functions that ask only for the shape or dtype."""


def _operator(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operator of `Data`: NumPy's between plain arrays, otherwise that of nodes."""
    of_nodes = getattr(Node, name, None)

    def method(self: Data, *others: Any) -> Any:
        if _all_plain(others):
            return _recorded(name.strip("_"), function, (self, *others), {})
        of_tensors = getattr(Tensor, name, of_nodes)
        return NotImplemented if of_tensors is None else of_tensors(self, *others)

    method.__name__ = name
    return method


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
for _name in _BINARY:
    _function = getattr(operator, f"__{_name}__")
    setattr(Data, f"__{_name}__", _operator(f"__{_name}__", _function))
    setattr(Data, f"__r{_name}__", _operator(f"__r{_name}__", _reflected(_function)))
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "neg", "invert", "abs", "getitem"):
    setattr(Data, f"__{_name}__", _operator(f"__{_name}__", getattr(operator, f"__{_name}__")))


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np.ndarray, name)

    def method(self: Data, *arguments: Any, **options: Any) -> Any:
        return _recorded(name, function, (self, *arguments), options)

    method.__name__ = name
    return method


for _name in (
    *("all", "any", "argmax", "argmin", "argsort", "astype", "clip", "copy", "cumsum", "flatten", "max", "mean", "min"),
    *("nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes", "take", "var"),
    "transpose",
):
    setattr(Data, _name, _method(_name))
Data.T = property(lambda self: self.transpose())


def is_recording() -> bool:
    """Whether `ag.compile` records a function here and now."""
    return recording().compiling_from is not None


def argument(value: Array) -> Data:
    """Return what stands for an array among the arguments of a function that is being recorded."""
    return _data(value, None, (), {})


def array(x: Any) -> Any:
    """Return the plain array of a node, or of what NumPy takes for one; while recording, one that stays live.

    An array from outside that may be written into, such as a running mean, is read anew at every replay.
    """
    log = recording().log
    if log is None or recording().compiling_from is None:
        return np.asarray(x.value if isinstance(x, Node) else x)
    if isinstance(x, Data):
        return x
    if isinstance(x, Node):
        return _recorded_call("value", _same, (x,), x._value)
    if not isinstance(x, np.ndarray):
        return np.asarray(x)
    for made, source in log.sources:
        if source is x:
            return made
    made = _data(x.copy(), None, (), {})
    made.serial = -1  # from outside, and therefore no constant
    log.sources.append((made, x))
    return made


def number(x: Any, dtype: Any) -> Any:
    """Return one number of an array as a float, which widens no array; while recording, a live one of `dtype`."""
    return x.astype(dtype) if isinstance(x, Data) else float(x)


def for_message(x: Any) -> Array:
    """Return the numbers of an array as they are now, live or not: to be told in an error, not to be used."""
    return np.asarray(x._value if isinstance(x, Node) else x)


def saved(node: Node, name: str) -> Any:
    """Return what a gate's forward saved for its rule."""
    value = node.attributes[name]
    if recording().log is None or recording().compiling_from is None:
        return value
    return _recorded_call(f"saved {name}", Saved(name), (node,), value)


@dataclass(frozen=True)
class Saved:
    """Asks a node, rather than its value, for what its gate's forward saved."""

    name: str


def decided(function: Callable[..., int], *operands: Any) -> int:
    """Return what a function says of plain values; while recording, a replay must find that it says the same."""
    found = function(*[x._value if isinstance(x, Node) else x for x in operands])
    log = recording().log
    if log is not None and recording().compiling_from is not None:
        log.guards.append((_recorded(function.__name__, function, operands, {}), found))
    return found


def effect(function: Callable[..., None], *operands: Any) -> None:
    """Do something now, and at every replay once its gates were computed: ``function(*operands)`` on plain values."""
    log = recording().log
    if log is None:
        function(*operands)
        return
    if not log.muted:
        log.effects.append((function, operands))
        function(*[x._value if isinstance(x, Node) else x for x in operands])


def drawn(draw: Callable[[], int]) -> int:
    """Draw a seed now, and another one at every replay."""
    log = recording().log
    if log is None:
        return draw()
    seed = Drawn(log.drawn.popleft() if log.drawn else draw())
    log.draws.append((draw, seed))
    return seed


def as_attribute(x: Node) -> Array:
    """Return a copy of a node's array to be kept as an attribute of a gate; while recording, remember whose it is."""
    copy: Array = np.array(x._value)
    log = recording().log
    if log is not None and recording().compiling_from is not None:
        log.attributes[id(copy)] = copy, x
    return copy


changes = [0]
"""How often an attribute of any module was set: until it rises, all are as they were."""


def called(module: Any) -> None:
    """Remember the attributes of a module that a recorded function calls."""
    log = recording().log
    if log is not None and module not in log.modules:
        log.modules[module] = dict(vars(module))


def is_same(old: Any, new: Any) -> bool:
    """Whether a value that a function reads is what it was: the same object, or an equal number, text or tuple."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, tuple):
        return len(old) == len(new) and all(map(is_same, old, new))
    return isinstance(old, bool | int | float | str | bytes | np.generic | np.dtype | slice) and bool(old == new)


def _data(value: Any, made_by: Plainly | None, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> Data:
    node = Data.__new__(Data)
    node._become_leaf(value if isinstance(value, np.ndarray) else np.asarray(value), False, None)
    node.gate, node.inputs, node.attributes = made_by, inputs, attributes  # type: ignore[assignment]
    return node


def _same(value: Any) -> Any:
    return value


def _recorded_call(name: str, function: Any, inputs: tuple[Node, ...], value: Any) -> Data:
    return _data(value, Plainly(name, function), inputs, {})


def _recorded(name: str, function: Callable[..., Any], inputs: Any, options: dict[str, Any]) -> Any:
    """Call a function of NumPy on the values of its arguments; return Data that knows how to call it again."""
    found: list[Node] = []
    pattern = _pattern((inputs, options), found)

    def in_places(*values: Any) -> Any:
        positional, named = _filled(pattern, values)
        return function(*positional, **named)

    def in_front(*values: Any) -> Any:
        return function(*values, *constants)

    constants = pattern[0][len(found) :]
    all_in_front = not options and pattern[0][: len(found)] == tuple(map(_Place, range(len(found))))
    again = in_front if all_in_front else in_places
    value = again(*[x._value for x in found])
    if not isinstance(value, tuple):
        return _recorded_call(name, again, tuple(found), value)
    return tuple(
        _recorded_call(f"{name} [{i}]", lambda *values, i=i: again(*values)[i], tuple(found), part)
        for i, part in enumerate(value)
    )


@dataclass(frozen=True)
class _Place:
    """Where the value of an input goes."""

    number: int


def _pattern(x: Any, found: list[Node]) -> Any:
    """Return `x` with places instead of nodes, which are appended to `found`."""
    if isinstance(x, Node):
        found.append(x)
        return _Place(len(found) - 1)
    if type(x) in (list, tuple):
        return type(x)([_pattern(part, found) for part in x])
    if type(x) is dict:
        return {name: _pattern(part, found) for name, part in x.items()}
    return x.copy() if isinstance(x, np.ndarray) else x


def _filled(pattern: Any, values: Any) -> Any:
    """Return a pattern with values in its places."""
    if isinstance(pattern, _Place):
        return values[pattern.number]
    if type(pattern) in (list, tuple):
        return type(pattern)([_filled(part, values) for part in pattern])
    if type(pattern) is dict:
        return {name: _filled(part, values) for name, part in pattern.items()}
    return pattern


def _with_values(x: Any) -> Any:
    found: list[Node] = []
    pattern = _pattern(x, found)
    return _filled(pattern, [node._value for node in found])


def _all_plain(x: Any) -> bool:
    """Whether no node but Data stands among arguments."""
    found: list[Node] = []
    _pattern(x, found)
    return all(isinstance(node, Data) for node in found)
