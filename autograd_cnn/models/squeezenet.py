"""SqueezeNet: AlexNet's accuracy with 50 times fewer parameters (Iandola et al. 2016)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograd_cnn import nn
from autograd_cnn.models.starting import started
from autograd_cnn.random import generator
from autograd_cnn.suggestions import suggesting

_SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)
"""Channels between the two halves of each fire block, which expands them to eight times as many."""


@suggesting("_squeezenet")
def squeezenet1_0(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return SqueezeNet 1.0 for images of 224×224, at least 21×21.

    Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", 2016.
    Names and values of a state dict are torchvision's.

    Parameters
    ----------
    num_classes : int
        Number of outputs.
    channels : int
        Channels of the images, 3.
    dropout : float
        Probability of dropping before the last convolution, 0.5.
    rng, dtype
        As in `alexnet`.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> sum(p.size for p in models.squeezenet1_0(rng=0).parameters())
    1248424
    """
    return _squeezenet(96, 7, (0, 3, 7), num_classes, **options)


@suggesting("_squeezenet")
def squeezenet1_1(num_classes: int = 1000, **options: Any) -> nn.Sequential:
    """Return SqueezeNet 1.1: a smaller first layer and earlier pooling, 2.4 times less work; see `squeezenet1_0`."""
    return _squeezenet(64, 3, (0, 2, 4), num_classes, **options)


def _squeezenet(
    filters: int,
    window: int,
    pooled: tuple[int, ...],
    num_classes: int,
    *,
    channels: int = 3,
    dropout: float = 0.5,
    rng: Any = None,
    dtype: Any = np.float32,
) -> nn.Sequential:
    """Return the network; `pooled` says before which fire blocks the image is pooled."""
    rng, pool = generator(rng), partial(nn.MaxPool2d, 3, 2, fit="ceil")
    with nn.skeleton():
        features: list[nn.Module] = [nn.Conv2d(channels, filters, window, 2, fit="floor", dtype=dtype), nn.ReLU()]
        for i, squeezed in enumerate(_SQUEEZED):
            features += [pool()] if i in pooled else []
            features.append(nn.Fire(filters, squeezed, 4 * squeezed, 4 * squeezed, dtype=dtype))
            filters = 8 * squeezed
        classifier = nn.Sequential(
            nn.Dropout(dropout, rng=rng),
            nn.Conv2d(filters, num_classes, 1, dtype=dtype),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        model = nn.Sequential(features=nn.Sequential(*features), classifier=classifier, flatten=nn.Flatten())
    return started(model, rng)
