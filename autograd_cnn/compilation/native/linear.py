"""A fully connected layer as one instruction: x·Wᵀ + b, with or without ReLU."""

from __future__ import annotations

from typing import Any

from autograd_cnn.compilation.native.ending import Ending
from autograd_cnn.compilation.native.memory import Kept, Places, buffer, give, send
from autograd_cnn.compilation.native.users import Users, is_made_by
from autograd_cnn.graph import Node, Parameter, Tensor
from autograd_cnn.kernels.matrix_product import product_into
from autograd_cnn.kernels.workspace import Workspace


def linear_chain(product: Node, users: Users) -> list[Node] | None:
    """Return transpose, matmul, add and, if it follows, relu, where they are a layer on (N, in) of floats; or None."""
    x, turned = product.inputs or (None, None)
    if not isinstance(x, Tensor) or not is_made_by(turned, "transpose") or users.only(turned, "matmul") is None:
        return None
    weight = turned.inputs[0]
    added = users.only(product, "add")
    if added is None or (added.inputs or ())[0] is not product:
        return None
    bias = (added.inputs or ())[1]
    shapes_fit = x.ndim == weight.ndim == 2 and isinstance(bias, Parameter) and bias.shape == product.shape[1:]
    if not shapes_fit or not isinstance(weight, Parameter) or not x.dtype == weight.dtype == bias.dtype:
        return None
    active = users.only(added, "relu")
    return [turned, product, added, *([] if active is None else [active])]


class Linear:
    """What `linear_chain` found, done by BLAS and two kernels."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        turned, product, added = nodes[:3]
        (weight,), x, bias = turned.inputs or (), (product.inputs or ())[0], (added.inputs or ())[1]
        self.x, self.weight, self.bias = map(places.node, (x, weight, bias))
        self.to_x, self.to_weight, self.to_bias = map(places.sink, (x, weight, bias))
        self.output = places.node(nodes[-1])
        self.spaces = Workspace(), Workspace(), Workspace()
        self.y = buffer(product.shape, product.dtype)
        self.ending = Ending(self.y, None, nodes[2:], places)
        self.output._value = self.ending.result
        self.of_x: Any = buffer(x.shape, x.dtype) if self.to_x is not None else None
        self.of_weight, self.of_bias = Kept(weight.shape, weight.dtype), Kept(bias.shape, bias.dtype)

    def forward(self) -> None:
        """Compute the layer."""
        product_into(self.x._value, self.weight._value.T, self.y, self.spaces[0])
        self.ending.forward(self.bias._value)

    def backward(self) -> None:
        """Send the gradients of input, weight and bias."""
        upstream: Any = self.output.grad
        if upstream is None:
            return
        of_bias = self.of_bias.array()
        self.ending.backward(upstream, of_bias)
        sent = self.ending.sent
        if self.to_bias is not None:
            give(self.to_bias, of_bias)
        if self.to_x is not None:
            product_into(sent, self.weight._value, self.of_x, self.spaces[1])
            send(self.to_x, self.of_x)
        if self.to_weight is not None:
            of_weight = self.of_weight.array()
            product_into(sent.T, self.x._value, of_weight, self.spaces[2])
            give(self.to_weight, of_weight)
