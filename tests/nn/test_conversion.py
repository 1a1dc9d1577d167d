"""Fully connected layers as convolutions: sliding gives the scores of every crop (CS231n)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from autograd_cnn.testing.strategies import SEEDS

EXACT = {"rtol": 1e-12, "atol": 1e-13}


def network(window, stride, pool, hidden, rng, size):
    """A network without padding, for images of (2, size, size)."""
    conv = nn.Conv2d(2, 3, window, stride, rng=rng, dtype=np.float64)
    trunk = {"conv": conv, "relu": nn.ReLU()} | ({"pool": nn.MaxPool2d(pool)} if pool > 1 else {})
    read = int(np.prod(nn.Sequential(trunk).output_shape((2, *size))))
    return nn.Sequential(
        trunk
        | {
            "flatten": nn.Flatten(),
            "fc1": nn.Linear(read, hidden, rng=rng, dtype=np.float64),
            "tanh": nn.Tanh(),
            "fc2": nn.Linear(hidden, 4, bias=False, rng=rng, dtype=np.float64),
        }
    )


def scores_of_crops(model, x, size, step, places):
    """The scores of every crop, (N, K, rows, columns)."""
    crops = [
        [model(x[:, :, i * step : i * step + size[0], j * step : j * step + size[1]]) for j in range(places[1])]
        for i in range(places[0])
    ]
    return np.moveaxis(np.array([[np.asarray(s.value) for s in row] for row in crops]), (0, 1), (2, 3))


@given(SEEDS, st.integers(1, 3), st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))
def test_sliding_gives_the_scores_of_every_crop(seed, window, stride, pool, rows, columns):
    rng = np.random.default_rng(seed)
    step = stride * pool
    size = (window + stride * (2 * pool - 1), window + stride * (3 * pool - 1))
    model = network(window, stride, pool, 5, rng, size)
    sliding = nn.to_convolutional(model, (2, *size))
    x = rng.standard_normal((2, 2, size[0] + (rows - 1) * step, size[1] + (columns - 1) * step))
    scores = sliding(x).value
    assert scores.shape == (2, *sliding.output_shape(x.shape[1:])) == (2, 4, rows, columns)
    np.testing.assert_allclose(scores, scores_of_crops(model, x, size, step, (rows, columns)), **EXACT)


def test_on_images_of_its_own_size_the_scores_are_the_same_with_padding_too():
    """A crop has a margin of zeros where the larger image has pixels: then only the size itself agrees."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        features=nn.Sequential(conv=nn.Conv2d(1, 2, 3, padding=1, dtype=np.float64, rng=rng), relu=nn.ReLU()),
        classifier=nn.Sequential(flatten=nn.Flatten(), fc=nn.Linear(32, 3, dtype=np.float64, rng=rng)),
    )
    sliding = nn.to_convolutional(model, (1, 4, 4))
    x = rng.standard_normal((2, 1, 6, 6))
    np.testing.assert_allclose(sliding(x[..., :4, :4]).value[:, :, 0, 0], model(x[..., :4, :4]).value, **EXACT)
    crops = scores_of_crops(model, x, (4, 4), 1, (3, 3))
    assert np.abs(sliding(x).value - crops).max() > 1e-3


@pytest.mark.parametrize(
    "pool", [nn.GlobalAvgPool2d(), nn.GlobalMaxPool2d(), nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d((2, 1))]
)
def test_pooling_to_one_size_becomes_pooling_with_one_window(pool):
    rng = np.random.default_rng(0)
    layers = [nn.Conv2d(1, 3, 2, rng=rng, dtype=np.float64), pool]
    size = nn.Sequential(*layers).output_shape((1, 5, 4))
    layers += [nn.Flatten()] * (len(size) > 1)
    model = nn.Sequential(*layers, nn.Linear(int(np.prod(size)), 2, rng=rng, dtype=np.float64))
    sliding = nn.to_convolutional(model, (1, 5, 4))
    step = 1 if np.prod(size) == 3 else 2
    x = rng.standard_normal((2, 1, 5 + step, 4 + 1))
    scores = scores_of_crops(model, x, (5, 4), 1, (step + 1, 2))
    np.testing.assert_allclose(sliding(x).value, scores[:, :, ::step], **EXACT)


def test_the_networks_of_the_notes_slide_at_stride_32():
    """CS231n: trained on 224×224 (7×7 before the FC layers), a 384×384 image gives 12×12, so 6×6 scores."""
    trunk = [layer for _ in range(5) for layer in (nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2))]
    model = nn.Sequential(*trunk, nn.Flatten(), nn.Linear(49, 8), nn.ReLU(), nn.Linear(8, 10))
    sliding = nn.to_convolutional(model, (1, 224, 224))
    assert sliding[:10].output_shape((1, 384, 384)) == (1, 12, 12)
    assert sliding.output_shape((1, 224, 224)) == (10, 1, 1)
    assert sliding.output_shape((1, 384, 384)) == (10, 6, 6)
    windows = [layer.kernel_size for layer in sliding[10:] if isinstance(layer, nn.Conv2d)]
    assert windows == [(7, 7), (1, 1)]


