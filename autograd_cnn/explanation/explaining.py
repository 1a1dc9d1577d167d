"""Explain one gradient: the chain rule, path by path, with its numbers (CS231n, backpropagation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import check_usable, grad
from autograd_cnn.errors import ArgumentError, GradientError, OutOfRangeError, ShapeError
from autograd_cnn.expansion.rewriting import in_scalars
from autograd_cnn.explanation.equations import equations, gradient_words, latex, text
from autograd_cnn.explanation.paths import Path, paths_between
from autograd_cnn.graph import Node, Scalar, check_node, describe, topological_order
from autograd_cnn.settings import whole, written

_MOST_STEPS = 500_000


@dataclass(frozen=True)
class Explanation:
    """The chain rule of one gradient; ``print`` it, or write `latex`.

    Attributes
    ----------
    output, wrt : Scalar
        Of what the gradient is, and with respect to what.
    gradient : float
        What backprop gives: the sum over all paths.
    count : int
        How many paths lead from `wrt` to `output`.
    closed : int
        How many of them carry nothing, because a local gradient on the way is 0.
    paths : tuple of Path
        The heaviest, each with its local gradients and their product.
    rest : float
        What the other paths add.
    """

    output: Node
    wrt: Node
    gradient: float
    count: int
    closed: int
    paths: tuple[Path, ...]
    rest: float

    def __str__(self) -> str:
        return text(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print as text where IPython would print every field."""
        printer.text(str(self))

    @property
    def title(self) -> str:
        """``∂f/∂x = −4``: what is explained."""
        return gradient_words(self)

    def equations(self) -> tuple[str, ...]:
        """Return each listed path on one line: its local gradients by name, as numbers, and their product."""
        return equations(self)

    def latex(self) -> str:
        """Return the chain rule as a LaTeX formula, each local gradient with its number below."""
        return latex(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def explain(output: Node, wrt: Node, index: int | tuple[int, ...] | None = None, *, most: int = 5) -> Explanation:
    """Explain the gradient of `output` with respect to `wrt`: along every path multiply, over all paths add.

    Paths are counted without being walked, so a graph with 2⁶⁰ of them is explained at once.

    Parameters
    ----------
    output : Node
        One element; index a larger Tensor first, as in ``scores[0, 3]``.
    wrt : Node
        A leaf, or any node on the way.
    index : int or tuple of int, optional
        Which element of `wrt`, when it is a Tensor of several. What depends on that element is
        expanded into Scalars; everything else is a number.
    most : int
        How many paths to list.

    Returns
    -------
    Explanation
        Frozen data; as text with `str`, as a formula with `latex`.

    Raises
    ------
    ShapeError
        When the output has several elements, or `wrt` has and no index is given.
    OutOfRangeError
        When `index` names no single element of `wrt`.
    GradientError
        When `output` does not depend on `wrt`.
    ArgumentError
        When a Tensor graph is too large to be written in Scalars.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x, y, z = ag.Scalar(-2, name="x"), ag.Scalar(5, name="y"), ag.Scalar(-4, name="z")
    >>> q = x + y
    >>> q.name = "q"
    >>> f = q * z
    >>> print(ag.explain(f, x))
    ∂f/∂x = −4: one path leads from x to f.
    1. ∂f/∂q · ∂q/∂x = (−4) · 1 = −4
         f = q × z   ∂f/∂q = −4
         q = x + y   ∂q/∂x = 1
    × multiply: Switcher: each input receives the upstream gradient times the other input.
    + add: Distributor: each input receives the upstream gradient unchanged.
    """
    most = whole("explain", "most", most, 1, wanted="at least 1")
    check_node(output, "explain: output")
    check_node(wrt, "explain: wrt")
    if output.size != 1:
        raise ShapeError(
            f"explain: {describe(output)} has {output.size} elements, expected one; pick one as in output[0]"
        )
    place = _place(wrt, index)
    on_the_way = _dependents(output, wrt)
    if output not in on_the_way or not wrt.requires_grad:
        for node in topological_order(output):
            check_usable(node)
        raise GradientError(f"explain: {describe(output)} does not depend on {describe(wrt)} through any gradient")
    if not all(isinstance(node, Scalar) for node in on_the_way):
        output, wrt = _as_scalars(output, wrt, place)
    found = paths_between(output, wrt, most)
    (gradient,) = grad(output, wrt, allow_unused=True)
    gradient = 0.0 if gradient is None else gradient
    rest = gradient - sum(path.product for path in found.heaviest) if found.count > len(found.heaviest) else 0.0
    return Explanation(output, wrt, gradient, found.count, found.closed, found.heaviest, rest)


def _place(wrt: Node, index: Any) -> tuple[int, ...]:
    """Return the one element of `wrt` as a tuple of non-negative integers."""
    if index is None:
        if wrt.size != 1:
            raise ShapeError(f"explain: {describe(wrt)} has {wrt.size} elements; say which one with index=")
        return (0,) * wrt.ndim
    places = np.arange(wrt.size).reshape(wrt.shape)
    try:
        place = np.unravel_index(int(places[index]), wrt.shape)
    except (IndexError, TypeError, ValueError, OverflowError):
        raise OutOfRangeError(f"explain: index={written(index)} names no single element of {describe(wrt)}") from None
    return tuple(int(i) for i in place)


def _dependents(output: Node, wrt: Node) -> set[Node]:
    """Return `wrt` and every node that a gradient can travel through on its way to it."""
    found = {wrt}
    for node in topological_order(output, where=lambda x: x.requires_grad, until=[wrt]):
        if any(x in found for x in node.inputs or () if isinstance(x, Node)) and node.requires_grad:
            found.add(node)
    return found


def _as_scalars(output: Node, wrt: Node, place: tuple[int, ...]) -> tuple[Node, Node]:
    """Expand what depends on one element of `wrt` into Scalars."""
    try:
        cells, scalars = in_scalars(output, [wrt], None, _MOST_STEPS, only=(wrt, place))
    except ArgumentError as error:
        raise ArgumentError(f"explain: {error}; explain one sample, or a smaller part of the graph") from None
    cell = cells[(0,) * output.ndim]
    if not isinstance(cell, Node):
        raise GradientError(f"explain: {describe(output)} does not depend on element {place} of {describe(wrt)}")
    return cell, scalars[wrt, place]
