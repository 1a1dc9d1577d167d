"""The convolution of mathematics, whose kernel is flipped, beside the correlation that networks use."""

from __future__ import annotations

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import floating, same_dtype, shape_of
from autograd_cnn.functional.convolution import conv2d
from autograd_cnn.gates.rearrangement import flip
from autograd_cnn.gates.shape import reshape
from autograd_cnn.gates.windows import Padding, Pair
from autograd_cnn.registry import Value


def convolve2d(x: Value, w: Value, mode: str = "full") -> Value:
    """Convolve two planes: y[i, j] = Σ x[i − a, j − b]·w[a, b], as scipy.signal.convolve2d.

    What networks call convolution (`conv2d`) is the correlation Σ x[i + a, j + b]·w[a, b]; convolving
    is correlating with the flipped kernel. As weights are learned the difference does not matter to a
    network, but only convolution is commutative and associative. The gradient of a correlation to its
    image is a full convolution with its filter.

    Parameters
    ----------
    x, w : (H, W) array or node
        Planes, float32 or float64.
    mode : {"full", "same", "valid"}
        All places where the planes meet (wide), H + h − 1 by W + w − 1; its middle, of the size of `x`; or
        the places where one plane lies inside the other (narrow), H − h + 1 by W − w + 1.

    Returns
    -------
    (height, width) array or node

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When something is no plane, neither plane fits into the other for "valid", or the mode is unknown.

    Examples
    --------
    Polynomials multiply by convolving their coefficients: (1 + 2t)(3 + t) = 3 + 7t + 2t².

    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.convolve2d(np.array([[1.0, 2.0]]), np.array([[3.0, 1.0]]))
    array([[3., 7., 2.]])
    """
    for given in (x, w):
        if len(shape_of("convolve2d", given)) != 2 or 0 in given.shape:
            raise ShapeError(f"convolve2d: got shape {given.shape}, expected a plane (H, W) that is not empty")
        floating("convolve2d", given)
    same_dtype("convolve2d", x, w)
    if mode == "valid" and w.shape[0] >= x.shape[0] and w.shape[1] >= x.shape[1]:
        x, w = w, x  # convolution is commutative: the smaller plane slides
    image, kernel = (reshape(plane, shape=(1, 1, *plane.shape)) for plane in (x, w))
    result = conv2d(image, flip(kernel, (2, 3)), padding=_margins(mode, w.shape))
    return reshape(result, shape=result.shape[2:])


def _margins(mode: str, window: Pair) -> Padding:
    height, width = window
    if mode == "full":
        return (height - 1, height - 1), (width - 1, width - 1)
    if mode == "same":
        return (height // 2, (height - 1) // 2), (width // 2, (width - 1) // 2)
    if mode == "valid":
        return (0, 0), (0, 0)
    raise ArgumentError(f"convolve2d: mode={mode!r}, expected 'full', 'same' or 'valid'")
