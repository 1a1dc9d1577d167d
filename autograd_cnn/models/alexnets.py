"""AlexNet: what won ImageNet in 2012 (Krizhevsky, Sutskever and Hinton); as torchvision has it, and as published."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import nn
from autograd_cnn.models.starting import Random
from autograd_cnn.random import generator


def alexnet(
    num_classes: int = 1000,
    *,
    channels: int = 3,
    dropout: float = 0.5,
    rng: Random = None,
    dtype: DTypeLike = np.float32,
) -> nn.Sequential:
    """Return AlexNet as torchvision has it, for images of 224×224, at least 63×63.

    Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014: fewer filters than in
    2012, and no local response normalisation. Names and values of a state dict are torchvision's.

    Parameters
    ----------
    num_classes, channels : int
        Numbers of outputs, and of channels of the images.
    dropout : float
        Probability of dropping before the first two linear layers.
    rng : numpy.random.Generator or int, optional
        Where the starting values and the masks of dropout come from; the default generator.
    dtype : dtype
        float32 or float64.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.alexnet()
    >>> sum(p.size for p in model.parameters())
    61100840
    """
    rng = generator(rng)
    conv = partial(nn.Conv2d, fit="floor", rng=rng, dtype=dtype)
    features = nn.Sequential(
        conv(channels, 64, 11, 4, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, fit="floor"),
        conv(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, fit="floor"),
        conv(192, 384, 3, padding=1),
        nn.ReLU(),
        conv(384, 256, 3, padding=1),
        nn.ReLU(),
        conv(256, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, fit="floor"),
    )
    return nn.Sequential(
        features=features,
        avgpool=nn.AdaptiveAvgPool2d((6, 6)),
        flatten=nn.Flatten(),
        classifier=nn.Sequential(
            nn.Dropout(dropout, rng=rng),
            nn.Linear(256 * 6 * 6, 4096, rng=rng, dtype=dtype),
            nn.ReLU(),
            nn.Dropout(dropout, rng=rng),
            nn.Linear(4096, 4096, rng=rng, dtype=dtype),
            nn.ReLU(),
            nn.Linear(4096, num_classes, rng=rng, dtype=dtype),
        ),
    )


def alexnet_2012(
    num_classes: int = 1000,
    *,
    channels: int = 3,
    dropout: float = 0.5,
    rng: Random = None,
    dtype: DTypeLike = np.float32,
) -> nn.Sequential:
    """Return AlexNet as published in 2012 and in CS231n's notes, for images of 227×227.

    96 filters of 11×11 at stride 4 give 55×55×96 = 290,400 numbers; convolutions 2, 4 and 5 run in two groups,
    as on the two GPUs of the paper; local response normalisation follows the first two.

    Parameters
    ----------
    num_classes, channels, dropout, rng, dtype
        As in `alexnet`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.alexnet_2012()
    >>> model[:1].output_shape((3, 227, 227)), sum(p.size for p in model.parameters())
    ((96, 55, 55), 60965224)
    """
    rng = generator(rng)
    conv = partial(nn.Conv2d, rng=rng, dtype=dtype)
    return nn.Sequential(
        conv1=conv(channels, 96, 11, 4),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(3, 2),
        norm1=nn.LocalResponseNorm(5),
        conv2=conv(96, 256, 5, padding=2, groups=2),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(3, 2),
        norm2=nn.LocalResponseNorm(5),
        conv3=conv(256, 384, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=conv(384, 384, 3, padding=1, groups=2),
        relu4=nn.ReLU(),
        conv5=conv(384, 256, 3, padding=1, groups=2),
        relu5=nn.ReLU(),
        pool5=nn.MaxPool2d(3, 2),
        **fully_connected(6 * 6 * 256, num_classes, dropout, rng, dtype),
    )


def fully_connected(
    numbers: int, num_classes: int, dropout: float, rng: np.random.Generator, dtype: DTypeLike
) -> dict[str, nn.Module]:
    """Return layers 6, 7 and 8: two hidden ones of 4096 neurons, and the scores."""
    return {
        "flatten": nn.Flatten(),
        "fc6": nn.Linear(numbers, 4096, rng=rng, dtype=dtype),
        "relu6": nn.ReLU(),
        "drop6": nn.Dropout(dropout, rng=rng),
        "fc7": nn.Linear(4096, 4096, rng=rng, dtype=dtype),
        "relu7": nn.ReLU(),
        "drop7": nn.Dropout(dropout, rng=rng),
        "fc8": nn.Linear(4096, num_classes, rng=rng, dtype=dtype),
    }
