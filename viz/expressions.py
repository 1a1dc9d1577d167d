"""Arithmetic expressions, read with Python's own parser and built gate by gate; nothing is evaluated as code."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

import autograd_cnn as ag
from autograd_cnn.errors import AutogradError, suggestion
from autograd_cnn.registry import Gate

LONGEST = 10_000

_OPERATORS: dict[type[ast.AST], Gate] = {
    ast.Add: ag.add,
    ast.Sub: ag.subtract,
    ast.Mult: ag.multiply,
    ast.Div: ag.divide,
    ast.Pow: ag.power,
    ast.USub: ag.negative,
}
_OF_ONE_NUMBER = (
    *(ag.abs, ag.sign, ag.square, ag.sqrt, ag.reciprocal, ag.exp, ag.expm1, ag.log, ag.log1p, ag.sin, ag.cos),
    *(ag.step, ag.relu, ag.sigmoid, ag.tanh, ag.softsign, ag.logsigmoid, ag.silu, ag.selu),
)
_FUNCTIONS: dict[str, Gate] = {gate.name: gate for gate in (*_OF_ONE_NUMBER, ag.maximum, ag.minimum)} | {
    "max": ag.maximum,
    "min": ag.minimum,
}


class ExpressionError(AutogradError, ValueError):
    """An expression that is no arithmetic, or does not fit the values given for its names."""


def build(expression: str, values: Mapping[str, float]) -> tuple[ag.Scalar, dict[str, ag.Scalar]]:
    """Build the graph of an arithmetic expression of Scalars.

    Parameters
    ----------
    expression : str
        Numbers, names, ``+ - * / **``, parentheses, and calls of ``maximum (max) minimum (min)`` and of gates
        of one number such as ``exp log sqrt sin relu sigmoid tanh``, in Python's syntax.
    values : mapping of str to number
        One number for each name in the expression.

    Returns
    -------
    output : Scalar
        The expression's node; call ``output.backward()`` for the gradients.
    leaves : dict of str to Scalar
        The named leaves.

    Raises
    ------
    ExpressionError
        For anything else in the expression, a name without value, or a value without name.

    Examples
    --------
    >>> output, leaves = build("(x + y) * z", {"x": -2, "y": 5, "z": -4})
    >>> output.backward()
    >>> output.value, leaves["z"].grad
    (-12.0, 3.0)
    """
    tree = _parse(expression)
    values = {
        unicodedata.normalize("NFKC", name): value for name, value in values.items()
    }  # as Python's parser: µ is μ
    called = _called(tree)
    for name in sorted(called - set(_FUNCTIONS)):
        known = ", ".join(sorted(_FUNCTIONS))
        raise ExpressionError(f"{name!r} is no gate; allowed are {known}{suggestion(name, _FUNCTIONS)}")
    names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - called)
    for name in names:
        if name not in values:
            raise ExpressionError(f"{name!r} has no value; give one, such as {name}=2")
    for name in values:
        if name not in names:
            raise ExpressionError(f"{name!r} does not occur in {_short(expression)}{suggestion(name, names)}")
    leaves = {name: ag.Scalar(value, name=name) for name, value in values.items()}
    try:
        output = _node(tree.body, expression, leaves)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    if not isinstance(output, ag.Scalar):
        raise ExpressionError(f"{_short(expression)} has no name in it, so there is nothing to differentiate; use x=2")
    return output, leaves


def assignments(arguments: list[str]) -> dict[str, float]:
    """Read ``["x=-2", "y=5"]``; raise ExpressionError for what is no ``name=number``."""
    values: dict[str, float] = {}
    for argument in arguments:
        name, equals, number = argument.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[^\W\d]\w*", name):
            raise ExpressionError(f"{argument!r} is no value; expected name=number, such as x=-2")
        if name in values:
            raise ExpressionError(f"{name!r} is given twice")
        try:
            values[name] = float(number)
        except ValueError:
            raise ExpressionError(
                f"{argument!r}: {number!r} is no number; expected something like {name}=-2.5"
            ) from None
        if not math.isfinite(values[name]):
            raise ExpressionError(f"{argument!r}: expected a finite number")
    return values


def _parse(expression: str) -> ast.Expression:
    if len(expression) > LONGEST:
        raise ExpressionError(f"the expression has {len(expression)} characters, at most {LONGEST} are read")
    try:
        with warnings.catch_warnings():  # such as of "1or x": what is no arithmetic is told by us
            warnings.simplefilter("ignore")
            return ast.parse(expression.strip(), mode="eval")
    except SyntaxError as error:
        column = max(1, error.offset or 1)
        near = _short(expression.strip()[column - 1 :] or expression.strip())
        raise ExpressionError(f"syntax error at column {column}, near {near}: {error.msg.split(';')[0]}") from None
    except (RecursionError, MemoryError, ValueError) as error:
        raise ExpressionError(f"the expression cannot be read: {error or 'nested too deeply'}") from None


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _called(tree: ast.AST) -> set[str]:
    return {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def _node(part: ast.AST, expression: str, leaves: Mapping[str, ag.Scalar]) -> Any:
    """Return the node, or the plain number, of one part of the expression."""
    match part:
        case ast.Constant(value=bool() | complex()) | ast.Constant(value=str() | bytes() | None):
            pass
        case ast.Constant(value=int() | float() as value):
            try:
                return float(value)
            except OverflowError:
                raise ExpressionError("a number is too large for a float") from None
        case ast.Name(id=name):
            return leaves[name]
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _node(operand, expression, leaves)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ag.negative(_node(operand, expression, leaves))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_node(left, expression, leaves), _node(right, expression, leaves))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments, expression, leaves)
        case _:
            pass
    text = ast.get_source_segment(expression.strip(), part) or type(part).__name__
    raise ExpressionError(
        f"{_short(text)} is not arithmetic; allowed are numbers, names, + - * / **, parentheses and "
        f"{', '.join(sorted(_FUNCTIONS))}"
    )


def _call(name: str, arguments: list[ast.expr], expression: str, leaves: Mapping[str, ag.Scalar]) -> Any:
    gate = _FUNCTIONS[name]
    if len(arguments) != gate.arity:
        raise ExpressionError(f"{name} takes {gate.arity} arguments, got {len(arguments)}")
    return gate(*(_node(a, expression, leaves) for a in arguments))
