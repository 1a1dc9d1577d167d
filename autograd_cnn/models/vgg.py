"""VGG: nothing but 3×3 convolutions and 2×2 pooling, and depth (Simonyan and Zisserman 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn import nn
from autograd_cnn.models.starting import started
from autograd_cnn.random import generator
from autograd_cnn.suggestions import suggesting

_CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""How many convolutions stand before each of the five poolings: configurations A, B, D and E of the paper."""


@suggesting("_vgg")
def vgg11(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-11, configuration A; see `vgg16`."""
    return _vgg(11, num_classes, **options)


@suggesting("_vgg")
def vgg11_bn(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-11 with batch norm after each convolution; see `vgg16`."""
    return _vgg(11, num_classes, norm=nn.BatchNorm2d, **options)


@suggesting("_vgg")
def vgg13(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-13, configuration B; see `vgg16`."""
    return _vgg(13, num_classes, **options)


@suggesting("_vgg")
def vgg13_bn(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-13 with batch norm after each convolution; see `vgg16`."""
    return _vgg(13, num_classes, norm=nn.BatchNorm2d, **options)


@suggesting("_vgg")
def vgg16(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-16, configuration D, for images of 224×224, at least 32×32.

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014. Names
    and values of a state dict are torchvision's.

    Parameters
    ----------
    num_classes : int
        Number of outputs.
    channels : int
        Channels of the images, 3.
    width : int
        Filters of the first convolutions, 64; all other widths change in proportion.
    dropout : float
        Probability of dropping after the first two linear layers, 0.5.
    rng, dtype
        As in `alexnet`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.vgg16()
    >>> sum(p.size for p in model.parameters())
    138357544
    """
    return _vgg(16, num_classes, **options)


@suggesting("_vgg")
def vgg16_bn(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-16 with batch norm after each convolution; see `vgg16`."""
    return _vgg(16, num_classes, norm=nn.BatchNorm2d, **options)


@suggesting("_vgg")
def vgg19(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-19, configuration E; see `vgg16`."""
    return _vgg(19, num_classes, **options)


@suggesting("_vgg")
def vgg19_bn(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return VGG-19 with batch norm after each convolution; see `vgg16`."""
    return _vgg(19, num_classes, norm=nn.BatchNorm2d, **options)


def _vgg(
    layers: int,
    num_classes: int,
    *,
    norm: Any = None,
    channels: int = 3,
    width: int = 64,
    dropout: float = 0.5,
    rng: Any = None,
    dtype: Any = np.float32,
) -> nn.Sequential:
    rng, features = generator(rng), list[nn.Module]()
    with nn.skeleton():
        for count, times in zip(_CONVOLUTIONS[layers], (1, 2, 4, 8, 8), strict=True):
            for _ in range(count):
                features.append(nn.Conv2d(channels, times * width, 3, padding=1, dtype=dtype))
                channels = times * width
                features += [] if norm is None else [norm(channels, dtype=dtype)]
                features.append(nn.ReLU())
            features.append(nn.MaxPool2d(2, fit="floor"))
        classifier = nn.Sequential(
            nn.Linear(7 * 7 * channels, 64 * width, dtype=dtype),
            nn.ReLU(),
            nn.Dropout(dropout, rng=rng),
            nn.Linear(64 * width, 64 * width, dtype=dtype),
            nn.ReLU(),
            nn.Dropout(dropout, rng=rng),
            nn.Linear(64 * width, num_classes, dtype=dtype),
        )
        model = nn.Sequential(
            features=nn.Sequential(*features),
            avgpool=nn.AdaptiveAvgPool2d((7, 7)),
            flatten=nn.Flatten(),
            classifier=classifier,
        )
    return started(model, rng, mode="fan_out", deviation=0.01)
