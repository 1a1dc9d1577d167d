"""Cross entropy, negative log likelihood, binary cross entropy, divergence: identities and hard cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812

DTYPES = [np.float32, np.float64]
SCORES = arrays(np.float64, (5, 4), elements=st.floats(-30, 30))
LABELS = arrays(np.int64, 5, elements=st.integers(0, 3))
PROBABILITIES = arrays(np.float64, (5, 4), elements=st.floats(0.05, 1)).map(lambda x: x / x.sum(1, keepdims=True))
WEIGHTS = arrays(np.float64, 4, elements=st.sampled_from([0.5, 1.0, 2.0]))


def gradient_of(loss, x):
    x = ag.Tensor(x, requires_grad=True)
    return ag.grad(loss(x), x)[0]


@given(SCORES, LABELS, WEIGHTS)
def test_cross_entropy_is_nll_of_log_softmax(scores, labels, weight):
    for w in (None, weight):
        for reduction in ("mean", "sum", "none"):
            np.testing.assert_allclose(
                F.cross_entropy(scores, labels, w, ignore_index=1, reduction=reduction),
                F.nll_loss(F.log_softmax(scores, dim=1), labels, w, ignore_index=1, reduction=reduction),
                rtol=1e-12,
                atol=1e-12,
            )


@given(SCORES, LABELS)
def test_labels_are_probabilities_one_hot(scores, labels):
    hard = F.cross_entropy(scores, labels, reduction="none")
    np.testing.assert_allclose(F.cross_entropy(scores, np.eye(4)[labels], reduction="none"), hard, rtol=1e-12)


@given(SCORES, LABELS, st.floats(0, 1))
def test_smoothed_labels_are_probabilities_too(scores, labels, smoothing):
    spread = (1 - smoothing) * np.eye(4)[labels] + smoothing / 4
    expected = F.cross_entropy(scores, spread)
    np.testing.assert_allclose(F.cross_entropy(scores, labels, label_smoothing=smoothing), expected, rtol=1e-11)
    again = F.cross_entropy(scores, np.eye(4)[labels], label_smoothing=smoothing)
    np.testing.assert_allclose(again, expected, rtol=1e-11)


@given(SCORES, LABELS, WEIGHTS, st.sampled_from([0.0, 0.3]))
def test_the_weighted_mean_divides_by_the_weights_that_count(scores, labels, weight, smoothing):
    each = F.cross_entropy(scores, labels, weight, ignore_index=2, reduction="none", label_smoothing=smoothing)
    total = weight[labels[labels != 2]].sum()
    if total:
        mean = F.cross_entropy(scores, labels, weight, ignore_index=2, label_smoothing=smoothing)
        np.testing.assert_allclose(mean, each.sum() / total, rtol=1e-12)
    assert not each[labels == 2].any()


def test_weights_in_numbers():
    """Chance in three classes: losses ln 3, weighed 1 and 3, of which one is ignored."""
    scores, weight = np.zeros((3, 3)), [1.0, 3.0, 5.0]
    each = F.cross_entropy(scores, [0, 1, -100], weight, reduction="none")
    np.testing.assert_allclose(each, [np.log(3), 3 * np.log(3), 0])
    np.testing.assert_allclose(F.cross_entropy(scores, [0, 1, -100], weight), np.log(3))
    np.testing.assert_allclose(F.cross_entropy(scores, [0, 1, -100], weight, reduction="sum"), 4 * np.log(3))


@given(st.integers(0, 99))
def test_pictures_of_classes_are_rows_of_classes(seed):
    """(N, K, d1, d2) scores are N·d1·d2 samples; (K,) scores are one."""
    rng = np.random.default_rng(seed)
    scores, labels, weight = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, (2, 4, 5)), rng.uniform(0, 2, 3)
    rows = np.moveaxis(scores, 1, -1).reshape(-1, 3)
    for loss in (F.cross_entropy, F.nll_loss):
        each = loss(scores, labels, weight, ignore_index=2, reduction="none")
        flat = loss(rows, labels.ravel(), weight, ignore_index=2, reduction="none")
        np.testing.assert_array_equal(each, flat.reshape(2, 4, 5))
        np.testing.assert_allclose(loss(scores, labels, weight), loss(rows, labels.ravel(), weight), rtol=1e-13)
        assert loss(rows[0], labels[0, 0, 0], reduction="none") == loss(rows[:1], labels[0, 0, :1])
    soft = rng.dirichlet(np.ones(3), (2, 4, 5))
    np.testing.assert_allclose(
        F.cross_entropy(scores, np.moveaxis(soft, -1, 1), weight),
        F.cross_entropy(rows, soft.reshape(-1, 3), weight),
        rtol=1e-13,
    )


def test_ignoring_everything():
    """Written rule: the mean over nothing is NaN, as in torch, for 0 would look perfect; its gradient is 0."""
    for weight in (None, [1.0, 2.0, 3.0]):
        for smoothing in (0.0, 0.1):
            x = ag.Tensor(np.ones((2, 3)), requires_grad=True)
            loss = F.cross_entropy(x, [-100, -100], weight, label_smoothing=smoothing)
            assert np.isnan(loss.item())
            np.testing.assert_array_equal(ag.grad(loss, x)[0], np.zeros((2, 3)))
            assert F.cross_entropy(x, [-100, -100], weight, reduction="sum").item() == 0


def test_a_class_of_weight_0_does_not_count_even_where_its_loss_is_infinite():
    scores = ag.Tensor([[-np.inf, 0.0], [0.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(scores, [0, 1], [0.0, 1.0])
    np.testing.assert_allclose(loss.value, np.log(2))
    np.testing.assert_allclose(ag.grad(loss, scores)[0], [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e4, 3e37])
def test_scores_of_any_size(dtype, size):
    """At ±1e4 and near the end of float32 the losses are exact: no exponential overflows."""
    scores = np.array([[size, -size, 0]], dtype)
    np.testing.assert_array_equal(F.log_softmax(scores, dim=1), np.array([[0, -2 * size, -size]], dtype))
    for label, loss, gradient in ((0, 0, [0, 0, 0]), (1, 2 * size, [1, -1, 0]), (2, size, [1, 0, -1])):
        assert F.cross_entropy(scores, [label]) == np.asarray(loss, dtype)
        np.testing.assert_array_equal(
            gradient_of(lambda x, label=label: F.cross_entropy(x, [label]), scores)[0], gradient
        )
    x = np.array([size, size, -size, -size], dtype)
    y = np.array([1, 0, 1, 0], dtype)
    loss = lambda x: F.binary_cross_entropy_with_logits(x, y, reduction="sum")  # noqa: E731
    np.testing.assert_array_equal(
        F.binary_cross_entropy_with_logits(x, y, reduction="none"), np.array([0, size, size, 0], dtype)
    )
    np.testing.assert_array_equal(gradient_of(loss, x), [0, 1, -1, 0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy_keeps_the_smallest_losses_and_gradients(dtype):
    """A nearly certain right answer costs log(1 + e⁻³⁰), with gradient σ(−30), both to full accuracy."""
    x, y = np.array([30, -30], dtype), np.array([1, 0], dtype)
    rtol = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(F.binary_cross_entropy_with_logits(x, y, reduction="none"), np.log1p(np.exp(-30)), rtol)
    loss = lambda x: F.binary_cross_entropy_with_logits(x, y, reduction="sum")  # noqa: E731
    np.testing.assert_allclose(gradient_of(loss, x), np.array([-1, 1]) / (1 + np.exp(30)), rtol)


def test_infinitely_sure_scores():
    """A right one costs 0 with gradient 0, a wrong one ∞ with gradient ±1."""
    x, y = np.array([np.inf, -np.inf, np.inf, -np.inf]), [1.0, 0.0, 0.0, 1.0]
    loss = lambda x: F.binary_cross_entropy_with_logits(x, y, reduction="sum")  # noqa: E731
    np.testing.assert_array_equal(F.binary_cross_entropy_with_logits(x, y, reduction="none"), [0, 0, np.inf, np.inf])
    np.testing.assert_array_equal(gradient_of(loss, x), [0, 0, 1, -1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy_at_0_and_1(dtype):
    """Written rule, torch's: logarithms end at −100, p(1−p) in the gradient at 1e−12."""
    p, y = np.array([0, 1, 0, 1], dtype), [0, 1, 1, 0]
    loss = lambda p: F.binary_cross_entropy(p, y, reduction="sum")  # noqa: E731
    np.testing.assert_array_equal(F.binary_cross_entropy(p, y, reduction="none"), [0, 0, 100, 100])
    np.testing.assert_allclose(gradient_of(loss, p), [0, 0, -1e12, 1e12], rtol=1e-6)


