"""How much work kernels say they have, in multiply-adds: it decides how many threads share a call."""

import numpy as np
import pytest

from autograd_cnn.kernels import (
    average_pooling,
    counting,
    distances,
    matrix_product,
    normal,
    normalization,
    plain_convolution,
    pooling,
    resampling,
    softmax,
)
from tests.kernels.windows import Case, all_three

NONE = ((0, 0), (0, 0))
IMAGES = np.ones((2, 3, 7, 11), np.float32)
AVERAGED = (2, 3), (2, 3), NONE  # window, stride and padding: (2, 3, 3, 3) averages
OVERLAPPING = (2, 3), (2, 3), NONE, (1, 1)
TILING = (2, 2), (2, 2), NONE, (1, 1)  # (2, 3, 3, 5) maxima
ROWS = np.ones((5, 7))
LANES = np.ones((6, 16), np.float32)  # 16 groups side by side
GROUPED = Case(2, 4, 6, (5, 7), (2, 3), (1, 1), NONE, (1, 1), 2, (4, 5), "float32", "C", 0)
LABELS = np.zeros(5, int)


class Said(list):
    """Numbers of operations, and those of jobs."""

    def __init__(self):
        super().__init__()
        self.jobs = []


@pytest.fixture
def said(monkeypatch):
    """What each call says of its work."""
    operations = Said()

    def share_out(kernel, jobs, number, *arguments):
        operations.append(number)
        operations.jobs.append(jobs)
        kernel(0, jobs, *arguments)

    files = average_pooling, counting, distances, matrix_product, normal, normalization
    for file in (*files, plain_convolution, pooling, resampling, softmax):
        monkeypatch.setattr(file, "share_out", share_out)
    return operations


def test_averages_cost_the_places_of_their_windows(said):
    y = average_pooling.avg_pool2d(IMAGES, *AVERAGED, True, (3, 3))
    average_pooling.avg_pool2d_gradient(y, (7, 11), *AVERAGED, True)
    assert said == [2 * 3 * 3 * 3 * 2 * 3] * 2


def test_maxima_cost_the_places_of_their_windows_and_ways_back_what_they_write_and_read(said):
    y, switches = pooling.max_pool2d(IMAGES, *OVERLAPPING, (3, 3))
    pooling.scatter_by_switches(y, switches, (7, 11), *OVERLAPPING)
    pooling.gather_by_switches(IMAGES, switches, *OVERLAPPING)
    assert said == [54 * 2 * 3, 54 * 4, 54 * 4]
    y, switches = pooling.max_pool2d(IMAGES, *TILING, (3, 5))
    pooling.scatter_by_switches(y, switches, (7, 11), *TILING)
    assert said[3:] == [90 * 4, IMAGES.size]


def test_all_parts_of_a_convolution_cost_the_same(said):
    """Each of 2 × 6 × 4 × 5 numbers sees 2 × 3 pixels in the two channels of its group."""
    all_three(plain_convolution, GROUPED, GROUPED.images(), GROUPED.weight(), GROUPED.upstream())
    assert said == [2 * 6 * 4 * 5 * 2 * 2 * 3] * 3
    assert max(said.jobs) <= 2 * 6  # images times filters, or fewer where a job takes several: none has nothing to do


def test_products_of_matrices_and_distances_cost_three_lengths(said):
    distances.manhattan(np.ones((3, 7)), np.ones((5, 7)))
    assert said == [3 * 5 * 7]
    matrix_product._by_blas(np.ones((8, 10)), np.ones((10, 6)), out=None, workspace=None)
    assert said[1:] == [8 * 10 * 6 // matrix_product.SPEED]


@pytest.mark.parametrize(
    ("call", "each"),
    [
        (lambda: normal.normal_cdf(ROWS), normal.ERROR_FUNCTION),
        (lambda: softmax.softmax(ROWS), softmax.EXPONENTIAL),
        (lambda: softmax.log_softmax(ROWS), softmax.EXPONENTIAL),
        (lambda: softmax.cross_entropy(ROWS, LABELS), softmax.EXPONENTIAL),
        (lambda: softmax.cross_entropy_gradient(ROWS[:, 0], ROWS, LABELS), softmax.EXPONENTIAL),
        (lambda: normalization.standardize(ROWS, (1,), 1e-5), normalization.FORWARD),
        (lambda: normalization.standardize_gradient(ROWS, ROWS, (1,), 1e-5), normalization.BACKWARD),
        (lambda: normalization.weight_gradient(ROWS, ROWS, (1,), 1e-5), normalization.BACKWARD),
        (lambda: resampling.resample(ROWS[None, None], ROWS[None], ROWS[None], resampling.EDGE, 0.0), 8),
    ],
)
def test_functions_of_each_number_cost_so_much_each(said, call, each):
    call()
    assert said == [ROWS.size * each]


def test_groups_side_by_side_cost_two_for_each_pass(said):
    """Sums and results; back the sums again, those with the gradient, and results."""
    normalization.standardize(LANES, (0,), 1e-5)
    normalization.standardize_gradient(LANES, LANES, (0,), 1e-5)
    assert said == [LANES.size * 2] * 5


@pytest.mark.parametrize("what", counting.ASKED)
def test_counting_costs_by_what_is_asked(said, what):
    x = np.ones((3, 4, counting.NARROW))
    counting.count_units(x, 1, what)
    assert said == [x.size * counting.ASKED[what]]
