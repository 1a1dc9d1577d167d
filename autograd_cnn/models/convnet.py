"""A small convolutional network for CIFAR-10, as the notes draw it: [CONV -> RELU -> POOL]*3 -> FC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn import nn
from autograd_cnn.models.starting import started
from autograd_cnn.settings import count


def cifar_convnet(
    num_classes: int = 10,
    *,
    channels: int = 3,
    size: int = 32,
    widths: Sequence[int] = (32, 64, 128),
    norm: Any = None,
    rng: Any = None,
    dtype: Any = np.float32,
) -> nn.Sequential:
    """Return a ConvNet for images of `size` × `size`: 3×3 convolution, ReLU and 2×2 pooling per width, then FC.

    CS231n, convolutional networks, "ConvNet Architectures".

    Parameters
    ----------
    num_classes, channels : int
        Numbers of outputs, and of channels of the images.
    size : int
        Height and width of the images, which every pooling halves.
    widths : sequence of int
        Filters of each convolution.
    norm : callable, optional
        What makes a normalisation layer for so many channels, such as ``nn.BatchNorm2d``.
    rng, dtype
        As in `lenet5`.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> models.cifar_convnet(rng=0)[:-2].output_shape((3, 32, 32))
    (128, 4, 4)
    """
    layers: dict[str, nn.Module] = {}
    with nn.skeleton():
        for i, width in enumerate(widths, start=1):
            layers[f"conv{i}"] = nn.Conv2d(channels, width, 3, padding=1, dtype=dtype)
            layers |= {} if norm is None else {f"norm{i}": norm(width, dtype=dtype)}
            layers |= {f"relu{i}": nn.ReLU(), f"pool{i}": nn.MaxPool2d(2)}
            channels = width
        layers["flatten"] = nn.Flatten()
        size = count("cifar_convnet", "size", size)
        numbers = int(np.prod(nn.Sequential(layers).output_shape((layers["conv1"].in_channels, size, size))))
        model = nn.Sequential(layers | {"fc": nn.Linear(numbers, num_classes, dtype=dtype)})
    return started(model, rng)
