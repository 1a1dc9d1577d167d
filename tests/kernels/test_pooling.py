from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.kernels import (
    avg_pool2d,
    avg_pool2d_gradient,
    gather_by_switches,
    get_num_threads,
    max_pool2d,
    scatter_by_switches,
    set_num_threads,
    threads,
)
from autograd_cnn.kernels.image_rows import (
    CHANNELS_LAST,
    ORDERS,
    PLANES,
    empty_images,
    lies_in,
    order_of,
    readable_rows,
    writable_rows,
)
from autograd_cnn.kernels.pooling import halves, nowhere
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import LARGE, cases, laid_out, patches, places

tiling = cases(pooling=True).map(
    lambda case: replace(
        case,
        window=(2, 2),
        stride=(2, 2),
        padding=((0, 0), (0, 0)),
        dilation=(1, 1),
        output_size=(case.input_size[0] // 2, case.input_size[1] // 2),
    )
)
pooled = st.one_of(cases(pooling=True), tiling)
without_dilation = pooled.map(lambda case: replace(case, dilation=(1, 1)))
special = st.sampled_from([(), (np.nan,), (-np.inf,), (np.inf, -np.inf, np.nan), (0.0, -0.0)])


def images_with_ties(case, values=()):
    """Images of few different numbers, some of them special."""
    generator = np.random.default_rng([case.seed, 4])
    x = generator.integers(-2, 3, (case.batch, case.channels, *case.input_size)).astype(case.dtype)
    for value in values:
        x[generator.random(x.shape) < 0.3] = value
    return laid_out(x, case.layout)


def geometry(case):
    return case.window, *case.moves[:3]


def first_largest(case, plane, i, j):
    """Walk through one window as the rule says; return the maximum and its switch, -1 for nowhere."""
    best, switch = -np.inf, -1
    for r, row in enumerate(places(case, 0)[i]):
        for c, column in enumerate(places(case, 1)[j]):
            if 0 <= row < case.input_size[0] and 0 <= column < case.input_size[1]:
                pixel = plane[row, column]
                if np.isnan(pixel):
                    return pixel, r * case.window[1] + c
                if switch < 0 or pixel > best:
                    best, switch = pixel, r * case.window[1] + c
    return best, switch


def pixel_of(case, switch, i, j):
    """Return the row and column in the image that a switch names."""
    r, c = divmod(int(switch), case.window[1])
    return places(case, 0)[i][r], places(case, 1)[j][c]


# No two sizes, strides or paddings are alike; windows see padding alone, the image, and what is beyond its padding.
UNEVEN = replace(
    LARGE,
    batch=2,
    channels=4,
    channels_out=4,
    input_size=(5, 3),
    window=(3, 2),
    stride=(2, 1),
    padding=((1, 0), (2, 3)),
    dilation=(1, 2),
    output_size=(4, 6),
)


HALVED = replace(
    UNEVEN,
    input_size=(7, 5),
    window=(2, 2),
    stride=(2, 2),
    padding=((0, 0), (0, 0)),
    dilation=(1, 1),
    output_size=(3, 2),
)


STEPPING = replace(UNEVEN, stride=(1, 2), output_size=(6, 4))


@pytest.mark.parametrize("case", [UNEVEN, STEPPING, HALVED], ids=["uneven", "stepping", "halved"])
@pytest.mark.parametrize("layout", ["C", "channels last"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_windows_whose_sides_are_not_alike(case, layout, dtype):
    case = replace(case, layout=layout, dtype=dtype)
    check_maxima(case, (np.nan, -np.inf))
    check_maxima(case, (-np.inf,) * 6)  # nearly all
    check_scattering(case)
    check_gathering(case, (np.nan, -np.inf))


@given(pooled, special)
def test_max_pool2d_takes_the_first_largest_pixel_of_each_window(case, values):
    check_maxima(case, values)


def check_maxima(case, values):
    x = images_with_ties(case, values)
    y, switches = max_pool2d(x, *geometry(case), case.output_size)
    assert (y.dtype, switches.dtype) == (case.dtype, np.uint8)
    assert y.shape == switches.shape == (case.batch, case.channels, *case.output_size)
    for n, c, i, j in np.ndindex(y.shape):
        best, switch = first_largest(case, x[n, c], i, j)
        assert switches[n, c, i, j] == (255 if switch < 0 else switch)
        np.testing.assert_equal(y[n, c, i, j], np.asarray(best, case.dtype))


@given(pooled)
def test_scatter_adds_each_gradient_where_its_switch_points(case):
    check_scattering(case)


def check_scattering(case):
    _, switches = max_pool2d(images_with_ties(case), *geometry(case), case.output_size)
    upstream = np.round(case.upstream() * 8)  # whole numbers: any order of adding is exact
    expected = np.zeros((case.batch, case.channels, *case.input_size))
    for n, c, i, j in np.ndindex(switches.shape):
        if switches[n, c, i, j] != 255:
            expected[n, c][pixel_of(case, switches[n, c, i, j], i, j)] += upstream[n, c, i, j]
    gradient = scatter_by_switches(upstream, switches, case.input_size, *geometry(case))
    np.testing.assert_array_equal(gradient, expected.astype(case.dtype), strict=True)


@given(pooled, special)
def test_gather_finds_the_maxima_again(case, values):
    check_gathering(case, values)


def check_gathering(case, values):
    x = images_with_ties(case, values)
    y, switches = max_pool2d(x, *geometry(case), case.output_size)
    expected = np.where(switches == 255, 0, y).astype(case.dtype)
    np.testing.assert_array_equal(gather_by_switches(x, switches, *geometry(case)), expected, strict=True)


# Layouts


def arranged(images, order):
    made = empty_images(images.shape, order, images.dtype)
    made[...] = images
    return made


def framed(shape, order, dtype):
    """Return images inside of a buffer with a margin of NaN or 77, in an order; and the buffer."""
    n, c, h, w = shape
    buffer = empty_images((n, c, h + 3, w + 2), order, dtype)
    buffer[...] = 77
    return buffer[:, :, 1 : 1 + h, 1 : 1 + w], buffer


def results(case, x, upstream):
    """Return what all poolings make of images, and their gradients."""
    windows = geometry(case)
    y, switches = max_pool2d(x, *windows, case.output_size)
    averaged = without(case)
    return [
        y,
        switches,
        scatter_by_switches(upstream, switches, case.input_size, *windows),
        gather_by_switches(x, switches, *windows),
        avg_pool2d(x, *averaged, True, case.output_size),
        avg_pool2d_gradient(upstream, case.input_size, *averaged, True),
    ]


def without(case):
    """The geometry without dilation, which averages do not have."""
    return case.window, *case.moves[:2]


@given(pooled, special, st.sampled_from(ORDERS))
def test_no_number_depends_on_the_layout_and_results_lie_as_the_input(case, values, order):
    x, upstream = images_with_ties(case, values), case.upstream()
    plain = results(case, np.ascontiguousarray(x, case.dtype), np.ascontiguousarray(upstream, case.dtype))
    given = arranged(x.astype(case.dtype), order), arranged(upstream.astype(case.dtype), order)
    orders = {order_of(images) for images in given}  # images of one pixel lie in several
    for one, other in zip(plain, results(case, *given), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
        nothing_pooled = upstream.size == 0  # then zeros lie in any order
        assert any(lies_in(other, order) for order in orders) or nothing_pooled or min(other.shape) <= 1


@given(pooled, special, st.sampled_from(ORDERS), st.sampled_from(ORDERS))
def test_results_go_into_the_inside_of_a_buffer_and_nowhere_else(case, values, order, other_order):
    x, upstream = images_with_ties(case, values), case.upstream()
    plain = results(case, np.ascontiguousarray(x, case.dtype), np.ascontiguousarray(upstream, case.dtype))
    x, upstream = arranged(x.astype(case.dtype), other_order), arranged(upstream.astype(case.dtype), other_order)
    into = [framed(image.shape, order, case.dtype) for image in plain[:1] + plain[2:]]
    targets = [image for image, _ in into]
    workspace, switches = Workspace(), empty_images(plain[1].shape, order, np.uint8)
    windows, averaged = geometry(case), without(case)
    max_pool2d(x, *windows, case.output_size, out=(targets[0], switches), workspace=workspace)
    scatter_by_switches(upstream, switches, case.input_size, *windows, out=targets[1], workspace=workspace)
    gather_by_switches(x, switches, *windows, out=targets[2], workspace=workspace)
    avg_pool2d(x, *averaged, True, case.output_size, out=targets[3], workspace=workspace)
    avg_pool2d_gradient(upstream, case.input_size, *averaged, True, out=targets[4], workspace=workspace)
    np.testing.assert_array_equal(switches, plain[1])
    for expected, (inside, buffer) in zip(plain[:1] + plain[2:], into, strict=True):
        np.testing.assert_array_equal(inside, expected)
        inside[...] = 77
        assert (buffer == 77).all()


def test_out_that_cannot_take_the_result_raises():
    x, windows = np.ones((1, 2, 4, 4), np.float32), ((2, 2), (2, 2), ((0, 0), (0, 0)))
    read_only = np.ones((1, 2, 2, 2), np.float32)
    read_only.flags.writeable = False
    for out, error, words in (
        (np.ones((1, 2, 2, 3), np.float32), ShapeError, r"shape \(1, 2, 2, 3\), expected \(1, 2, 2, 2\)"),
        (np.ones((1, 2, 2, 2)), DtypeError, "float64, expected a writable array of float32"),
        (read_only, DtypeError, "writable"),
        (np.ones((1, 2, 2, 4), np.float32)[..., ::2], ShapeError, "rows lie in one piece"),
    ):
        with pytest.raises(error, match=words):
            avg_pool2d(x, *windows, True, (2, 2), out=out)
    gaps = np.ones((1, 2, 3, 3), np.uint8)[:, :, :2, :2]
    with pytest.raises(ShapeError, match="switches of strides"):
        max_pool2d(x, *windows, (1, 1), (2, 2), out=(np.ones((1, 2, 2, 2), np.float32), gaps))


def test_orders_of_strange_strides_are_planes():
    x = np.ones((2, 3, 4, 5), np.float32)
    for images in (x[..., ::-1], x[:, :, ::-1], x[..., ::2], np.broadcast_to(np.float32(1), x.shape), x.astype(">f4")):
        assert order_of(images) == ORDERS[0]
        assert not lies_in(images, ORDERS[0])
    assert not lies_in(np.ones((1, 1, 4, 1), np.uint8)[:, :, ::-1], ORDERS[0])
    assert [order_of(arranged(x, order)) for order in ORDERS] == list(ORDERS)
    assert [order_of(framed(x.shape, order, np.float32)[0]) for order in ORDERS] == list(ORDERS)


def test_it_does_not_matter_how_far_apart_the_only_one_of_an_axis_would_stand_from_the_next():
    x = np.ones((2, 3, 4, 5), np.float32)
    assert lies_in(x[:1, :2], PLANES)
    assert lies_in(x[..., ::2][..., :1], PLANES)
    assert lies_in(x[:, :1].copy(), CHANNELS_LAST)
    assert lies_in(arranged(x, CHANNELS_LAST)[..., ::2][..., :1], CHANNELS_LAST)


def test_rows_are_copied_only_where_they_lie_otherwise_or_have_another_dtype():
    x = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    assert np.shares_memory(readable_rows(x, PLANES, np.float32).numbers, x)
    assert not np.shares_memory(readable_rows(x, CHANNELS_LAST, np.float32).numbers, x)
    double = readable_rows(x, PLANES, np.float64).numbers
    assert double.dtype == np.float64
    np.testing.assert_array_equal(double, x.ravel())


@pytest.mark.parametrize("gap", [0, 1])
def test_rows_to_read_are_read_only_and_leave_images_alone(gap):
    x = np.ones((2, 3, 4, 5 + gap))[..., :5]
    assert not readable_rows(x, PLANES, float).numbers.flags.writeable
    assert x.flags.writeable
    assert writable_rows(x, PLANES).numbers.flags.writeable


def test_one_channel_of_several_is_pooled_where_it_lies():
    """Its images stand further apart than its only channel is long."""
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 6))
    one, windows = x[:, 2:3], ((2, 3), (1, 1), ((0, 0), (0, 0)))
    assert lies_in(one, ORDERS[0])
    expected = avg_pool2d(one.copy(), *windows, True, (4, 4))
    np.testing.assert_array_equal(avg_pool2d(one, *windows, True, (4, 4)), expected)
    np.testing.assert_array_equal(max_pool2d(one, *windows, (1, 1), (4, 4))[0], patches_of(one, 2, 3).max((-1, -2)))


def patches_of(x, height, width):
    return np.lib.stride_tricks.sliding_window_view(x, (height, width), (2, 3))


def test_columns_of_one_number_go_wherever_there_is_a_place_for_each():
    x, windows = np.arange(24.0).reshape(2, 3, 4, 1), ((2, 1), (2, 1), ((0, 0), (0, 0)))
    out = np.full((2, 3, 2, 1, 2), 77.0)
    assert avg_pool2d(x, *windows, True, (2, 1), out=out[..., 0]).base is not None
    np.testing.assert_array_equal(out[..., 0], (x[:, :, ::2] + x[:, :, 1::2]) / 2)
    assert (out[..., 1] == 77).all()


@pytest.mark.parametrize("order", ORDERS)
def test_rows_with_gaps_end_with_the_last_number(order):
    images, buffer = framed((2, 3, 4, 5), order, np.float32)
    buffer[...] = np.arange(buffer.size).reshape(buffer.shape)
    numbers = readable_rows(images, order, images.dtype).numbers
    assert (numbers[0], numbers[-1]) == (images[0, 0, 0, 0], images[-1, -1, -1, -1])


def test_maxima_and_switches_that_lie_otherwise_are_refused():
    x, windows = np.ones((1, 2, 4, 4), np.float32), ((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    out = empty_images((1, 2, 2, 2), ORDERS[1], np.float32), np.empty((1, 2, 2, 2), np.uint8)
    with pytest.raises(ShapeError, match="expected the order of the maxima"):
        max_pool2d(x, *windows, (2, 2), out=out)


# Known numbers


@pytest.mark.parametrize("window", [(5, 51), (16, 16), (2, 300)])
@pytest.mark.parametrize("order", ORDERS)
def test_wide_windows_have_wide_switches(window, order):
    """255 places fit into a byte, which keeps 255 for nowhere."""
    x = np.random.default_rng(0).permutation(2 * 3 * 20 * 310).reshape(2, 3, 20, 310).astype(np.float32)
    windows = window, (3, 4), ((0, 0), (0, 0)), (1, 1)
    size = (20 - window[0]) // 3 + 1, (310 - window[1]) // 4 + 1
    y, switches = max_pool2d(arranged(x, order), *windows, size)
    assert switches.dtype == (np.uint8 if window == (5, 51) else np.int32)
    assert (nowhere(np.uint8), nowhere(np.int32)) == (255, -1)
    for i, j in np.ndindex(size):
        seen = x[:, :, 3 * i : 3 * i + window[0], 4 * j : 4 * j + window[1]].reshape(2, 3, -1)
        np.testing.assert_array_equal(switches[:, :, i, j], seen.argmax(-1))
        np.testing.assert_array_equal(y[:, :, i, j], seen.max(-1))
    np.testing.assert_array_equal(gather_by_switches(x, switches, *windows), y)
    gradient = scatter_by_switches(np.ones_like(y), switches, (20, 310), *windows)
    assert gradient.sum() == y.size
    assert set(np.unique(x[gradient > 0])) == set(np.unique(y))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("window", "padding", "outside"),
    [
        ((2, 2), 1, [0, 1, 2, 4, 200, 255, -1]),
        ((3, 3), 1, [0, 1, 2, 3, 6, 9, 200, 255, -1]),
        ((3, 3), 0, [2, 5, 6, 7, 8, 9]),
    ],
)
def test_switches_outside_of_the_image_are_ignored(order, window, padding, outside):
    """Whatever a switch says, nothing is read or written outside."""
    windows = window, (2, 2), ((padding, padding), (padding, padding)), (1, 1)
    x = arranged(np.ones((2, 3, 2, 2), np.float32), order)
    for switch in outside:
        switches = arranged(np.full((2, 3, 1, 1), switch, np.int32 if switch < 0 else np.uint8), order)
        inside, buffer = framed(x.shape, order, np.float32)
        scatter_by_switches(x[:, :, :1, :1], switches, (2, 2), *windows, out=inside)
        assert not inside.any()
        inside[...] = 77
        assert (buffer == 77).all()
        assert not gather_by_switches(x, switches, *windows).any()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("places", [4, 5])
def test_a_switch_names_a_pixel_of_the_image_or_none(order, size, places):
    """Of the places of a window, with those before and after, each as the switch of one image inside of a margin."""
    switches = np.arange(-1, places * places + 1, dtype=np.int32).reshape(-1, 1, 1, 1).repeat(2, 1)
    row, column = switches // places - 1, switches % places - 1
    inside = (switches >= 0) & (row >= 0) & (row < size) & (column >= 0) & (column < size)
    named = inside & (np.arange(size)[:, None] == row) & (np.arange(size) == column)
    images, buffer = framed(named.shape, order, np.float32)
    windows = (places, places), (1, 1), ((1, places - size - 1),) * 2, (1, 1)
    switches = arranged(switches, order)
    scatter_by_switches(np.full(switches.shape, 3, np.float32), switches, (size, size), *windows, out=images)
    np.testing.assert_array_equal(images, 3 * named)
    np.testing.assert_array_equal(gather_by_switches(images, switches, *windows), 3 * inside)
    images[...] = 77
    assert (buffer == 77).all()
    np.testing.assert_array_equal(gather_by_switches(images, switches, *windows), 77 * inside)


@pytest.mark.parametrize("order", ORDERS)
def test_no_pixel_wins_over_an_equal_one_before_it(order):
    """Image n is 0 at its first n pixels, and 1 from there on."""
    images = (np.arange(9) >= np.arange(9)[:, None]).reshape(9, 1, 3, 3).repeat(2, 1).astype(np.float32)
    y, switches = max_pool2d(arranged(images, order), (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1))
    assert (y == 1).all()
    assert (switches == np.arange(9).reshape(9, 1, 1, 1)).all()


def test_known_maxima_ties_and_nan():
    x = np.array([[3.0, 3.0, -1.0, np.nan], [3.0, 0.0, np.nan, 5.0]])[None, None]
    y, switches = max_pool2d(x, (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), (1, 2))
    np.testing.assert_array_equal(y, [[[[3.0, np.nan]]]])
    np.testing.assert_array_equal(switches, [[[[0, 1]]]])


def test_padding_never_wins_over_a_pixel_of_minus_infinity():
    x = np.full((1, 1, 2, 2), -np.inf, np.float32)
    _, switches = max_pool2d(x, (2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1), (3, 3))
    np.testing.assert_array_equal(switches[0, 0], [[3, 2, 2], [1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("window", [(2, 2), (3, 3)])
def test_a_zero_keeps_its_sign(order, window):
    x = arranged(np.full((2, 3, 6, 6), -0.0), order)
    y, _ = max_pool2d(x, window, window, ((0, 0), (0, 0)), (1, 1), (6 // window[0], 6 // window[1]))
    assert not y.any()
    assert np.signbit(y).all()


def test_halves_tile_images_but_for_a_last_row_or_column():
    two, none = (2, 2), ((0, 0), (0, 0))
    for size in (4, 4), (5, 4), (4, 5):
        assert halves(size, two, two, two, none, (1, 1))
    assert halves((4, 4), two, two, two, ((0, 1), (0, 1)), (1, 1))  # no window reaches what is after the image
    for size, outputs in ((3, 4), two), ((4, 3), two), ((1, 4), (0, 2)), ((4, 1), (2, 0)):
        assert not halves(size, outputs, two, two, none, (1, 1))
    for padding in ((1, 0), (0, 0)), ((0, 0), (1, 0)):
        assert not halves((4, 4), two, two, two, padding, (1, 1))
    for window, stride, dilation in ((2, 1), two, (1, 1)), (two, (1, 2), (1, 1)), (two, two, (1, 2)):
        assert not halves((4, 4), two, window, stride, none, dilation)


def counts(case, count_include_pad):
    """Return how many places of each window count, by looking at each place."""
    result = np.zeros((*case.output_size, *case.window), bool)
    for i, j, down, right in np.ndindex(result.shape):
        inside = True
        for axis, place in enumerate((places(case, 0)[i, down], places(case, 1)[j, right])):
            before, after = case.padding[axis] if count_include_pad else (0, 0)
            inside &= -before <= place < case.input_size[axis] + after
        result[i, j, down, right] = inside
    return result.sum((2, 3))


@given(without_dilation, st.booleans())
def test_avg_pool2d_is_the_mean_of_each_window(case, count_include_pad):
    x = case.images()
    y = avg_pool2d(x, case.window, *case.moves[:2], count_include_pad, case.output_size)
    divisor = np.maximum(counts(case, count_include_pad), 1)
    expected = patches(case, x).sum((-1, -2)) / divisor
    magnitude = patches(case, np.abs(x)).sum((-1, -2)) / divisor
    assert (y.dtype, y.shape) == (case.dtype, expected.shape)
    bound = (case.window[0] * case.window[1] + 1) * np.finfo(case.dtype).eps * magnitude
    assert (np.abs(y - expected) <= bound).all()


@given(without_dilation, st.booleans())
def test_average_gradient_is_adjoint_to_the_average(case, count_include_pad):
    case = replace(case, dtype="float64")
    x, upstream = case.images(), case.upstream()
    y = avg_pool2d(x, case.window, *case.moves[:2], count_include_pad, case.output_size)
    gradient = avg_pool2d_gradient(upstream, case.input_size, case.window, *case.moves[:2], count_include_pad)
    assert gradient.shape == x.shape
    magnitude = np.abs(x).sum() * np.abs(upstream).sum() + 1
    forward, backward = np.vdot(y, upstream), np.vdot(x, gradient)
    assert forward == pytest.approx(backward, rel=0, abs=32 * np.finfo(float).eps * magnitude)


@given(without_dilation, st.booleans())
def test_average_gradient_shares_each_upstream_gradient_equally(case, count_include_pad):
    upstream = case.upstream()
    gradient = avg_pool2d_gradient(upstream, case.input_size, case.window, *case.moves[:2], count_include_pad)
    expected, magnitude = np.zeros((2, *gradient.shape), np.longdouble)
    shares = upstream / np.maximum(counts(case, count_include_pad), 1).astype(np.longdouble)
    for (n, c, i, j), share in np.ndenumerate(shares):
        for row in places(case, 0)[i]:
            for column in places(case, 1)[j]:
                if 0 <= row < case.input_size[0] and 0 <= column < case.input_size[1]:
                    expected[n, c, row, column] += share
                    magnitude[n, c, row, column] += abs(share)
    assert gradient.dtype == case.dtype
    terms = case.window[0] * case.window[1]
    assert (np.abs(gradient - expected) <= (terms + 2) * np.finfo(case.dtype).eps * magnitude).all()


def test_windows_sticking_out_count_only_the_padded_image():
    """As torch: ceil mode over 3 columns and padding 1, the last window reaches one place too far."""
    x = np.array([[[[1.0, 2.0, 6.0]]]])
    padding = ((0, 0), (1, 1))
    counted = avg_pool2d(x, (1, 4), (1, 2), padding, True, (1, 2))
    np.testing.assert_array_equal(counted, [[[[9.0 / 4, 8.0 / 3]]]])
    without = avg_pool2d(x, (1, 4), (1, 2), padding, False, (1, 2))
    np.testing.assert_array_equal(without, [[[[9.0 / 3, 8.0 / 2]]]])


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_a_window_without_any_pixel_has_mean_zero_and_shares_nothing(order, count_include_pad):
    """Beside the image, above it, or both; those at the corner of the padded image do not even see padding."""
    x, padding = np.full((1, 3, 1, 1), 6.0), ((1, 1), (1, 1))
    expected = np.zeros((1, 3, 4, 4))
    expected[:, :, 1, 1] = 6
    y = avg_pool2d(arranged(x, order), (1, 1), (1, 1), padding, count_include_pad, (4, 4))
    np.testing.assert_array_equal(y, expected, strict=True)
    upstream = arranged(np.full(y.shape, 2.0), order)
    gradient = avg_pool2d_gradient(upstream, (1, 1), (1, 1), (1, 1), padding, count_include_pad)
    np.testing.assert_array_equal(gradient, np.full(x.shape, 2.0), strict=True)


def test_nan_spreads_only_to_the_windows_that_see_it():
    x = np.ones((1, 1, 2, 4))
    x[0, 0, 1, 2] = np.nan
    y = avg_pool2d(x, (2, 2), (2, 2), ((0, 0), (0, 0)), True, (1, 2))
    np.testing.assert_array_equal(y, [[[[1.0, np.nan]]]])


@pytest.fixture
def every_share_pays(monkeypatch):
    before = get_num_threads()
    monkeypatch.setattr(threads, "SMALLEST_SHARE", 1)
    yield
    set_num_threads(before)


@pytest.mark.usefixtures("every_share_pays")
def test_results_do_not_depend_on_the_number_of_threads():
    case = replace(LARGE, channels=5, input_size=(9, 8), output_size=(9, 8))
    x, results = images_with_ties(case), []
    for number in (1, 2, 5):
        set_num_threads(number)
        y, switches = max_pool2d(x, (3, 3), *case.moves[:3], case.output_size)
        mean = avg_pool2d(x, (3, 3), *case.moves[:2], True, case.output_size)
        results.append(
            (
                y,
                switches,
                mean,
                scatter_by_switches(mean, switches, case.input_size, (3, 3), *case.moves[:3]),
                gather_by_switches(mean, switches, (3, 3), *case.moves[:3]),
                avg_pool2d_gradient(mean, case.input_size, (3, 3), *case.moves[:2], True),
            )
        )
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
