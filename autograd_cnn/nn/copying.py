"""Copies and pickles of modules, also where layers are inside each other more deeply than Python's calls reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, SupportsIndex

from autograd_cnn.graph.copying import End, Listed
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.nesting import DEEP, nested

_listed = Listed()


@dataclass(frozen=True)
class _Deep:
    """The state of a module with many others inside each other: these, the innermost first, before its own."""

    inner: list[Any]
    own: Any


def _reduced(module: Module, protocol: SupportsIndex) -> Any:
    """Return what a pickle or copy holds of a module; modules that are listed in one need no list of their own."""
    reduced: Any = object.__reduce_ex__(module, protocol)
    is_listed = _listed.waiting.pop(id(module), None) is not None
    kind: Any = type(module)
    has_own_way = kind.__reduce__ is not object.__reduce__ or kind.__setstate__ is not _become
    if is_listed or has_own_way or nested(module) < DEEP:
        return reduced
    make, arguments, state, *_ = reduced
    inner = list(module.modules())[:0:-1]
    _listed.waiting = {id(x): x for x in inner}
    return make, arguments, _Deep([*inner, End(_listed)], state)


def _become(module: Module, state: Any) -> None:
    """Give a new module the attributes of the one it is a copy of."""
    own = state.own if isinstance(state, _Deep) else state
    for part in own if isinstance(own, tuple) else (own,):  # attributes, and those that have slots
        for name, value in (part or {}).items():
            object.__setattr__(module, name, value)


def _copy(module: Module) -> Module:
    """Return a module with the same attributes."""
    _listed.waiting[id(module)] = module
    reduced: Any = module.__reduce_ex__(4)
    make, arguments, state = (*reduced, None)[:3]
    twin: Any = make(*arguments)
    twin.__setstate__(state)
    return twin  # type: ignore[no-any-return]


Module.__reduce_ex__ = _reduced  # type: ignore[assignment, method-assign]
Module.__setstate__ = _become  # type: ignore[attr-defined]
Module.__copy__ = _copy  # type: ignore[attr-defined]
