"""Reverse-mode backprop: one generator that walks the graph, and the loops over it."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.anomaly import check_finite
from autograd_cnn.errors import ArgumentError, DtypeError, GradientError, ShapeError
from autograd_cnn.graph import Node, Scalar, Tensor, check_node, describe, described, topological_order
from autograd_cnn.operands import NUMBERS
from autograd_cnn.recording import recorded, recording
from autograd_cnn.registry import gradient_of


class Step(NamedTuple):
    """One node's turn in a backward pass.

    Attributes
    ----------
    node : Node
        The node.
    upstream : float, ndarray or Node
        Gradient of the output with respect to the node, complete: all its users had their turn.
    downstream : tuple
        What each edge carries back to the input in that slot; None where no gradient flows.
    """

    node: Node
    upstream: Any
    downstream: tuple[Any, ...]


def backward_steps(
    output: Node, seed: Any = None, *, create_graph: bool = False, until: Collection[Node] = ()
) -> Iterator[Step]:
    """Walk back from `output`, users before inputs, and yield each node's turn; write nothing.

    Parameters
    ----------
    output : Node
        Where to start.
    seed : float, array_like or Node, optional
        Gradient on the output; 1 for an output of one element.
    create_graph : bool
        Record the gradients as nodes, so that they can be differentiated again. Their scope says from which
        rule they come: ``backward pass/fc1/gradient of matmul``.
    until : collection of Node
        Nodes at which to stop, as if they were leaves.

    Yields
    ------
    Step
        Every node that a gradient reaches, leaves last.

    Raises
    ------
    GradientError
        When the output needs no gradient, the seed is missing, the graph was freed, or a parameter
        was assigned after its use.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0, name="x")
    >>> for step in ag.backward_steps(x * x):
    ...     print(step.node, step.upstream, step.downstream)
    <Scalar 9 from multiply> 1.0 (3.0, 3.0)
    <Scalar 'x' 3> 6.0 ()
    """
    return starmap(Step, _steps(output, seed, create_graph, until))


def _steps(
    output: Node, seed: Any = None, create_graph: bool = False, until: Collection[Node] = ()
) -> Iterator[tuple[Node, Any, tuple[Any, ...]]]:
    """Yield what `backward_steps` does, as plain tuples."""
    if recording().compiling_from is not None and not create_graph:
        raise GradientError(
            "backward: called inside a compiled function, which a replay would not do; "
            "return the node and call backward() on what the compiled function returns"
        )
    gradient = _seed(output, seed, create_graph)
    order = _order(output, until)
    place = _scope_of_pass(order) if create_graph else ""
    if create_graph and gradient is not seed:
        gradient.scope = place
    pending: dict[Node, Any] = {output: gradient}
    del output  # a consumer that frees nodes as it goes shall find no reference kept here
    take, peek = pending.pop, pending.get
    on_floats = not create_graph and recording().plain
    turns: Counter[str] = Counter()
    while order:
        node = order.pop()
        upstream = take(node, None)
        if upstream is None:
            continue
        downstream = _sent_on_floats(node, upstream) if on_floats and type(upstream) is float else None
        if downstream is None or node in until:
            downstream = () if node in until else _sent(node, upstream, place, turns)
        for x, part in zip(node.inputs or (), downstream):  # noqa: B905 - a leaf has no inputs, nor sends anything
            if part is not None:
                total = peek(x)
                pending[x] = part if total is None else _added(total, part, place) if place else total + part
        yield node, upstream, downstream


def _order(output: Node, until: Collection[Node]) -> list[Node]:
    """Return the nodes that a gradient can reach, users last, once it is known that all of them can be used."""
    order = topological_order(output, where=_requires_grad, until=until)
    last_leaf = max((node.serial for node in order if node.gate is None), default=-1)
    for node in order:
        if node.gate is not None and (node.serial < last_leaf or node.inputs is None) and node not in until:
            check_usable(node)
    return order


_requires_grad = operator.attrgetter("requires_grad")


PASS = "backward pass"
"""The scope of nodes that a recorded backward pass made; "backward pass 2" where it was differentiated again."""


def _scope_of_pass(order: list[Node]) -> str:
    """Return where a recorded backward pass over these nodes takes place."""
    here = recording().scope.partition("/")[0]
    if here.startswith(PASS):  # an expansion is differentiated within a pass
        return here
    before = {node.scope.partition("/")[0] for node in order if node.scope.startswith(PASS)}
    return f"{PASS} {len(before) + 1}" if before else PASS


def _sent(node: Node, upstream: Any, place: str, turns: Counter[str]) -> tuple[Any, ...]:
    """Apply a node's rule; with a place, record it there, in the layer that the node was made in.

    The second gate of a kind in a layer has the scope ``gradient of multiply 2``: each rule stands by itself.
    """
    if not place or node.gate is None:
        return _rule_applied(node, upstream, create_graph=bool(place))
    layer = "" if node.scope.startswith(PASS) else node.scope
    scope = "/".join(filter(None, (place, layer, f"gradient of {node.gate.name}")))
    turns[scope] += 1
    with recorded(scope=f"{scope} {turns[scope]}" if turns[scope] > 1 else scope):
        return _rule_applied(node, upstream, create_graph=True)


def _sent_on_floats(node: Node, upstream: float) -> tuple[Any, ...] | None:
    """Apply the rule of a gate of one or two Scalars or numbers; None where `_sent` must look closer.

    A graph of Scalars is made of hardly anything else, so this is written for speed.
    """
    gate, inputs = node.gate, node.inputs
    if gate is None:
        return ()
    rule = gate.rule
    if rule is None or not inputs or not gate.is_plain:
        return None
    a, b = inputs[0], inputs[-1]
    to_a = to_b = False
    if type(a) is Scalar:
        to_a, a = a.requires_grad, a._value
    if type(b) is Scalar:
        to_b, b = b.requires_grad, b._value
    if type(a) not in NUMBERS or type(b) not in NUMBERS:
        return None
    try:
        if len(inputs) == 2:
            if gate.takes_needs:
                u, v = rule(upstream, node._value, a, b, needs=(to_a, to_b))
            else:
                u, v = rule(upstream, node._value, a, b)
            if type(u) is float and type(v) is float:
                return u if to_a else None, v if to_b else None
        elif len(inputs) == 1 and not gate.takes_needs:
            found = rule(upstream, node._value, a)
            if type(found) in NUMBERS:
                return (float(found),)
    except (ArithmeticError, ValueError, TypeError):  # where Python raises, IEEE has inf or NaN; or a wrong rule
        return None
    return None


def _added(total: Any, part: Any, place: str) -> Any:
    """Add what two branches send back."""
    if not place:
        return total + part
    with recorded(scope=place):
        return total + part


def downstream_gradients(node: Node, upstream: Any, *, create_graph: bool = False) -> tuple[Any, ...]:
    """Return what each edge of one node carries back: upstream × local gradient.

    Each entry has the shape and dtype of the input in that slot; None where no gradient flows.

    Raises
    ------
    GradientError
        When the gate's rule returns a wrong count, shape or dtype, or the node was freed.
    """
    check_usable(node)
    return _rule_applied(node, upstream, create_graph)


def _rule_applied(node: Node, upstream: Any, create_graph: bool) -> tuple[Any, ...]:
    if node.gate is None:
        return ()
    inputs: tuple[Any, ...] = node.inputs or ()
    needs = tuple([isinstance(x, Node) and x.requires_grad for x in inputs])
    if node.gate.rule is None or (create_graph and not node.gate.differentiable):
        found = _through_expansion(node, upstream, create_graph)
    elif create_graph:
        found = gradient_of(node.gate, upstream, node, inputs, node.attributes, needs)
    else:
        values = [x._value if isinstance(x, Node) else x for x in inputs]
        found = gradient_of(node.gate, upstream, node._value, values, node.attributes, needs)
    fitted = tuple(
        [
            None
            if part is None or not need
            else part
            if type(part) is float and type(x) is Scalar
            else _fit(node, x, part)
            for x, part, need in zip(inputs, found, needs, strict=True)
        ]
    )
    if recording().finite_only:
        _check_gradients(node, upstream, fitted)
    return fitted


def _through_expansion(node: Node, upstream: Any, create_graph: bool) -> tuple[Any, ...]:
    """Differentiate a compound gate by its expansion: recorded anew, walked back as far as the node's inputs.

    An input that fills two slots receives its whole gradient in the first of them.
    """
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


def backward(output: Node, seed: Any = None, *, retain: str = "all") -> None:
    """Fill `grad` of every node that a gradient reaches: add to leaves, replace elsewhere.

    Parameters
    ----------
    output : Node
        Usually the loss.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.
    retain : {"all", "leaves"}
        ``"leaves"`` keeps gradients only of leaves and frees the graph as it goes, which is what
        training wants; the graph cannot be used for another backward pass.

    Raises
    ------
    GradientError
        When the output needs no gradient, the seed is missing, the graph was freed, or a parameter
        was assigned after its use.

    Notes
    -----
    From two roots: leaves hold the sum of both passes, as if ``a + b`` had been the output; a node
    between, shared by both, holds the gradient of the root that came last.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0)
    >>> shared = x * x
    >>> a, b = shared * 2, shared * 5
    >>> a.backward()
    >>> b.backward()
    >>> x.grad, shared.grad  # 2·2x + 5·2x, and 5 alone
    (42.0, 5.0)
    """
    if retain not in ("all", "leaves"):
        raise ArgumentError(f"backward: retain={retain!r}, expected 'all' or 'leaves'")
    for node, upstream, _ in _steps(output, seed):
        if node.gate is not None:
            if retain == "all":
                node.grad = _read_only(upstream)
            else:
                node.inputs, node.attributes = None, {}
        elif node.grad is None:
            node.grad = np.array(upstream) if isinstance(upstream, np.ndarray) else upstream
        else:
            node.grad = node.grad + upstream


def _read_only(upstream: Any) -> Any:
    """Return a view that cannot be written: nodes share gradients, which an add gate hands on as they are."""
    if isinstance(upstream, np.ndarray):
        upstream = upstream.view()
        upstream.flags.writeable = False
    return upstream


Node.backward = backward


def grad(
    output: Node,
    inputs: Node | Sequence[Node],
    seed: Any = None,
    *,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `output` with respect to `inputs`, leaving every `grad` as it is.

    Parameters
    ----------
    output : Node
        What to differentiate.
    inputs : Node or sequence of Node
        With respect to what; nodes that gates made are fine too.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.
    create_graph : bool
        Return nodes that can be differentiated again, instead of plain values.
    allow_unused : bool
        Return None for an input that `output` does not depend on, instead of raising.

    Returns
    -------
    tuple
        One gradient per input.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(2.0)
    >>> (first,) = ag.grad(x**3, x, create_graph=True)
    >>> first.value, ag.grad(first, x)
    (12.0, (12.0,))
    """
    wanted = tuple(inputs) if isinstance(inputs, Iterable) and not isinstance(inputs, Node) else (inputs,)
    check_node(output, "grad: output")
    for i, x in enumerate(wanted):
        check_node(x, f"grad: input {i}")
    found: dict[Node, Any] = {}
    if output.requires_grad or not allow_unused:
        targets = set(wanted)
        for step in backward_steps(output, seed, create_graph=create_graph):
            if step.node in targets:
                found[step.node] = step.upstream
    for i, x in enumerate(wanted):
        if x not in found and not allow_unused:
            raise GradientError(
                f"grad: the output does not depend on input {i} ({describe(x)}), or it does not require "
                "a gradient; pass allow_unused=True to get None"
            )
    return tuple(found.get(x) for x in wanted)


