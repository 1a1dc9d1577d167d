"""Hinge losses: the notes' worked numbers, the gradient with x_i in it, ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812

EIGHTHS = st.integers(-40, 40).map(lambda n: n / 8)
SCORES = arrays(np.float64, (5, 4), elements=EIGHTHS)
LABELS = arrays(np.int64, 5, elements=st.integers(0, 3))


def test_svm_example_of_the_notes():
    """CS231n, linear classification: max(0, −7 − 13 + 10) + max(0, 11 − 13 + 10) = 0 + 8."""
    scores = np.array([[13.0, -7.0, 11.0]])
    assert F.multiclass_svm_loss(scores, [0], delta=10) == 8
    assert F.multiclass_svm_loss(scores[0], 0, 10) == 8
    assert F.multiclass_svm_loss(scores, [0], 10, squared=True) == 64


def test_svm_and_softmax_compared_as_in_the_notes():
    """[10, −2, 3], [10, 9, 9], [10, −100, −100], label 0: no margin of 1 is missed, but softmax still sees more."""
    scores = np.array([[10.0, -2, 3], [10, 9, 9], [10, -100, -100]])
    np.testing.assert_array_equal(F.multiclass_svm_loss(scores, [0, 0, 0], reduction="none"), [0, 0, 0])
    softmax = F.cross_entropy(scores, [0, 0, 0], reduction="none")
    assert softmax[1] > softmax[0] > softmax[2]


@given(SCORES, LABELS, st.sampled_from([1.0, 2.5]), st.booleans())
def test_svm_against_the_loops_of_the_notes(scores, labels, delta, squared):
    """L_i and its gradient, class by class: with x_i, which the notes' formula for class j also has."""
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-8, 9, (5, 3)) / 8, ag.Parameter(rng.integers(-8, 9, (4, 3)) / 8)
    outputs = F.linear(ag.Tensor(x), weight) + scores
    F.multiclass_svm_loss(outputs, labels, delta, squared, reduction="sum").backward()
    total, dw = 0.0, np.zeros((4, 3))
    for i, (s, y) in enumerate(zip(outputs.value, labels, strict=True)):
        for j in range(4):
            margin = s[j] - s[y] + delta
            if j != y and margin > 0:
                slope = 2 * margin if squared else 1
                total += margin**2 if squared else margin
                dw[j] += slope * x[i]
                dw[y] -= slope * x[i]
    assert F.multiclass_svm_loss(outputs.value, labels, delta, squared, reduction="sum") == total
    np.testing.assert_array_equal(weight.grad, dw)


def test_a_margin_kept_exactly_sends_nothing_back():
    """Written rule of every hinge: strictly inside the margin counts; at a tie the constant 0 takes it all."""
    ties = [
        (lambda x: F.multiclass_svm_loss(x, [0], reduction="sum"), [[2.0, 1.0, 1.0]]),
        (lambda x: F.multi_margin_loss(x, [0], reduction="sum"), [[2.0, 1.0, 1.0]]),
        (lambda x: F.binary_hinge_loss(x, [1, -1], reduction="sum"), [1.0, -1.0]),
        (lambda x: F.attribute_hinge_loss(x, [1, -1], reduction="sum"), [1.0, -1.0]),
        (lambda x: F.hinge_embedding_loss(x, [-1, -1], reduction="sum"), [1.0, 1.0]),
        (lambda x: F.margin_ranking_loss(x, np.zeros(2), [1, -1], 1.0, reduction="sum"), [1.0, -1.0]),
    ]
    for loss, values in ties:
        x = ag.Tensor(np.array(values), requires_grad=True)
        result = loss(x)
        assert result.item() == 0
        np.testing.assert_array_equal(ag.grad(result, x)[0], np.zeros(x.shape))


@given(SCORES, LABELS, st.sampled_from([1, 2]))
def test_torchs_multi_margin_loss_divides_by_the_classes(scores, labels, p):
    ours = F.multiclass_svm_loss(scores, labels, 1.5, p == 2, reduction="none")
    np.testing.assert_array_equal(F.multi_margin_loss(scores, labels, p, 1.5, reduction="none"), ours / 4)
    weighed = F.multi_margin_loss(scores, labels, p, 1.5, [1.0, 2.0, 4.0, 0.5], reduction="none")
    np.testing.assert_array_equal(weighed, ours / 4 * np.array([1.0, 2.0, 4.0, 0.5])[labels])


@given(arrays(np.float64, (5, 2), elements=EIGHTHS), arrays(np.int64, 5, elements=st.integers(0, 1)))
def test_two_classes_make_the_binary_hinge(scores, labels):
    """The notes' binary SVM is the multiclass one of two classes, on the difference of their scores."""
    lead = scores[:, 1] - scores[:, 0]
    for squared in (False, True):
        np.testing.assert_array_equal(
            F.binary_hinge_loss(lead, 2 * labels - 1, squared=squared, reduction="none"),
            F.multiclass_svm_loss(scores, labels, squared=squared, reduction="none"),
        )


def test_attributes_add_up():
    """Scores [2, −0.5, 0.25] for attributes (yes, yes, no): 0 + 1.5 + 1.25."""
    scores, labels = np.array([[2.0, -0.5, 0.25]]), [[1, 1, -1]]
    assert F.attribute_hinge_loss(scores, labels) == 2.75
    x = ag.Tensor(scores, requires_grad=True)
    np.testing.assert_array_equal(ag.grad(F.attribute_hinge_loss(x, labels), x)[0], [[0, -1, 1]])


def test_ranking_and_embedding_in_numbers():
    assert F.margin_ranking_loss(np.array([1.0, 3.0]), np.array([2.0, 1.0]), [1, 1], reduction="sum") == 1
    assert F.margin_ranking_loss(np.array([1.0]), np.array([2.0]), [-1], 1.5) == 0.5
    each = F.hinge_embedding_loss(np.array([0.25, 0.25, 4.0]), [1, -1, -1], 2.0, reduction="none")
    np.testing.assert_array_equal(each, [0.25, 1.75, 0])


def test_one_class_has_no_margin():
    x = ag.Tensor(np.ones((2, 1)), requires_grad=True)
    loss = F.multiclass_svm_loss(x, [0, 0])
    assert loss.item() == 0
    np.testing.assert_array_equal(ag.grad(loss, x)[0], [[0], [0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_hinge_set_is_the_branch(dtype):
    scores = np.array([[13, -7, 11], [1, 5, 1]], dtype)
    branch = ag.GATES["multiclass_svm_loss"].branches(scores, np.array([0, 1]), delta=10.0, squared=False)
    np.testing.assert_array_equal(branch, [[0, 0, 1], [1, 0, 1]])
