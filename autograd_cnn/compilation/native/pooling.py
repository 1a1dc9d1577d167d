"""A max pooling as one instruction."""

from __future__ import annotations

from typing import Any

from autograd_cnn.compilation.native.memory import Places, send
from autograd_cnn.compilation.native.users import Users
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.kernels import pooling
from autograd_cnn.kernels.workspace import Workspace


def pooling_chain(made: Node, users: Users) -> list[Node] | None:
    """Return the node alone, if the maxima of a Tensor were taken."""
    return [made] if isinstance((made.inputs or (None,))[0], Tensor) and made.size else None


class Pooling:
    """One max pooling; its memory lies as that of the first images does."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        (made,) = nodes
        (x,) = made.inputs or ()
        names = ("window", "stride", "padding", "dilation")
        self.windows: Any = tuple(made.attributes[name] for name in names)
        self.forwards: Any = (*self.windows, made.attributes["output_size"])
        self.x, self.output, self.to_x = places.node(x), places.node(made), places.sink(x)
        self.size = x.shape[2:]
        self.spaces = Workspace(), Workspace()
        self.results: Any = None
        self.of_x: Any = None

    def forward(self) -> None:
        """Take the maxima."""
        x = self.x._value
        self.results = pooling.max_pool2d(x, *self.forwards, out=self.results, workspace=self.spaces[0])
        self.output._value = self.results[0]

    def backward(self) -> None:
        """Send every gradient to the maximum of its window."""
        upstream: Any = self.output.grad
        if upstream is None or self.to_x is None:
            return
        more: Any = {"out": self.of_x, "workspace": self.spaces[1]}
        self.of_x = pooling.scatter_by_switches(upstream, self.results[1], self.size, *self.windows, **more)
        send(self.to_x, self.of_x)
