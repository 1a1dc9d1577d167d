"""Layers of convolution and pooling: declared shapes against real runs, reprs, known parameters."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn

ONE = st.integers(1, 3)
PAIRS = ONE | st.tuples(ONE, ONE)
FITS = st.sampled_from(["exact", "floor", "ceil"])
SIZES = st.tuples(st.integers(0, 9), st.integers(1, 9))


def agrees_with_a_real_run(layer, shape, *more):
    """What `output_shape` says is what comes out; where it raises, the run raises the same."""
    x = np.ones((2, *shape), np.float32)
    try:
        declared = layer.output_shape(shape)
    except ag.AutogradError as error:
        with pytest.raises(type(error)):
            layer(x, *more)
        return
    output = layer(x, *more)
    assert output.shape == (2, *declared)
    assert output.dtype == np.float32
    assert layer(ag.Tensor(x), *more).shape == output.shape


@given(st.data(), ONE, ONE, ONE, st.sampled_from([0, 2, (1, 0), "valid", "same"]), st.integers(1, 9), FITS)
def test_conv1d_declares_its_shape(data, window, stride, dilation, padding, length, fit):
    assume(padding != "same" or stride == 1)
    groups = data.draw(st.integers(1, 2))
    layer = nn.Conv1d(
        2 * groups, 3 * groups, window, stride, padding, dilation, groups, data.draw(st.booleans()), fit=fit
    )
    agrees_with_a_real_run(layer, (2 * groups, length))
    agrees_with_a_real_run(layer, (groups, length))


@given(st.data(), PAIRS, PAIRS, PAIRS, st.sampled_from([0, 1, (2, 0), (1, 0, 0, 2)]), SIZES.filter(lambda s: s[0] > 0))
def test_conv_transpose2d_declares_its_shape(data, window, stride, dilation, padding, size):
    groups, extra = data.draw(st.integers(1, 2)), data.draw(st.integers(0, 1))
    try:
        layer = nn.ConvTranspose2d(
            2 * groups, 3 * groups, window, stride, padding, extra, groups, data.draw(st.booleans()), dilation
        )
    except ag.ArgumentError as error:
        assert "less than the stride" in str(error)  # noqa: PT017
        assume(False)
    agrees_with_a_real_run(layer, (2 * groups, *size))
    agrees_with_a_real_run(layer, (groups, *size))


@given(st.sampled_from([nn.MaxPool1d, nn.AvgPool1d]), ONE, ONE | st.none(), st.integers(0, 2), st.integers(1, 9), FITS)
def test_pooling_of_sequences_declares_its_shape(kind, window, stride, padding, length, fit):
    try:
        layer = kind(window, stride, padding, fit=fit)
    except ag.ArgumentError as error:
        assert "more than half of the window" in str(error)  # noqa: PT017
        assume(False)
    agrees_with_a_real_run(layer, (3, length))


@given(st.data(), SIZES)
def test_adaptive_and_global_pooling_declare_their_shape(data, size):
    count = data.draw(st.integers(1, 4) | st.tuples(st.integers(1, 4) | st.none(), st.integers(1, 4)))
    for layer in (
        nn.AdaptiveAvgPool2d(count),
        nn.AdaptiveMaxPool2d(count),
        nn.GlobalAvgPool2d(),
        nn.GlobalMaxPool2d(),
    ):
        agrees_with_a_real_run(layer, (3, *size))


@given(st.data(), PAIRS, PAIRS | st.none(), SIZES.filter(lambda s: s[0] > 0), FITS)
def test_weighted_pooling_declares_its_shape(data, window, stride, size, fit):
    agrees_with_a_real_run(nn.LPPool2d(2, window, stride, fit=fit), (3, *size))
    agrees_with_a_real_run(nn.DistanceWeightedPool2d(window, stride, 0, fit=fit), (3, *size))
    agrees_with_a_real_run(nn.BlurPool2d(window, data.draw(PAIRS)), (3, *size))


@given(ONE, ONE, st.integers(3, 7))
def test_unpooling_declares_its_shape(window, stride, size):
    pool, unpool = nn.MaxPool2d(window, stride, return_indices=True, fit="floor"), nn.MaxUnpool2d(window, stride)
    x = np.random.default_rng(0).uniform(1, 2, (2, 3, size, size)).astype(np.float32)
    values, indices = pool(x)
    np.testing.assert_array_equal(values, F.max_pool2d(x, window, stride, fit="floor"))
    back = unpool(values, indices, x.shape)
    assert back.shape == x.shape
    if (size - window) % stride == 0:
        assert unpool(values, indices).shape == (2, *unpool.output_shape(pool.output_shape((3, size, size))))
        np.testing.assert_array_equal(unpool(values, indices), back)


def test_adaptive_max_pooling_returns_indices_when_asked():
    x = np.arange(8, dtype=np.float32).reshape(1, 1, 2, 4)
    values, indices = nn.AdaptiveMaxPool2d(1, return_indices=True)(x)
    assert (values.item(), indices.item()) == (7, 7)


def test_five_filters_of_3x3_on_one_channel_have_50_parameters():
    assert sum(p.size for p in nn.Conv2d(1, 5, 3).parameters()) == 50


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.ConvTranspose2d])
def test_starting_values_stand_between_one_over_root_fan_in(kind):
    """fan_in as in torch: for the transposed layer that of the axes behind the first, too."""
    layer = kind(6, 8, 3, groups=2, rng=0)
    fan_in = np.prod(layer.weight.shape[1:])
    for parameter in (layer.weight, layer.bias):
        assert 0.7 / np.sqrt(fan_in) < np.abs(parameter.value).max() <= 1 / np.sqrt(fan_in) * (1 + 1e-6)
    np.testing.assert_array_equal(layer.weight.value, kind(6, 8, 3, groups=2, rng=0).weight.value)
    assert kind(6, 8, 3, bias=False, dtype=np.float64).weight.dtype == np.float64


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Conv1d(2, 2, (3, 3)), ag.ArgumentError, r"Conv1d: kernel_size=\(3, 3\)"),
        (lambda: nn.Conv1d(2, 3, 3, groups=2), ag.ArgumentError, "Conv1d: groups=2"),
        (lambda: nn.Conv1d(2, 2, 3, fit="flor"), ag.ArgumentError, "Conv1d: fit='flor'"),
        (lambda: nn.Conv1d(2, 2, 3).output_shape((2, 4, 4)), ag.ShapeError, r"Conv1d: .*expected \(C, L\)"),
        (lambda: nn.Conv1d(2, 2, 3).output_shape((3, 4)), ag.ShapeError, "expected 2 channels"),
        (lambda: nn.ConvTranspose2d(0, 2, 3), ag.ArgumentError, "in_channels=0"),
        (lambda: nn.ConvTranspose2d(2, 2, 3, padding="same"), ag.ArgumentError, "how much to cut"),
        (lambda: nn.ConvTranspose2d(2, 2, 3).output_shape((3, 4, 4)), ag.ShapeError, "expected 2 channels"),
        (lambda: nn.MaxPool1d(0), ag.ArgumentError, "MaxPool1d: kernel_size=0"),
        (lambda: nn.AvgPool1d(2, fit=""), ag.ArgumentError, "AvgPool1d: fit=''"),
        (lambda: nn.MaxUnpool2d(2, 0), ag.ArgumentError, "MaxUnpool2d: stride=0"),
        (lambda: nn.AdaptiveAvgPool2d((2, 0)), ag.ArgumentError, "AdaptiveAvgPool2d: output_size"),
        (lambda: nn.AdaptiveMaxPool2d("2"), ag.ArgumentError, "AdaptiveMaxPool2d: output_size"),
        (lambda: nn.LPPool2d(-1, 2), ag.ArgumentError, "LPPool2d: norm_type=-1"),
        (lambda: nn.BlurPool2d(stride=0), ag.ArgumentError, "BlurPool2d: stride=0"),
    ],
)
def test_bad_arguments_raise_typed_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Conv1d(1, 2, 3), "Conv1d(1, 2, kernel_size=3, stride=1)"),
        (
            nn.Conv1d(2, 4, 3, 2, (1, 0), 2, 2, False, fit="floor"),
            "Conv1d(2, 4, kernel_size=3, stride=2, padding=(1, 0), dilation=2, groups=2, bias=False, fit='floor')",
        ),
        (
            nn.ConvTranspose2d(2, 4, 3, 2, 1, 1, 2, False, 2),
            "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1), "
            "dilation=(2, 2), groups=2, bias=False)",
        ),
        (
            nn.MaxPool2d(2, return_indices=True),
            "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, return_indices=True)",
        ),
        (
            nn.MaxPool1d(3, padding=1, fit="ceil"),
            "MaxPool1d(kernel_size=3, stride=3, padding=1, dilation=1, fit='ceil')",
        ),
        (
            nn.AvgPool1d(2, 1, count_include_pad=False, fit="floor"),
            "AvgPool1d(kernel_size=2, stride=1, padding=0, count_include_pad=False, fit='floor')",
        ),
        (nn.MaxUnpool2d((2, 3)), "MaxUnpool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)"),
        (nn.AdaptiveAvgPool2d((7, None)), "AdaptiveAvgPool2d(output_size=(7, None))"),
        (nn.AdaptiveMaxPool2d(1, True), "AdaptiveMaxPool2d(output_size=1, return_indices=True)"),
        (nn.GlobalAvgPool2d(), "GlobalAvgPool2d()"),
        (nn.LPPool2d(2, 3, 2, fit="floor"), "LPPool2d(2, kernel_size=3, stride=2, fit='floor')"),
        (
            nn.DistanceWeightedPool2d(3, 2, 1, fit="ceil"),
            "DistanceWeightedPool2d(kernel_size=3, stride=2, padding=1, fit='ceil')",
        ),
        (nn.BlurPool2d(), "BlurPool2d(kernel_size=3, stride=2)"),
    ],
)
def test_repr_shows_what_differs_from_the_defaults(layer, text):
    assert repr(layer) == text