def test_a_fully_connected_layer_alone():
    layer = nn.Linear(12, 5, rng=0, dtype=np.float64)
    conv = nn.to_convolutional(layer, (3, 2, 2))
    x = np.random.default_rng(0).standard_normal((4, 3, 2, 2))
    np.testing.assert_allclose(conv(x).value[:, :, 0, 0], layer(x.reshape(4, 12)).value, **EXACT)
    assert sum(p.size for p in conv.parameters()) == sum(p.size for p in layer.parameters())
    with pytest.raises(ag.ShapeError, match="reads 12 numbers, but"):
        nn.to_convolutional(layer, (3, 2, 3))


def test_the_gradient_of_the_converted_weights_is_the_sum_over_all_crops():
    rng = np.random.default_rng(0)
    size = (3, 3)
    model = network(2, 1, 1, 3, rng, size)
    sliding = nn.to_convolutional(model, (2, *size))
    x = rng.standard_normal((1, 2, 4, 5))
    sliding(x).sum().backward()
    for i, j in np.ndindex(2, 3):
        model(x[:, :, i : i + 3, j : j + 3]).sum().backward()
    for one, other in zip(sliding.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(one.grad.reshape(other.shape), other.grad, rtol=1e-11, atol=1e-12)


def test_the_model_itself_is_not_touched():
    model = network(2, 1, 1, 3, np.random.default_rng(0), (3, 3))
    before, text = model.state_dict(), repr(model)
    sliding = nn.to_convolutional(model, (2, 3, 3))
    for parameter in sliding.parameters():
        parameter.assign(np.ones(parameter.shape))
    assert repr(model) == text
    assert all((before[name] == value).all() for name, value in model.state_dict().items())
    names = [name for name, _ in model.named_parameters()]
    assert [name for name, _ in sliding.named_parameters()] == names


def test_elementwise_layers_stay_and_others_are_refused():
    head = nn.Linear(8, 4, rng=0)
    for layer in (nn.ReLU(), nn.Sigmoid(), nn.LeakyReLU(), nn.Softmax(1), nn.LogSoftmax(1), nn.PReLU(4)):
        nn.to_convolutional(nn.Sequential(nn.Flatten(), head, layer), (2, 2, 2))
    for layer in (nn.Softmax(-1), nn.BatchNorm1d(4), nn.LayerNorm(4)):
        with pytest.raises(ag.ArgumentError, match=r"to_convolutional: .*(every place|does not work on images)"):
            nn.to_convolutional(nn.Sequential(nn.Flatten(), head, layer), (2, 2, 2))
    with pytest.raises(ag.ArgumentError, match="every place"):  # before the first Linear layer
        nn.to_convolutional(nn.Sequential(nn.Flatten(), nn.Softmax(1), head), (2, 2, 2))


@pytest.mark.parametrize(
    ("model", "shape", "error", "message"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(8, 2)), (8,), ag.ShapeError, r"expected \(C, H, W\)"),
        (nn.Sequential(nn.Linear(2, 2)), (2, 2, 2), ag.ArgumentError, "which is no image"),
        (nn.Sequential(nn.Flatten(2)), (2, 2, 2), ag.ArgumentError, "does not join all axes"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(2)), (2, 3, 3), ag.ArgumentError, "no windows of one size"),
        (nn.Sequential(nn.Flatten(), nn.GlobalAvgPool2d()), (2, 3, 3), ag.ArgumentError, "no windows of one size"),
        (nn.Sequential(nn.Conv2d(3, 2, 3)), (2, 3, 3), ag.ShapeError, "expected 3 channels"),
    ],
)
def test_what_cannot_be_converted_is_named(model, shape, error, message):
    with pytest.raises(error, match=message):
        nn.to_convolutional(model, shape)


def test_two_flattens_and_an_empty_network():
    model = nn.Sequential(nn.Flatten(), nn.Flatten(), nn.Linear(8, 2, rng=0))
    assert nn.to_convolutional(model, (2, 2, 2)).output_shape((2, 3, 3)) == (2, 2, 2)
    assert len(list(nn.to_convolutional(nn.Sequential(), (2, 2, 2)))) == 0
    x = np.ones((1, 2, 2, 2))
    assert nn.to_convolutional(nn.Flatten(), (2, 2, 2))(x) is x


def test_a_convolution_is_a_fully_connected_layer_with_mostly_zeros_in_equal_blocks():
    """CS231n, the other way round: the weight matrix of a convolution repeats its filter, and is 0 elsewhere."""
    w = np.arange(1.0, 5).reshape(1, 1, 2, 2)
    pixels = np.eye(16).reshape(16, 1, 4, 4)
    matrix = F.conv2d(pixels, w).reshape(16, 9).T  # one row per output, one column per pixel
    assert np.count_nonzero(matrix) == 9 * 4
    for row in matrix:
        np.testing.assert_array_equal(row[row != 0], [1, 2, 3, 4])
    x = np.random.default_rng(0).standard_normal((3, 1, 4, 4))
    np.testing.assert_allclose(F.linear(x.reshape(3, 16), matrix), F.conv2d(x, w).reshape(3, 9), **EXACT)
