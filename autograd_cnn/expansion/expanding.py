"""Rewrite a graph in smaller gates: compound gates into tensor gates, or everything into single numbers.

At the scalar level nothing is left but Scalars, joined by add, multiply, maximum and elementary
functions: what a convolution or a softmax does, number by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import backward
from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.expansion.rewriting import in_scalars, in_tensor_gates
from autograd_cnn.expansion.structure import total
from autograd_cnn.graph import Node, Scalar, Tensor, check_node
from autograd_cnn.settings import count


@dataclass(frozen=True)
class Expansion:
    """A graph in smaller gates, equal in value and gradient to the one it was made from.

    Attributes
    ----------
    output : Node or ndarray of Node
        At the tensor level one node; at the scalar level a Scalar, or an array of them in the shape
        of the original.
    scalars : mapping of (Node, tuple of int) to Scalar
        For every element of every leaf that is used, the Scalar that stands for it; empty at the
        tensor level, where the leaves themselves remain.
    seed : float or ndarray
        The upstream gradient: that of the original if a backward pass left one, else ones.
    """

    output: Any
    scalars: Mapping[tuple[Node, tuple[int, ...]], Scalar]
    seed: Any

    def backward(self) -> None:
        """Fill the gradients of all nodes of the expansion, with `seed` on the output."""
        if isinstance(self.output, Node):
            backward(self.output, self.seed)
            return
        pairs = zip(self.output.ravel(), np.ravel(self.seed), strict=True)
        parts = [cell * float(seed) for cell, seed in pairs if isinstance(cell, Node) and cell.requires_grad]
        if not parts:
            raise GradientError("Expansion.backward: no element of the output requires a gradient")
        backward(total(parts))

    def gradient(self, leaf: Node) -> Any:
        """Return what `backward` left on the Scalars of one leaf, in the leaf's shape; 0 where none flowed."""
        found = np.zeros(leaf.shape)
        for (owner, index), scalar in self.scalars.items():
            if owner is leaf and scalar.grad is not None:
                found[index] = scalar.grad
        return found


def expand(
    node: Node,
    level: str = "tensor",
    *,
    index: int | tuple[int, ...] | None = None,
    inputs: Sequence[Node] = (),
    limit: int = 50_000,
) -> Expansion:
    """Rewrite the graph of a node in smaller gates.

    Parameters
    ----------
    node : Node
        The output of the graph.
    level : {"tensor", "scalar"}
        ``"tensor"`` replaces compound gates by their expansions and keeps the leaves; ``"scalar"``
        goes on until every node is one number. What is a Scalar already stays itself.
    index : int or tuple of int, optional
        Scalar level: expand only this element of the output, and what it needs.
    inputs : sequence of Node, optional
        Nodes to take as leaves, so that what lies behind them stays out.
    limit : int
        At most this many Scalars.

    Returns
    -------
    Expansion
        The output, the Scalar of each leaf's element, and the upstream seed.

    Raises
    ------
    ArgumentError
        When it would take more than `limit` Scalars, or the level is unknown.
    GradientError
        When a gate has neither an expansion nor a structure that can be learned by running it, or a
        parameter was assigned after its use.
    OutOfRangeError
        When `index` names no single element.

    Notes
    -----
    Element gates, gates that move elements, sums and everything linear are derived from the gate's own
    forward, see `autograd_cnn.expansion.probing`. Values and gradients equal the original's in float64: exactly where
    the arithmetic is exact, else to rounding, since sums are taken in another order.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    >>> w = ag.Tensor([[3.0], [4.0]], requires_grad=True, name="w")
    >>> print(ag.tree(ag.expand(x @ w, level="scalar", index=(0, 0)).output))
    add  value 11
    ├─ multiply  value 3
    │  ├─ x[0,0]  value 1
    │  └─ w[0,0]  value 3
    └─ multiply  value 8
       ├─ x[0,1]  value 2
       └─ w[1,0]  value 4
    """
    check_node(node, "expand")
    if level not in ("tensor", "scalar"):
        raise ArgumentError(f"expand: level={level!r}, expected 'tensor' or 'scalar'")
    if level == "tensor":
        if index is not None:
            raise ArgumentError("expand: index= needs level='scalar'; at the tensor level expand node[index]")
        return Expansion(in_tensor_gates(node, inputs), {}, _seed(node, None))
    cells, scalars = in_scalars(node, inputs, index, count("expand", "limit", limit))
    single = index is not None or node.ndim == 0
    output: Any = cells[() if index is None else index] if single else cells
    if single and not isinstance(output, Node):
        output = Scalar(output, requires_grad=False)
    return Expansion(output, scalars, _seed(node, index))


def _seed(node: Node, index: Any) -> Any:
    """Return what a backward pass left on the node or its element, else ones."""
    seed = node.grad
    if seed is None:
        seed = np.ones(node.shape) if isinstance(node, Tensor) else 1.0
    return seed if index is None else float(np.asarray(seed)[index])
