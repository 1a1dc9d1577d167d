"""Convolution: the lecture's numbers, what convolution is in mathematics, and its gradients as convolutions."""

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from autograd_cnn.testing.strategies import SEEDS
from tests.kernels.windows import LAYOUTS, laid_out

IMAGE = np.array(
    [
        [1, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 1, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 1, 0],
        [0, 0, 1, 0, 1, 0],
    ],
    float,
)[None, None]
DIAGONAL = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)[None, None]
COLUMN = np.array([[-1, 1, -1], [-1, 1, -1], [-1, 1, -1]], float)[None, None]

SMALL = st.integers(1, 5)


def eighths(rng, *shape):
    """Multiples of 1/8: their products and sums are exact, so equalities hold to the last bit."""
    return rng.integers(-8, 9, shape) / 8


# The lecture


def test_the_lectures_kernel_1_finds_the_diagonal():
    table = [[3, -1, -3, -1], [-3, 1, 0, -3], [-3, -3, 0, 1], [3, -2, -2, -1]]
    np.testing.assert_array_equal(F.conv2d(IMAGE, DIAGONAL)[0, 0], table)


def test_the_lectures_kernel_2_finds_the_column():
    table = [[-1, -1, -1, -1], [-1, -1, -2, 1], [-1, -1, -2, 1], [-1, 0, -4, 3]]
    np.testing.assert_array_equal(F.conv2d(IMAGE, COLUMN)[0, 0], table)


def test_the_lectures_stride_2_does_not_fit_and_says_so():
    with pytest.raises(ag.ShapeError, match=r"\(6 − 3 \+ 0\)/2 is not whole"):
        F.conv2d(IMAGE, DIAGONAL, stride=2)
    np.testing.assert_array_equal(F.conv2d(IMAGE, DIAGONAL, stride=2, fit="floor")[0, 0], [[3, -3], [-3, 0]])


@example(7, 3, 3, (0, 0), 1)
@example(1, 4, 2, (4, 3), 2)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.tuples(*[st.integers(0, 2)] * 2), st.integers(1, 2))
def test_what_a_message_offers_fits_and_nothing_smaller_does(size, window, stride, padding, dilation):
    """Strides up to one more than was asked for, and the three smallest paddings; each is tried."""

    def fits(stride, padding):
        try:
            F.conv1d(np.zeros((1, 1, size)), np.zeros((1, 1, window)), None, stride, padding, dilation)
        except ag.ShapeError as error:
            return str(error)

    message, extent = fits(stride, padding), dilation * (window - 1) + 1
    if message is None:
        return
    assert f"with padding {padding[0]}+{padding[1]}" in message
    if lacking := re.search("padding of at least ([0-9]+) in all", message):
        assert fits(1, (int(lacking[1]) - 1, 0))
        assert not fits(1, (int(lacking[1]), 0))
    else:
        offer = re.search("Use stride (.*?)(?: or padding (.*))?, or fit='floor'", message)
        strides, paddings = ([int(n) for n in (part or "").split(" or ") if n] for part in offer.groups())
        assert strides == [s for s in range(1, stride + 2) if not fits(s, padding)]
        assert paddings == [p for p in range(extent) if not fits(stride, p)][:3]


