"""Run functions of Scalars to see which gates they use; what cannot be seen that way keeps its plain form."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Node, Scalar, topological_order
from autograd_cnn.kernels.opcodes import OPCODES
from autograd_cnn.recording import recorded
from autograd_cnn.registry import GATES, Gate

Plain = Callable[..., float]
_PACKAGE = __name__.partition(".")[0] + "."


def tracing(log: Any = None) -> Any:
    """Record gates inside the ``with`` block; nodes made before it stand for values that may change.

    What else happens there is entered in the `log`.
    """
    start = Scalar(0.0, requires_grad=False).serial
    return recorded(active=True, finite_only=False, compiling_from=start, log=log)


def has_instruction(gate: Gate) -> bool:
    """Whether the tape has an instruction of its own for the gate."""
    return gate.name in OPCODES and GATES.get(gate.name) is gate


def attributes_of(node: Node) -> dict[str, Any]:
    """Return the attributes of the call, without what forward saved for the rule."""
    assert node.gate is not None
    return {name: value for name, value in node.attributes.items() if name not in node.gate.saves}


def forward_in_gates(node: Node) -> tuple[tuple[Any, ...], Scalar] | None:
    """Return stand-ins for the inputs of a node, and what its forward makes of them in other gates; None if it cannot.

    An expansion is made of gates. The forwards of this package are asked as they stand: NumPy's functions record gates
    when they meet a node, and one that turns nodes into numbers fails. Forwards from elsewhere may decide by ``==``,
    which compares nodes by identity: nobody would notice, so they are not asked.
    """
    assert node.gate is not None
    stand_ins = tuple(Scalar(x._value, requires_grad=False) if isinstance(x, Node) else x for x in node.inputs or ())
    forward = node.gate.expand or (node.gate.forward if node.gate.__module__.startswith(_PACKAGE) else None)
    if forward is None:
        return None
    try:
        with tracing():
            made = forward(*stand_ins, **attributes_of(node))
    except Exception:  # whatever a forward does with what is no number
        return None
    if not isinstance(made, Scalar) or not _close(made._value, node._value):
        return None
    inner = topological_order(made, until=stand_ins)
    if any(not isinstance(x, Scalar) or x.gate is node.gate or (x.gate and x.gate.is_source) for x in inner):
        return None
    return stand_ins, made


def _close(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= 1e-12 * abs(b) or (a != a and b != b)


def plain_form(gate: Gate, attributes: dict[str, Any]) -> Plain:
    """Return the gate as a function of floats."""

    def apply(*values: float) -> float:
        return float(gate(*values, **attributes))

    return apply


def in_traceable_rules(output: Node, until: Collection[Node]) -> Node:
    """Return the same computation, in which every rule can be recorded, in Scalars.

    Gates whose rule cannot are replaced by gates that call the rule on numbers.
    """
    made: dict[Node, Any] = {}
    for node in topological_order(output, until=until):
        if node.gate is None or node in until:
            continue
        inputs = tuple(made.get(x, x) if isinstance(x, Node) else x for x in node.inputs or ())
        if not (has_instruction(node.gate) or _rule_in_gates(node)):
            made[node] = _with_plain_rule(node.gate, attributes_of(node))(*inputs)
        elif any(x is not y for x, y in zip(inputs, node.inputs or (), strict=True)):
            made[node] = node.gate(*inputs, **attributes_of(node))
    found: Node = made.get(output, output)
    return found


def _rule_in_gates(node: Node) -> bool:
    """Whether the node's rule, on Scalars, records gates and makes Scalars."""
    assert node.gate is not None
    if node.gate.saves:  # what forward saved belongs to this one call
        return False
    stand_ins = [Scalar(x._value, x.requires_grad) if isinstance(x, Node) else x for x in node.inputs or ()]
    upstream = Scalar(1.0, requires_grad=False)
    try:
        twin = node.gate(*stand_ins, **node.attributes)
        with tracing():
            parts = [x for x in downstream_gradients(twin, upstream, create_graph=True) if isinstance(x, Node)]
    except (AutogradError, AssertionError, TypeError, ValueError, ArithmeticError):
        return False
    ends = {twin, upstream, *(x for x in stand_ins if isinstance(x, Node))}
    return all(isinstance(x, Scalar) for part in parts for x in topological_order(part, until=ends))


def _with_plain_rule(gate: Gate, attributes: dict[str, Any]) -> Gate:
    """Return a gate of the same values and gradients, whose rule applies gates that are asked for numbers only."""
    twin = _unregistered(gate, plain_form(gate, attributes))
    if gate.has_gradient:
        slots = {}

        def rule(upstream: Any, output: Any, *inputs: Any, needs: tuple[bool, ...]) -> Any:
            for slot, need in enumerate(needs):
                if need and slot not in slots:
                    slots[slot] = _unregistered(gate, _plain_gradient(gate, attributes, slot))
            return tuple(slots[slot](upstream, *inputs) if need else None for slot, need in enumerate(needs))

        twin.vjp(rule)
    return twin


def _plain_gradient(gate: Gate, attributes: dict[str, Any], slot: int) -> Plain:
    """Return what the gate's rule sends to one input, as a function of floats: upstream, then inputs."""

    def apply(upstream: float, *values: float) -> float:
        with recorded(active=True, finite_only=False, compiling_from=None):
            node = gate(*[Scalar(value) for value in values], **attributes)
            part = downstream_gradients(node, upstream)[slot]
        return 0.0 if part is None else float(part)

    return apply


def _unregistered(gate: Gate, forward: Plain) -> Gate:
    forward.__name__ = gate.name
    return Gate(forward, gate.symbol, broadcasts=False, scalar=None, saves=(), saturates=None, dead_side=False)
