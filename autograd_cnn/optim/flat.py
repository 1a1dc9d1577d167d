"""All parameters as one vector: what searches and second-order methods move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.optim.groups import trainable
from autograd_cnn.recording import no_grad

Vector: TypeAlias = NDArray[np.float64]


class Flat:
    """Parameters whose elements lie one after the other in a vector of float64."""

    def __init__(self, kind: str, params: Any) -> None:
        self.kind = kind
        self.leaves = trainable(kind, params)
        self.sizes = [leaf.size for leaf in self.leaves]

    def values(self) -> Vector:
        """Return where the parameters are."""
        return self.joined([leaf.value for leaf in self.leaves])

    def assign(self, vector: Vector) -> None:
        """Write the parameters; they keep their dtypes."""
        for leaf, part in zip(self.leaves, self.parts(vector), strict=True):
            leaf.assign(part)  # type: ignore[arg-type]  # a Scalar takes a 0-d array

    def joined(self, parts: Sequence[Any]) -> Vector:
        """Return one vector of arrays like the parameters; None stands for zeros."""
        filled = [np.zeros(size) if part is None else part for part, size in zip(parts, self.sizes, strict=True)]
        return np.concatenate([np.asarray(part, np.float64).ravel() for part in filled])

    def parts(self, vector: Vector) -> list[NDArray[Any]]:
        """Return a vector as arrays like the parameters, in their dtypes."""
        pieces = np.split(vector, np.cumsum(self.sizes)[:-1])
        return [piece.reshape(leaf.shape).astype(leaf.dtype) for piece, leaf in zip(pieces, self.leaves, strict=True)]

    def dot(self, gradients: Sequence[Any], vector: Vector) -> Node | None:
        """Return the product of gradients that can be differentiated with a vector, or None for no gradient."""
        total = None
        for gradient, part in zip(gradients, self.parts(vector), strict=True):
            if isinstance(gradient, Node):
                product = gradient * (part.item() if isinstance(gradient, Scalar) else part)
                term = product if isinstance(product, Scalar) else product.sum()
                total = term if total is None else total + term
        return total

    def measured(self, closure: Callable[[], Any]) -> float:
        """Return the loss of the parameters as they are, without recording."""
        with no_grad():
            loss = closure()
        if isinstance(loss, Node) and loss.size != 1:
            raise ArgumentError(f"{self.kind}: the closure returned shape {loss.shape}, expected one number: the loss")
        try:
            return float(loss.item() if isinstance(loss, Node) else loss)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"{self.kind}: the closure returned {type(loss).__name__}, expected one number: the loss"
            ) from None
