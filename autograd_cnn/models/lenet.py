"""LeNet-5: the first convolutional network in wide use, for handwritten digits (LeCun et al. 1998)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import nn
from autograd_cnn.models.starting import Random
from autograd_cnn.random import generator


def lenet5(
    num_classes: int = 10, *, channels: int = 1, rng: Random = None, dtype: DTypeLike = np.float32
) -> nn.Sequential:
    """Return LeNet-5 for images of 28×28, with ReLU and maximum pooling, as it is built since.

    LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998. The
    paper's 32×32 images are 28×28 with a margin of 2, which the first convolution adds here.

    Parameters
    ----------
    num_classes, channels : int
        Numbers of outputs, and of channels of the images.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from; the default generator.
    dtype : dtype
        float32 or float64.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> sum(p.size for p in models.lenet5().parameters())
    61706
    """
    rng = generator(rng)
    return nn.Sequential(
        conv1=nn.Conv2d(channels, 6, 5, padding=2, rng=rng, dtype=dtype),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(6, 16, 5, rng=rng, dtype=dtype),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc3=nn.Linear(16 * 5 * 5, 120, rng=rng, dtype=dtype),
        relu3=nn.ReLU(),
        fc4=nn.Linear(120, 84, rng=rng, dtype=dtype),
        relu4=nn.ReLU(),
        fc5=nn.Linear(84, num_classes, rng=rng, dtype=dtype),
    )