@pytest.mark.parametrize(
    ("window", "dilation", "same"), [((2, 5), (3, 1), ((1, 2), (2, 2))), ((5, 2), (1, 3), ((2, 2), (1, 2)))]
)
def test_paddings_by_name_are_those_of_each_axis(window, dilation, same):
    """Of an odd amount the bottom or the right gets one more."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 1, 9, 9)), rng.normal(size=(1, 1, *window))
    for name, padding in (("same", same), ("valid", 0)):
        found = F.conv2d(x, w, padding=name, dilation=dilation)
        np.testing.assert_array_equal(found, F.conv2d(x, w, padding=padding, dilation=dilation))
        assert name != "same" or found.shape == x.shape


@pytest.mark.parametrize(
    ("padding", "message"),
    [
        (((4, 3), (0, 0)), r"padding 4\+3 leaves no height of input \(5, 6\); use 1 less"),
        (((4, 2), (3, 6)), r"padding 3\+6 leaves no width of input \(5, 6\); use 2 less"),
    ],
)
def test_a_transposed_convolution_that_is_cut_away_says_along_which_axis(padding, message):
    x, w = np.ones((1, 1, 5, 6)), np.ones((1, 1, 3, 3))
    with pytest.raises(ag.ShapeError, match=message):
        F.conv_transpose2d(x, w, padding=padding)
    assert F.conv_transpose2d(x, w, padding=((4, 2), (3, 4))).shape == (1, 1, 1, 1)


def test_both_kernels_make_a_feature_map_of_two_channels():
    both = F.conv2d(IMAGE, np.concatenate([DIAGONAL, COLUMN]))
    np.testing.assert_array_equal(both[:, :1], F.conv2d(IMAGE, DIAGONAL))
    np.testing.assert_array_equal(both[:, 1:], F.conv2d(IMAGE, COLUMN))


def test_seven_by_seven_with_a_window_of_three():
    """CS231n: 7×7 with a 3×3 filter gives 5×5 at stride 1, 3×3 at stride 2, and 2.33 at stride 3."""
    x, w = np.ones((1, 1, 7, 7)), np.ones((1, 1, 3, 3))
    assert F.conv2d(x, w).shape[2:] == (5, 5)
    assert F.conv2d(x, w, stride=2).shape[2:] == (3, 3)
    with pytest.raises(ag.ShapeError, match=r"\(7 − 3 \+ 0\)/3 is not whole"):
        F.conv2d(x, w, stride=3)
    assert F.conv2d(x, w, stride=3, fit="floor").shape[2:] == (2, 2)
    assert F.conv2d(x, w, stride=3, fit="ceil").shape[2:] == (3, 3)


def test_one_dimensional_example_of_the_notes():
    """CS231n, "Spatial arrangement": W = 5, F = 3, P = 1; S = 1 gives 5 neurons, S = 2 gives 3."""
    x, w = np.array([[[1.0, 2, -1, 1, -3]]]), np.array([[[1.0, 0, -1]]])
    np.testing.assert_array_equal(F.conv1d(x, w, padding=1)[0, 0], [-2, 2, 1, 2, 1])
    np.testing.assert_array_equal(F.conv1d(x, w, stride=2, padding=1)[0, 0], [-2, 1, 1])
    with pytest.raises(ag.ShapeError, match="not whole"):
        F.conv1d(x, w, stride=3, padding=1)


# Padding


@given(SMALL, st.integers(1, 3), st.integers(4, 9))
def test_narrow_same_and_wide_padding(window, dilation, size):
    """P = 0 shrinks by F − 1, P = (F − 1)/2 keeps the size, P = F − 1 grows by F − 1."""
    x, w = np.ones((1, 1, size, size)), np.ones((1, 1, window, window))
    reach = dilation * (window - 1)
    assert F.conv2d(x, w, padding=reach, dilation=dilation).shape[2] == size + reach
    assert F.conv2d(x, w, padding="same", dilation=dilation).shape[2] == size
    if reach % 2 == 0:
        half = F.conv2d(x, w, padding=reach // 2, dilation=dilation)
        np.testing.assert_array_equal(half, F.conv2d(x, w, padding="same", dilation=dilation))
    if size > reach:
        assert F.conv2d(x, w, padding="valid", dilation=dilation).shape[2] == size - reach


@given(st.tuples(*[st.integers(0, 3)] * 4), SEEDS)
def test_four_numbers_are_top_bottom_left_right(sides, seed):
    rng = np.random.default_rng(seed)
    x, w = eighths(rng, 2, 1, 4, 5), eighths(rng, 3, 1, 2, 3)
    top, bottom, left, right = sides
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    expected = F.conv2d(padded, w)
    np.testing.assert_array_equal(F.conv2d(x, w, padding=sides), expected)
    np.testing.assert_array_equal(F.conv2d(x, w, padding=((top, bottom), (left, right))), expected)


# What kinds of convolution there are


@given(SEEDS, SMALL, SMALL)
def test_a_1x1_convolution_is_a_linear_layer_per_pixel(seed, channels, filters):
    rng = np.random.default_rng(seed)
    x, w, b = eighths(rng, 2, channels, 3, 4), eighths(rng, filters, channels, 1, 1), eighths(rng, filters)
    pixels = F.linear(x.transpose(0, 2, 3, 1), w[:, :, 0, 0], b)
    np.testing.assert_array_equal(F.conv2d(x, w, b), pixels.transpose(0, 3, 1, 2))


@given(SEEDS, st.integers(1, 3), st.integers(1, 2), st.integers(1, 2))
def test_groups_are_convolutions_side_by_side(seed, groups, channels, filters):
    rng = np.random.default_rng(seed)
    x, w = eighths(rng, 2, groups * channels, 4, 4), eighths(rng, groups * filters, channels, 3, 3)
    apart = [
        F.conv2d(x[:, g * channels : (g + 1) * channels], w[g * filters : (g + 1) * filters]) for g in range(groups)
    ]
    np.testing.assert_array_equal(F.conv2d(x, w, groups=groups), np.concatenate(apart, 1))


@given(SEEDS, st.integers(1, 3))
def test_depthwise_then_1x1_is_one_convolution_with_product_filters(seed, channels):
    """A depthwise separable convolution: its filters are the products of a spatial and a channel part."""
    rng = np.random.default_rng(seed)
    x, depth, point = eighths(rng, 1, channels, 5, 5), eighths(rng, channels, 1, 3, 3), eighths(rng, 2, channels, 1, 1)
    separable = F.conv2d(F.conv2d(x, depth, groups=channels), point)
    np.testing.assert_array_equal(separable, F.conv2d(x, point * depth[:, 0]))


@given(SEEDS, SMALL, st.integers(1, 3))
def test_dilation_is_a_filter_with_zeros_between(seed, window, dilation):
    rng = np.random.default_rng(seed)
    w = eighths(rng, 2, 1, window, window)
    reach = dilation * (window - 1) + 1
    spread = np.zeros((2, 1, reach, reach))
    spread[:, :, ::dilation, ::dilation] = w
    x = eighths(rng, 1, 1, reach + 2, reach + 1)
    np.testing.assert_array_equal(F.conv2d(x, w, dilation=dilation), F.conv2d(x, spread))


@given(SEEDS, st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.sampled_from([1, 2]))
def test_conv1d_is_conv2d_at_height_1(seed, window, stride, padding, groups):
    rng = np.random.default_rng(seed)
    x, w, b = eighths(rng, 2, 2, 7), eighths(rng, 4, 2 // groups, window), eighths(rng, 4)
    row = F.conv2d(x[:, :, None], w[:, :, None], b, (1, stride), (0, padding), 1, groups, fit="floor")
    np.testing.assert_array_equal(F.conv1d(x, w, b, stride, padding, 1, groups, fit="floor"), row[:, :, 0])
    assert F.conv1d(x, w, b, (1,), (2, 0), 1, groups).shape == (2, 4, 10 - window)
    np.testing.assert_array_equal(F.conv1d(x, w, padding=(2,), groups=groups), F.conv1d(x, w, padding=2, groups=groups))


@given(SEEDS, st.integers(1, 6), st.integers(1, 6))
def test_conv1d_with_a_flipped_filter_is_numpys_convolve(seed, size, window):
    rng = np.random.default_rng(seed)
    x, w = eighths(rng, size), eighths(rng, window)
    found = F.conv1d(x[None, None], w[None, None, ::-1], padding=window - 1)
    np.testing.assert_array_equal(found[0, 0], np.convolve(x, w))


# Convolution as mathematics has it


def planes(data, count):
    rng = np.random.default_rng(data.draw(SEEDS))
    return [eighths(rng, data.draw(SMALL), data.draw(SMALL)) for _ in range(count)]


@given(st.data())
def test_full_convolution_is_its_definition(data):
    x, w = planes(data, 2)
    expected = np.zeros((x.shape[0] + w.shape[0] - 1, x.shape[1] + w.shape[1] - 1))
    for i, j in np.ndindex(x.shape):
        expected[i : i + w.shape[0], j : j + w.shape[1]] += x[i, j] * w
    full = F.convolve2d(x, w)
    np.testing.assert_array_equal(full, expected)
    top, left = (w.shape[0] - 1) // 2, (w.shape[1] - 1) // 2
    same = F.convolve2d(x, w, "same")
    np.testing.assert_array_equal(same, full[top : top + x.shape[0], left : left + x.shape[1]])
    if all(a >= b for a, b in zip(x.shape, w.shape, strict=True)):
        rows, columns = (slice(b - 1, a) for a, b in zip(x.shape, w.shape, strict=True))
        np.testing.assert_array_equal(F.convolve2d(x, w, "valid"), full[rows, columns])
        np.testing.assert_array_equal(F.convolve2d(w, x, "valid"), full[rows, columns])


@given(st.data())
def test_convolution_is_commutative(data):
    x, w = planes(data, 2)
    np.testing.assert_array_equal(F.convolve2d(x, w), F.convolve2d(w, x))


@given(st.data())
def test_convolution_is_associative(data):
    a, b, c = planes(data, 3)
    np.testing.assert_array_equal(F.convolve2d(F.convolve2d(a, b), c), F.convolve2d(a, F.convolve2d(b, c)))


@given(st.data(), SEEDS)
def test_convolution_is_distributive_and_linear(data, seed):
    a, b = planes(data, 2)
    c = eighths(np.random.default_rng(seed), *b.shape)
    both = F.convolve2d(a, b + 2 * c)
    np.testing.assert_array_equal(both, F.convolve2d(a, b) + 2 * F.convolve2d(a, c))


def test_correlation_is_not_commutative():
    """What networks call convolution slides the filter unflipped: swapping image and filter turns the result."""
    x, w = np.array([[1.0, 2]]), np.array([[3.0, 5]])
    one, other = (F.conv2d(a[None, None], b[None, None], padding=(0, 1))[0, 0] for a, b in ((x, w), (w, x)))
    assert (one != other).any()
    np.testing.assert_array_equal(one, other[:, ::-1])


@given(st.data())
def test_convolving_is_correlating_with_the_flipped_filter(data):
    x, w = planes(data, 2)
    margins = (w.shape[0] - 1, w.shape[1] - 1)
    flipped = w[::-1, ::-1]
    np.testing.assert_array_equal(
        F.conv2d(x[None, None], flipped[None, None], padding=margins)[0, 0], F.convolve2d(x, w)
    )


def test_a_single_one_is_the_neutral_element_and_moves_when_shifted():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(F.convolve2d(x, np.ones((1, 1))), x)
    np.testing.assert_array_equal(F.convolve2d(x, np.array([[0.0, 0, 1]])), np.pad(x, ((0, 0), (2, 0))))


def test_convolve2d_has_gradients_to_second_order():
    rng = np.random.default_rng(0)
    x, w = (ag.Tensor(rng.uniform(-1, 1, s), requires_grad=True) for s in ((3, 4), (2, 2)))
    seed = rng.uniform(-1, 1, (4, 5))
    to_x, to_w = ag.grad(F.convolve2d(x, w), [x, w], seed, create_graph=True)
    np.testing.assert_allclose(to_x.value, F.convolve2d(seed, w.value[::-1, ::-1].copy(), "valid"), rtol=1e-13)
    (mixed,) = ag.grad(to_x, [w], np.ones(to_x.shape))
    np.testing.assert_allclose(mixed, F.convolve2d(seed, np.ones((3, 4)), "valid")[: w.shape[0]], rtol=1e-12)
    assert to_w.shape == w.shape


# The backward pass of a convolution is a convolution


@given(SEEDS, st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 3))
def test_backward_pass_is_a_convolution_with_flipped_filters(seed, window, channels, filters, padding):
    """CS231n: "the backward pass for a convolution is also a convolution (but with spatially-flipped filters)".

    At stride 1 the gradient to the image is the upstream gradient, padded by F − 1 − P, under the
    filters flipped in height and width, with input and output channels exchanged.
    """
    padding = min(padding, window - 1)
    rng = np.random.default_rng(seed)
    x = ag.Tensor(eighths(rng, 2, channels, window + 1, window + 2), requires_grad=True)
    w = ag.Tensor(eighths(rng, filters, channels, window, window), requires_grad=True)
    output = F.conv2d(x, w, padding=padding)
    upstream = eighths(rng, *output.shape)
    to_x, to_w = ag.grad(output, [x, w], upstream)
    flipped = w.value[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(to_x, F.conv2d(upstream, flipped, padding=window - 1 - padding))
    # and the gradient to the filters is the image under the upstream gradient
    seen = F.conv2d(x.value.transpose(1, 0, 2, 3), upstream.transpose(1, 0, 2, 3), padding=padding)
    np.testing.assert_array_equal(to_w, seen.transpose(1, 0, 2, 3))


@given(st.data())
def test_gradient_of_a_correlation_is_a_full_convolution_with_its_filter(data):
    rng = np.random.default_rng(data.draw(SEEDS))
    w = eighths(rng, data.draw(SMALL), data.draw(SMALL))
    x = ag.Tensor(eighths(rng, w.shape[0] + 2, w.shape[1] + 1), requires_grad=True)
    output = F.conv2d(x.reshape(1, 1, *x.shape), w[None, None])
    upstream = eighths(rng, *output.shape)
    (gradient,) = ag.grad(output, [x], upstream)
    np.testing.assert_array_equal(gradient, F.convolve2d(upstream[0, 0], w, "full"))


@given(SEEDS, st.integers(1, 3), st.integers(2, 3))
def test_with_a_stride_zeros_stand_between_the_upstream_gradients(seed, window, stride):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(eighths(rng, 1, 2, window + 2 * stride, window + stride), requires_grad=True)
    w = eighths(rng, 3, 2, window, window)
    output = F.conv2d(x, w, stride=stride)
    upstream = eighths(rng, *output.shape)
    spread = np.zeros((1, 3, 2 * stride + 1, stride + 1))
    spread[:, :, ::stride, ::stride] = upstream
    (gradient,) = ag.grad(output, [x], upstream)
    flipped = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(gradient, F.conv2d(spread, flipped, padding=window - 1))


# Transposed convolution


@st.composite
def transposed(draw):
    """A convolution that fits, as (image size, window, options of both directions, options of conv2d alone)."""
    window, stride = draw(st.tuples(SMALL, SMALL)), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2))
    extent = [d * (f - 1) + 1 for d, f in zip(dilation, window, strict=True)]
    unread = tuple(draw(st.integers(0, s - 1)) for s in stride)
    counts = [draw(st.integers(1, 3)) for _ in range(2)]
    size = [(c - 1) * s + e - sum(p) + u for c, s, e, p, u in zip(counts, stride, extent, padding, unread, strict=True)]
    return size, window, {"stride": stride, "padding": padding, "dilation": dilation}, unread


@given(transposed().filter(lambda t: min(t[0]) > 0), SEEDS, st.integers(1, 2))
def test_transposed_convolution_is_the_adjoint_of_convolution(geometry, seed, groups):
    """Σ conv2d(a)·b = Σ a·conv_transpose2d(b), for the same weights; output_padding restores unread rows."""
    size, window, options, unread = geometry
    rng = np.random.default_rng(seed)
    a, w = eighths(rng, 2, 2 * groups, *size), eighths(rng, 3 * groups, 2, *window)
    forward = F.conv2d(a, w, groups=groups, fit="floor", **options)
    b = eighths(rng, *forward.shape)
    back = F.conv_transpose2d(b, w, output_padding=unread, groups=groups, **options)
    assert back.shape == a.shape
    assert (forward * b).sum() == (a * back).sum()


@given(SEEDS, SMALL, st.integers(0, 2))
def test_transposed_convolution_at_stride_1_is_a_convolution_with_flipped_filters(seed, window, padding):
    rng = np.random.default_rng(seed)
    x, w, b = eighths(rng, 1, 2, 6, 5), eighths(rng, 2, 3, window, window), eighths(rng, 3)
    padding = min(padding, window - 1)
    flipped = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    expected = F.conv2d(x, flipped, b, padding=window - 1 - padding)
    np.testing.assert_array_equal(F.conv_transpose2d(x, w, b, padding=padding), expected)


def test_transposed_convolution_paints_with_its_filter():
    x = np.array([[[[1.0, 2], [3, 4]]]])
    painted = F.conv_transpose2d(x, np.ones((1, 1, 3, 3)), stride=2)[0, 0]
    expected = [[1, 1, 3, 2, 2], [1, 1, 3, 2, 2], [4, 4, 10, 6, 6], [3, 3, 7, 4, 4], [3, 3, 7, 4, 4]]
    np.testing.assert_array_equal(painted, expected)  # where the paint overlaps it adds up: a checkerboard


def test_bilinear_enlargement_is_a_transposed_convolution():
    """A triangle as filter: pixels keep their place, those between are averages (Long et al. 2014)."""
    triangle = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])[None, None]
    x = np.array([[[[0.0, 4], [8, 12]]]])
    enlarged = F.conv_transpose2d(x, triangle, stride=2, padding=1)
    np.testing.assert_array_equal(enlarged[0, 0], [[0, 2, 4], [4, 6, 8], [8, 10, 12]])


# Hard cases


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_empty_batch_keeps_its_shapes_and_gives_weights_a_gradient_of_0(dtype):
    x = ag.Tensor(np.zeros((0, 2, 5, 5), dtype), requires_grad=True)
    for layer in (nn.Conv2d(2, 4, 3, dtype=dtype), nn.ConvTranspose2d(2, 4, 3, dtype=dtype)):
        output = layer(x)
        assert output.shape == (0, *layer.output_shape((2, 5, 5)))
        to_x, to_weight, to_bias = ag.grad(output, [x, layer.weight, layer.bias], np.zeros(output.shape, dtype))
        assert to_x.shape == x.shape
        assert to_weight.dtype == dtype
        assert not to_weight.any()
        assert not to_bias.any()


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "big-endian"])  # refused, see below
@pytest.mark.parametrize("function", [F.conv2d, lambda x, w: F.conv_transpose2d(x, w.swapaxes(0, 1))])
def test_memory_layout_does_not_matter(layout, function):
    rng = np.random.default_rng(0)
    x, w = eighths(rng, 2, 3, 6, 7), eighths(rng, 4, 3, 2, 3)
    strange_x, strange_w = (laid_out(a.copy(), layout) for a in (x, w))
    np.testing.assert_array_equal(function(strange_x, strange_w), function(x, w))
    plain, strange = ([ag.Tensor(a, requires_grad=True) for a in pair] for pair in ((x, w), (strange_x, strange_w)))
    output = function(*plain)
    seed = eighths(rng, *output.shape)
    for a, b in zip(ag.grad(output, plain, seed), ag.grad(function(*strange), strange, seed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_moving_the_image_moves_the_feature_map():
    rng = np.random.default_rng(0)
    x, w = eighths(rng, 1, 2, 5, 5), eighths(rng, 3, 2, 3, 3)
    for down, right in product(range(3), repeat=2):
        moved = np.pad(x, ((0, 0), (0, 0), (down, 2 - down), (right, 2 - right)))
        features = F.conv2d(moved, w)[:, :, down : down + 3, right : right + 3]
        np.testing.assert_array_equal(features, F.conv2d(x, w))


ROW, ROW_WEIGHT = np.ones((2, 4, 9), np.float32), np.ones((6, 4, 3), np.float32)
IMAGES, BACK = np.ones((2, 4, 5, 5), np.float32), np.ones((4, 6, 3, 3), np.float32)
PLANE = np.ones((3, 3))
SWAPPED = IMAGES.astype(">f4")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: F.conv1d(np.ones((1, 4, 9)), np.ones((5, 3, 2))),
            ag.ShapeError,
            r"conv1d: weight \(5, 3, 2\) with groups=1 expects 3 channels, got input of shape \(1, 4, 9\)",
        ),
        (lambda: F.conv1d(ROW[0], ROW_WEIGHT), ag.ShapeError, r"conv1d: .*one sequence is x\[None\]"),
        (lambda: F.conv1d(ROW.astype(int), ROW_WEIGHT), ag.DtypeError, "conv1d: input of dtype int64"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT[0]), ag.ShapeError, r"expected \(out, in/groups, length\)"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT[:, :2]), ag.ShapeError, "conv1d: .* expects 2 channels"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, stride=(2, 2)), ag.ArgumentError, r"conv1d: stride=\(2, 2\)"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, stride=4), ag.ShapeError, "conv1d: .*width 9 .*not whole"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, padding=(1, 2, 3)), ag.ArgumentError, r"a pair \(left, right\)"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, padding=-1), ag.ArgumentError, "conv1d: padding=-1"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, padding="full"), ag.ArgumentError, "padding='full'"),
        (lambda: F.conv1d(ROW, ROW_WEIGHT, ROW[0, 0]), ag.ShapeError, r"conv1d: bias of shape \(9,\), expected \(6,\)"),
        (lambda: F.conv2d(SWAPPED, SWAPPED), ag.DtypeError, r"dtype >f4, .*use x.astype\(np.float32\)"),
        (lambda: F.conv2d(IMAGES, BACK, padding=-1), ag.ArgumentError, "padding=-1, expected an integer of at least 0"),
        (lambda: F.conv2d(IMAGES, BACK, padding=np.array([1, 1])), ag.ArgumentError, r"padding=array\(\[1, 1\]\), exp"),
        (lambda: F.conv2d(IMAGES, BACK, padding=(1, 2, 3)), ag.ArgumentError, r"padding=\(1, 2, 3\)"),
        (lambda: F.conv2d(IMAGES, BACK, padding=(1, 2, 3, -1)), ag.ArgumentError, r"padding=\(3, -1\)"),
        (lambda: F.conv_transpose2d(IMAGES, BACK[0]), ag.ShapeError, r"expected \(in, out/groups, height, width\)"),
        (lambda: F.conv_transpose2d(IMAGES, BACK[:3]), ag.ShapeError, "expects 3 channels"),
        (lambda: F.conv_transpose2d(IMAGES, BACK.astype(float)), ag.DtypeError, "astype"),
        (lambda: F.conv_transpose2d(IMAGES, BACK, groups=3), ag.ArgumentError, "groups=3"),
        (
            lambda: F.conv_transpose2d(IMAGES, BACK, BACK[0, 0, 0]),
            ag.ShapeError,
            r"bias of shape \(3,\), expected \(6,\)",
        ),
        (lambda: F.conv_transpose2d(IMAGES, BACK, padding="same"), ag.ArgumentError, "how much to cut"),
        (lambda: F.conv_transpose2d(IMAGES, BACK, padding=4), ag.ShapeError, "leaves no height .* use 2 less"),
        (lambda: F.conv_transpose2d(IMAGES, BACK, padding=(0, 4)), ag.ShapeError, "leaves no width"),
        (lambda: F.conv_transpose2d(IMAGES, BACK, padding=(3, 4)), ag.ShapeError, "leaves no width .* use 2 less"),
        (lambda: F.conv_transpose2d(IMAGES, BACK, output_padding=1), ag.ArgumentError, "less than the stride"),
        (lambda: F.convolve2d(PLANE[None], PLANE), ag.ShapeError, "expected a plane"),
        (lambda: F.convolve2d(PLANE, PLANE[:0]), ag.ShapeError, "not empty"),
        (lambda: F.convolve2d(PLANE, PLANE.astype(int)), ag.DtypeError, "int64"),
        (lambda: F.convolve2d(PLANE, PLANE.astype(np.float32)), ag.DtypeError, "float32"),
        (lambda: F.convolve2d(PLANE, PLANE, "wide"), ag.ArgumentError, "mode='wide', expected 'full', 'same'"),
        (lambda: F.convolve2d(PLANE, np.ones((1, 4)), "valid"), ag.ShapeError, "larger than the width 3"),
    ],
)
def test_wrong_use_raises_a_typed_error_of_one_or_two_lines(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert len(str(caught.value).splitlines()) <= 2
