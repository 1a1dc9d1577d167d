"""Work on arrays: a long chain of small gates, and single layers of convolutional networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
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

    @property
    def options(self) -> dict[str, int]:
        """Return the arguments of conv2d beside its inputs."""
        return {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }


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
    """One convolution, forward and both gradients, from images to images as they lie in memory within a network.

    PyTorch's images are contiguous; ours are channels-last, which is how our convolutions leave them.
    """
    rng = np.random.default_rng(0)
    images = rng.standard_normal((layer.batch, layer.channels, layer.side, layer.side)).astype(np.float32)
    window = (layer.filters, layer.channels // layer.groups, layer.window, layer.window)
    weight = (rng.standard_normal(window) * 0.05).astype(np.float32)
    height = (layer.side + 2 * layer.padding - layer.dilation * (layer.window - 1) - 1) // layer.stride + 1
    upstream = rng.standard_normal((layer.batch, layer.filters, height, height)).astype(np.float32)

    def ours() -> Step:
        run = partial(F.conv2d, **layer.options, fit="floor")
        return _ours(run, [_channels_last(images), weight], _channels_last(upstream), 1)

    def torch() -> Step:
        from torch.nn.functional import conv2d

        return _torch(partial(conv2d, **layer.options), [images, weight], upstream, 1)

    return installed({OURS: ours, "PyTorch": torch})


def _channels_last(images: Any) -> Any:
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def max_pool() -> Steps:
    """Max pooling 2×2, forward with its switches and back."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((64, 32, 32, 32)).astype(np.float32)
    upstream = rng.standard_normal((64, 32, 16, 16)).astype(np.float32)

    def ours() -> Step:
        run = partial(F.max_pool2d, kernel_size=2)
        return _ours(run, [_channels_last(images)], _channels_last(upstream), 0)

    def torch() -> Step:
        from torch.nn.functional import max_pool2d

        return _torch(partial(max_pool2d, kernel_size=2), [images], upstream, 0)

    return installed({OURS: ours, "PyTorch": torch})


def batch_norm() -> Steps:
    """Batch norm of images in training, forward alone."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((64, 32, 32, 32)).astype(np.float32)
    scale, shift = np.ones(32, np.float32), np.zeros(32, np.float32)

    def ours() -> Step:
        x, w, b = ag.Tensor(_channels_last(images)), ag.Parameter(scale), ag.Parameter(shift)
        return lambda: F.batch_norm(x, None, None, w, b, training=True).value

    def torch() -> Step:
        from torch import from_numpy
        from torch.nn.functional import batch_norm as normalized

        x, w, b = (from_numpy(a) for a in (images, scale, shift))
        return lambda: normalized(x, None, None, w.requires_grad_(), b.requires_grad_(), training=True).detach()

    return installed({OURS: ours, "PyTorch": torch})


def cross_entropy() -> Steps:
    """The loss of 64 images in 10 classes, forward and back."""
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((64, 10)).astype(np.float32), rng.integers(0, 10, 64)

    def ours() -> Step:
        return _ours(lambda s: F.cross_entropy(s, labels), [scores], None, 0)

    def torch() -> Step:
        from torch import from_numpy
        from torch.nn.functional import cross_entropy as loss

        return _torch(lambda s: loss(s, from_numpy(labels)), [scores], None, 0)

    return installed({OURS: ours, "PyTorch": torch})


def _ours(run: Callable[..., Any], arrays: Sequence[Any], upstream: Any, wanted: int) -> Step:
    leaves = [ag.Tensor(a, requires_grad=True) for a in arrays]

    def step() -> Any:
        for leaf in leaves:
            leaf.zero_grad()
        run(*leaves).backward(upstream, retain="leaves")
        return leaves[wanted].grad

    return step


def _torch(run: Callable[..., Any], arrays: Sequence[Any], upstream: Any, wanted: int) -> Step:
    from torch import from_numpy

    leaves = [from_numpy(a).requires_grad_() for a in arrays]
    seed = None if upstream is None else from_numpy(upstream)

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        run(*leaves).backward(seed)
        return leaves[wanted].grad

    return step
