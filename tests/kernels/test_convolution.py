"""The public page of convolution: what it asks of every algorithm, and what it does with bad arguments."""

from dataclasses import replace

import numpy as np
import pytest

from autograd_cnn.errors import DtypeError
from autograd_cnn.kernels import conv2d, conv2d_input_gradient, conv2d_weight_gradient, forced
from autograd_cnn.kernels.planning import ALGORITHMS
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import LARGE

everyone = pytest.mark.parametrize("algorithm", ALGORITHMS)


def calls(x, weight, upstream):
    """Return the three functions, each to be called with more keywords, and its result's shape."""
    return [
        (lambda **more: conv2d(x, weight, *LARGE.moves, LARGE.output_size, **more), upstream.shape),
        (lambda **more: conv2d_input_gradient(upstream, weight, LARGE.input_size, *LARGE.moves, **more), x.shape),
        (lambda **more: conv2d_weight_gradient(upstream, x, LARGE.window, *LARGE.moves, **more), weight.shape),
    ]


@everyone
def test_cross_correlation_of_known_numbers(algorithm):
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    weight = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    with forced(algorithm):
        y = conv2d(x, weight, (1, 1), ((0, 0), (0, 0)), (1, 1), 1, (2, 2))
    np.testing.assert_array_equal(y, [[[[27.0, 37.0], [57.0, 67.0]]]])


@everyone
def test_groups_are_convolutions_side_by_side(algorithm):
    """The result and both gradients; a weight holds as many channels as one group has."""
    case = replace(LARGE, channels=4, channels_out=6, groups=2, input_size=(6, 5), output_size=(6, 5))
    x, weight, upstream = case.images(), case.weight(), case.upstream()
    moves = case.moves[:3]
    parts = zip(np.split(x, 2, 1), np.split(weight, 2), np.split(upstream, 2, 1), strict=True)
    y, x_gradient, weight_gradient = zip(
        *[
            (
                conv2d(images, window, *moves, 1, case.output_size),
                conv2d_input_gradient(gradient, window, case.input_size, *moves, 1),
                conv2d_weight_gradient(gradient, images, case.window, *moves, 1),
            )
            for images, window, gradient in parts
        ],
        strict=True,
    )
    with forced(algorithm):
        found = [
            conv2d(x, weight, *moves, 2, case.output_size),
            conv2d_input_gradient(upstream, weight, case.input_size, *moves, 2),
            conv2d_weight_gradient(upstream, x, case.window, *moves, 2),
        ]
    for one, many, axis in zip(found, (y, x_gradient, weight_gradient), (1, 1, 0), strict=True):
        np.testing.assert_allclose(one, np.concatenate(many, axis), rtol=1e-4, atol=1e-4, strict=True)


@everyone
def test_arguments_are_left_alone(algorithm):
    arrays = LARGE.images(), LARGE.weight(), LARGE.upstream()
    copies = [array.copy() for array in arrays]
    with forced(algorithm):
        for call, _ in calls(*arrays):
            call()
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable


@everyone
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0)])
def test_the_result_goes_where_it_is_wanted_and_a_workspace_serves_again(algorithm, order):
    """In any order of memory, with the same numbers, the first time and the second."""
    with forced(algorithm):
        for call, shape in calls(LARGE.images(), LARGE.weight(), LARGE.upstream()):
            expected, workspace = call(), Workspace()
            assert expected.shape == shape
            for _ in range(2):
                out = np.full([shape[axis] for axis in order], np.nan, LARGE.dtype).transpose(np.argsort(order))
                assert call(out=out, workspace=workspace) is out
                np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("kernel", range(3))
def test_other_dtypes_raise_and_name_the_way_out(kernel):
    arrays = (array.astype(np.int64) for array in (LARGE.images(), LARGE.weight(), LARGE.upstream()))
    call, _ = calls(*arrays)[kernel]
    with pytest.raises(DtypeError, match=r"conv2d\w* got int64; give float32 or float64 arrays, see \.astype"):
        call()