def _seed(output: Node, seed: Any, create_graph: bool) -> Any:
    """Return the gradient on the output: a float, an array of its shape and dtype, or a node."""
    check_node(output, "backward_steps")
    if not output.requires_grad:
        if output.gate is not None and not output.gate.has_gradient:
            raise GradientError(
                f"backward: {describe(output)} does not require a gradient: this gate has no rule. "
                f"A gate of your own gets one with @{output.gate.name}.vjp"
            )
        raise GradientError(
            f"backward: {describe(output)} does not require a gradient: no input was a Scalar, a Parameter "
            "or Tensor(..., requires_grad=True), or it was made under no_grad()"
        )
    if isinstance(seed, Node):
        plain, seed = seed._value, seed if create_graph else seed._value
    else:
        plain = seed
    if plain is not None and np.asarray(plain).dtype.kind not in "biuf":
        raise DtypeError(f"backward: seed is {plain!r}, expected a number or an array of them")
    if isinstance(output, Scalar):
        if plain is not None and np.shape(plain) != ():
            raise ShapeError(f"backward: seed of shape {np.shape(plain)}, expected one number")
        value: Any = 1.0 if plain is None else float(plain)
        return seed if isinstance(seed, Node) else Scalar(value, requires_grad=False) if create_graph else value
    if plain is None:
        if output.size != 1:
            raise GradientError(
                f"backward: {describe(output)} has {output.size} elements, so it needs a seed: pass an "
                "array of its shape, or reduce it first with .sum() or .mean()"
            )
        plain = np.ones(output.shape, output.dtype)
    if np.shape(plain) != output.shape:
        raise ShapeError(f"backward: seed of shape {np.shape(plain)}, expected {output.shape}")
    if isinstance(seed, Node):
        return seed
    array = np.asarray(plain, output.dtype)
    return Tensor(array) if create_graph else array


