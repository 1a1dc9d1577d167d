"""The bias trick: a bias is the weight of an input that is always 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.datasets import Dataset
from autograd_cnn.data.preprocessing.fitting import array_of, floating


def with_bias_column(images: Dataset | NDArray[Any]) -> NDArray[Any]:
    """Return images as rows of numbers that end in a 1.

    CS231n, linear classification, "Bias trick": with it f(x) = W x + b becomes f(x) = W x, the last column of W
    being b, so that there is one matrix to learn.

    Parameters
    ----------
    images : Dataset, or (N, ...) array

    Returns
    -------
    (N, D + 1) array
        In the dtype of the images; float32 for integers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import data
    >>> data.with_bias_column(np.array([[[[7.0, 8.0]]], [[[5.0, 6.0]]]]))
    array([[7., 8., 1.],
           [5., 6., 1.]])
    """
    given = array_of("with_bias_column", images)
    numbers = math.prod(given.shape[1:])
    rows = np.ones((len(given), numbers + 1), floating(given.dtype))
    rows[:, :-1] = given.reshape(len(given), numbers)
    return rows
