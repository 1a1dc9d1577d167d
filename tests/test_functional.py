"""Functional forms: geometry that does not fit, wrong dtypes and labels; known numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.errors import AutogradError

IMAGES = np.ones((2, 4, 8, 8), np.float32)
WEIGHT = np.ones((6, 4, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.conv2d(IMAGES, WEIGHT, stride=2), ag.ShapeError, "Use stride 1.*or padding|fit='floor'"),
        (lambda: F.conv2d(IMAGES[0], WEIGHT), ag.ShapeError, r"one image is x\[None\]"),
        (lambda: F.conv2d(IMAGES, WEIGHT[0]), ag.ShapeError, r"expected \(out, in/groups, height, width\)"),
        (lambda: F.conv2d(IMAGES, WEIGHT[:, :3]), ag.ShapeError, "expects 3 channels"),
        (lambda: F.conv2d(IMAGES[..., :2, :2], WEIGHT), ag.ShapeError, "larger than the height 2"),
        (lambda: F.conv2d(IMAGES, WEIGHT, dilation=4), ag.ShapeError, "window of extent 9 is larger"),
        (lambda: F.conv2d(IMAGES, WEIGHT, groups=3), ag.ArgumentError, "groups=3 must be a positive integer"),
        (lambda: F.conv2d(IMAGES, WEIGHT, groups=0), ag.ArgumentError, "groups=0"),
        (
            lambda: F.conv2d(IMAGES, WEIGHT, padding=-1),
            ag.ArgumentError,
            "padding=-1, expected an integer of at least 0",
        ),
        (lambda: F.conv2d(IMAGES, WEIGHT, stride=0), ag.ArgumentError, "stride=0, expected an integer of at least 1"),
        (lambda: F.conv2d(IMAGES, WEIGHT, stride=1.5), ag.ArgumentError, "stride=1.5"),
        (lambda: F.conv2d(IMAGES, WEIGHT, padding="sane"), ag.ArgumentError, "padding='sane'"),
        (lambda: F.conv2d(IMAGES, WEIGHT, padding="same", stride=2), ag.ArgumentError, "needs stride 1"),
        (lambda: F.conv2d(IMAGES, WEIGHT, fit="flor"), ag.ArgumentError, "fit='flor'"),
        (lambda: F.conv2d(IMAGES, WEIGHT, bias=np.ones(5, np.float32)), ag.ShapeError, r"bias of shape \(5,\)"),
        (lambda: F.conv2d(IMAGES.astype(float), WEIGHT), ag.DtypeError, r"use x.astype\(np.float32\)"),
        (lambda: F.conv2d(IMAGES.astype(int), WEIGHT), ag.DtypeError, "int64"),
        (lambda: F.max_pool2d(IMAGES, 3), ag.ShapeError, "not whole"),
        (lambda: F.max_pool2d(IMAGES, 2, padding=2), ag.ArgumentError, "more than half of the window"),
        (lambda: F.avg_pool2d(IMAGES, 9), ag.ShapeError, "larger than"),
        (lambda: F.avg_pool2d(IMAGES, 0), ag.ArgumentError, "kernel_size=0"),
        (lambda: F.linear([[1.0, 2.0]], np.ones((4, 2))), ag.DtypeError, "got a list"),
        (lambda: F.linear(np.ones((2, 3)), np.ones((4, 5))), ag.ShapeError, r"\(2, 3\) and weight \(4, 5\)"),
        (lambda: F.linear(np.ones((2, 3)), np.ones((4, 3), np.float32)), ag.DtypeError, "astype"),
        (lambda: F.cross_entropy(np.ones((2, 3)), [0, 3]), ag.OutOfRangeError, "label 3 of sample 1 .* 0 to 2"),
        (lambda: F.cross_entropy(np.ones((2, 3)), [-1, 0]), ag.OutOfRangeError, "label -1 of sample 0"),
        (lambda: F.cross_entropy(np.ones((2, 3)), [0.0, 1.0]), ag.DtypeError, "labels of dtype float64"),
        (lambda: F.cross_entropy(np.ones((2, 3)), [0]), ag.ShapeError, "do not fit"),
        (lambda: F.cross_entropy(np.ones((2, 3)), [0, 1], reduction="median"), ag.ArgumentError, "reduction='median'"),
        (lambda: F.cross_entropy(np.ones((2, 3), int), [0, 1]), ag.DtypeError, "int64"),
    ],
)
def test_wrong_use_raises_a_typed_error_of_one_or_two_lines(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, AutogradError)
    assert len(str(caught.value).splitlines()) <= 2


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(1, 2))
def test_the_ways_out_that_a_window_error_offers_do_fit(size, window, stride, padding, dilation):
    """Whatever strides and paddings the message names are accepted."""
    x, w = np.ones((1, 1, size, size)), np.ones((1, 1, window, window))
    try:
        F.conv2d(x, w, None, stride, padding, dilation)
    except ag.ShapeError as error:
        text = str(error)
        if "not whole" not in text:
            return
        offer = text.split("Use stride ")[1].split(", or fit=")[0]
        strides, _, paddings = offer.partition(" or padding ")
        for s in strides.split(" or "):
            F.conv2d(x, w, None, int(s), padding, dilation)
        for p in filter(None, paddings.split(" or ")):
            F.conv2d(x, w, None, stride, int(p), dilation)
    F.conv2d(x, w, None, stride, window * dilation, dilation, fit="floor")
    F.conv2d(x, w, None, stride, window * dilation, dilation, fit="ceil")


def test_convolution_demo_of_the_notes():
    """CS231n, convolutional networks: 5×5×3 input, two 3×3×3 filters, stride 2, padding 1 -> 3×3×2.

    The numbers come from an independent sum over windows.
    """
    rng = np.random.default_rng(0)
    x, w = rng.integers(0, 3, (1, 3, 5, 5)).astype(float), rng.integers(-1, 2, (2, 3, 3, 3)).astype(float)
    b = np.array([1.0, 0.0])
    out = F.conv2d(x, w, b, stride=2, padding=1)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for o in range(2):
        for i in range(3):
            for j in range(3):
                window = padded[0, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                assert out[0, o, i, j] == (window * w[o]).sum() + b[o]


def test_max_pooling_example_of_the_notes():
    x = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], float)[None, None]
    np.testing.assert_array_equal(F.max_pool2d(x, 2)[0, 0], [[6, 8], [3, 4]])


def test_softmax_loss_example_of_the_notes():
    """CS231n, linear classification: scores [−2.85, 0.86, 0.28], label 2 -> loss 1.04."""
    assert F.cross_entropy(np.array([[-2.85, 0.86, 0.28]]), [2]) == pytest.approx(1.04, abs=0.005)


def test_reductions_of_the_loss():
    logits, labels = np.random.default_rng(0).standard_normal((4, 3)), [0, 1, 2, 0]
    each = F.cross_entropy(logits, labels, reduction="none")
    assert each.shape == (4,)
    assert F.cross_entropy(logits, labels) == pytest.approx(each.mean())
    assert F.cross_entropy(logits, labels, reduction="sum") == pytest.approx(each.sum())


def test_same_padding_keeps_the_size():
    for window in (1, 2, 3, 4):
        for dilation in (1, 2):
            w = np.ones((6, 4, window, window), np.float32)
            assert F.conv2d(IMAGES, w, padding="same", dilation=dilation).shape == (2, 6, 8, 8)
    assert F.conv2d(IMAGES, WEIGHT, padding="valid").shape == (2, 6, 6, 6)
    assert F.conv2d(IMAGES, WEIGHT, padding=((2, 1), (0, 3))).shape == (2, 6, 9, 9)


def test_integer_and_float_labels_and_nodes():
    logits = ag.Tensor(np.zeros((2, 3)), requires_grad=True)
    for labels in ([0, 1], np.array([0, 1], np.uint8), ag.Tensor(np.array([0, 1]))):
        F.cross_entropy(logits, labels).backward()
    np.testing.assert_allclose(logits.grad, 3 * np.array([[-1 / 3, 1 / 6, 1 / 6], [1 / 6, -1 / 3, 1 / 6]]))
