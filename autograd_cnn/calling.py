"""What happens when a gate is called: plain values are computed, nodes are recorded.

Gates without attributes, called with Scalars, Tensors and Python numbers, take a short way; `_recorded` and `_computed`
serve every call.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.errors import (
    ArgumentError,
    AutogradError,
    DtypeError,
    OutOfMemoryError,
    OutOfRangeError,
    ShapeError,
)
from autograd_cnn.graph import Node, Parameter, Scalar, Tensor, made_by
from autograd_cnn.graph.making import made_simply
from autograd_cnn.graph.tensor import NUMBERS
from autograd_cnn.operands import as_edge, as_it_is_now, as_plain, float_or_array, one_by_one
from autograd_cnn.recording import recording
from autograd_cnn.settings import as_float, written
from autograd_cnn.suggestions import check_options

if TYPE_CHECKING:
    from autograd_cnn.registry import Gate


def called(gate: Gate, *inputs: Any, **attributes: Any) -> Any:
    """Compute on plain values; record when an input is a node, or when there are none: a source makes a node."""
    if gate.is_plain and not attributes and len(inputs) == gate.arity:
        found = None
        for x in inputs:
            if type(x) not in NUMBERS:
                found = _of_one(gate, x) if gate.arity == 1 else _of_the_usual(gate, inputs)
                break
        else:
            try:
                return _of_python(gate.scalar(*inputs))
            except (ArithmeticError, ValueError, IndexError, TypeError):
                pass  # where Python's arithmetic raises, NumPy answers with inf or NaN
        if found is not None:
            return found
    elif gate.variadic or len(inputs) != gate.arity or attributes.keys() != gate.attributes.keys():
        inputs, attributes = _bind(gate, inputs, attributes)
    only_arrays = bool(inputs)
    for x in inputs:
        if isinstance(x, Node):
            return _recorded(gate, inputs, attributes)
        if type(x) is not np.ndarray:
            only_arrays = False
    if only_arrays:
        return on_arrays(gate, inputs, attributes)[0]
    return _recorded(gate, inputs, attributes) if gate.is_source else _computed(gate, inputs, attributes)


def _computed(gate: Gate, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """Return the output of plain values."""
    on_numbers = NUMBERS.issuperset(map(type, inputs))
    if on_numbers and not gate.saves:
        return _of_python(on_floats(gate, inputs, attributes))
    output = on_arrays(gate, [x if type(x) is np.ndarray else as_plain(gate.name, x) for x in inputs], attributes)[0]
    return _of_python(output) if on_numbers else output


def _recorded(gate: Gate, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> Node:
    """Return the node of inputs of which one is a node, or of none."""
    if attributes:
        attributes = {name: as_it_is_now(value) for name, value in attributes.items()}
    values = [x._value if isinstance(x, Node) else x for x in inputs]
    if not gate.saves and NUMBERS.issuperset(map(type, values)):
        value = on_floats(gate, values, attributes)
        return made_by(gate, inputs, attributes, value if type(value) is float else float_or_array(value))
    edges = tuple([x if isinstance(x, Node) else as_edge(gate.name, x) for x in inputs])
    values = [x._value if isinstance(x, Node) else x for x in edges]
    value, saved = on_arrays(gate, values, attributes)
    if type(value) is not np.ndarray or value.ndim == 0:
        value = np.asarray(value) if any(isinstance(x, Tensor) for x in edges) else float(value)
    return made_by(gate, edges, attributes | saved if saved else attributes, value)


def _of_one(gate: Gate, x: Any) -> Any:
    """Return what a gate of one input makes of a Scalar or Tensor; None where that needs a closer look."""
    here = recording()
    if not here.plain:
        return None
    try:
        if type(x) is Scalar:
            value, origin = gate.scalar(x._value), gate._origin_of_scalars
            if type(value) is not float:
                return None
            if origin.recording is not here:
                origin = gate.origin_here(here, of_scalars=True)
        elif type(x) is Tensor or type(x) is Parameter:
            value, origin = gate.forward(x._value), gate.origin_here(here)
        else:
            return None
    except (ArithmeticError, ValueError, IndexError, TypeError, MemoryError):
        return None
    return made_simply(gate, x, None, value, x.requires_grad, origin)


def _of_the_usual(gate: Gate, inputs: tuple[Any, ...]) -> Any:
    """Return what a gate makes of Scalars, Tensors, arrays and numbers; None where that needs a closer look."""
    values, on_nodes, on_tensors, beside_arrays, requires_grad = [], False, False, False, False
    for x in inputs:
        kind = type(x)
        if kind is Tensor or kind is Parameter:
            on_tensors = True
        elif kind is not Scalar:
            if kind is np.ndarray:
                beside_arrays = True
            elif kind not in NUMBERS:
                return None
            values.append(x)
            continue
        on_nodes = True
        requires_grad = requires_grad or x.requires_grad
        values.append(x._value)
    here = recording()
    if not on_nodes:
        return on_arrays(gate, values, {})[0]
    if beside_arrays or not here.plain:  # an array beside a node becomes a node
        return None
    try:
        value = gate.forward(*values) if on_tensors else gate.scalar(*values)
    except (ArithmeticError, ValueError, IndexError, TypeError, MemoryError):
        return None
    if not on_tensors and type(value) is not float:
        return None
    origin = gate.origin_here(here, not on_tensors and type(inputs[0]) is Scalar)
    a, b = inputs if gate.arity == 2 else (inputs, None)
    return made_simply(gate, a, b, value, requires_grad, origin)


def on_arrays(gate: Gate, values: Any, attributes: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the output, and what forward saved for the rule; typed errors for shapes that do not fit."""
    try:
        output = gate.forward(*values, **attributes)
    except AutogradError:
        raise
    except IndexError as error:
        raise OutOfRangeError(f"{gate.name}: {error}") from None
    except TypeError as error:
        raise DtypeError(f"{gate.name}: {error}{_with(attributes)}") from error
    except OverflowError as error:
        [as_float(gate.name, x) for x in values if type(x) is int]  # says how large one beyond all floats is
        raise ArgumentError(f"{gate.name}: {error}{_with(attributes)}") from None
    except MemoryError as error:
        raise OutOfMemoryError(f"{gate.name}: {error}{_with(attributes)}") from None
    except ValueError as error:
        shapes = " and ".join(str(np.shape(x)) for x in values)
        raise ShapeError(f"{gate.name}: inputs of shape {shapes} do not fit: {error}") from None
    if not gate.saves:
        return output, {}
    return output[0], dict(zip(gate.saves, output[1:], strict=True))


