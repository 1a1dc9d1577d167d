"""What a function can reach by itself: the modules, generators and other objects that it may read or change."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

from autograd_cnn.graph import Node
from autograd_cnn.registry import Gate

Kind = TypeVar("Kind")

_OPAQUE = (types.ModuleType, type, Node, Gate, np.ndarray, str, bytes, int, float)
_MOST_OBJECTS = 10_000


def reachable(f: Any, *kinds: type[Kind], most: int = _MOST_OBJECTS) -> Iterator[Kind]:
    """Yield what is of some kinds in a function's closure, defaults, the globals it names, and what it is bound to.

    Parameters
    ----------
    f : callable
        The function. What its objects hold is looked into as well: attributes, lists, dicts.
    *kinds : type
        What to find.
    most : int
        After so many objects the search ends.
    """
    seen: set[int] = set()
    kept: list[Any] = []  # what is looked at stays alive, so that no two objects share an id
    waiting = deque([f])  # the nearest first
    while waiting and len(kept) < most:
        x = waiting.popleft()
        if id(x) in seen or isinstance(x, _OPAQUE):
            continue
        seen.add(id(x))
        kept.append(x)
        if isinstance(x, kinds):
            yield x
        waiting.extend(_parts(x))


def _parts(x: Any) -> list[Any]:
    if isinstance(x, types.FunctionType):
        return _of_function(x)
    if isinstance(x, types.MethodType):
        return [x.__self__, x.__func__]
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    if isinstance(x, list | tuple | set | frozenset):
        return list(x)
    if isinstance(x, dict):
        return list(x.values())
    held = getattr(x, "__dict__", None)  # wrappers of native libraries answer to any name
    return list(held.values()) if isinstance(held, dict) else []  # __wrapped__ of a decorated function is among them


def _of_function(f: types.FunctionType) -> list[Any]:
    """Return what a function closes over, defaults to, and names among its globals."""
    if f.__module__ and f.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return []  # the engine's own functions hold no state but the default generator
    parts: list[Any] = [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values(), *vars(f).values()]
    for cell in f.__closure__ or ():
        try:
            parts.append(cell.cell_contents)
        except ValueError:  # a name that has no value yet
            continue
    codes: list[types.CodeType] = [f.__code__]
    for code in codes:
        parts.extend(f.__globals__[name] for name in code.co_names if name in f.__globals__)
        codes.extend(constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return parts
