"""Layers: declared shapes against real runs, values against the functions, starting values, bad arguments."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn

PAIRS = st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3))
PADDINGS = (
    st.integers(0, 2)
    | st.tuples(st.integers(0, 2), st.integers(0, 2))
    | st.tuples(st.tuples(st.integers(0, 2), st.integers(0, 2)), st.tuples(st.integers(0, 2), st.integers(0, 2)))
)
FITS = st.sampled_from(["exact", "floor", "ceil"])
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def agrees_with_a_real_run(layer, shape, dtype=np.float32):
    """What `output_shape` says is what comes out; where it raises, the run raises the same."""
    x = np.ones((2, *shape), dtype)
    try:
        declared = layer.output_shape(shape)
    except ag.AutogradError as error:
        with pytest.raises(type(error)):
            layer(x)
        return
    output = layer(x)
    assert output.shape == (2, *declared)
    assert output.dtype == dtype
    assert layer(ag.Tensor(x)).shape == output.shape


@given(st.data(), SIZES, FITS)
def test_conv2d_declares_its_shape(data, size, fit):
    groups = data.draw(st.integers(1, 2))
    channels, filters = (groups * data.draw(st.integers(1, 2)) for _ in range(2))
    layer = nn.Conv2d(
        channels,
        filters,
        data.draw(PAIRS),
        data.draw(PAIRS),
        data.draw(PADDINGS),
        data.draw(PAIRS),
        groups,
        data.draw(st.booleans()),
        fit=fit,
    )
    agrees_with_a_real_run(layer, (channels, *size))
    agrees_with_a_real_run(layer, (channels + groups, *size))


@given(st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]), PAIRS, PAIRS | st.none(), PADDINGS, SIZES, FITS)
def test_pooling_declares_its_shape(kind, kernel_size, stride, padding, size, fit):
    try:
        layer = kind(kernel_size, stride, padding, fit=fit)
    except ag.ArgumentError as error:
        assert "more than half of the window" in str(error)  # noqa: PT017
        assume(False)
    agrees_with_a_real_run(layer, (3, *size))


@given(PAIRS, SIZES)
def test_dilated_pooling_declares_its_shape(dilation, size):
    agrees_with_a_real_run(nn.MaxPool2d(2, 1, dilation=dilation), (2, *size))


@given(st.lists(st.integers(1, 4), max_size=3).map(tuple), st.integers(1, 4), st.integers(1, 4))
def test_linear_declares_its_shape(outer, n_in, n_out):
    agrees_with_a_real_run(nn.Linear(n_in, n_out, dtype=np.float64), (*outer, n_in), np.float64)
    agrees_with_a_real_run(nn.Linear(n_in + 1, n_out), (*outer, n_in))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4).map(tuple), st.integers(1, 5), st.integers(-5, 5))
def test_flatten_declares_its_shape(shape, start, end):
    agrees_with_a_real_run(nn.Flatten(start, end), shape)


@given(st.lists(st.integers(0, 3), max_size=4).map(tuple), st.sampled_from([nn.ReLU, nn.Sigmoid, nn.Tanh]))
def test_activations_keep_the_shape(shape, kind):
    agrees_with_a_real_run(kind(), shape)


def test_flatten_over_the_batch_axis_has_no_shape_of_one_sample():
    assert nn.Flatten(0)(np.zeros((2, 3, 4))).shape == (24,)
    assert nn.Flatten(0, 0).output_shape((3, 4)) == (3, 4)
    for axis in (0, -3):
        with pytest.raises(ag.ShapeError, match="flattens the batch axis"):
            nn.Flatten(axis).output_shape((3, 4))


def test_images_of_the_wrong_rank_raise():
    for layer in (nn.Conv2d(1, 1, 1), nn.MaxPool2d(1), nn.AvgPool2d(1)):
        with pytest.raises(ag.ShapeError, match=r"expected \(C, H, W\) without the batch axis"):
            layer.output_shape((2, 1, 8, 8))
    with pytest.raises(ag.ShapeError, match=r"put nn.Flatten\(\) before it"):
        nn.Linear(8, 2).output_shape((2, 2, 2))


def test_layers_are_their_functions():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 6))
    conv = nn.Conv2d(4, 6, (3, 2), 2, ((1, 0), (2, 0)), groups=2, fit="floor", rng=0, dtype=np.float64)
    expected = F.conv2d(x, conv.weight, conv.bias, 2, ((1, 0), (2, 0)), 1, 2, fit="floor")
    np.testing.assert_array_equal(conv(x).value, expected.value)
    np.testing.assert_array_equal(nn.MaxPool2d(3, 2, 1, fit="ceil")(x), F.max_pool2d(x, 3, 2, 1, fit="ceil"))
    pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    np.testing.assert_array_equal(pool(x), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False))
    linear = nn.Linear(6, 3, bias=False, rng=0, dtype=np.float64)
    np.testing.assert_array_equal(linear(x).value, x @ linear.weight.value.T)
    np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(2, -1))
    for layer, function in ((nn.ReLU(), ag.relu), (nn.Sigmoid(), ag.sigmoid), (nn.Tanh(), ag.tanh)):
        np.testing.assert_array_equal(layer(x), function(x))
    for reduction in ("mean", "sum", "none"):
        loss = nn.CrossEntropyLoss(reduction=reduction)
        np.testing.assert_array_equal(
            loss(x[:, :, 0, 0], [1, 3]), F.cross_entropy(x[:, :, 0, 0], [1, 3], reduction=reduction)
        )


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000), st.sampled_from([np.float32, np.float64]))
def test_starting_values_lie_within_one_over_root_fan_in(n_in, n_out, seed, dtype):
    linear = nn.Linear(n_in, n_out, rng=seed, dtype=dtype)
    conv = nn.Conv2d(2 * n_in, 2, (3, 1), groups=2, rng=seed, dtype=dtype)
    for layer, fan_in in ((linear, n_in), (conv, 3 * n_in)):
        for parameter in layer.parameters():
            assert parameter.dtype == dtype
            assert np.abs(parameter.value).max() <= 1 / math.sqrt(fan_in) * (1 + 1e-6)
    np.testing.assert_array_equal(linear.weight.value, nn.Linear(n_in, n_out, rng=seed, dtype=dtype).weight.value)


def test_starting_values_fill_their_range_evenly():
    weight = nn.Linear(100, 1000, rng=0).weight.value * math.sqrt(100)
    assert weight.max() > 0.999
    assert weight.min() < -0.999
    assert abs(weight.std() - 1 / math.sqrt(3)) < 0.005  # of 100,000 draws: several standard errors
    assert abs(weight.mean()) < 0.01


def test_manual_seed_makes_layers_reproducible():
    ag.manual_seed(5)
    first = nn.Conv2d(2, 3, 3).state_dict()
    ag.manual_seed(5)
    second = nn.Conv2d(2, 3, 3).state_dict()
    assert all((first[name] == second[name]).all() for name in first)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(0, 2), ag.ArgumentError, "Linear: in_features=0, expected a positive integer"),
        (lambda: nn.Linear(2, 2.0), ag.ArgumentError, "out_features=2.0"),
        (lambda: nn.Linear(True, 2), ag.ArgumentError, "in_features=True"),
        (lambda: nn.Linear(2, 2, dtype=int), ag.DtypeError, "dtype=int64, expected np.float32 or np.float64"),
        (lambda: nn.Linear(2, 2, dtype="float33"), ag.DtypeError, "'float33' is no dtype"),
        (lambda: nn.Conv2d(3, 4, 0), ag.ArgumentError, "Conv2d: kernel_size=0"),
        (lambda: nn.Conv2d(3, 4, (1, 2, 3)), ag.ArgumentError, "kernel_size"),
        (lambda: nn.Conv2d(3, 4, 3, stride=0), ag.ArgumentError, "stride=0"),
        (lambda: nn.Conv2d(3, 4, 3, padding=-1), ag.ArgumentError, "padding=-1"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ag.ArgumentError, "groups=2 must be a positive integer that divides 3"),
        (lambda: nn.Conv2d(3, 4, 3, fit="flor"), ag.ArgumentError, "fit='flor'"),
        (lambda: nn.MaxPool2d(2, padding=2), ag.ArgumentError, "MaxPool2d: padding 2 is more than half"),
        (lambda: nn.MaxPool2d("2"), ag.ArgumentError, "kernel_size='2'"),
        (lambda: nn.AvgPool2d(2, fit=None), ag.ArgumentError, "fit=None"),
        (lambda: nn.Flatten(1.5), ag.ArgumentError, "start_dim=1.5"),
        (lambda: nn.Flatten(3)(np.zeros((2, 2))), ag.ShapeError, "axes 3 to -1 cannot be joined"),
        (lambda: nn.CrossEntropyLoss(reduction="meen"), ag.ArgumentError, "reduction='meen'"),
        (lambda: nn.Linear(2, 2)(np.zeros((1, 2))), ag.DtypeError, r"astype\(np.float32\)"),
        (lambda: nn.Linear(2, 2)(np.zeros((1, 2), int)), ag.DtypeError, "int64"),
        (lambda: nn.Linear(2, 2)(np.zeros((1, 2), np.uint8)), ag.DtypeError, r"use x.astype\(np.float32\)\nin layer"),
        (lambda: nn.Linear(2, 2)(np.zeros((1, 2), np.float16)), ag.DtypeError, r"use x.astype\(np.float32\)\nin layer"),
        (lambda: nn.Linear(2, 2)(np.zeros((1, 2), ">f4")), ag.DtypeError, r"use x.astype\(np.float32\)\nin layer"),
        (
            lambda: nn.Linear(2, 2)(np.zeros((1, 2))),
            ag.DtypeError,
            r"or make the layer with dtype=np.float64\nin layer",
        ),
        (lambda: nn.Conv2d(1, 1, 1)(np.zeros((1, 1, 2, 2))), ag.DtypeError, r"astype\(np.float32\)"),
    ],
)
def test_bad_arguments_raise_typed_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(4, 2, bias=False), "Linear(in_features=4, out_features=2, bias=False)"),
        (nn.Conv2d(1, 2, 3), "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv2d(2, 4, (3, 1), 2, ((1, 0), (0, 0)), 2, 2, False, fit="floor"),
            "Conv2d(2, 4, kernel_size=(3, 1), stride=(2, 2), padding=((1, 0), (0, 0)), dilation=(2, 2), groups=2, "
            "bias=False, fit='floor')",
        ),
        (
            nn.MaxPool2d((3, 2), padding=1, fit="ceil"),
            "MaxPool2d(kernel_size=(3, 2), stride=(3, 2), padding=1, dilation=1, fit='ceil')",
        ),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=2, stride=2, padding=0)"),
        (
            nn.AvgPool2d(3, 1, (1, 0), count_include_pad=False, fit="floor"),
            "AvgPool2d(kernel_size=3, stride=1, padding=(1, 0), count_include_pad=False, fit='floor')",
        ),
    ],
)
def test_repr_shows_what_differs_from_the_defaults(layer, text):
    assert repr(layer) == text
