"""NumPy's two protocols: ``np.exp(node)`` and ``np.sum(node, axis=0)`` record the gate of that name.

What has no gate raises; nothing turns nodes into an array of objects. ``np.asarray(node)`` asks for the plain numbers,
and so does ``np.array`` of a list of nodes, of which NumPy tells no more: `ag.stack` is what records.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.gates.contraction import einsum
from autograd_cnn.gates.statistics import norm
from autograd_cnn.graph import Node
from autograd_cnn.registry import COMPOSITIONS, GATES

_ASK_THE_SHAPE = frozenset(
    [
        *("shape", "ndim", "size", "iscomplexobj", "isrealobj", "result_type", "can_cast"),
        *("zeros_like", "ones_like", "empty_like", "full_like"),
    ]
)
"""Functions that ask only for the shape or dtype, which stay the same when a compiled function is replayed."""

_ASK = frozenset(
    [
        *("min_scalar_type", "copy", "array_repr", "array_str", "array2string"),
        *("allclose", "isclose", "array_equal", "array_equiv", "argsort", "nonzero", "flatnonzero", "count_nonzero"),
        *("any", "all", "isnan", "isinf", "isfinite", "signbit"),
        *("may_share_memory", "shares_memory"),
    ]
)
"""Functions that only ask: they answer in plain values, and no gradient is expected of them."""

_INPUTS = frozenset(["a", "b", "x", "y", "arr", "array", "ary", "arrays", "m", "A", "condition"])
"""What NumPy calls the arguments that become edges."""

_OUR_NAMES = {"a_min": "min", "a_max": "max", "newshape": "shape"}  # the last in NumPy 2.0

_SIGNATURES: dict[str, Callable[..., Any]] = {
    "concatenate": lambda arrays, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    "where": lambda condition, x=None, y=None: None,
    "dot": lambda a, b, out=None: None,
}
"""What functions that are written in C take: before NumPy 2.4 they do not say it."""


def _array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """Record the gate of that name for ``np.exp(node)`` and ``array * node``."""
    name = {"absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)
    made = GATES.get(name)
    into_arrays = not any(isinstance(array, Node) for array in options.get("out", ()))
    if name in _ASK and method == "__call__" and into_arrays:
        return ufunc(*map(_plain, inputs), **{name: _plain(value) for name, value in options.items()})
    if "out" in options:
        raise TypeError(f"np.{ufunc.__name__}: a node cannot be written into an array; write a = a + x, not a += x")
    if method != "__call__" or options or made is None:
        what = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
        what += f" with {', '.join(options)}" if options else ""
        raise TypeError(f"np.{what} has no gate of that name; use .value for the plain array")
    return made(*inputs)


def _array_function(
    self: Node, function: Callable[..., Any], types: Any, inputs: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Record the gate of that name for ``np.sum(node)``; answer plainly where the function only asks."""
    if function.__name__ in _ASK_THE_SHAPE and _is_numpys(function):
        return function(*map(_as_it_is, inputs), **{name: _as_it_is(value) for name, value in options.items()})
    if function.__name__ in _ASK and _is_numpys(function):
        return function(*map(_plain, inputs), **{name: _plain(value) for name, value in options.items()})
    if function in _OF_THEIR_OWN:
        return _OF_THEIR_OWN[function](*inputs, **options)
    ours = GATES.get(function.__name__) or COMPOSITIONS.get(function.__name__)
    if ours is None or not _is_numpys(function):
        name = function.__module__.replace("numpy", "np", 1) + "." + function.__name__
        raise TypeError(f"{name} has no gate of that name; use .value for the plain array")
    positional, named = _arguments(function, inputs, options)
    unknown = [name for name in named if name not in inspect.signature(ours).parameters]
    if unknown:
        raise TypeError(
            f"np.{function.__name__} of a node takes no {', '.join(unknown)}; use .value for the plain array"
        )
    return ours(*positional, **named)


def _arguments(function: Callable[..., Any], inputs: Any, options: Any) -> tuple[list[Any], dict[str, Any]]:
    """Sort a call of a NumPy function into edges and named arguments, without those left at their default."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        signature = inspect.signature(_SIGNATURES[function.__name__])
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in signature.bind(*inputs, **options).arguments.items():
        parameter = signature.parameters[name]
        if name in _INPUTS:
            positional.append(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            named |= value
        elif not (value is parameter.default or (isinstance(value, str | bool) and value == parameter.default)):
            named[_OUR_NAMES.get(name, name)] = value
    return positional, named


def _einsum(*operands: Any, out: None = None, optimize: Any = False) -> Any:
    if out is not None:
        raise TypeError("np.einsum of a node takes no out; use .value for the plain array")
    return einsum(*operands)


def _linalg_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm, but the norms of matrices: those of vectors are meant here."""
    if ord is not None and (isinstance(axis, tuple) or (axis is None and np.ndim(x) > 1)):
        raise TypeError("np.linalg.norm of a matrix with ord has no gate; ag.norm(x, ord) is that of its elements")
    return norm(x, 2 if ord is None else ord, axis, keepdims)


_OF_THEIR_OWN: dict[Any, Callable[..., Any]] = {
    np.einsum: _einsum,
    np.linalg.norm: _linalg_norm,
    np.linalg.vector_norm: norm,
}


def _is_numpys(function: Callable[..., Any]) -> bool:
    return getattr(np, function.__name__, None) is function


def _as_it_is(x: Any) -> Any:
    return type(x)(map(_as_it_is, x)) if isinstance(x, list | tuple) else x._value if isinstance(x, Node) else x


def _plain(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(map(_plain, x))
    return x.value if isinstance(x, Node) else x


Node.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Node.__array_function__ = _array_function  # type: ignore[attr-defined]