def _with(attributes: dict[str, Any]) -> str:
    """Return what an error says of a gate's attributes."""
    return ", with " + ", ".join(f"{name}={written(x)}" for name, x in attributes.items()) if attributes else ""


def on_floats(gate: Gate, values: Any, attributes: dict[str, Any]) -> Any:
    """Python's arithmetic raises where IEEE has inf or NaN: then NumPy answers, with its warning."""
    try:
        return gate.scalar(*values, **attributes)
    except (ArithmeticError, ValueError, IndexError, TypeError):
        return on_arrays(gate, [np.float64(as_float(gate.name, x)) for x in values], attributes)[0]


def _of_python(value: Any) -> Any:
    """Return a number as Python's, as those are that made it: the next gate then takes the same way as with Scalars."""
    if type(value) is float:
        return value
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


def _bind(gate: Gate, inputs: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Sort a call's arguments into inputs and attributes, with defaults filled in."""
    names = list(gate.attributes)
    if gate.variadic:
        inputs, rest = (inputs, ()) if one_by_one(inputs) else (tuple(inputs[0]), inputs[1:])
    else:
        inputs, rest = inputs[: gate.arity], inputs[gate.arity :]
    if len(rest) > len(names) or (not gate.variadic and len(inputs) < gate.arity):
        raise ArgumentError(
            f"{gate.name}: got {len(inputs) + len(rest)} arguments, expected {inspect.signature(gate.forward)}"
        )
    for name, value in zip(names, rest, strict=False):
        if name in given:
            raise ArgumentError(f"{gate.name}: {name} was given twice")
        given[name] = value
    check_options(gate.name, given, names)
    attributes = gate.attributes | given
    for name, value in attributes.items():
        if value is inspect.Parameter.empty:
            raise ArgumentError(f"{gate.name}: {name} is missing, expected {inspect.signature(gate.forward)}")
    return inputs, attributes
