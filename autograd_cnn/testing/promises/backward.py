"""What a rule promises about the backward pass: shapes, sums over copies, and that it is one linear function."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.testing.trial import Array, Trial, difference, first_difference

_ROUNDING = 1e-12


def gradients_have_the_shape_and_dtype_of_their_input(trial: Trial) -> str:
    """In float32; and beside a float64 partner where the gate broadcasts."""
    nodes = trial.nodes(np.float32)
    output = trial.apply(nodes)
    expected = np.dtype(trial.call.attributes.get("dtype", np.float32))
    if output.dtype != expected:
        return f"inputs of float32 make {output.dtype}, expected {expected}"
    if words := _unlike_their_inputs(trial, nodes):
        return words
    if not trial.gate.broadcasts or len(trial.slots) < 2:
        return ""
    last = trial.slots[-1]
    nodes[last] = Tensor(nodes[last].value, requires_grad=True, dtype=np.float64)
    if trial.apply(nodes).dtype != np.float64:
        return f"float32 beside float64 makes {trial.apply(nodes).dtype}"
    return _unlike_their_inputs(trial, nodes)


def _unlike_their_inputs(trial: Trial, nodes: list[Tensor]) -> str:
    found = trial.gradients(nodes, trial.upstream(trial.apply(nodes)))
    for slot, gradient in zip(trial.slots, found, strict=True):
        x = nodes[slot]
        if (gradient.shape, gradient.dtype) != (x.shape, x.dtype):
            given = f"{x.dtype} of shape {x.shape}"
            return f"input {slot} is {given}, its gradient {gradient.dtype} of shape {gradient.shape}"
    return ""


def works_element_by_element(trial: Trial) -> bool:
    """Whether the gate broadcasts, several inputs receive gradients, and copies of inputs make copies of its output."""
    if not trial.gate.broadcasts or len(trial.slots) < 2:
        return False
    try:
        value, of_copies = (np.asarray(trial.apply(inputs)) for inputs in (trial.call.inputs, _copies(trial)))
        return bool((of_copies == np.broadcast_to(value, of_copies.shape)).all())
    except (AutogradError, ValueError):
        return False  # as matmul and contraction, which broadcast in their own ways


def a_repeated_input_receives_the_sum_over_its_copies(trial: Trial) -> str:
    """Repeat all other inputs along a new axis, and compare with the input repeated by hand."""
    copies = _copies(trial)
    for k, slot in enumerate(trial.slots):
        mixed = [*copies[:slot], trial.call.inputs[slot], *copies[slot + 1 :]]
        by_engine, by_hand = (
            _first_order(trial, [Tensor(x, requires_grad=i in trial.slots) for i, x in enumerate(inputs)])[k]
            for inputs in (mixed, copies)
        )
        expected = _summed_to(by_hand, np.shape(trial.call.inputs[slot]))
        if words := difference(by_engine, expected, _ROUNDING, _ROUNDING):
            return f"input {slot}: {words}"
    return ""


def _copies(trial: Trial) -> list[Array]:
    """Return all inputs in one shape with a new axis in front."""
    shape = (2, *np.broadcast_shapes(*(np.shape(x) for x in trial.call.inputs)))
    return [np.broadcast_to(x, shape) for x in trial.call.inputs]


def _first_order(trial: Trial, nodes: list[Tensor]) -> tuple[Any, ...]:
    return trial.gradients(nodes, trial.upstream(trial.apply(nodes)))


def _summed_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Add up the copies by NumPy alone: the engine's own way is what is tried."""
    extra = gradient.ndim - len(shape)
    kept = (1,) * extra + shape
    axes = tuple(axis for axis, n in enumerate(kept) if n == 1 and gradient.shape[axis] != 1)
    return np.asarray(gradient.sum(axis=axes, keepdims=True)).reshape(shape)


def fits_in_several_slots(trial: Trial) -> bool:
    """Whether two inputs that receive gradients are of one shape."""
    return len(_alike(trial)) > 1


def _alike(trial: Trial) -> list[int]:
    """Return the slots whose inputs are of the shape that most of them have."""
    shapes = [x.shape for x in trial.points]
    most = max(shapes, key=shapes.count, default=())
    return [slot for slot, shape in zip(trial.slots, shapes, strict=True) if shape == most]


def one_node_in_several_slots_receives_the_sum(trial: Trial) -> str:
    """Fill slots with one node, and with several of the same value."""
    alike = _alike(trial)
    value = trial.call.inputs[alike[0]]
    apart, together = trial.nodes(), trial.nodes()
    shared = Tensor(value, requires_grad=True)
    for slot in alike:
        apart[slot], together[slot] = Tensor(value, requires_grad=True), shared
    parts = dict(zip(trial.slots, _first_order(trial, apart), strict=True))
    whole = dict(zip(trial.slots, _first_order(trial, together), strict=True))
    return difference(whole[alike[0]], sum(parts[slot] for slot in alike), _ROUNDING, _ROUNDING)


def has_several_inputs(trial: Trial) -> bool:
    """Whether more than one input receives a gradient."""
    return len(trial.slots) > 1


def an_input_alone_receives_what_it_does_among_others(trial: Trial) -> str:
    """Make all other inputs constants: a rule is told which gradients are wanted, and may leave out the others."""
    among = _first_order(trial, trial.nodes())
    for slot, expected in zip(trial.slots, among, strict=True):
        nodes = [x if i == slot else x.detach() for i, x in enumerate(trial.nodes())]
        output = trial.apply(nodes)
        output.backward(trial.upstream(output))
        if words := difference(nodes[slot].grad, expected, _ROUNDING, _ROUNDING):
            return f"input {slot}: {words}"
    return ""


def gradients_are_linear_in_the_upstream_gradient(trial: Trial) -> str:
    """2a + b going in makes twice what a makes, plus what b makes."""
    nodes = trial.nodes()
    output = trial.apply(nodes)
    a, b = (trial.upstream(output, turn) for turn in (0, 1))
    of_a, of_b, of_both = (trial.gradients(nodes, u) for u in (a, b, 2 * a + b))
    expected = [2 * x + y for x, y in zip(of_a, of_b, strict=True)]
    return first_difference(of_both, expected, trial.slots, relative=1e-9, absolute=1e-9)


def the_rule_gives_on_nodes_what_it_gives_on_arrays(trial: Trial) -> str:
    """To the last bit, where the rule itself is made of gates; else its expansion answers for nodes."""
    nodes = trial.nodes()
    upstream = trial.upstream(trial.apply(nodes))
    on_arrays = trial.gradients(nodes, upstream)
    on_nodes = trial.gradients(nodes, upstream, create_graph=True)
    if not all(isinstance(x, Node) for x in on_nodes):
        return "with create_graph=True a gradient is no node"
    exact = trial.gate.rule is not None and trial.gate.differentiable
    tolerance = 0.0 if exact else 1e-11
    return first_difference(on_nodes, on_arrays, trial.slots, relative=tolerance, absolute=tolerance)
