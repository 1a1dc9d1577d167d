"""Pooling of every kind: who wins, who shares, what comes back, and the gradients of what is put together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.gates import pooling
from autograd_cnn.testing import assert_proved
from autograd_cnn.testing.strategies import SEEDS
from tests.kernels.windows import LAYOUTS, laid_out

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def images(seed, size=(6, 6), batch=2, channels=3):
    return np.random.default_rng(seed).integers(-8, 9, (batch, channels, *size)) / 8


def different(seed, shape):
    """Different numbers from −2 to 2, none of them 0: no tie anywhere."""
    size = np.prod(shape)
    return np.random.default_rng(seed).permutation(np.linspace(-2, 1.99, size)).reshape(shape)


def gradient(f, x, seed=None):
    x = ag.Tensor(x, requires_grad=True)
    output = f(x)
    return ag.grad(output, [x], np.ones(output.shape) if seed is None else seed)[0]


# Max pooling: a router


def test_max_pool_gradient_is_mask_times_upstream():
    """Lecture: the gradient of max pooling is the upstream gradient where the maximum stood, 0 elsewhere."""
    x = different(0, (2, 3, 6, 8))
    upstream = np.random.default_rng(1).uniform(-1, 1, (2, 3, 3, 4))
    larger = np.ones((2, 2))
    mask = np.kron(F.max_pool2d(x, 2), larger) == x
    np.testing.assert_array_equal(gradient(lambda x: F.max_pool2d(x, 2), x, upstream), mask * np.kron(upstream, larger))


def test_the_first_of_equals_takes_the_whole_gradient():
    x = np.zeros((1, 1, 4, 4))
    first = np.zeros((4, 4))
    first[::2, ::2] = 1
    np.testing.assert_array_equal(gradient(lambda x: F.max_pool2d(x, 2), x)[0, 0], first)
    row_by_row = np.array([[[[0.0, 0, 5], [0, 0, 0], [5, 0, 0]]]])
    for function in (lambda x: F.max_pool2d(x, 3), lambda x: F.adaptive_max_pool2d(x, 1), F.global_max_pool2d):
        np.testing.assert_array_equal(np.argwhere(gradient(function, row_by_row)[0, 0]), [[0, 2]])


def test_overlapping_windows_add_up_the_gradient_of_a_shared_maximum():
    """AlexNet pools 3×3 with stride 2; here one pixel wins four windows."""
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 1
    np.testing.assert_array_equal(F.max_pool2d(x, 3, 2), np.ones((1, 1, 2, 2)))
    expected = np.zeros((5, 5))
    expected[2, 2] = 4
    np.testing.assert_array_equal(gradient(lambda x: F.max_pool2d(x, 3, 2), x)[0, 0], expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_wins_and_the_margin_never_does(dtype):
    x = np.array([[[[-3, -1], [np.nan, -2]]]], dtype)
    assert np.isnan(F.max_pool2d(x, 2)).all()
    np.testing.assert_array_equal(np.isnan(F.max_pool2d(x, 1)), np.isnan(x))
    assert np.isnan(F.adaptive_max_pool2d(x, 1)).all()
    assert np.isnan(F.global_max_pool2d(x)).all()
    assert np.isnan(F.avg_pool2d(x, 2)).all()
    assert np.isnan(F.lp_pool2d(x, 2, 2)).all()
    negative = -np.ones((1, 1, 2, 2), dtype)
    np.testing.assert_array_equal(F.max_pool2d(negative, 3, 1, 1), negative)


# Indices and unpooling


@given(SEEDS, st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans())
def test_indices_say_where_the_maxima_stood(seed, window, stride, recorded, active):
    x = images(seed)
    given_x = ag.Tensor(x, requires_grad=True) if recorded else x
    if active:
        values, indices = F.max_pool2d(given_x, window, stride, return_indices=True, fit="floor")
    else:
        with ag.no_grad():
            values, indices = F.max_pool2d(given_x, window, stride, return_indices=True, fit="floor")
    assert isinstance(values, ag.Node) == recorded
    assert type(indices) is np.ndarray
    assert indices.dtype == np.int64
    read = np.take_along_axis(x.reshape(2, 3, -1), indices.reshape(2, 3, -1), -1).reshape(indices.shape)
    np.testing.assert_array_equal(read, np.asarray(values))
    np.testing.assert_array_equal(read, F.max_pool2d(x, window, stride, fit="floor"))


@given(SEEDS, st.integers(1, 3))
def test_unpooling_puts_maxima_back_and_pooling_again_finds_them(seed, window):
    x = np.abs(images(seed)) + 1
    values, indices = F.max_pool2d(x, window, return_indices=True)
    back = F.max_unpool2d(values, indices, window)
    np.testing.assert_array_equal(back, np.where(back != 0, x, 0))
    assert np.count_nonzero(back) == values.size
    np.testing.assert_array_equal(F.max_pool2d(back, window), values)


@given(SEEDS)
def test_unpooling_gathers_its_gradient_where_the_indices_point(seed):
    x = images(seed)
    values, indices = F.max_pool2d(x, 2, return_indices=True)
    upstream = images(seed + 1)
    found = gradient(lambda v: F.max_unpool2d(v, ag.Tensor(indices), 2), values, upstream)
    expected = np.take_along_axis(upstream.reshape(2, 3, -1), indices.reshape(2, 3, -1), -1)
    np.testing.assert_array_equal(found, expected.reshape(found.shape))


def test_where_windows_share_a_maximum_the_first_writes_it():
    """As torch gives it for true maxima; the gradient, which torch hands to all of them, goes to the writer."""
    x = np.zeros((1, 1, 5, 5))
    x[0, 0, 2, 2] = 7
    values, indices = F.max_pool2d(x, 3, 2, return_indices=True)
    np.testing.assert_array_equal(F.max_unpool2d(values, indices, 3, 2), x)
    back = F.max_unpool2d(np.array([[[[1.0, 2], [3, 4]]]]), indices, 3, 2)
    assert back[0, 0, 2, 2] == back.sum() == 1
    np.testing.assert_array_equal(gradient(lambda v: F.max_unpool2d(v, indices, 3, 2), values)[0, 0], [[1, 0], [0, 0]])


def test_output_size_tells_sizes_apart_that_pool_to_the_same():
    x = images(0, (7, 7))
    values, indices = F.max_pool2d(x, 2, return_indices=True, fit="floor")
    back = F.max_unpool2d(values, indices, 2, output_size=x.shape)
    assert back.shape == x.shape
    np.testing.assert_array_equal(back, F.max_unpool2d(values, indices, 2, output_size=(7, 7)))
    np.testing.assert_array_equal(back[..., 6:, :], 0)


def test_an_index_of_minus_one_puts_nothing_anywhere():
    """A dilated window can lie in the margin altogether."""
    values, indices = F.max_pool2d(np.ones((1, 1, 1, 1)), 2, 1, 1, dilation=2, return_indices=True)
    assert (values.item(), indices.item()) == (-np.inf, -1)
    np.testing.assert_array_equal(F.max_unpool2d(np.ones((1, 1, 1, 1)), indices, 2), np.zeros((1, 1, 2, 2)))


@pytest.mark.parametrize(
    ("window", "switch"), [((1, 1), np.int32(-1)), ((15, 17), np.uint8(255)), ((2, 2), np.int32(4))]
)
def test_a_switch_that_is_no_place_of_its_window_points_nowhere(window, switch):
    """Not even where a pixel stands before the first place, or behind the last. Rule, kernel and expansion agree."""
    windows = {"window": window, "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    switches = np.full((1, 1, 2, 1), switch)
    np.testing.assert_array_equal(pooling.positions(switches, (20, 20), **windows), np.full(switches.shape, -1))
    gathered = pooling.gather_by_switches(ag.Tensor(np.ones((1, 1, 20, 20))), switches=switches, **windows)
    sent = ag.Tensor(np.ones(switches.shape))
    scattered = pooling.scatter_by_switches(sent, switches=switches, input_size=(20, 20), **windows)
    for output in (gathered, scattered):
        assert not output.value.any()
        assert not ag.expand(output).output.value.any()


def test_of_an_image_of_one_pixel_a_switch_may_point_nowhere():
    x = ag.Tensor([[[[5.0]]]])
    margin_alone = {"window": (2, 2), "stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (2, 2)}
    gathered = pooling.gather_by_switches(x, switches=np.full((1, 1, 1, 1), np.uint8(255)), **margin_alone)
    assert gathered.item() == ag.expand(gathered).output.item() == 0


# Averages


@given(SEEDS, st.integers(1, 3), st.integers(1, 3))
def test_average_pooling_is_a_depthwise_convolution_with_equal_weights(seed, window, stride):
    x = images(seed)
    weights = np.full((3, 1, window, window), 1 / window**2)
    expected = F.conv2d(x, weights, stride=stride, groups=3, fit="floor")
    np.testing.assert_allclose(F.avg_pool2d(x, window, stride, fit="floor"), expected, rtol=1e-12, atol=1e-15)


@given(SEEDS, SIZES, SIZES)
def test_adaptive_pooling_covers_the_image_with_windows_from_floor_to_ceil(seed, size, count):
    x = different(seed, (2, 2, *size))
    averages, (maxima, indices) = F.adaptive_avg_pool2d(x, count), F.adaptive_max_pool2d(x, count, True)
    np.testing.assert_array_equal(maxima, F.adaptive_max_pool2d(x, count))
    for i, j in np.ndindex(*count):
        rows, columns = (
            slice(int(np.floor(k * n / c)), int(np.ceil((k + 1) * n / c)))
            for k, n, c in zip((i, j), size, count, strict=True)
        )
        cell = x[:, :, rows, columns]
        np.testing.assert_allclose(averages[:, :, i, j], cell.mean((2, 3)), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(maxima[:, :, i, j], cell.max((2, 3)))
    read = np.take_along_axis(x.reshape(2, 2, -1), indices.reshape(2, 2, -1), -1)
    np.testing.assert_array_equal(read.reshape(maxima.shape), maxima)


def test_global_pooling_is_adaptive_pooling_to_one():
    x = images(0, (5, 7))
    np.testing.assert_allclose(F.global_avg_pool2d(x), F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0], rtol=1e-13)
    np.testing.assert_array_equal(F.global_max_pool2d(x), F.adaptive_max_pool2d(x, 1)[:, :, 0, 0])
    np.testing.assert_array_equal(F.adaptive_avg_pool2d(x, None), x)
    assert F.adaptive_max_pool2d(x, (None, 2)).shape == (2, 3, 5, 2)
    np.testing.assert_allclose(gradient(F.global_avg_pool2d, x), np.full(x.shape, 1 / 35), rtol=1e-13)


# Norms and weights


@given(SEEDS, st.integers(1, 3), st.integers(1, 3), st.sampled_from(["floor", "ceil"]))
def test_lp_pooling_is_between_the_sum_and_the_maximum(seed, window, stride, fit):
    x = np.abs(images(seed))
    total, largest = F.lp_pool2d(x, 1, window, stride, fit=fit), F.max_pool2d(x, window, stride, fit=fit)
    euclidean = F.lp_pool2d(x, 2, window, stride, fit=fit)
    assert (euclidean <= total + 1e-12).all()
    assert (euclidean >= largest - 1e-12).all()
    np.testing.assert_array_equal(F.lp_pool2d(x, float("inf"), window, stride, fit=fit), largest)
    np.testing.assert_allclose(F.lp_pool2d(x, 60, window, stride, fit=fit), largest, rtol=0.05, atol=1e-12)


def test_l2_pooling_is_the_norm_of_the_window_and_its_gradient_the_direction():
    x = images(3)
    windows = x.reshape(2, 3, 3, 2, 3, 2)
    norms = np.sqrt((windows**2).sum((3, 5)))
    np.testing.assert_allclose(F.lp_pool2d(x, 2, 2), norms, rtol=1e-13)
    directions = (windows / norms[:, :, :, None, :, None]).reshape(x.shape)
    np.testing.assert_allclose(gradient(lambda x: F.lp_pool2d(x, 2, 2), x), directions, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("power", [1, 1.5, 2, 4])
def test_the_norm_of_zeros_has_gradient_zero(power):
    """The rule of abs and norm: 0 at 0. Only the sum, p = 1, has a gradient there."""
    found = gradient(lambda x: F.lp_pool2d(x, power, 2), np.zeros((1, 1, 2, 2)))
    np.testing.assert_array_equal(found, np.full((1, 1, 2, 2), float(power == 1)))


@pytest.mark.parametrize("window", [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5)])
def test_distance_weights_fall_from_the_centre_and_sum_to_one(window):
    weights = F.distance_weights(window)
    assert weights.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(weights, weights[::-1, ::-1])
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in window)
    order = np.argsort(np.hypot(rows[:, None], columns).ravel(), kind="stable")
    assert (np.diff(weights.ravel()[order]) <= 1e-16).all()
    if window == (3, 3):  # 1, 1/2 beside, 1/(1 + √2) at the corners
        corner = 2**0.5 - 1
        np.testing.assert_allclose(
            weights / weights[1, 1], [[corner, 0.5, corner], [0.5, 1, 0.5], [corner, 0.5, corner]]
        )


def test_distance_weighted_pooling_weighs_each_window():
    x = images(4)
    weights = F.distance_weights(3)
    expected = (x.reshape(2, 3, 2, 3, 2, 3) * weights[:, None, :]).sum((3, 5))
    np.testing.assert_allclose(F.distance_weighted_pool2d(x, 3), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(F.distance_weighted_pool2d(np.ones_like(x), 3, 1), 1, rtol=1e-14)
    np.testing.assert_allclose(gradient(lambda x: F.distance_weighted_pool2d(x, 3), x)[0, 0], np.tile(weights, (2, 2)))


@given(SEEDS, st.integers(1, 5), st.integers(1, 3), st.integers(3, 9))
def test_blurring_keeps_constants_and_halves_the_size(seed, window, stride, size):
    constant = np.full((1, 2, size, size + 1), 3.5)
    blurred = F.blur_pool2d(constant, window, stride)
    np.testing.assert_allclose(blurred, 3.5, rtol=1e-14)
    assert blurred.shape[2:] == (-(-size // stride), -(-(size + 1) // stride))
    x = images(seed, (size, size))
    np.testing.assert_array_equal(F.blur_pool2d(x, 1, stride), x[:, :, ::stride, ::stride])


def test_blurring_mirrors_the_image_at_its_border():
    row = np.array([[[[1.0, 2, 4, 8]]]])
    mirrored = np.array([4.0, 2, 1, 2, 4, 8, 4, 2])
    expected = np.convolve(mirrored, np.array([1, 4, 6, 4, 1]) / 16, "valid")[::2]
    np.testing.assert_allclose(F.blur_pool2d(row, (1, 5), (1, 2))[0, 0, 0], expected, rtol=1e-14)


def test_blurred_subsampling_sees_a_dot_wherever_it_stands():
    """Zhang 2019: plain striding loses every second pixel; after a blur a moved dot keeps its weight."""
    totals = {"plain": set(), "blurred": set()}
    for column in range(3, 9):
        x = np.zeros((1, 1, 1, 12))
        x[..., column] = 1
        totals["plain"].add(float(x[..., ::2].sum()))
        totals["blurred"].add(float(F.blur_pool2d(x, (1, 3), (1, 2)).sum()))
    assert totals == {"plain": {0.0, 1.0}, "blurred": {0.5}}


# Sequences


@given(SEEDS, st.integers(1, 3), st.integers(1, 3), st.integers(1, 2))
def test_pooling_sequences_is_pooling_images_of_height_1(seed, window, stride, dilation):
    x = images(seed, (1, 7))
    rows, steps = (1, window), (1, stride)
    largest = F.max_pool1d(x[:, :, 0], window, stride, 0, dilation, fit="floor")
    np.testing.assert_array_equal(largest, F.max_pool2d(x, rows, steps, 0, dilation, fit="floor")[:, :, 0])
    average = F.avg_pool1d(x[:, :, 0], window, stride, count_include_pad=False, fit="floor")
    np.testing.assert_array_equal(average, F.avg_pool2d(x, rows, steps, fit="floor")[:, :, 0])
    margin = F.avg_pool1d(x[:, :, 0], 2, 1, (1, 0))
    np.testing.assert_array_equal(margin[..., 0], x[:, :, 0, 0] / 2)


# All of them


EVERY = {
    "max": lambda x: F.max_pool2d(x, 3, 2, fit="floor"),
    "average": lambda x: F.avg_pool2d(x, (2, 3), 2, 1, count_include_pad=False, fit="floor"),
    "L2": lambda x: F.lp_pool2d(x, 2, 2, 1),
    "L3 of what sticks out": lambda x: F.lp_pool2d(x * x, 3, 2, 3, fit="ceil"),
    "adaptive average": lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
    "adaptive average, whole": lambda x: F.adaptive_avg_pool2d(x, (2, 5)),
    "adaptive max": lambda x: F.adaptive_max_pool2d(x, (3, 2)),
    "adaptive max, whole": lambda x: F.adaptive_max_pool2d(x, (2, 1)),
    "global average": F.global_avg_pool2d,
    "global max": F.global_max_pool2d,
    "distance-weighted": lambda x: F.distance_weighted_pool2d(x, 3, 2, 1, fit="floor"),
    "blur": lambda x: F.blur_pool2d(x, 3),
    "max, then blur": lambda x: F.blur_pool2d(F.max_pool2d(x, 2, 1), (2, 3), 2),
    "max and back": lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, 1, return_indices=True), 2, 1) * x,
}


@pytest.mark.parametrize("name", EVERY)
def test_gradients_to_second_order(name):
    assert_proved(EVERY[name], different(5, (1, 2, 4, 5)), order=2)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_an_empty_batch_keeps_its_shape(name, dtype):
    f = EVERY[name]
    full = f(np.ones((1, 2, 4, 5), dtype))
    empty = ag.Tensor(np.zeros((0, 2, 4, 5), dtype), requires_grad=True)
    output = f(empty)
    assert (full.dtype, output.dtype) == (dtype, dtype)
    assert output.shape == (0, *full.shape[1:])
    (found,) = ag.grad(output, [empty], np.zeros(output.shape, dtype))
    assert (found.shape, found.dtype) == (empty.shape, dtype)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "big-endian"])  # refused as dtype
@pytest.mark.parametrize("name", EVERY)
def test_memory_layout_does_not_matter(name, layout):
    x, f = images(6, (4, 5)), EVERY[name]
    np.testing.assert_array_equal(f(laid_out(x.copy(), layout)), f(x))


X = np.ones((1, 2, 4, 4), np.float32)
POOLED, PLACES = np.ones((1, 2, 2, 2), np.float32), np.zeros((1, 2, 2, 2), int)


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.data())
def test_windows_that_may_stick_out_read_every_pixel_and_never_the_margin_alone(size, window, stride, data):
    padding = data.draw(st.tuples(*[st.integers(0, window // 2)] * 2))
    x = ag.Tensor(np.ones((1, 1, size)), requires_grad=True)
    if size + sum(padding) < window:
        return
    output = F.avg_pool1d(x, window, stride, padding, count_include_pad=False, fit="ceil")
    np.testing.assert_array_equal(output.value, np.ones(output.shape))
    if stride <= window:
        assert (ag.grad(output.sum(), x)[0] > 0).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.max_unpool2d(POOLED, PLACES[:, :1], 2), ag.ShapeError, r"expected integers of shape \(1, 2, 2, 2\)"),
        (lambda: F.max_unpool2d(POOLED, PLACES.astype(float), 2), ag.ShapeError, "indices float64"),
        (lambda: F.max_unpool2d(POOLED, PLACES + 16, 2), ag.OutOfRangeError, "index 16 lies outside .* 4×4"),
        (lambda: F.max_unpool2d(POOLED, PLACES - 2, 2), ag.OutOfRangeError, "index -2"),
        (lambda: F.max_unpool2d(POOLED, PLACES, 2, output_size=(6, 4)), ag.ArgumentError, r"away from \(4, 4\)"),
        (lambda: F.adaptive_avg_pool2d(X, 0), ag.ArgumentError, "output_size=0|output_size=\\(0, 0\\)"),
        (lambda: F.adaptive_max_pool2d(X, (1, 2, 3)), ag.ArgumentError, "output_size"),
        (lambda: F.adaptive_avg_pool2d(X[..., :0], 1), ag.ShapeError, "have no pixels"),
        (lambda: F.global_avg_pool2d(X[..., :0]), ag.ShapeError, "have no pixels"),
        (lambda: F.global_max_pool2d(X[0]), ag.ShapeError, r"one image is x\[None\]"),
        (lambda: F.lp_pool2d(X, 0, 2), ag.ArgumentError, "norm_type=0"),
        (lambda: F.lp_pool2d(X, "2", 2), ag.ArgumentError, "norm_type='2'"),
        (lambda: F.lp_pool2d(X, 2, 3), ag.ShapeError, "lp_pool2d: .*not whole"),
        (lambda: F.blur_pool2d(X[..., :1], 3), ag.ShapeError, "4×1 is too small to be mirrored"),
        (lambda: F.blur_pool2d(X, 0), ag.ArgumentError, "kernel_size=0"),
        (lambda: F.distance_weighted_pool2d(X, 3), ag.ShapeError, "distance_weighted_pool2d: .*not whole"),
        (lambda: F.max_pool1d(X, 2), ag.ShapeError, r"expected \(N, C, L\)"),
        (lambda: F.max_pool1d(X[0], (2, 2)), ag.ArgumentError, "kernel_size"),
        (lambda: F.avg_pool1d(X[0], 3), ag.ShapeError, "avg_pool1d: .*not whole"),
        (lambda: F.avg_pool1d(X[0], 2, padding=2), ag.ArgumentError, "more than half of the window"),
    ],
)
def test_wrong_use_raises_a_typed_error_of_one_or_two_lines(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert len(str(caught.value).splitlines()) <= 2
