"""Images becoming rows, on memory that stays the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.compilation.native.memory import Places, buffer
from autograd_cnn.compilation.native.users import Users
from autograd_cnn.graph import Node, Tensor


def reshape_chain(made: Node, users: Users) -> list[Node] | None:
    """Return the node alone, if a Tensor was reshaped."""
    return [made] if isinstance((made.inputs or (None,))[0], Tensor) else None


class Reshape:
    """One reshape: a copy in C order forwards, another view of the gradient back."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        (made,) = nodes
        (x,) = made.inputs or ()
        self.x, self.output, self.to_x = places.node(x), places.node(made), places.sink(x)
        rows = buffer(made.shape, made.dtype)
        self.shape, self.rows = x.shape, rows.reshape(x.shape)
        self.output._value = rows

    def forward(self) -> None:
        """Copy the numbers."""
        np.copyto(self.rows, self.x._value)

    def backward(self) -> None:
        """Send the gradient."""
        upstream: Any = self.output.grad
        if upstream is None or self.to_x is None:
            return
        part = upstream.reshape(self.shape)
        self.to_x.grad = part if self.to_x.grad is None else self.to_x.grad + part
