"""What a function reads and writes beside its inputs: random generators, and the buffers of its modules.

A gradient check runs a function hundreds of times. Each run must see the same random numbers (the mask of
dropout, an augmentation) and the same running statistics, and afterwards all of it is as it was.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd_cnn import random
from autograd_cnn.graph import Node
from autograd_cnn.nn.module import Module
from autograd_cnn.registry import Gate


class Surroundings:
    """A snapshot of what surrounds a function, to be restored before and after each run.

    Parameters
    ----------
    f : callable
        The function; modules and generators are found in its closure, its defaults, the globals that it names,
        and the objects that it is bound to.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        found = list(_reachable(f))
        modules = [x for x in found if isinstance(x, Module)]
        self._default = random.generator()
        generators = [self._default, *(x for x in found if isinstance(x, np.random.Generator))]
        self._generators = [(x, copy.deepcopy(x.bit_generator.state)) for x in generators]
        self._buffers = [
            (module, name, getattr(module, name), getattr(module, name).copy())
            for module in modules
            for name in module._buffer_names
        ]

    def restore(self) -> None:
        """Put everything back as it was when the snapshot was taken."""
        random._default = self._default  # the function may have called manual_seed
        for generator, state in self._generators:
            generator.bit_generator.state = state
        for module, name, array, content in self._buffers:
            array[...] = content
            if getattr(module, name) is not array:
                setattr(module, name, array)


def _reachable(f: Any) -> Iterator[Any]:
    """Yield the modules and generators that a function can reach by itself."""
    seen: set[int] = set()
    kept: list[Any] = []  # what is looked at stays alive, so that no two objects share an id
    stack: list[Any] = [f]
    while stack and len(kept) < _MOST_OBJECTS:
        x = stack.pop()
        if id(x) in seen or isinstance(x, _OPAQUE):
            continue
        seen.add(id(x))
        kept.append(x)
        if isinstance(x, Module | np.random.Generator):
            yield x
        stack.extend(_parts(x))


_OPAQUE = (types.ModuleType, type, Node, Gate, np.ndarray, str, bytes, int, float)
_MOST_OBJECTS = 10_000


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
    return list(getattr(x, "__dict__", {}).values())  # __wrapped__ of a decorated function is among them


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
