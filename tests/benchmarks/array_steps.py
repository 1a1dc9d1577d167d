"""Work on arrays: a long chain of small gates, and single layers of convolutional networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import kernels
from tests.benchmarks.work import OURS, Step, Steps, installed


def chain(size: int = 16, length: int = 100) -> Steps:
    """Multiply and add arrays of 16 numbers by turns, and go back: the cost of a gate itself."""
    x, w = np.linspace(0.5, 1.5, size), np.full(size, 0.99)

    def along(start: Any, weight: Any) -> Any:
        y = start
        for _ in range(length):
            y = y * weight + start
        return y.sum()

    def recorded(leaf: Callable[[Any], Any], weight: Any) -> Step:
        def step() -> Any:
            start = leaf(x)
            along(start, weight).backward()
            return start.grad

        return step

    def torch() -> Step:
        from torch import from_numpy, tensor

        return recorded(partial(tensor, requires_grad=True), from_numpy(w))

    def mygrad() -> Step:
        from mygrad import tensor

        return recorded(tensor, w)

    def hips() -> Step:
        from autograd import grad

        gradient = grad(lambda start: along(start, w))
        return lambda: gradient(x)

    ours = partial(recorded, partial(ag.Tensor, requires_grad=True), ag.Tensor(w))
    return installed({OURS: ours, "PyTorch": torch, "MyGrad": mygrad, "HIPS autograd": hips})


@dataclass(frozen=True)
class Convolution:
    """One convolution of a known network, with batch, channels in and out, side of the images and of the window."""

    batch: int
    channels: int
    filters: int
    side: int
    window: int = 3
    stride: int = 1
    padding: int = 1
    dilation: int = 1
    groups: int = 1


LAYERS_3X3 = {
    "3×3, 32 channels, 32×32": Convolution(64, 32, 32, 32),
    "3×3, 64 channels, 56×56 (VGG)": Convolution(4, 64, 64, 56),
    "3×3, 128 channels, 28×28 (VGG)": Convolution(4, 128, 128, 28),
    "3×3, 256 channels, 14×14 (VGG)": Convolution(4, 256, 256, 14),
}
"""Layers of VGG, ResNet and the CIFAR ConvNet."""
OTHER_LAYERS = {
    "1×1, 256 to 64 channels, 56×56 (ResNet)": Convolution(4, 256, 64, 56, 1, padding=0),
    "7×7 stride 2, 3 to 64 channels, 224×224 (ResNet)": Convolution(1, 3, 64, 224, 7, 2, 3),
    "3×3 stride 2, 64 to 128 channels, 32×32": Convolution(16, 64, 128, 32, stride=2),
    "3×3 dilation 2, 64 channels, 32×32": Convolution(16, 64, 64, 32, padding=2, dilation=2),
    "3×3 in 4 groups, 64 channels, 32×32": Convolution(16, 64, 64, 32, groups=4),
    "3×3 depthwise, 64 channels, 32×32": Convolution(16, 64, 64, 32, groups=64),
}


def convolution(layer: Convolution) -> Steps:
    """One convolution, forward and both gradients, kernels alone, on images as they lie in memory within a network.

    PyTorch's are contiguous; ours are channels-last, which is how our convolutions leave them.
    """
    rng = np.random.default_rng(0)
    images = rng.standard_normal((layer.batch, layer.channels, layer.side, layer.side)).astype(np.float32)
    window = (layer.filters, layer.channels // layer.groups, layer.window, layer.window)
    weight = (rng.standard_normal(window) * 0.05).astype(np.float32)
    height = (layer.side + 2 * layer.padding - layer.dilation * (layer.window - 1) - 1) // layer.stride + 1
    upstream = rng.standard_normal((layer.batch, layer.filters, height, height)).astype(np.float32)
    stride, padding, dilation = ((n, n) for n in (layer.stride, layer.padding, layer.dilation))

    def ours() -> Step:
        x, u = _channels_last(images), _channels_last(upstream)
        moves = stride, (padding, padding), dilation, layer.groups

        def step() -> Any:
            kernels.conv2d(x, weight, *moves, (height, height))
            kernels.conv2d_input_gradient(u, weight, (layer.side, layer.side), *moves)
            return kernels.conv2d_weight_gradient(u, x, (layer.window, layer.window), *moves)

        return step

    def torch() -> Step:
        from torch import from_numpy, ops

        x, w, u = map(from_numpy, (images, weight, upstream))
        moves = stride, padding, dilation, False, [0, 0], layer.groups

        def step() -> Any:
            ops.aten.convolution(x, w, None, *moves)
            return ops.aten.convolution_backward(u, x, w, None, *moves, [True, True, False])[1]

        return step

    return installed({OURS: ours, "PyTorch": torch})


def _channels_last(images: Any) -> Any:
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def max_pool(in_place: bool = False) -> Steps:
    """Max pooling 2×2, forward with its switches and back by them, kernels alone.

    `in_place` writes into memory that is there, as compiled programs do; PyTorch allocates its results.
    """
    rng = np.random.default_rng(0)
    images = rng.standard_normal((64, 32, 32, 32)).astype(np.float32)
    upstream = rng.standard_normal((64, 32, 16, 16)).astype(np.float32)

    def ours() -> Step:
        x, u = _channels_last(images), _channels_last(upstream)
        windows = (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)
        found = kernels.max_pool2d(x, *windows, (16, 16)) if in_place else None
        gradient = np.empty_like(x) if in_place else None

        def step() -> Any:
            _, switches = kernels.max_pool2d(x, *windows, (16, 16), out=found)
            return kernels.scatter_by_switches(u, switches, (32, 32), *windows, out=gradient)

        return step

    def torch() -> Step:
        from torch import from_numpy, ops

        x, u = from_numpy(images), from_numpy(upstream)
        windows = [2, 2], [2, 2], [0, 0], [1, 1], False

        def step() -> Any:
            _, places = ops.aten.max_pool2d_with_indices(x, *windows)
            return ops.aten.max_pool2d_with_indices_backward(u, x, *windows, places)

        return step

    return installed({OURS: ours, "PyTorch": torch})


def batch_norm() -> Steps:
    """Batch norm of images in training, forward alone."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((64, 32, 32, 32)).astype(np.float32)
    scale, shift = np.ones(32, np.float32), np.zeros(32, np.float32)

    def ours() -> Step:
        x, w, b = ag.Tensor(images), ag.Parameter(scale), ag.Parameter(shift)
        return lambda: F.batch_norm(x, None, None, w, b, training=True).value

    def torch() -> Step:
        from torch import from_numpy
        from torch.nn.functional import batch_norm as normalized

        x, w, b = (from_numpy(a) for a in (images, scale, shift))
        return lambda: normalized(x, None, None, w.requires_grad_(), b.requires_grad_(), training=True).detach()

    return installed({OURS: ours, "PyTorch": torch})


def cross_entropy(kernel: bool = False) -> Steps:
    """The mean loss of 64 images in 10 classes, and its gradient: recorded, or by the kernel alone, in place."""
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((64, 10)).astype(np.float32), rng.integers(0, 10, 64)

    def kernels_alone() -> Step:
        losses, gradient = np.empty(64, np.float32), np.empty((64, 10), np.float32)
        share = np.full(64, 1 / 64, np.float32)

        def step() -> Any:
            kernels.cross_entropy(scores, labels, out=(losses, gradient))
            np.add.reduce(losses)
            return np.multiply(gradient, share[:, None], out=gradient)

        return step

    def ours() -> Step:
        leaf = ag.Tensor(scores, requires_grad=True)

        def step() -> Any:
            leaf.zero_grad()
            F.cross_entropy(leaf, labels).backward(retain="leaves")
            return leaf.grad

        return step

    def torch() -> Step:
        from torch import from_numpy
        from torch.nn.functional import cross_entropy as loss

        leaf, targets = from_numpy(scores).requires_grad_(), from_numpy(labels)

        def step() -> Any:
            leaf.grad = None
            loss(leaf, targets).backward()
            return leaf.grad

        return step

    return installed({OURS: kernels_alone if kernel else ours, "PyTorch": torch})
