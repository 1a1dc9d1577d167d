"""Hierarchical softmax: a loss for many classes that costs the depth of a tree, not the number of classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_cnn import functional, init, live
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import same_dtype
from autograd_cnn.functional.targets import check_reduction, classes, reduced
from autograd_cnn.gates.classification import binary_cross_entropy_with_logits
from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.linear import matmul
from autograd_cnn.gates.shape import concatenate, getitem, reshape
from autograd_cnn.graph import Node, Parameter
from autograd_cnn.memory import check_room
from autograd_cnn.nn.arguments import floating
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.unallocated import filled, started
from autograd_cnn.random import generator
from autograd_cnn.settings import count

_LEAST_BYTES = 25
"""What a step on the way to a class takes at least: a node, a turn, whether it is one, and where it is listed."""


class HierarchicalSoftmax(Module):
    """Classes as leaves of a binary tree: every inner node decides between left and right.

    The probability of a class is the product of the decisions on its path. A loss computes only the
    scores on the path of the label, about log₂ K of K − 1.

    CS231n, neural networks part 2, "large number of classes"; Morin and Bengio 2005.

    Parameters
    ----------
    in_features : int
        Size of each sample.
    n_classes : int
        Number K of classes, at least 2.
    tree : nested pairs of int, optional
        Such as ``((0, 1), (2, (3, 4)))``, each class once: classes that are alike, or frequent ones
        near the root, learn better. A balanced tree by default.
    bias : bool
        Whether each inner node has a number of its own added.
    reduction : {"mean", "sum", "none"}
        How the losses of a batch become one.
    rng : numpy.random.Generator or int, optional
        Where the starting weights come from; the default generator.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (K − 1, in_features) Parameter
        One classifier per inner node: the two-class softmax, which is a sigmoid.
    bias : (K − 1,) Parameter or None
    nodes, turns, on_path : (K, depth) ndarray
        Inner nodes on the path of each class, whether it goes right there (1), and where it has ended (False).

    Raises
    ------
    ArgumentError, OutOfMemoryError
        When the tree does not hold each class once, a setting is not allowed, or the paths do not fit in memory.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> layer = nn.HierarchicalSoftmax(4, 5, rng=0)
    >>> probabilities = np.exp(layer.log_prob(np.ones((1, 4), np.float32)).value)
    >>> round(float(probabilities.sum()), 6)
    1.0
    """

    _name = "loss"

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        tree: Any = None,
        bias: bool = True,
        *,
        reduction: str = "mean",
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_features = count("HierarchicalSoftmax", "in_features", in_features)
        self.n_classes = count("HierarchicalSoftmax", "n_classes", n_classes)
        check_reduction("HierarchicalSoftmax", reduction)
        self.reduction = reduction
        self.nodes, self.turns, self.on_path = _paths(self.n_classes, tree)
        dtype, rng = floating("HierarchicalSoftmax", dtype), generator(rng)
        shape = (n_classes - 1, in_features)
        self.weight = started(shape, dtype, lambda weight: init.kaiming_uniform_(weight, a=math.sqrt(5), rng=rng))
        self.bias = Parameter(filled((n_classes - 1,), 0, dtype)) if bias else None

    def forward(self, x: Any, labels: ArrayLike | Node) -> Any:
        """Return the loss, −log p[label], of samples (N, in_features) for labels (N,)."""
        self._check(x)
        labels = classes("HierarchicalSoftmax", (x.shape[0], self.n_classes), labels)
        path = self.nodes[labels]
        columns = reshape(x, shape=(*x.shape, 1))
        scores = reshape(matmul(getitem(self.weight, index=path), columns), shape=path.shape)
        if self.bias is not None:
            scores = scores + getitem(self.bias, index=path)
        costs = binary_cross_entropy_with_logits(scores, self.turns[labels].astype(scores.dtype), 1.0)
        return reduced("HierarchicalSoftmax", where(self.on_path[labels], costs, 0).sum(axis=1), self.reduction)

    def log_prob(self, x: Any) -> Any:
        """Return the logarithms of the probabilities of all classes, (N, K), for samples (N, in_features)."""
        self._check(x)
        scores = functional.linear(x, self.weight, self.bias)
        left, right = (binary_cross_entropy_with_logits(scores, turn, 1.0) for turn in (0, 1))
        both = concatenate(left, right, axis=1)
        costs = getitem(both, index=(slice(None), self.nodes + self.turns * (self.n_classes - 1)))
        return -where(self.on_path, costs, 0).sum(axis=-1)

    def predict(self, x: Any) -> NDArray[np.intp]:
        """Return the most probable class of each sample, (N,)."""
        logs = self.log_prob(x)
        winners: NDArray[np.intp] = np.argmax(live.array(logs), axis=1)
        return winners

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, n_classes={self.n_classes}, depth={self.nodes.shape[1]}"

    def _check(self, x: Any) -> None:
        if len(x.shape) != 2 or x.shape[1] != self.in_features:
            raise ShapeError(f"HierarchicalSoftmax: input of shape {x.shape}, expected (N, {self.in_features})")
        same_dtype("HierarchicalSoftmax", x, self.weight)


def _paths(n_classes: int, tree: Any) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return each class's inner nodes, numbered from the root, its turns there, and which of them are real."""
    if tree is None:
        shape = (n_classes, (n_classes - 1).bit_length())
        check_room("HierarchicalSoftmax: paths", shape, _LEAST_BYTES, "take fewer classes")
    found: dict[int, list[tuple[int, int]]] = {}
    inner = 0
    pending: list[tuple[Any, list[tuple[int, int]]]] = [(range(n_classes) if tree is None else tree, [])]
    while pending:
        part, path = pending.pop()
        if isinstance(part, range) and len(part) > 1:
            part = part[: (len(part) + 1) // 2], part[(len(part) + 1) // 2 :]
        elif isinstance(part, range):
            part = part[0]
        if isinstance(part, tuple | list) and len(part) == 2:
            pending += [(part[1], [*path, (inner, 1)]), (part[0], [*path, (inner, 0)])]
            inner += 1
        elif isinstance(part, int) and part not in found:
            found[part] = path
        else:
            raise ArgumentError(f"HierarchicalSoftmax: {part!r} in the tree, expected pairs and each class once")
    if n_classes < 2 or len(found) != n_classes or sorted(found) != list(range(n_classes)):
        raise ArgumentError(
            f"HierarchicalSoftmax: the tree holds {len(found)} classes, expected 0 to {n_classes - 1}, at least two"
        )
    depth = max(map(len, found.values()))
    nodes, turns = np.zeros((2, n_classes, depth), np.intp)
    for label, path in found.items():
        nodes[label, : len(path)], turns[label, : len(path)] = zip(*path, strict=True)
    lengths = np.array([[len(found[label])] for label in range(n_classes)])
    return nodes, turns, np.arange(depth) < lengths
