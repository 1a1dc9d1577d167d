"""A convolution as one instruction, with what follows it: bias, ReLU, max pooling by windows of 2 by 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native.ending import Ending, PooledEnding
from autograd_cnn.compilation.native.memory import Kept, Places, give, send
from autograd_cnn.compilation.native.users import Users, is_made_by
from autograd_cnn.graph import Array, Node, Parameter, Tensor
from autograd_cnn.kernels import geometry, image_rows, planning
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
            if pooled is not None and _may_be_pooled(active, users.look) and _is_of_halves(pooled):
                chain.append(pooled)
    return chain


def _is_bias(x: Any, product: Node, users: Users) -> bool:
    if not is_made_by(x, "reshape") or users.only(x, "add") is None or x.shape != (1, product.shape[1], 1, 1):
        return False
    return isinstance(x.inputs[0], Parameter) and x.dtype == product.dtype


def _may_be_pooled(active: Node, look: Look) -> bool:
    """Whether nobody misses the values of a ReLU: of float64 numbers counts do not tell whether all are 0."""
    return look == Look.NOTHING or (look == Look.COUNTS and active.dtype == np.float32)


def _is_of_halves(pooled: Node) -> bool:
    (x,), windows = pooled.inputs or (), pooled.attributes
    sizes = (windows[name] for name in ("output_size", "window", "stride", "padding", "dilation"))
    return halves(x.shape[2:], *sizes)


class Convolution:
    """What `convolution_chain` found; the algorithms are chosen once."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        product = nodes[0]
        x, weight = product.inputs or ()
        self.x, self.weight, self.output = map(places.node, (x, weight, nodes[-1]))
        self.to_x, self.to_weight = places.sink(x), places.sink(weight)
        order = _order(product, "forward")
        self.product = _images(product, order)
        self.compute = planning.prepared(_geometry(product, "forward"), Workspace())
        if self.to_x is not None:
            self.of_x = _images(x, _order(product, "input gradient"))
            self.compute_of_x = planning.prepared(_geometry(product, "input gradient"), Workspace())
        self.of_weight = Kept(weight.shape, weight.dtype)
        self.compute_of_weight = planning.prepared(_geometry(product, "weight gradient"), Workspace())
        self.ending = self._ending(nodes, order, places)
        self.output._value = self.product if self.ending is None else self.ending.result

    def _ending(self, nodes: list[Node], order: image_rows.Order, places: Places) -> Ending | PooledEnding | None:
        """Return what follows the product, if anything does."""
        if len(nodes) == 1:
            return None
        (bias,) = nodes[1].inputs or ()
        self.bias, self.to_bias = places.node(bias), places.sink(bias)
        self.of_bias = Kept(bias.shape, bias.dtype)
        if is_made_by(nodes[-1], "max_pool2d"):
            return PooledEnding(self.product, order, nodes[-1].shape, nodes, places)
        return Ending(self.product, order, nodes[2:], places)

    def forward(self) -> None:
        """Compute the convolution and what follows."""
        self.compute(self.x._value, self.weight._value, self.product)
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
                give(self.to_bias, of_bias)
        if self.to_x is not None:
            self.compute_of_x(sent, self.weight._value, self.of_x)
            send(self.to_x, self.of_x)
        if self.to_weight is not None:
            of_weight = self.of_weight.array()
            self.compute_of_weight(sent, self.x._value, of_weight)
            give(self.to_weight, of_weight)


def images_for(product: Node) -> Array:
    """Return memory for the images of a convolution, in the order in which it had best read them."""
    return _images((product.inputs or ())[0], _order(product, "forward"))


def _geometry(product: Node, part: geometry.Part) -> geometry.Convolution:
    """Return the shapes of a convolution, of which one part is asked for."""
    x, weight = product.inputs or ()
    windows = (product.attributes[name] for name in ("output_size", "stride", "padding", "dilation", "groups"))
    output_size, *moves = windows
    return geometry.Convolution(part, x.shape, weight.shape, output_size, product.dtype, *moves)


def _order(product: Node, part: geometry.Part) -> image_rows.Order:
    """Return the order in which the result of this part of a convolution had best lie."""
    return ORDERS[planning.choice(_geometry(product, part)).layout]


def _images(node: Node, order: image_rows.Order) -> Array:
    return image_rows.empty_images(node.shape, order, node.dtype, Workspace())
