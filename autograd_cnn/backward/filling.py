"""`backward`: fill the gradients of a graph. The walk of `backward_steps`, written for speed.

Gradients wait for their node's turn at the place that the node's serial number says: on a page, at an index. Going down
the pages, and down each page, gives every node its turn after all of its users, and no node has to be sorted or looked
up. A test compares both walks to the last bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.backward.rules import rule_applied, sent_shortly
from autograd_cnn.backward.seed import check_usable, refuse_while_compiling, seed_of
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.graph.serial import PAGE
from autograd_cnn.recording import recording
from autograd_cnn.registry import distribute, switch

Rule: TypeAlias = Callable[..., Any]
Page: TypeAlias = tuple[list[Any], list[Any]]
"""Nodes that wait for their turn, by the index of their serial number, and their gradients so far."""


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
    refuse_while_compiling()
    walk = Walk(output, seed_of(output, seed, create_graph=False), free=retain == "leaves")
    del output  # freeing as it goes shall find no reference kept here
    walk.go()
    add_gradients((leaf, _own(leaf, total)) for leaf, total in walk.totals.items() if leaf.requires_grad)


def add_gradients(parts: Iterable[tuple[Node, Any]]) -> None:
    """Add to the gradients of leaves: all are written, or none where Ctrl-C comes; it waits for C code to end."""
    totals: dict[Node, Any] = {}
    for leaf, part in parts:
        before = totals.get(leaf, leaf.grad)
        totals[leaf] = part if before is None else before + part
    deque(map(setattr, totals, repeat("grad"), totals.values()), maxlen=0)


def _own(leaf: Node, total: Any) -> Any:
    """Return what may become a leaf's first gradient: an array that nobody else holds."""
    return np.array(total, order="C") if leaf.grad is None and isinstance(total, np.ndarray) else total


def _read_only(upstream: Any) -> Any:
    """Return a view that cannot be written: nodes share gradients, which an add gate hands on as they are."""
    if isinstance(upstream, np.ndarray):
        upstream = upstream.view()
        upstream.setflags(write=False)
    return upstream


def _on_floats(rule: Rule, node: Node, upstream: float, a: float, b: float | None) -> tuple[float, float] | None:
    """Apply a rule to one or two floats; None where it returns something else, or Python raises and IEEE has inf."""
    try:
        if b is None:
            to_a = float(rule(upstream, node._value, a))
            return to_a, to_a
        to_a, to_b = rule(upstream, node._value, a, b)
    except (ArithmeticError, ValueError, TypeError):
        return None
    return (to_a, to_b) if type(to_a) is float and type(to_b) is float else None


class Walk:
    """One pass over a graph: the gradients that wait, and what has come together for the leaves."""

    __slots__ = ("ahead", "free", "pages", "totals")

    def __init__(self, output: Node, gradient: Any, free: bool) -> None:
        self.free = free
        self.pages: dict[int, Page] = {}
        self.ahead: list[int] = []
        self.totals: dict[Node, Any] = {}
        self.put(output, gradient)

    def put(self, node: Node, part: Any) -> None:
        """Add to the gradient of a node that waits for its turn."""
        if node._origin.gate is None:
            total = self.totals.get(node)
            self.totals[node] = part if total is None else total + part
            return
        nodes, gradients = self.pages.get(node._page) or self.begun(node._page)
        total = gradients[node._index]
        gradients[node._index] = part if total is None else total + part
        nodes[node._index] = node

    def begun(self, number: int) -> Page:
        """Return a page that no gradient has reached before."""
        heappush(self.ahead, -number)
        self.pages[number] = [None] * PAGE, [None] * PAGE
        return self.pages[number]

    def go(self) -> None:
        """Give every node that a gradient reaches its turn.

        Most nodes of large graphs are sums and products of Scalars. For them what `put` does is written out, twice, and
        so is what their two rules do, which are known by sight: calls would take longer than all that they compute.
        """
        pages, totals, total_of, free = self.pages, self.totals, self.totals.get, self.free
        shortly = not recording().finite_only
        while self.ahead:
            page = -heappop(self.ahead)
            nodes, gradients = pages[page]
            for node in reversed(nodes):
                if node is None or not node.requires_grad:
                    continue
                upstream = gradients[node._index]
                origin, a, b = node._origin, node._a, node._b
                rule = origin.gate.short_rule if origin.of_scalars and shortly and a is not None else None
                if rule is distribute:
                    u = v = upstream
                elif rule is switch and type(b) is Scalar:
                    u, v = upstream * b._value, upstream * a._value
                elif rule is not None:
                    sent = _on_floats(rule, node, upstream, a._value, b._value if type(b) is Scalar else b)
                    if sent is None:
                        rule = None
                    else:
                        u, v = sent
                if rule is None:
                    self.turn(node, upstream, page, shortly)
                else:
                    if a._origin.gate is None:
                        if a._page >= page:
                            check_usable(node)
                        total = total_of(a)
                        totals[a] = u if total is None else total + u
                    else:
                        if a._page == page:
                            there, waiting = nodes, gradients
                        else:
                            there, waiting = pages.get(a._page) or self.begun(a._page)
                        index = a._index
                        total = waiting[index]
                        if total is None:
                            there[index], waiting[index] = a, u
                        else:
                            waiting[index] = total + u
                    if type(b) is not Scalar:
                        pass
                    elif b._origin.gate is None:
                        if b._page >= page:
                            check_usable(node)
                        total = total_of(b)
                        totals[b] = v if total is None else total + v
                    else:
                        if b._page == page:
                            there, waiting = nodes, gradients
                        else:
                            there, waiting = pages.get(b._page) or self.begun(b._page)
                        index = b._index
                        total = waiting[index]
                        if total is None:
                            there[index], waiting[index] = b, v
                        else:
                            waiting[index] = total + v
                    if not free:
                        node.grad = upstream
                if free:
                    nodes[node._index] = gradients[node._index] = None
                    node._free()
                    del a, b
            del pages[page]

    def turn(self, node: Node, upstream: Any, page: int, shortly: bool) -> None:
        """Apply the rule of any node, and let its inputs wait."""
        if node._a is None:
            check_usable(node)
        downstream = sent_shortly(node, upstream) if shortly else None
        if downstream is None:
            downstream = rule_applied(node, upstream, create_graph=False)
        for x, part in zip(node.inputs or (), downstream, strict=True):
            if part is not None:
                if x._origin.gate is None and x._page >= page:
                    check_usable(node)
                self.put(x, part)
        if not self.free:
            node.grad = _read_only(upstream)
