"""What a function reads from around it, and whether that is still what it was when the function was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd_cnn import live
from autograd_cnn.graph import Node

_MISSING = object()


class Surroundings:
    """What one recording of a function read from outside its arguments.

    Seen are the names that the function itself closes over or finds in its module, the attributes of the modules that
    it called, which of the nodes from outside require a gradient, and shapes and dtypes of arrays that are read anew at
    every call. What it reads by other ways is not seen.

    Parameters
    ----------
    function : callable
        The function.
    closed : list of Node
        The nodes that were there before, and that it used.
    log : Log
        The modules it called, the attributes they had, and the arrays that are read anew.
    """

    def __init__(self, function: Any, closed: Sequence[Node], log: live.Log) -> None:
        self._names = _names_outside(function)
        self._closed = [(x, x.requires_grad) for x in closed]
        self._modules = log.modules
        self._arrays = [(source.read, source.made.shape, source.made.dtype) for source in log.sources]
        self._changes = live.changes[0]

    def are_unchanged(self) -> bool:
        """Whether all that can be seen is as it was."""
        for read, found in self._names:
            now = read()
            if now is not found and not live.is_same(found, now):
                return False
        for node, needed in self._closed:
            if node.requires_grad != needed:
                return False
        if live.changes[0] != self._changes:
            if not all([_is_as_before(vars(module), then) for module, then in self._modules.items()]):
                return False
            self._changes = live.changes[0]
        for read_array, shape, dtype in self._arrays:
            array = read_array()
            if array.shape != shape or array.dtype != dtype:
                return False
        return True


def _is_as_before(now: dict[str, Any], then: dict[str, Any]) -> bool:
    return now.keys() == then.keys() and all([live.is_same(x, now[name]) for name, x in then.items()])


def _names_outside(function: Any) -> list[tuple[Callable[[], Any], Any]]:
    """Return how to read the names that a Python function takes from outside, and what they stand for now."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    readers: list[Callable[[], Any]] = [partial(_content, cell) for cell in function.__closure__ or ()]
    readers += [partial(function.__globals__.get, name, _MISSING) for name in code.co_names]
    pairs = [(read, read()) for read in readers]
    return [(read, found) for read, found in pairs if found is not _MISSING]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return _MISSING