def check_usable(node: Node) -> None:
    """Raise when a backward pass through `node` would use values that are gone or changed."""
    if node.inputs is None:
        raise GradientError(
            f"backward: {describe(node)} was freed by backward(retain='leaves'); "
            "run the forward pass again, or call backward() without retain to keep the graph"
        )
    if node.gate is not None:
        for x in node.inputs:
            if isinstance(x, Node) and x.serial > node.serial:
                raise GradientError(
                    f"backward: {describe(x)} was assigned a new value after {describe(node)} used it; "
                    "run the forward pass again"
                )


def _check_gradients(node: Node, upstream: Any, gradients: tuple[Any, ...]) -> None:
    for i, part in enumerate(gradients):
        if part is not None:
            check_finite(
                f"the gradient to input {i} of {describe(node)}",
                part,
                [("the upstream gradient", upstream), *described(node.inputs or ())],
            )


def _fit(node: Node, x: Node, gradient: Any) -> Any:
    """Return `gradient` in the shape and dtype of `x`: broadcasting and promotion are undone here, once."""
    gate = node.gate
    assert gate is not None
    if isinstance(x, Scalar):
        if getattr(gradient, "shape", ()) != () and gate.broadcasts:
            gradient = gradient.sum()
        if isinstance(gradient, Node):
            return gradient
        return gradient if type(gradient) is float else float(gradient)
    if not isinstance(gradient, np.ndarray | Node):
        gradient = np.asarray(gradient, x.dtype if type(gradient) is float else None)
    if gradient.shape != x.shape and gate.broadcasts:
        gradient = _unbroadcast(gradient, x.shape)
    if gradient.shape != x.shape:
        raise GradientError(
            f"{gate.name}: its rule returned a gradient of shape {gradient.shape} for an input of shape {x.shape}"
        )
    if gradient.dtype != x.dtype:
        if gradient.dtype != node.dtype:
            raise GradientError(
                f"{gate.name}: its rule returned a gradient of dtype {gradient.dtype} for an input of {x.dtype}"
            )
        gradient = gradient.astype(x.dtype)
    return gradient


def _unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an input of `shape` was repeated."""
    extra = gradient.ndim - len(shape)
    if extra < 0:
        return gradient
    repeated = tuple(range(extra)) + tuple(
        extra + axis for axis, n in enumerate(shape) if n == 1 and gradient.shape[extra + axis] != 1
    )
    if repeated:
        gradient = gradient.sum(axis=repeated, keepdims=True)
    return gradient.reshape(shape) if gradient.shape != shape else gradient
