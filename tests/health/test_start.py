"""What the first step shows: how wide outputs are for the inputs they have, and the loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn
from autograd_cnn.health.network import read_network
from autograd_cnn.health.start import start_of

SIDE = st.integers(1, 3)


@given(SIDE, SIDE, SIDE, SIDE, st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
def test_zeros_of_padding_are_no_inputs(height, width, above, left, stride, dilation):
    rng = np.random.default_rng(0)
    x = np.ones((2, 3, height + 5, width + 6), np.float32)
    weight = ag.Parameter(rng.standard_normal((4, 3, height, width)).astype(np.float32))
    settings = {"padding": (above - 1, left - 1), "stride": stride, "dilation": dilation, "fit": "floor"}
    (scale,) = start_of(read_network(F.conv2d(x, weight, **settings).sum())).scales
    inside = F.conv2d(x, np.ones_like(weight.value), **settings).mean() / (3 * height * width)
    assert scale.units == 4
    assert scale.ratio == pytest.approx(F.conv2d(x, weight.value, **settings).std() / np.sqrt(inside), rel=1e-4)


def test_the_scale_of_a_matrix_product_by_hand():
    """Of inputs with mean square 55/4 the outputs are 5 and 15, which spread by 5; inputs that are 0 have no scale."""
    w = ag.Parameter([[1.0], [2.0]])
    found = start_of(read_network((ag.Tensor([[1.0, 2.0], [1.0, 7.0]]) @ w).sum()))
    assert found.step == 0
    (scale,) = found.scales
    assert (scale.layer, scale.units, scale.ratio) == ("linear_1", 1, pytest.approx(5 / np.sqrt(55 / 4)))
    assert start_of(read_network((ag.Tensor(np.zeros((2, 2))) @ w).sum())).scales == ()
    (scale,) = start_of(read_network((ag.Tensor([[0.25, 0.0], [0.0, 0.25]]) @ w).sum())).scales
    assert scale.ratio == pytest.approx(0.125 / np.sqrt(1 / 32))


@pytest.mark.parametrize(
    ("shape", "window", "settings", "outputs", "inside"),
    [
        ((3, 4), (2, 2), {"dilation": 2, "stride": (1, 2)}, [2.0, 4.0, 2.0], 4 / 6),  # rows −1 1, 0 2, 1 3 of three
        ((5, 1), (3, 1), {"stride": (3, 1)}, [2.0, 3.0], 5 / 6),  # −1 0 1, 2 3 4 of five
        ((1, 2), (1, 2), {}, [0.0, 2.0, 0.0], 1 / 3),
    ],
)
def test_the_share_of_a_window_inside_of_the_image_by_hand(shape, window, settings, outputs, inside):
    images, weight = np.ones((1, 1, *shape)), ag.Parameter(np.ones((1, 1, *window)))
    y = F.conv2d(images, weight, padding=(1, 0), fit="floor", **settings)
    assert y.value.ravel().tolist() == outputs
    (scale,) = start_of(read_network(y.sum())).scales
    assert scale.ratio == pytest.approx(np.std(outputs) / np.sqrt(inside))


def test_one_window_that_is_partly_inside():
    """Rows −1, 1 and 3 of four, columns −1 and 1 of three: a third of the window; its sums are 2 and 4."""
    weight = ag.Parameter(np.ones((2, 1, 3, 2)) * [[[[1.0]]], [[[2.0]]]])
    y = F.conv2d(np.ones((1, 1, 4, 3)), weight, padding=1, dilation=2, stride=(2, 3), fit="floor")
    (scale,) = start_of(read_network(y.sum())).scales
    assert scale.ratio == pytest.approx(np.sqrt(3))


def test_a_normalisation_makes_the_scale_of_weights_irrelevant():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((8, 2, 6, 6)).astype(np.float32)
    layers = {"conv": nn.Conv2d(2, 4, 3, rng=0), "norm": nn.BatchNorm2d(4), "fc": nn.Conv2d(4, 5, 3, rng=1)}
    found = start_of(read_network((nn.Sequential(layers)(images) ** 2).sum()), step=3)
    assert [(scale.layer, scale.units) for scale in found.scales] == [("fc", 5)]
    assert (found.step, found.loss, found.classes) == (3, None, 0)


def test_the_loss_is_cross_entropy_over_so_many_classes():
    scores = ag.Parameter(np.zeros((6, 7)))
    found = start_of(read_network(F.cross_entropy(scores, np.arange(6))))
    assert (found.loss, found.classes) == (pytest.approx(np.log(7)), 7)
    found = start_of(read_network(F.binary_cross_entropy_with_logits(ag.Parameter(np.zeros(6)), np.ones(6))))
    assert (found.loss, found.classes) == (pytest.approx(np.log(2)), 2)
