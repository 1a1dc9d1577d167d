"""A convolution knows the sizes that follow from its shapes."""

import numpy as np

from autograd_cnn.kernels.geometry import Convolution


def test_sizes_follow_from_shapes():
    shapes = (2, 3, 9, 8), (4, 3, 5, 2), (4, 5)
    convolution = Convolution("forward", *shapes, np.dtype(np.float32), (2, 2), ((1, 0), (2, 3)), (1, 1), 1)
    assert (convolution.input_size, convolution.window) == ((9, 8), (5, 2))
    assert convolution.before == (1, 2)
