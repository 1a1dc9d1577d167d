"""What a gate promises about values: nothing is changed, and every way to compute it gives the same."""

from __future__ import annotations

import warnings
from inspect import Parameter
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Scalar, Tensor
from autograd_cnn.inspection import nodes as nodes_of
from autograd_cnn.testing.trial import Trial, difference, first_difference, plain

_LAST_BITS = 4 * float(np.finfo(np.float64).eps)


def always(trial: Trial) -> bool:
    """Every gate, at every call."""
    return True


def neither_call_nor_backward_changes_what_it_was_given(trial: Trial) -> str:
    """Compute on plain values and on nodes, walk back, and look at all inputs and the upstream gradient again."""
    before = [np.array(x) for x in trial.call.inputs]
    value = np.array(plain(trial.apply(trial.call.inputs)))
    nodes = trial.nodes()
    output = trial.apply(nodes)
    if words := difference(output, value):
        return f"on nodes and on plain values it gives different numbers: {words}"
    upstream = trial.upstream(output)
    if output.requires_grad:
        output.backward(upstream)
    if words := difference(upstream, trial.upstream(output)):
        return f"the upstream gradient was written into: {words}"
    if words := difference(output, value):
        return f"its output was written into: {words}"
    for slot, (x, given, node) in enumerate(zip(before, trial.call.inputs, nodes, strict=True)):
        if words := difference(given, x) or difference(node, x):
            return f"input {slot} was written into: {words}"
    return ""


def is_compound(trial: Trial) -> bool:
    """Whether the gate has an expansion."""
    return trial.gate.expand is not None


def a_compound_gate_equals_its_expansion(trial: Trial) -> str:
    """Compare values and gradients, and make sure that the expansion does not use the gate itself."""
    gate, nodes = trial.gate, trial.nodes()
    if gate.expand is None:
        return ""
    output = trial.apply(nodes)
    expanded = gate.expand(*nodes, **gate.attributes | trial.call.attributes)
    if nodes_of(expanded, gate=gate.name):
        return "its expansion uses the gate itself"
    if words := difference(expanded, output, 1e-12, 1e-12):
        return f"its expansion has another value: {words}"
    upstream = trial.upstream(output)
    of_expansion = grad(expanded, [nodes[slot] for slot in trial.slots], upstream, allow_unused=True)
    of_gate = trial.gradients(nodes, upstream, allow_unused=True)
    return first_difference(of_gate, of_expansion, trial.slots, relative=1e-11, absolute=1e-12)


def works_on_numbers(trial: Trial) -> bool:
    """Whether the gate makes one number of single numbers."""
    numbers_alone = all(np.ndim(x) == 0 for x in trial.call.inputs)
    return (numbers_alone or _takes_any_shape(trial)) and _attributes_for(trial, _numbers(trial)) is not None


def _takes_any_shape(trial: Trial) -> bool:
    """Whether the gate may be asked: labels, and geometry that must be given, belong to the shapes of the call."""
    given = Parameter.empty in trial.gate.attributes.values()
    return not given and all(np.asarray(x).dtype.kind in "fb" for x in trial.call.inputs)


def floats_arrays_and_scalars_agree(trial: Trial) -> str:
    """Take the first element of every input: as float, as Scalar, and as an array of no dimensions."""
    numbers, slots, gate = _numbers(trial), trial.slots, trial.gate
    attributes = _attributes_for(trial, numbers) or {}
    scalars = [Scalar(x) if type(x) is float else x for x in numbers]
    tensors = [Tensor(np.float64(x), requires_grad=True) if type(x) is float else x for x in numbers]
    value, on_scalars, on_tensors = (gate(*inputs, **attributes) for inputs in (numbers, scalars, tensors))
    if type(on_scalars) is not Scalar or type(on_scalars.value) is not float:
        return f"of Scalars it makes {type(on_scalars).__name__}, expected a Scalar that holds a float"
    if isinstance(value, np.generic) or (type(value) is float and value != on_scalars.value == on_scalars.value):
        return f"of floats it makes {value!r}, of Scalars {on_scalars.value!r}: the same float is expected"
    for kind, found in (("floats", value), ("Scalars", on_scalars)):
        if words := difference(float(plain(found)), on_tensors.item(), 1e-15, 1e-300):
            return f"{kind} and arrays disagree: {words}"
    if on_scalars.requires_grad != bool(slots):
        return "its output has a gradient, though the gate has none" if not slots else "its output has no gradient"
    if not slots:
        return ""
    of_scalars = grad(on_scalars, [scalars[slot] for slot in slots])
    of_tensors = grad(on_tensors, [tensors[slot] for slot in slots])
    if not all(type(gradient) is float for gradient in of_scalars):
        return f"gradients of Scalars are {[type(g).__name__ for g in of_scalars]}, expected floats"
    # math's and NumPy's exp differ in the last bit; where terms of size 1 cancel that bit is all the difference
    words = first_difference(of_scalars, of_tensors, slots, relative=1e-14, absolute=_LAST_BITS)
    return f"gradients of Scalars and arrays disagree: {words}" if words else ""


def _numbers(trial: Trial) -> list[Any]:
    """Return the first element of every input as Python numbers; empty where an input has none."""
    arrays = [np.asarray(x) for x in trial.call.inputs]
    return [x.ravel()[0].item() for x in arrays] if all(x.size for x in arrays) else []


def _attributes_for(trial: Trial, numbers: list[Any]) -> dict[str, Any] | None:
    """Return attributes, of the call or by default, with which the gate makes one number of these."""
    if not numbers:
        return None
    for attributes in (trial.call.attributes, {}):
        try:
            value = trial.gate(*numbers, **attributes)
        except AutogradError:
            continue
        if np.ndim(value) == 0:
            return dict(attributes)
    return None


def works_on_nothing(trial: Trial) -> bool:
    """Whether the gate takes arrays without elements, all of one shape."""
    return bool(trial.slots) and _takes_any_shape(trial) and _attributes_for_nothing(trial) is not None


def empty_arrays_have_empty_gradients(trial: Trial) -> str:
    """Give it inputs of shape (2, 0): gradients have that shape."""
    inputs = _nothings(trial)
    output = _of_nothing(trial, inputs, _attributes_for_nothing(trial) or {})
    found = grad(output, [inputs[slot] for slot in trial.slots], np.ones(output.shape), allow_unused=True)
    for slot, gradient in zip(trial.slots, found, strict=True):
        if gradient is not None and gradient.shape != (2, 0):
            return f"input {slot} of shape (2, 0) has a gradient of shape {gradient.shape}"
    return ""


def _nothings(trial: Trial) -> list[Tensor]:
    return [
        Tensor(np.zeros((2, 0), np.asarray(x).dtype), requires_grad=slot in trial.slots)
        for slot, x in enumerate(trial.call.inputs)
    ]


def _attributes_for_nothing(trial: Trial) -> dict[str, Any] | None:
    for attributes in (trial.call.attributes, {}):
        try:
            _of_nothing(trial, _nothings(trial), attributes)
        except AutogradError:
            continue
        return dict(attributes)
    return None


def _of_nothing(trial: Trial, inputs: list[Tensor], attributes: dict[str, Any]) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN, and NumPy says so
        return trial.gate(*inputs, **attributes)
