"""Hierarchical softmax: probabilities that sum to one, the loss of a path, the tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn, optim


def random_tree(rng, classes):
    parts = list(map(int, rng.permutation(classes)))
    while len(parts) > 1:
        a, b = (parts.pop(rng.integers(len(parts))) for _ in "ab")
        parts.append((a, b))
    return parts[0]


@given(st.integers(0, 999), st.integers(2, 12), st.booleans(), st.booleans())
def test_probabilities_sum_to_one_and_the_loss_is_theirs(seed, classes, balanced, bias):
    rng = np.random.default_rng(seed)
    tree = None if balanced else random_tree(rng, classes)
    layer = nn.HierarchicalSoftmax(3, classes, tree, bias, reduction="none", rng=rng, dtype=np.float64)
    x, labels = 3 * rng.normal(size=(5, 3)), rng.integers(0, classes, 5)
    logs = layer.log_prob(x).value
    np.testing.assert_allclose(np.exp(logs).sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(layer(x, labels).value, -logs[np.arange(5), labels], rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(layer.predict(x), logs.argmax(1))


@given(st.integers(0, 99))
def test_gradients_equal_those_through_all_classes(seed):
    """The path of the label alone gives the same gradient as the log-probabilities of every class."""
    rng = np.random.default_rng(seed)
    layer = nn.HierarchicalSoftmax(3, 6, random_tree(rng, 6), rng=rng, dtype=np.float64)
    x, labels = ag.Tensor(rng.normal(size=(4, 3)), requires_grad=True), rng.integers(0, 6, 4)
    wanted = [layer.weight, layer.bias, x]
    for short, long in zip(
        ag.grad(layer(x, labels), wanted), ag.grad(F.nll_loss(layer.log_prob(x), labels), wanted), strict=True
    ):
        np.testing.assert_allclose(short, long, rtol=1e-11, atol=1e-13)


def test_two_classes_are_logistic_regression():
    layer = nn.HierarchicalSoftmax(3, 2, rng=0, dtype=np.float64)
    x, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 1, 1, 0])
    scores = F.linear(x, layer.weight.value, layer.bias.value)[:, 0]
    np.testing.assert_allclose(layer(x, labels).value, F.binary_cross_entropy_with_logits(scores, labels), rtol=1e-14)


def test_weights_of_0_are_chance_at_every_turn():
    """In ((0, 1), (2, (3, 4))) the classes lie 2, 2, 2, 3 and 3 turns deep: 1/4, 1/4, 1/4, 1/8, 1/8."""
    layer = nn.HierarchicalSoftmax(2, 5, ((0, 1), (2, (3, 4))), rng=0)
    layer.weight.assign(np.zeros((4, 2)))
    probabilities = np.exp(layer.log_prob(np.ones((1, 2), np.float32)).value)
    np.testing.assert_allclose(probabilities, [[1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8]], rtol=1e-6)
    assert layer.nodes.shape == (5, 3)
    assert nn.HierarchicalSoftmax(2, 1000, rng=0).nodes.shape == (1000, 10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores(dtype):
    layer = nn.HierarchicalSoftmax(1, 4, bias=False, rng=0, dtype=dtype)
    layer.weight.assign([[1.0], [1.0], [1.0]])
    x = np.array([[1e4]], dtype)
    np.testing.assert_array_equal(layer.log_prob(x).value, np.array([[-2e4, -1e4, -1e4, 0]], dtype))
    loss = layer(x, [0])
    assert (loss.item(), loss.dtype) == (2e4, dtype)


def test_it_learns():
    """Corners of a simplex: any tree can part them, since any set of them lies on one side of a plane."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 200)
    x = (np.eye(8)[labels] + 0.05 * rng.normal(size=(200, 8))).astype(np.float32)
    layer = nn.HierarchicalSoftmax(8, 8, rng=0)
    optimizer = optim.SGD(layer.parameters(), lr=0.5, momentum=0.9)
    for _ in range(50):
        optimizer.zero_grad()
        layer(x, labels).backward()
        optimizer.step()
    assert (layer.predict(x) == labels).mean() == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.HierarchicalSoftmax(2, 1), ag.ArgumentError, "at least two"),
        (lambda: nn.HierarchicalSoftmax(2, 3, (0, 1)), ag.ArgumentError, "holds 2 classes, expected 0 to 2"),
        (lambda: nn.HierarchicalSoftmax(2, 3, (0, (1, 1))), ag.ArgumentError, "1 in the tree"),
        (lambda: nn.HierarchicalSoftmax(2, 3, (0, 1, 2)), ag.ArgumentError, r"\(0, 1, 2\) in the tree, expected pairs"),
        (lambda: nn.HierarchicalSoftmax(2, 3, reduction="avg"), ag.ArgumentError, "reduction='avg'"),
        (lambda: nn.HierarchicalSoftmax(2, 3)(np.ones((1, 2), np.float32), [3]), ag.OutOfRangeError, "label 3"),
        (lambda: nn.HierarchicalSoftmax(2, 3)(np.ones((1, 3), np.float32), [0]), ag.ShapeError, r"\(N, 2\)"),
        (lambda: nn.HierarchicalSoftmax(2, 3)(np.ones((1, 2)), [0]), ag.DtypeError, "astype"),
    ],
)
def test_wrong_use_raises_a_typed_error(call, error, message):
    with pytest.raises(error, match=message):
        call()