def test_an_impossible_class_costs_nothing_where_its_target_is_0():
    """0·log 0 = 0 (torch gives NaN here); the right class alone is certain."""
    scores, target = np.array([[0.0, -np.inf, 0.0]]), np.array([[0.5, 0.0, 0.5]])
    assert F.cross_entropy(scores, target) == np.log(2)
    np.testing.assert_array_equal(gradient_of(lambda x: F.cross_entropy(x, target), scores), [[0, 0, 0]])
    assert F.cross_entropy(scores, np.array([[0.5, 0.5, 0.0]])) == np.inf
    assert F.cross_entropy(scores, [1]) == np.inf
    logs = F.log_softmax(scores, dim=1)
    assert F.kl_div(logs, target, reduction="sum") == 0
    with np.errstate(divide="ignore"):
        assert F.kl_div(logs, np.log(target), reduction="sum", log_target=True) == 0
    assert F.kl_div(logs, np.array([[0.0, 1.0, 0.0]]), reduction="sum") == np.inf


@given(arrays(np.float64, 6, elements=st.floats(-30, 30)), arrays(np.float64, 6, elements=st.floats(0, 1)))
def test_binary_cross_entropy_of_scores_is_that_of_their_sigmoids(x, y):
    stable = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    np.testing.assert_allclose(F.binary_cross_entropy(F.sigmoid(x), y, reduction="none"), stable, rtol=1e-2, atol=1e-12)
    two = F.cross_entropy(np.stack([0 * x, x], axis=1), np.stack([1 - y, y], axis=1), reduction="none")
    np.testing.assert_allclose(two, stable, rtol=1e-12, atol=1e-13)


