"""What stands for a plain array while a function that reads it is recorded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograd_cnn.graph import Node, Tensor, topological_order
from autograd_cnn.recording import recording


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
        return bool(_guarded("bool", bool, self))

    def item(self) -> Any:
        """Return the value as a Python number, which a replay must find again; only of arrays from outside."""
        start = recording().compiling_from
        if (
            self.size == 1
            and start is not None
            and not any([_changes_often(x, start) for x in topological_order(self)])
        ):
            return _guarded("item", np.ndarray.item, self)
        return super().item()

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return operator.index(self.item())

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Record the function of NumPy; beside other nodes, the gate of its name."""
        if method == "at" or "out" in options:
            raise _written_by(f"np.{ufunc.__name__}")
        if _all_plain(inputs):
            return called_plainly(f"np.{ufunc.__name__}", getattr(ufunc, method), inputs, options)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)  # type: ignore[misc]

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Record the function of NumPy; beside other nodes, the gate of its name."""
        if function in _WRITING or "out" in options:
            raise _written_by(f"np.{function.__name__}")
        if function in _STATIC:
            return function(*_with_values(inputs), **_with_values(options))
        if _all_plain((inputs, options)):
            return called_plainly(f"np.{function.__name__}", function, inputs, options)
        return super().__array_function__(function, types, inputs, options)  # type: ignore[misc]


def _changes_often(x: Node, start: int) -> bool:
    """Whether a node is an argument, a parameter or drawn at random; neither a constant nor an array from outside."""
    return x.gate.is_source if x.gate is not None else -1 < x.serial < start


def _guarded(name: str, function: Callable[..., Any], x: Data) -> Any:
    """Return what Python decides by; a replay must find that it is the same."""
    found = function(x._value)
    log = recording().log
    if log is not None:
        log.guards.append((called_plainly(name, function, (x,), {}), found))
    return found


_STATIC = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
"""Functions that ask only for the shape or dtype."""


_WRITING = {np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis}
"""Functions that write into their first argument."""


def _written_by(name: str) -> TypeError:
    return TypeError(
        f"compile: {name} writes into an array, of which a replay would know nothing; assign to items of a registered "
        "buffer, such as self.mean[...] = values"
    )


def _operator(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operator of `Data`: NumPy's between plain arrays, otherwise that of nodes."""
    of_nodes = getattr(Node, name, None)

    def method(self: Data, *others: Any) -> Any:
        if _all_plain(others):
            return called_plainly(name.strip("_"), function, (self, *others), {})
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
        return called_plainly(name, function, (self, *arguments), options)

    method.__name__ = name
    return method


for _name in (
    *("all", "any", "argmax", "argmin", "argsort", "astype", "clip", "copy", "cumsum", "flatten", "max", "mean", "min"),
    *("nonzero", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum", "swapaxes", "take", "var"),
    "transpose",
):
    setattr(Data, _name, _method(_name))
Data.T = property(lambda self: self.transpose())


def _follow(self: Tensor, source: Node, dtype: Any) -> None:
    """Let a Tensor that was made of another node's value be made of it again at every replay."""
    self.gate = Plainly("Tensor", partial(np.array, dtype=dtype, order="C"))  # type: ignore[assignment]
    self.inputs = (source,)


Tensor._follow = _follow  # type: ignore[assignment]


def data(value: Any, made_by: Plainly | None, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> Data:
    """Return a node of plain numbers, made from others or by nothing."""
    node = Data.__new__(Data)
    node._become_leaf(value if isinstance(value, np.ndarray) else np.asarray(value), False, None)
    node.gate, node.inputs, node.attributes = made_by, inputs, attributes  # type: ignore[assignment]
    return node


def data_from(name: str, function: Any, inputs: tuple[Node, ...], value: Any) -> Data:
    """Return the data that a function makes of the values of some nodes, computed already."""
    return data(value, Plainly(name, function), inputs, {})


def called_plainly(name: str, function: Callable[..., Any], inputs: Any, options: dict[str, Any]) -> Any:
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
        return data_from(name, again, tuple(found), value)
    return tuple(
        data_from(f"{name} [{i}]", lambda *values, i=i: again(*values)[i], tuple(found), part)
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
