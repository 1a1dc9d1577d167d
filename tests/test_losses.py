"""What holds for every loss: gradients, second order, reductions, dtypes, empty batches, argument errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.testing import assert_proved, strategies
from tests.loss_calls import LOSSES, call


def nodes(inputs, dtype=np.float64):
    return [ag.Tensor(x, requires_grad=True, dtype=dtype) for x in inputs]


@pytest.mark.parametrize("name", LOSSES)
@given(seed=strategies.SEEDS)
@settings(max_examples=15)
def test_gradients_equal_numeric_ones(name, seed):
    inputs, loss = call(name, seed)
    assert_proved(loss, *inputs)


@pytest.mark.parametrize("name", LOSSES)
@given(seed=strategies.SEEDS)
@settings(max_examples=5)
def test_second_order_equals_numeric(name, seed):
    inputs, loss = call(name, seed)
    assert_proved(loss, *inputs, order=2)


@pytest.mark.parametrize("name", LOSSES)
@given(seed=strategies.SEEDS, n=st.integers(1, 5))
@settings(max_examples=10)
def test_mean_and_sum_are_those_of_all_losses(name, seed, n):
    inputs, loss = call(name, seed, n)
    each = loss(*inputs, reduction="none")
    assert each.shape[0] == n
    np.testing.assert_allclose(loss(*inputs, reduction="mean"), np.mean(each), rtol=1e-13)
    np.testing.assert_allclose(loss(*inputs, reduction="sum"), np.sum(each), rtol=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_float32_stays_float32(name, reduction):
    inputs, loss = call(name, 0)
    xs = nodes(inputs, np.float32)
    result = loss(*xs, reduction=reduction)
    assert result.dtype == np.float32
    for gradient in ag.grad(result, xs, np.ones(result.shape)):
        assert gradient.dtype == np.float32
    np.testing.assert_allclose(result.value, loss(*inputs, reduction=reduction), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_an_empty_batch(name):
    """Written rule: no losses, their sum 0, their mean NaN as in NumPy and torch, gradients of shape (0, ...)."""
    inputs, loss = call(name, 0, n=0)
    xs = nodes(inputs)
    assert loss(*xs, reduction="none").shape[0] == 0
    assert loss(*xs, reduction="sum").item() == 0
    mean = loss(*xs)
    assert np.isnan(mean.item())
    for x, gradient in zip(xs, ag.grad(mean, xs), strict=True):
        assert gradient.shape == x.shape


def test_an_empty_batch_leaves_weights_alone():
    weight = ag.Parameter(np.ones((3, 2)))
    F.cross_entropy(F.linear(ag.Tensor(np.zeros((0, 2))), weight), np.zeros(0, int)).backward()
    np.testing.assert_array_equal(weight.grad, np.zeros((3, 2)))


@pytest.mark.parametrize("name", LOSSES)
def test_an_unknown_reduction_raises(name):
    inputs, loss = call(name, 0)
    with pytest.raises(ag.ArgumentError, match=r"reduction='average', expected 'mean', 'sum' or 'none'"):
        loss(*inputs, reduction="average")


@pytest.mark.parametrize("name", LOSSES)
def test_scores_of_integers_raise(name):
    inputs, loss = call(name, 0)
    with pytest.raises(ag.DtypeError, match=r"int64, expected float32 or float64"):
        loss(*(np.ones(x.shape, int) for x in inputs))


@pytest.mark.parametrize("name", [n for n in LOSSES if n != "cross_entropy of probabilities"])
def test_nan_propagates(name):
    inputs, loss = call(name, 0)
    if name == "contrastive_loss":  # of a similar pair
        loss = lambda a, b, reduction="mean": F.contrastive_loss(a, b, [0, 1, 1], reduction=reduction)  # noqa: E731
    if name in ("nll_loss",):
        inputs[0][0] = np.nan
    else:
        inputs[0][(0,) * inputs[0].ndim] = np.nan
    each = loss(*inputs, reduction="none")
    assert np.isnan(each[0]).any()
    assert np.isfinite(each[1:]).all()


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
@pytest.mark.parametrize("shapes", [((3, 1), (3,)), ((3,), (3, 1)), ((3,), ()), ((2, 3), (3,))])
def test_no_loss_broadcasts(name, shapes):
    """(3, 1) against (3,) would compare nine pairs; the error names both shapes and the way out."""
    x, target = np.ones(shapes[0]), np.ones(shapes[1])
    way_out = "reshape" if x.size == target.size else "broadcast_to"
    with pytest.raises(ag.ShapeError, match="do not broadcast") as caught:
        LOSSES[name][2](x, target)
    for part in (str(shapes[0]), str(shapes[1]), way_out):
        assert part in str(caught.value)


def test_losses_of_scalars_stay_scalars():
    x = ag.Scalar(3.0)
    for loss, value, slope in (
        (F.mse_loss, 4.0, 4.0),
        (F.l1_loss, 2.0, 1.0),
        (F.huber_loss, 1.5, 1.0),
        (F.smooth_l1_loss, 1.5, 1.0),
    ):
        result = loss(x, 1.0)
        assert type(result) is ag.Scalar
        assert (result.value, ag.grad(result, x)) == (value, (slope,))


ROW, PAIR = np.ones((2, 3)), np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (lambda: F.mse_loss([1.0], [1.0]), ag.DtypeError, "got a list"),
        (lambda: F.mse_loss(PAIR, ag.Tensor(ROW)), ag.DtypeError, "float32 but .* float64"),
        (lambda: F.mse_loss(ROW, np.full((2, 3), "a")), ag.DtypeError, "expected real numbers"),
        (lambda: F.huber_loss(ROW, ROW, delta=0), ag.ArgumentError, "delta=0, expected a number above 0"),
        (lambda: F.smooth_l1_loss(ROW, ROW, beta=-1), ag.ArgumentError, "beta=-1"),
        (lambda: F.nll_loss(ROW, [0, 3]), ag.OutOfRangeError, "label 3 of sample 1 .* 0 to 2"),
        (lambda: F.nll_loss(ROW[None], [[0, 1, -1]]), ag.OutOfRangeError, r"label -1 of sample \(0, 2\) .* 0 to 1"),
        (lambda: F.cross_entropy(ROW, ROW.astype(int)), ag.ShapeError, "one-hot labels as floats"),
        (lambda: F.cross_entropy(ROW, [0, 1], [1.0, 2.0]), ag.ShapeError, r"one number per class: \(3,\)"),
        (lambda: F.cross_entropy(ROW, [0, 1], [1.0, -2.0, 1.0]), ag.ArgumentError, "at least 0"),
        (lambda: F.cross_entropy(ROW, ROW, ignore_index=1), ag.ArgumentError, "no meaning for probabilities"),
        (lambda: F.cross_entropy(ROW, [0, 1], label_smoothing=1.5), ag.ArgumentError, "label_smoothing=1.5"),
        (lambda: F.binary_cross_entropy(ROW * 1.5, ROW), ag.ArgumentError, "1.5, expected .* from 0 to 1; .*logits"),
        (lambda: F.binary_cross_entropy(ROW, -ROW), ag.ArgumentError, r"target has -1, .*\(target \+ 1\) / 2"),
        (lambda: F.binary_cross_entropy(ROW, ROW, np.ones(2)), ag.ShapeError, r"weight of shape \(2,\)"),
        (
            lambda: F.binary_cross_entropy_with_logits(ROW, ROW, pos_weight=np.ones((4, 2, 3))),
            ag.ShapeError,
            r"pos_weight of shape \(4, 2, 3\)",
        ),
        (
            lambda: F.binary_cross_entropy_with_logits(PAIR, ROW, pos_weight=ag.Tensor(np.ones(3))),
            ag.DtypeError,
            "float32 but .* float64",
        ),
        (lambda: F.kl_div(ROW, ROW, reduction="batch"), ag.ArgumentError, "reduction='batch'"),
        (lambda: F.multiclass_svm_loss(np.ones((2, 3, 4)), [0, 1]), ag.ShapeError, r"expected \(N, K\)"),
        (lambda: F.multiclass_svm_loss(ROW, [0, 3]), ag.OutOfRangeError, "label 3"),
        (lambda: F.multi_margin_loss(ROW, [0, 1], p=3), ag.ArgumentError, "p=3, expected 1 or 2"),
        (lambda: F.binary_hinge_loss(ROW[0], [0, 1, 1]), ag.ArgumentError, r"1 or −1; of 0 and 1 make 2 \* target - 1"),
        (lambda: F.binary_hinge_loss(ROW[0], [1, 1]), ag.ShapeError, "one label 1 or −1 each"),
        (lambda: F.attribute_hinge_loss(ROW[None], ROW[None]), ag.ShapeError, r"\(N, attributes\)"),
        (lambda: F.margin_ranking_loss(ROW, ROW[0], ROW), ag.ShapeError, "input2"),
        (lambda: F.pairwise_distance(ROW, ROW, p=0), ag.ArgumentError, "p=0"),
        (lambda: F.pairwise_distance(np.float64(1), np.float64(2)), ag.ArgumentError, r"points of shape \(\)"),
        (lambda: F.triplet_margin_loss(ROW, ROW, ROW[0]), ag.ShapeError, r"\(2, 3\) and x2 \(3,\)"),
        (lambda: F.contrastive_loss(ROW, ROW, [1, -1]), ag.ArgumentError, "0 .similar. or 1"),
        (lambda: F.contrastive_loss(ROW, ROW, [1]), ag.ShapeError, r"expected \(2,\)"),
        (lambda: F.contrastive_loss(ROW, PAIR, [1, 0]), ag.DtypeError, "float64 but .* float32"),
        (lambda: F.cosine_embedding_loss(ROW[None], ROW[None], [[1, 1]]), ag.ShapeError, r"\(N, D\)"),
    ],
)
def test_wrong_use_raises_a_typed_error_of_one_or_two_lines(loss, error, message):
    with pytest.raises(error, match=message) as caught:
        loss()
    assert len(str(caught.value).splitlines()) <= 2