@given(st.integers(0, 99), st.integers(1, 4))
def test_a_positive_weight_repeats_the_positives(seed, times):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=6), rng.integers(0, 2, 6)
    repeated = np.repeat(np.arange(6), np.where(y == 1, times, 1))
    np.testing.assert_allclose(
        F.binary_cross_entropy_with_logits(x, y, reduction="sum", pos_weight=times),
        F.binary_cross_entropy_with_logits(x[repeated], y[repeated], reduction="sum"),
        rtol=1e-12,
    )


@given(PROBABILITIES, PROBABILITIES)
def test_divergence_is_cross_entropy_minus_entropy_and_never_negative(p, q):
    entropy = -(p * np.log(p)).sum() / 5
    divergence = F.kl_div(np.log(q), p, reduction="batchmean")
    np.testing.assert_allclose(divergence, F.cross_entropy(np.log(q), p) - entropy, rtol=1e-9, atol=1e-12)
    assert divergence >= -1e-15
    np.testing.assert_allclose(F.kl_div(np.log(p), p, reduction="none"), 0, atol=1e-15)
    np.testing.assert_allclose(
        F.kl_div(np.log(q), np.log(p), reduction="batchmean", log_target=True), divergence, 1e-9, 1e-14
    )
    np.testing.assert_allclose(F.kl_div(np.log(q), p) * 4, divergence, rtol=1e-12, atol=1e-15)


def test_softmax_example_of_the_notes():
    """CS231n, linear classification: scores [−2.85, 0.86, 0.28], label 2: e^s, normalised, −ln 0.353 = 1.04."""
    scores = np.array([[-2.85, 0.86, 0.28]])
    probabilities = np.exp(F.log_softmax(scores, dim=1))
    np.testing.assert_allclose(probabilities, [[0.016, 0.631, 0.353]], atol=6e-4)  # 0.0154: the notes round e^s first
    assert F.cross_entropy(scores, [2]) == pytest.approx(1.04, abs=5e-4)


def test_softmax_gradient_of_the_notes():
    """CS231n, neural networks case study: dscores = (p − 1(k = y)) / N, dW = xᵀ·dscores, db = its sum."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.integers(0, 3, 6)
    weight, bias = ag.Parameter(rng.normal(size=(3, 2))), ag.Parameter(np.zeros(3))
    scores = F.linear(ag.Tensor(x), weight, bias)
    F.cross_entropy(scores, y).backward()
    probabilities = np.exp(scores.value) / np.exp(scores.value).sum(1, keepdims=True)
    expected = (probabilities - np.eye(3)[y]) / 6
    np.testing.assert_allclose(scores.grad, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(weight.grad, expected.T @ x, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bias.grad, expected.sum(0), rtol=1e-12, atol=1e-15)


def test_label_arrays_of_any_integers_and_nodes():
    scores = np.random.default_rng(0).normal(size=(2, 3))
    expected = F.cross_entropy(scores, [0, 2])
    for labels in (np.array([0, 2], np.uint8), np.array([0, 2], np.int32), ag.Tensor(np.array([0, 2]))):
        assert F.cross_entropy(scores, labels) == expected


def test_the_weights_and_targets_of_binary_cross_entropy_may_be_learned():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 3)), ag.Tensor(rng.uniform(size=(4, 3)), requires_grad=True)
    w = ag.Tensor(rng.uniform(1, 2, 3), requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, y, w, reduction="sum", pos_weight=w)
    to_y, to_w = ag.grad(loss, [y, w])
    right, wrong = np.log1p(np.exp(-x)), np.log1p(np.exp(x))
    np.testing.assert_allclose(to_y, w.value * (w.value * right - wrong), rtol=1e-12)
    expected = (2 * w.value * y.value * right + (1 - y.value) * wrong).sum(0)
    np.testing.assert_allclose(to_w, expected, rtol=1e-12)


def test_a_constant_score_leaves_the_gradient_to_weight_and_target():
    weight = ag.Tensor([2.0], requires_grad=True)
    target = ag.Tensor([1.0], requires_grad=True)
    gate = ag.GATES["binary_cross_entropy_with_logits"]
    both = gate(np.array([0.5]), target, weight)
    to_target, to_weight = ag.grad(both, [target, weight], [1.0])
    np.testing.assert_allclose(to_weight, [np.log1p(np.exp(-0.5))])
    np.testing.assert_allclose(to_target, [2 * np.log1p(np.exp(-0.5)) - np.log1p(np.exp(0.5))])
    only_weight = gate(np.array([0.5]), np.array([1.0]), weight)
    np.testing.assert_allclose(ag.grad(only_weight, weight, [1.0])[0], [np.log1p(np.exp(-0.5))])
