"""One node's turn: its gate's rule turns the upstream gradient into one downstream gradient per edge."""

from __future__ import annotations

from typing import Any

from autograd_cnn.anomaly import check_finite
from autograd_cnn.backward.fitting import fitted
from autograd_cnn.backward.seed import check_usable
from autograd_cnn.graph import Node, describe, described
from autograd_cnn.recording import recorded, recording
from autograd_cnn.registry import gradient_of


def downstream_gradients(node: Node, upstream: Any, *, create_graph: bool = False) -> tuple[Any, ...]:
    """Return what each edge of one node carries back: upstream × local gradient.

    Each entry has the shape and dtype of the input in that slot; None where no gradient flows.

    Raises
    ------
    GradientError
        When the gate's rule returns a wrong count, shape or dtype, or the node was freed.
    """
    check_usable(node)
    return rule_applied(node, upstream, create_graph)


def rule_applied(node: Node, upstream: Any, create_graph: bool) -> tuple[Any, ...]:
    """Do what `downstream_gradients` does for a node that is known to be usable."""
    gate, inputs, attributes = node.gate, node.inputs or (), node.attributes
    if gate is None:
        return ()
    needs = tuple([isinstance(x, Node) and x.requires_grad for x in inputs])
    if gate.rule is None or (create_graph and not gate.differentiable):
        found = _through_expansion(node, upstream, create_graph)
    elif create_graph:
        found = gradient_of(gate, upstream, node, inputs, attributes, needs)
    else:
        values = [x._value if isinstance(x, Node) else x for x in inputs]
        found = gradient_of(gate, upstream, node._value, values, attributes, needs)
    parts = tuple([fitted(node, x if need else None, part) for x, part, need in zip(inputs, found, needs, strict=True)])
    if recording().finite_only:
        _check_gradients(node, upstream, parts)
    return parts


def sent_shortly(node: Node, upstream: Any) -> tuple[Any, ...] | None:
    """Apply the rule of a gate of one or two inputs, without attributes; None where `rule_applied` must look closer.

    Most nodes are made by such gates, so this is written for speed. It watches for no NaN.
    """
    gate, a, b = node._origin.gate, node._a, node._b
    if gate is None:
        return ()
    rule = gate.rule
    if rule is None or a is None or not gate.is_plain or gate.arity > 2:
        return None
    to_a = to_b = None
    if isinstance(a, Node):
        to_a, a = a if a.requires_grad else None, a._value
    if isinstance(b, Node):
        to_b, b = b if b.requires_grad else None, b._value
    try:
        if b is None:
            if gate.takes_needs:
                return None
            return (fitted(node, to_a, rule(upstream, node._value, a)),)
        if gate.takes_needs:
            found = rule(upstream, node._value, a, b, needs=(to_a is not None, to_b is not None))
        else:
            found = rule(upstream, node._value, a, b)
        if type(found) is not tuple or len(found) != 2:
            return None
    except (ArithmeticError, ValueError, TypeError):  # where Python raises, IEEE has inf or NaN; or a wrong rule
        return None
    return fitted(node, to_a, found[0]), fitted(node, to_b, found[1])


def _through_expansion(node: Node, upstream: Any, create_graph: bool) -> tuple[Any, ...]:
    """Differentiate a compound gate by its expansion: recorded anew, walked back as far as the node's inputs.

    An input that fills two slots receives its whole gradient in the first of them.
    """
    from autograd_cnn.backward.steps import backward_steps  # which applies rules in turn

    assert node.gate is not None
    assert node.gate.expand is not None
    inputs: tuple[Any, ...] = node.inputs or ()
    attributes = {name: value for name, value in node.attributes.items() if name not in node.gate.saves}
    with recorded(active=True, scope=node.scope):
        expanded = node.gate.expand(*inputs, **attributes)
    ends = {x for x in inputs if isinstance(x, Node)}
    found: dict[Node, Any] = {}
    if isinstance(expanded, Node) and expanded.requires_grad:
        for step in backward_steps(expanded, upstream, create_graph=create_graph, until=ends):
            if step.node in ends:
                found[step.node] = step.upstream
    return tuple(found.pop(x, None) if isinstance(x, Node) else None for x in inputs)


def _check_gradients(node: Node, upstream: Any, gradients: tuple[Any, ...]) -> None:
    for i, part in enumerate(gradients):
        if part is not None:
            check_finite(
                f"the gradient to input {i} of {describe(node)}",
                part,
                [("the upstream gradient", upstream), *described(node.inputs or ())],
            )
