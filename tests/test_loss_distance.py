"""Losses of pairs and triplets, and of real numbers: known numbers, points that coincide, overflow."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812

POINTS = arrays(np.float64, (4, 3), elements=st.floats(-5, 5))
NUMBERS = arrays(np.float64, 6, elements=st.floats(-5, 5))


def gradients(loss, *values):
    xs = [ag.Tensor(np.array(v, float), requires_grad=True) for v in values]
    return ag.grad(loss(*xs), xs)


def test_distances_of_a_right_triangle():
    a, b = np.array([[3.0, 4.0]]), np.zeros((1, 2))
    for p, distance in ((1, 7), (2, 5), (3, 91 ** (1 / 3)), (math.inf, 4)):
        np.testing.assert_allclose(F.pairwise_distance(a, b, p, eps=0), [distance], rtol=1e-15)
    assert F.pairwise_distance(a, b, keepdim=True).shape == (1, 1)
    np.testing.assert_allclose(F.pairwise_distance(a[0], b[0]), 5, rtol=1e-6)


@pytest.mark.parametrize("p", [1, 2, 3, math.inf])
def test_a_point_is_at_distance_0_from_itself_with_gradient_0(p):
    for gradient in gradients(lambda a, b: F.pairwise_distance(a, b, p, eps=0).sum(), [[1.0, 2.0]], [[1.0, 2.0]]):
        np.testing.assert_array_equal(gradient, [[0, 0]])


def test_contrastive_loss_in_numbers():
    """Hadsell 2006: similar ½D² with gradient D along the pair; dissimilar ½(m − D)², apart until m."""
    a, b = [[3.0, 4.0], [0.3, 0.4], [3.0, 4.0]], np.zeros((3, 2))
    np.testing.assert_allclose(F.contrastive_loss(np.array(a), b, [0, 1, 1], reduction="none"), [12.5, 0.125, 0])
    to_a, to_b = gradients(lambda a, b: F.contrastive_loss(a, b, [0, 1, 1], reduction="sum"), a, b)
    np.testing.assert_allclose(to_a, [[3, 4], [-0.3, -0.4], [0, 0]], rtol=1e-14)
    np.testing.assert_array_equal(to_b, -to_a)


def test_a_dissimilar_pair_at_one_point_has_no_direction_to_part():
    loss = lambda a, b: F.contrastive_loss(a, b, [1])  # noqa: E731
    for gradient in gradients(loss, [[1.0, 2.0]], [[1.0, 2.0]]):
        np.testing.assert_array_equal(gradient, [[0, 0]])
    assert F.contrastive_loss(np.ones((1, 2)), np.ones((1, 2)), [1]) == 0.5


def test_triplets_in_numbers():
    """Distances 3 and 4 with margin 2 cost 1; the negative lies 1 from the positive, so swapped they cost 4."""
    anchor, positive, negative = np.array([[0.0]]), np.array([[3.0]]), np.array([[4.0]])
    assert F.triplet_margin_loss(anchor, positive, negative, 2.0, eps=0) == 1
    assert F.triplet_margin_loss(anchor, positive, negative, 2.0, eps=0, swap=True) == 4
    found = gradients(lambda *xs: F.triplet_margin_loss(*xs, 2.0, eps=0), anchor, positive, negative)
    np.testing.assert_array_equal(np.ravel(found), [0, 1, -1])
    assert F.triplet_margin_loss(anchor, positive, negative, 0.5) == 0


@given(POINTS, POINTS, st.floats(0.1, 10))
def test_the_cosine_knows_no_length(a, b, scale):
    a, b = a + np.sign(a + 0.5), b + np.sign(b + 0.5)
    cosine = F.cosine_similarity(a, b, dim=1)
    np.testing.assert_allclose(F.cosine_similarity(scale * a, b), cosine, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(F.cosine_similarity(a, a), 1, rtol=1e-12)
    signs = np.array([1, -1, 1, -1])
    expected = np.where(signs == 1, 1 - cosine, np.maximum(0, cosine - 0.2))
    np.testing.assert_allclose(
        F.cosine_embedding_loss(a, b, signs, 0.2, reduction="none"), expected, rtol=1e-9, atol=1e-9
    )


def test_the_zero_vector_has_cosine_0():
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    assert F.cosine_similarity(zero, one) == 0
    assert F.cosine_embedding_loss(zero, one, [1]) == 1
    for loss in (F.cosine_similarity, lambda a, b: F.cosine_embedding_loss(a, b, [1])):
        assert all(np.isfinite(g).all() for g in gradients(loss, zero, one))


@given(NUMBERS, NUMBERS, st.floats(0.1, 4))
def test_huber_is_half_the_square_inside_and_a_line_outside(x, t, delta):
    e = np.abs(x - t)
    expected = np.where(e < delta, e**2 / 2, delta * (e - delta / 2))
    np.testing.assert_allclose(F.huber_loss(x, t, "none", delta), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(F.smooth_l1_loss(x, t, "none", delta), expected / delta, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(F.smooth_l1_loss(x, t, "none", 0), F.l1_loss(x, t, reduction="none"))
    np.testing.assert_array_equal(F.huber_loss(x, t, delta=math.inf) * 2, F.mse_loss(x, t))


def test_kinks_of_the_regression_losses():
    """|e| gives 0 at 0; Huber has no kink where it bends; a huge error overflows nothing."""
    (to_x,) = gradients(lambda x: F.l1_loss(x, [1.0, 1.0, 1.0], reduction="sum"), [0.0, 1.0, 3.0])
    np.testing.assert_array_equal(to_x, [-1, 0, 1])
    (to_x,) = gradients(lambda x: F.huber_loss(x, np.zeros(5), "sum", 2.0), [-9.0, -2.0, 0.0, 2.0, 9.0])
    np.testing.assert_array_equal(to_x, [-2, -2, 0, 2, 2])
    x = ag.Tensor(np.array([1e30, np.inf], np.float32), requires_grad=True)
    for loss in (F.huber_loss, F.smooth_l1_loss):
        np.testing.assert_array_equal(loss(x, [0.0, 0.0], "none").value, np.array([1e30, np.inf], np.float32))
        np.testing.assert_array_equal(ag.grad(loss(x, [0.0, 0.0], "sum"), x)[0], [1, 1])


def test_l2_regression_of_the_notes():
    """CS231n, neural networks part 2: L = ‖f − y‖²; its gradient with respect to one f_j is 2(f_j − y_j)."""
    f, y = [1.0, 4.0, -2.0], [0.0, 1.0, 0.0]
    (to_f,) = gradients(lambda f: F.mse_loss(f, y, reduction="sum"), f)
    np.testing.assert_array_equal(to_f, [2, 6, -4])
    assert F.l1_loss(np.array(f), y, reduction="sum") == 6
