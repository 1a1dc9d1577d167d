"""How a picture names a node: the words in its box, its numbers, its tooltip."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from autograd_cnn.backward import PASS
from autograd_cnn.graph import Node, Parameter, Scalar
from viz.diagram import Role
from viz.style import number

_RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_INFIX = frozenset("+−×÷@><≥≤=≠")


def role_of(node: Node) -> Role:
    """Return what a node stands for: a gate, one that a rule made, a trainable leaf, an input, an unnamed constant."""
    if node.gate is not None:
        return "rule" if node.scope.startswith(PASS) else "gate"
    if node.requires_grad or isinstance(node, Parameter):
        return "parameter"
    return "input" if node.name else "constant"


def words_of(node: Node) -> str:
    """Return what is written into a node's box."""
    if node.gate is not None:
        return gate_words(node)
    if node.name:
        return node.name
    if role_of(node) == "constant" and node.size == 1:
        return f"{'seed ' if node.scope.startswith(PASS) else ''}{number(node.item())}"
    if role_of(node) == "constant" and node.scope.startswith(PASS):
        return "seed"
    return type(node).__name__.lower()


def gate_words(node: Node) -> str:
    """Return a gate's symbol with its plain numbers put in: ``×2``, ``x²``, ``1/x``, ``max(0,x)``.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0)
    >>> [gate_words(y) for y in (x * 2, x**2, 1 / x, 1 - x, x * x, -x)]
    ['×2', 'x²', '1/x', '1−x', '×', '×−1']
    """
    gate, inputs = node.gate, node.inputs or ()
    if gate is None:
        return ""
    if gate.name == "getitem":
        return f"[{_index_words(node.attributes.get('index'))}]"
    if all(isinstance(x, Node) for x in inputs):
        return gate.symbol
    if gate.name == "power":
        return _power_words(*inputs)
    if gate.name == "where":
        return _where_words(*inputs)
    parts = [_constant_words(x) for x in inputs]
    if gate.symbol in _INFIX and len(inputs) == 2:
        if gate.symbol in "+×" and not isinstance(inputs[0], Node):  # these commute: the number goes last
            return f"{gate.symbol}{parts[0]}"
        sign = "/" if gate.symbol == "÷" and parts[0] != "x" else gate.symbol
        return f"{sign}{parts[1]}" if parts[0] == "x" else sign.join(parts)
    return f"{gate.symbol}({','.join(parts)})"


def _constant_words(x: Any) -> str:
    if isinstance(x, Node):
        return "x"
    return number(float(x)) if isinstance(x, Real) else "array"


def _power_words(base: Any, exponent: Any) -> str:
    if isinstance(exponent, Node):
        return f"{_constant_words(base)}^x"
    words = _constant_words(exponent)
    if words == "−1":
        return "1/x"
    return f"x{words.translate(_RAISED)}" if words.lstrip("−").isdigit() else f"x^{words}"


def _where_words(condition: Any, if_true: Any, if_false: Any) -> str:
    """Return which of two operands goes through: ``1 if true else 0``; x and y stand for nodes, top to bottom."""
    first = _constant_words(if_true)
    second = "y" if first == "x" and isinstance(if_false, Node) else _constant_words(if_false)
    test = "true" if isinstance(condition, Node) else str(bool(condition)).lower()
    return f"{first} if {test} else {second}"


def _index_words(index: Any) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    words = [_slice_words(x) if isinstance(x, slice) else str(x) if isinstance(x, int) else "…" for x in parts]
    return ",".join(words)


def _slice_words(part: slice) -> str:
    ends = ["" if x is None else str(x) for x in (part.start, part.stop)]
    return ":".join(ends if part.step is None else [*ends, str(part.step)])


def shape_words(node: Node) -> str:
    """Return the shape of a tensor as ``3×4``; nothing for a single number."""
    return "×".join(map(str, node.shape))


def strength(x: Any) -> float | None:
    """Return |x| of a number, the RMS of an array, None for None; an empty array has strength 0.

    The RMS, not the norm, so that size does not look like strength.
    """
    if x is None:
        return None
    if type(x) is float:
        return abs(x)
    array = np.abs(np.asarray(x, dtype=np.float64))
    largest = float(array.max(initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean((array / largest) ** 2)))  # scaled: squares neither overflow nor vanish


def one_number(x: Any) -> float | None:
    """Return the number that stands for `x`: itself with its sign, or the RMS of several."""
    if x is None or type(x) is float:
        return x
    return float(np.asarray(x).reshape(-1)[0]) if np.size(x) == 1 else strength(x)


def tooltip(node: Node, upstream: Any) -> str:
    """Return everything about a node and its gradient on one line, in full precision."""
    parts = [node.name or type(node).__name__]
    if node.gate is not None:
        settings = [f"{k}={v}" for k, v in node.attributes.items() if not isinstance(v, np.ndarray)]
        parts.append(" ".join([node.gate.name, *settings])[:80])
    if isinstance(node, Scalar):
        parts += [f"value {node.value!r}", f"gradient {'—' if upstream is None else repr(upstream)}"]
    else:
        value, gradient = strength(node.value), strength(upstream)
        parts.append(f"shape {shape_words(node) or 'of one number'} {node.dtype}")
        parts += [f"value RMS {value!r}", f"gradient RMS {'—' if gradient is None else repr(gradient)}"]
    if node.scope:
        parts.append(f"in {node.scope}")
    return " · ".join(parts)
