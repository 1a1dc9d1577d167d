"""The state of an optimizer as it is saved, and what is checked before it is taken over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError, UnknownNameError, suggestion
from autograd_cnn.optim.groups import EXTRAS, Leaf, number
from autograd_cnn.settings import a_kind


def copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of what an optimizer remembers of a parameter."""
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def are_lists(values: Iterable[Any]) -> bool:
    """Whether all values are lists or tuples."""
    return all(isinstance(value, list | tuple) for value in values)


def check_group(kind: str, group: Any, defaults: Mapping[str, Any]) -> None:
    """Raise for a saved group that is not one of an optimizer of this kind.

    Parameters
    ----------
    kind : str
        The optimizer's name.
    group : mapping
    defaults : mapping
        The settings that each of its groups has.
    """
    known = (*defaults, *EXTRAS)
    if not isinstance(group, Mapping):
        raise ArgumentError(f"{kind}: a saved group is {a_kind(group)}, expected a dict")
    for name in group:
        if name not in known:
            raise UnknownNameError(f"{kind}: saved setting {name!r} is unknown{suggestion(str(name), known)}")
    for name in (*defaults, "params"):
        if name not in group:
            raise ArgumentError(f"{kind}: the saved group has no {name!r}; was it of this kind?")
    if not are_lists([group["params"]]):
        raise ArgumentError(f"{kind}: a saved group has params={group['params']!r}, expected a list")
    number(kind, "initial_lr", group.get("initial_lr", 0.0))


def loaded_state(kind: str, parameter: Leaf, state: Any) -> dict[str, Any]:
    """Return a copy of a parameter's saved state, its arrays in the parameter's dtype."""
    if not isinstance(state, Mapping):
        raise ArgumentError(f"{kind}: the saved state of {parameter!r} is {a_kind(state)}, expected a dict")
    for name, value in state.items():
        if name == "steps":
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ArgumentError(f"{kind}: saved steps={value!r} of {parameter!r}, expected a count")
        elif not isinstance(value, np.ndarray):
            raise ArgumentError(f"{kind}: saved {name} of {parameter!r} is {a_kind(value)}, expected an array")
        elif value.dtype.kind not in "biuf":
            raise DtypeError(f"{kind}: saved {name} of {parameter!r} has dtype {value.dtype}, expected real numbers")
        elif value.shape != parameter.shape:
            raise ShapeError(f"{kind}: saved {name} has shape {value.shape}, expected that of {parameter!r}")
    return {name: np.array(x, parameter.dtype) if isinstance(x, np.ndarray) else x for name, x in state.items()}
