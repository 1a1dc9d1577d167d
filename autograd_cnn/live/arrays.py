"""Arrays from outside that are read, and written into, at every replay: buffers of modules, labels, statistics."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Array, Node, Parameter, Tensor, describe
from autograd_cnn.live.data import Data, called_plainly, data, data_from
from autograd_cnn.live.log import Held, Log, Source, is_recording
from autograd_cnn.recording import recording
from autograd_cnn.settings import a_kind


def array(x: Any) -> Any:
    """Return the plain array of a node, or of what NumPy takes for one; while recording, one that stays live.

    An array from outside that may be written into, such as a running mean, is read anew at every replay.
    """
    log = recording().log
    if log is None or isinstance(x, Data):
        return x if isinstance(x, Data) else np.asarray(x.value if isinstance(x, Node) else x)
    if not is_recording():
        return log.held[id(x)].now if id(x) in log.held else np.asarray(x.value if isinstance(x, Node) else x)
    if isinstance(x, Node):
        return data_from("value", _same, (x,), x._value)
    return _held(log, id(x), lambda: x) if isinstance(x, np.ndarray) else np.asarray(x)


def buffer(buffers: Mapping[str, Any], name: str) -> Any:
    """Return an array that belongs to a module; while recording, one that is read anew at every replay."""
    log = recording().log
    return buffers[name] if log is None else _held(log, (id(buffers), name), lambda: buffers[name])


def assign(buffers: dict[str, Any], name: str, value: Any) -> None:
    """Let a name stand for a copy of an array, a node's or a plain one, now and at the end of every replay.

    Raises
    ------
    ArgumentError
        When the value is a Parameter, or no array of real numbers.
    """
    log, key = recording().log, (id(buffers), name)
    if value is (buffers[name] if log is None else log.held[key].now if key in log.held else None):
        return  # written into in place
    value = of_numbers(name, value)
    if log is None:
        buffers[name] = np.array(value)
        return
    new = array(Tensor(value) if is_recording() and not isinstance(value, Node) else value)
    new = called_plainly("copy", np.array, (new,), {}) if is_recording() else np.array(new)
    log.held[key] = Held(new, lambda: buffers[name])
    _do_at_replays(log, partial(_put, buffers, name), new)


def of_numbers(name: str, value: Any) -> Any:
    """Return what a buffer may become: a node as it is, anything else as an array.

    Raises
    ------
    ArgumentError
        When the value is a Parameter, or no array of real numbers, which alone can be saved and loaded.
    """
    if isinstance(value, Node) and not isinstance(value, Parameter):
        return value
    try:
        found = None if isinstance(value, Parameter) else np.asarray(value)
    except ValueError:  # rows of several lengths
        found = None
    if found is None or found.dtype.kind not in "biuf":
        raise ArgumentError(
            f"{name!r} is a registered buffer: got {a_kind(value)}, expected an array of real numbers, or a result"
        )
    return found


def effect(function: Callable[..., None], target: Any, *operands: Any) -> None:
    """Let a function write into an array, ``function(target, *operands)``, now and at the end of every replay.

    While recording it writes into a copy, which stands for the array from then on, where it is asked for again.
    """
    log = recording().log
    if log is None:
        function(target, *operands)
        return
    now = array(target) if is_recording() else target
    for key, held in log.held.items():
        if held.now is now:
            if is_recording():
                new = _changed(function, now, operands)
                log.outdated[id(now._value)] = now._value, new.serial
            else:
                new = _copy_changed(function, now, *operands)
            log.held[key] = Held(new, held.read)
            _do_at_replays(log, partial(_overwrite, held.read), new)
            return


def check_current(log: Log, users: Iterable[Node]) -> None:
    """Raise when a function read an array by a name, or a view, that it had before it was written into in place.

    Parameters
    ----------
    users : iterable of Node
        All nodes that were made.
    """
    for node in users:
        for x in (node.inputs or ()) if log.outdated else ():
            if isinstance(x, Data):
                owner = x._value if x._value.base is None else x._value.base
                if node.serial > log.outdated.get(id(owner), (owner, node.serial))[1]:
                    raise ArgumentError(
                        f"compile: {describe(x)} was read by a name that it had before it was written into in place; "
                        "ask the module for its buffer again, as self.mean"
                    )


def _held(log: Log, key: Hashable, read: Callable[[], Array]) -> Any:
    """Return what stands for an array at this point of the function."""
    if key not in log.held:
        copy = np.array(read())
        if is_recording():
            made = data(copy, None, (), {})
            made.serial = -1  # from outside, and therefore no constant
            log.sources.append(Source(made, read, key))
        log.held[key] = Held(made if is_recording() else copy, read)
    return log.held[key].now


def _changed(function: Callable[..., None], now: Data, operands: tuple[Any, ...]) -> Any:
    """Return what an array becomes when a function writes into it."""
    operands = tuple([array(x) if isinstance(x, Node) else x for x in operands])
    name = getattr(function, "__name__", "change")
    return called_plainly(name, partial(_copy_changed, function), (now, *operands), {})


def _copy_changed(function: Callable[..., None], target: Array, *operands: Any) -> Array:
    copy = np.array(target)
    function(copy, *operands)
    return copy


def _do_at_replays(log: Log, function: Callable[[Any], None], new: Any) -> None:
    if not log.muted:
        log.effects.append((function, (new,)))
        function(new._value)


def _put(buffers: dict[str, Any], name: str, value: Any) -> None:
    buffers[name] = np.array(value)


def _overwrite(read: Callable[[], Array], value: Any) -> None:
    read()[...] = value


def _same(value: Any) -> Any:
    return value


def _write_into_part(self: Data, index: Any, value: Any) -> None:
    """Write into an array from outside; of other arrays a replay would know nothing."""
    if not _is_held(self):
        raise _unknown("item assignment to")
    effect(operator.setitem, self, index, value)


def _in_place(name: str) -> Callable[..., Any]:
    """Return the operator that writes into an array from outside; of others, it makes a new one."""
    function = getattr(operator, f"__i{name}__")

    def method(self: Data, other: Any) -> Any:
        log = recording().log
        if not _is_held(self):
            held = () if log is None else log.held.values()
            if any([np.may_share_memory(self._value, array.now._value) for array in held]):
                raise _unknown(f"{name} in place, of")
            return NotImplemented
        if isinstance(other, Node) and not isinstance(other, Data):
            raise TypeError(f"{name}: a node cannot be written into an array; write a = a + x, not a += x")
        key = next(key for key, held in log.held.items() if held.now is self)
        effect(function, self, other)
        return log.held[key].now

    return method


def _unknown(what: str) -> TypeError:
    return TypeError(
        f"compile: {what} an array that is no registered buffer is not supported: a replay would know nothing of it; "
        "make a new array, or write into the buffer itself, self.mean[...] = values"
    )


def _is_held(x: Data) -> bool:
    log = recording().log
    return log is not None and any(held.now is x for held in log.held.values())


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(Data, f"__i{_name}__", _in_place(_name))
setattr(Data, "__setitem__", _write_into_part)  # noqa: B010 - which mypy takes for a new attribute
