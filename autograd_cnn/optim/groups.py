"""Parameter groups: which parameters are trained, and with which settings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.errors import ArgumentError, UnknownNameError, suggestion
from autograd_cnn.graph import Node, Parameter, Scalar
from autograd_cnn.settings import real

Leaf: TypeAlias = Parameter | Scalar
Params: TypeAlias = Iterable[Leaf] | Iterable[Mapping[str, Any]]
"""What optimizers take: parameters, or groups ``{"params": ..., "lr": ...}`` of them."""

EXTRAS = ("params", "name", "initial_lr")
"""What a group may hold beside settings; schedulers keep ``initial_lr``, the learning rate that they started from."""


def listed(kind: str, params: Any) -> list[dict[str, Any]]:
    """Return groups as they were given: those of a list of groups, or one with all parameters."""
    found = list(iterated(kind, params))
    if not found:
        raise ArgumentError(f"{kind}: got no parameters; is the model empty, or an iterator used twice?")
    if not any(isinstance(x, Mapping) for x in found):
        return [{"params": found}]
    for x in found:
        if not isinstance(x, Mapping):
            raise ArgumentError(f"{kind}: got {_what(x)} among groups, expected groups only, or parameters only")
    return [dict(x) for x in found]


def completed(kind: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return one group with the defaults of what it does not set; its names and parameters are checked."""
    if not isinstance(given, Mapping) or "params" not in given:
        raise ArgumentError(f'{kind}: got {_what(given)}, expected a group such as {{"params": parameters, "lr": 0.1}}')
    for name in given:
        if name not in defaults and name not in EXTRAS:
            known = (*defaults, "params", "name")
            raise UnknownNameError(
                f"{kind}: setting {name!r} of a group is unknown, expected one of {', '.join(known)}"
                f"{suggestion(str(name), known)}"
            )
    params = given["params"]
    params = [params] if isinstance(params, Parameter | Scalar) else params
    return {**given, "params": trainable(kind, params)} | {k: v for k, v in defaults.items() if k not in given}


def trainable(kind: str, params: Any) -> list[Leaf]:
    """Return parameters as a list; raise ArgumentError unless all of them are leaves, each given once."""
    found = list(iterated(kind, params))
    if not found:
        raise ArgumentError(f"{kind}: got no parameters; is the model empty, or an iterator used twice?")
    for x in found:
        if not isinstance(x, Parameter | Scalar) or x.gate is not None:
            raise ArgumentError(
                f"{kind}: got {_what(x)}, expected Parameters or Scalar leaves; "
                "use model.parameters(), or make it ag.Parameter(...)"
            )
    check_once(kind, found)
    return found


def check_once(kind: str, parameters: list[Leaf]) -> None:
    """Raise ArgumentError when a parameter comes twice: it would be changed twice in a step."""
    seen: set[Leaf] = set()
    for x in parameters:
        if x in seen:
            raise ArgumentError(f"{kind}: {x!r} comes twice; give each parameter once")
        seen.add(x)


def number(kind: str, name: str, value: Any, below: float = math.inf) -> float:
    """Return a setting as a float; raise ArgumentError unless 0 ≤ value < `below`."""
    found = real(value)
    if not 0 <= found < below:
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise ArgumentError(f"{kind}: {name}={value!r}, expected a number of at least 0, {upper}")
    return found


def flag(kind: str, name: str, value: Any) -> bool:
    """Return a setting as a bool; raise ArgumentError for anything else."""
    if not isinstance(value, bool | np.bool):
        raise ArgumentError(f"{kind}: {name}={value!r}, expected True or False")
    return bool(value)


def iterated(kind: str, params: Any) -> Iterable[Any]:
    """Return `params`; raise ArgumentError for one node, a model, or what cannot be iterated over."""
    if isinstance(params, Node):
        raise ArgumentError(f"{kind}: got one {type(params).__name__}, expected a list; use [parameter]")
    if hasattr(params, "parameters") or isinstance(params, Mapping | str) or not isinstance(params, Iterable):
        raise ArgumentError(f"{kind}: got {type(params).__name__}, expected parameters; use model.parameters()")
    return params


def _what(x: Any) -> str:
    return repr(x) if isinstance(x, Node) else type(x).__name__
