"""ZFNet: AlexNet with a finer first layer, found by looking at what layers respond to (Zeiler and Fergus 2013)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import nn
from autograd_cnn.models.alexnets import fully_connected
from autograd_cnn.models.starting import Random
from autograd_cnn.random import generator


def zfnet(
    num_classes: int = 1000,
    *,
    channels: int = 3,
    dropout: float = 0.5,
    rng: Random = None,
    dtype: DTypeLike = np.float32,
) -> nn.Sequential:
    """Return ZFNet for images of 224×224: 7×7 at stride 2 where AlexNet has 11×11 at stride 4.

    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, figure 3.

    Parameters
    ----------
    num_classes, channels, dropout, rng, dtype
        As in `alexnet`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.zfnet()
    >>> model.output_shape((3, 224, 224)), sum(p.size for p in model.parameters())
    ((1000,), 62357608)
    """
    rng = generator(rng)
    conv = partial(nn.Conv2d, fit="floor", rng=rng, dtype=dtype)
    return nn.Sequential(
        conv1=conv(channels, 96, 7, 2, 1),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(3, 2, 1, fit="floor"),
        norm1=nn.LocalResponseNorm(5),
        conv2=conv(96, 256, 5, 2),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(3, 2, 1, fit="floor"),
        norm2=nn.LocalResponseNorm(5),
        conv3=conv(256, 384, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=conv(384, 384, 3, padding=1),
        relu4=nn.ReLU(),
        conv5=conv(384, 256, 3, padding=1),
        relu5=nn.ReLU(),
        pool5=nn.MaxPool2d(3, 2, fit="floor"),
        **fully_connected(6 * 6 * 256, num_classes, dropout, rng, dtype),
    )
