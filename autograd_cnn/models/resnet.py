"""ResNet: layers learn what to add to their input, so that depth does not hurt (He et al. 2015); and SE-ResNet."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograd_cnn import nn
from autograd_cnn.models.starting import started
from autograd_cnn.suggestions import suggesting


@suggesting("_resnet")
def resnet18(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return ResNet-18 for images of 224×224.

    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, table 1. Names and values of a
    state dict are torchvision's.

    Parameters
    ----------
    num_classes : int
        Number of outputs.
    channels : int
        Channels of the images, 3.
    width : int
        Filters of the first convolution, 64; all other widths change in proportion.
    rng, dtype
        As in `lenet5`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.resnet18()
    >>> sum(p.size for p in model.parameters())
    11689512
    """
    return _resnet(nn.BasicBlock, (2, 2, 2, 2), num_classes, **options)


@suggesting("_resnet")
def resnet34(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return ResNet-34; see `resnet18`."""
    return _resnet(nn.BasicBlock, (3, 4, 6, 3), num_classes, **options)


@suggesting("_resnet")
def resnet50(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return ResNet-50, whose blocks are bottlenecks, with the stride in their 3×3 as in torch; see `resnet18`."""
    return _resnet(nn.Bottleneck, (3, 4, 6, 3), num_classes, **options)


@suggesting("_resnet")
def se_resnet18(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return ResNet-18 whose blocks weigh their channels; see `se_resnet50` and `resnet18`."""
    return _resnet(nn.BasicBlock, (2, 2, 2, 2), num_classes, reduction=16, **options)


@suggesting("_resnet")
def se_resnet50(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return ResNet-50 whose blocks weigh their channels by squeeze and excitation.

    Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2017: each block's ``se`` squeezes to 1/16 of its
    channels. Parameters as in `resnet18`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.se_resnet50()
    >>> sum(p.size for p in model.parameters())
    28088024
    """
    return _resnet(nn.Bottleneck, (3, 4, 6, 3), num_classes, reduction=16, **options)


def _resnet(
    block: Any,
    counts: tuple[int, ...],
    num_classes: int,
    *,
    reduction: int | None = None,
    channels: int = 3,
    width: int = 64,
    rng: Any = None,
    dtype: Any = np.float32,
) -> nn.Sequential:
    norm = partial(nn.BatchNorm2d, dtype=dtype)

    def excite(channels: int) -> nn.Module:
        return nn.SqueezeExcitation(channels, max(1, channels // (reduction or 1)), dtype=dtype)

    def stage(filters: int, count: int, stride: int, before: int) -> nn.Sequential:
        wider = 4 if block is nn.Bottleneck else 1
        options = {"norm": norm, "excite": excite if reduction else None, "dtype": dtype}
        first = block(before, filters, stride, **options)
        return nn.Sequential(first, *(block(wider * filters, filters, **options) for _ in range(count - 1)))

    with nn.skeleton():
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(channels, width, 7, 2, 3, bias=False, fit="floor", dtype=dtype),
            "bn1": norm(width),
            "relu": nn.ReLU(),
            "maxpool": nn.MaxPool2d(3, 2, 1, fit="floor"),
        }
        before = width
        for i, count in enumerate(counts):
            layers[f"layer{i + 1}"] = stage(width << i, count, 1 if i == 0 else 2, before)
            before = (width << i) * (4 if block is nn.Bottleneck else 1)
        layers |= {"avgpool": nn.AdaptiveAvgPool2d((1, 1)), "flatten": nn.Flatten()}
        model = nn.Sequential(layers | {"fc": nn.Linear(before, num_classes, dtype=dtype)})
    return started(model, rng, mode="fan_out")
