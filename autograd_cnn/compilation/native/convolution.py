"""A convolution as one instruction, with what follows it: bias, ReLU, max pooling by windows of 2 by 2."""

from __future__ import annotations

from typing import Any

from autograd_cnn.compilation.native.ending import Ending, PooledEnding
from autograd_cnn.compilation.native.memory import Kept, Places, send
from autograd_cnn.compilation.native.users import Users, is_made_by
from autograd_cnn.graph import Node, Parameter, Tensor
from autograd_cnn.kernels import convolution, image_rows, planning
from autograd_cnn.kernels.pooling import halves
from autograd_cnn.kernels.workspace import Workspace

ORDERS = {
    "channels-first": image_rows.PLANES,
    "channels-last": image_rows.CHANNELS_LAST,
    "batch-last": image_rows.BATCH_LAST,
}


def convolution_chain(product: Node, users: Users) -> list[Node] | None:
    """Return conv2d and what follows of reshape and add (the bias), relu, and max_pool2d of halves; or None."""
    x, weight = product.inputs or (None, None)
    if not isinstance(x, Tensor) or not isinstance(weight, Tensor) or x.dtype != weight.dtype or not product.size:
        return None
    chain = [product]
    added = users.only(product, "add")
    if added is not None and _is_bias((added.inputs or ())[1], product, users):
        chain += [(added.inputs or ())[1], added]
        active = users.only(added, "relu")
        if active is not None:
            chain.append(active)
            pooled = users.only(active, "max_pool2d")
            if pooled is not None and _is_of_halves(pooled):
                chain.append(pooled)
    return chain


def _is_bias(x: Any, product: Node, users: Users) -> bool:
    if not is_made_by(x, "reshape") or users.only(x, "add") is None or x.shape != (1, product.shape[1], 1, 1):
        return False
    return isinstance(x.inputs[0], Parameter) and x.dtype == product.dtype


def _is_of_halves(pooled: Node) -> bool:
    (x,), windows = pooled.inputs or (), pooled.attributes
    sizes = (windows[name] for name in ("output_size", "window", "stride", "padding", "dilation"))
    return halves(x.shape[2:], *sizes)


class Convolution:
    """What `convolution_chain` found."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        product, names = nodes[0], [node.gate.name for node in nodes if node.gate is not None]
        x, weight = product.inputs or ()
        self.windows: Any = tuple(product.attributes[name] for name in ("stride", "padding", "dilation", "groups"))
        self.forwards: Any = (*self.windows, product.attributes["output_size"])
        self.x, self.weight, self.output = map(places.node, (x, weight, nodes[-1]))
        self.to_x, self.to_weight = places.sink(x), places.sink(weight)
        self.spaces = Workspace(), Workspace(), Workspace()
        shapes = x.shape, weight.shape, product.attributes["output_size"], product.dtype, *self.windows
        order = _order("forward", *shapes)
        self.product = image_rows.empty_images(product.shape, order, product.dtype, Workspace())
        self.of_weight = Kept(weight.shape, weight.dtype)
        order_of_x = _order("input gradient", *shapes)
        self.of_x = (
            image_rows.empty_images(x.shape, order_of_x, x.dtype, Workspace()) if self.to_x is not None else None
        )
        self.ending: Ending | PooledEnding | None = None
        if "max_pool2d" in names:
            self.ending = PooledEnding(self.product, order, nodes[-1].shape)
        elif "add" in names:
            self.ending = Ending(self.product, order, "relu" in names)
        if self.ending is not None:
            (bias,) = nodes[1].inputs or ()
            self.bias, self.to_bias = places.node(bias), places.sink(bias)
            self.of_bias = Kept(bias.shape, bias.dtype)
        self.output._value = self.product if self.ending is None else self.ending.result

    def forward(self) -> None:
        """Compute the convolution and what follows."""
        more: Any = {"out": self.product, "workspace": self.spaces[0]}
        convolution.conv2d(self.x._value, self.weight._value, *self.forwards, **more)
        if self.ending is not None:
            self.ending.forward(self.bias._value)

    def backward(self) -> None:
        """Send the gradients of images, weight and bias."""
        sent: Any = self.output.grad
        if sent is None:
            return
        if self.ending is not None:
            of_bias = self.of_bias.array()
            self.ending.backward(sent, of_bias)
            sent = self.ending.sent
            if self.to_bias is not None:
                send(self.to_bias, of_bias)
        x, weight = self.x._value, self.weight._value
        if self.of_x is not None:
            more: Any = {"out": self.of_x, "workspace": self.spaces[1]}
            convolution.conv2d_input_gradient(sent, weight, x.shape[2:], *self.windows, **more)
            send(self.to_x, self.of_x)
        if self.to_weight is not None:
            of_weight = self.of_weight.array()
            more = {"out": of_weight, "workspace": self.spaces[2]}
            convolution.conv2d_weight_gradient(sent, x, weight.shape[2:], *self.windows, **more)
            send(self.to_weight, of_weight)


def _order(part: planning.Part, x: Any, weight: Any, output: Any, dtype: Any, *windows: Any) -> image_rows.Order:
    """Return the order in which the result of this part of a convolution had best lie."""
    return ORDERS[planning.choice(planning.Convolution(part, x, weight, output, dtype, *windows)).layout]
