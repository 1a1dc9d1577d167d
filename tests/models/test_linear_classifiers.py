"""Linear classifiers: the engine's gradients are the hand-derived ones; the notes' numbers; training; templates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, functional, models, nn
from autograd_cnn.errors import NotFittedError


def problem(n, d, k, seed):
    rng = np.random.default_rng(seed)
    layer = nn.Linear(d, k, rng=rng, dtype=np.float64)
    layer.weight.assign(rng.normal(size=(k, d)))
    layer.bias.assign(rng.normal(size=k))
    return layer, rng.normal(size=(n, d)), rng.integers(0, k, n)


@given(
    st.integers(1, 9), st.integers(1, 7), st.integers(2, 6), st.floats(0.01, 5), st.floats(0, 1), st.integers(0, 9999)
)
def test_the_engines_gradients_are_those_derived_by_hand(n, d, k, delta, regularization, seed):
    layer, x, y = problem(n, d, k, seed)
    pairs = [
        (nn.MulticlassSVMLoss(delta), models.svm_loss_and_gradients, (delta, regularization)),
        (nn.CrossEntropyLoss(), models.softmax_loss_and_gradients, (regularization,)),
    ]
    for criterion, by_hand, settings in pairs:
        loss = criterion(layer(x), y) + functional.l2_penalty(layer.weight, regularization)
        layer.zero_grad()
        loss.backward()
        expected, weight, bias = by_hand(layer.weight.value, layer.bias.value, x, y, *settings)
        assert loss.item() == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(layer.weight.grad, weight, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(layer.bias.grad, bias, rtol=1e-12, atol=1e-12)


def test_gradients_derived_by_hand_are_differences():
    layer, x, y = problem(6, 4, 3, 0)
    weight, bias, h = layer.weight.value.copy(), layer.bias.value.copy(), 1e-6
    for by_hand in (models.svm_loss_and_gradients, models.softmax_loss_and_gradients):
        _, gradient, _ = by_hand(weight, bias, x, y, regularization=0.3)
        for place in np.ndindex(weight.shape):
            ends = []
            for sign in (1, -1):
                moved = weight.copy()
                moved[place] += sign * h
                ends.append(by_hand(moved, bias, x, y, regularization=0.3)[0])
            assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient[place], abs=1e-7)


def fixed(kind, weight, bias):
    """A classifier with weights that are given, as if it had been trained to them."""
    features = np.array(weight).shape[1]
    found = kind().fit(np.eye(features), np.arange(features) % len(bias), epochs=1, rng=0)
    found.layer.weight.assign(np.array(weight))
    found.layer.bias.assign(np.array(bias))
    return found


def test_the_notes_scores_of_a_cat():
    """Linear classification, "Mapping an image to label scores": a cat that the weights take for a dog."""
    weight, bias = [[0.2, -0.5, 0.1, 2.0], [1.5, 1.3, 2.1, 0.0], [0.0, 0.25, 0.2, -0.3]], [1.1, 3.2, -1.2]
    cat = np.array([[56.0, 231.0, 24.0, 2.0]])
    classifier = fixed(models.LinearSVM, weight, bias)
    np.testing.assert_allclose(classifier.scores(cat), [[-96.8, 437.9, 60.75]])  # the notes forget the −1.2: 61.95
    assert classifier.predict(cat).tolist() == [1]
    trick = data.with_bias_column(cat) @ np.column_stack([weight, bias]).T
    np.testing.assert_allclose(trick, classifier.scores(cat))


def test_the_notes_losses_of_one_image_both_ways():
    """Linear classification, "SVM vs. softmax": hinge 1.58; e^s, normalised; cross entropy 1.04."""
    weight = [[0.01, -0.05, 0.1, 0.05], [0.7, 0.2, 0.05, 0.16], [0.0, -0.45, -0.2, 0.03]]
    bias, x, y = np.array([0.0, 0.2, -0.3]), np.array([[-15.0, 22.0, -44.0, 56.0]]), np.array([2])
    classifier = fixed(models.SoftmaxClassifier, weight, bias)
    np.testing.assert_allclose(classifier.scores(x), [[-2.85, 0.86, 0.28]], atol=1e-12)
    np.testing.assert_allclose(classifier.probabilities(x), [[0.016, 0.631, 0.353]], atol=6e-4)
    assert models.svm_loss_and_gradients(np.array(weight), bias, x, y)[0] == pytest.approx(1.58)
    assert models.softmax_loss_and_gradients(np.array(weight), bias, x, y)[0] == pytest.approx(1.04, abs=5e-3)


def test_the_notes_margins_and_penalties():
    """Linear classification: scores 13, −7, 11 with Δ = 10 lose 8; two weights alike in score differ in penalty."""
    eye = np.eye(3)
    loss, _, _ = models.svm_loss_and_gradients(eye, np.zeros(3), np.array([[13.0, -7.0, 11.0]]), np.array([0]), 10.0)
    assert loss == 8
    x = np.ones((1, 4))
    for w, penalty in (([1.0, 0, 0, 0], 1.0), ([0.25] * 4, 0.25)):
        alone = models.svm_loss_and_gradients(np.array([w]), np.zeros(1), x, np.array([0]), 1.0, 1.0)
        assert alone[0] == penalty


@pytest.mark.parametrize("classes", [2, 10])
def test_small_weights_begin_at_the_losses_of_chance(classes):
    """The notes' sanity check: K − 1 for the SVM with Δ = 1, ln K for softmax."""
    x, y = np.random.default_rng(0).normal(size=(20, 5)), np.arange(20) % classes
    weight, bias = np.zeros((classes, 5)), np.zeros(classes)
    assert models.svm_loss_and_gradients(weight, bias, x, y)[0] == pytest.approx(classes - 1)
    assert models.softmax_loss_and_gradients(weight, bias, x, y)[0] == pytest.approx(math.log(classes))


@pytest.mark.parametrize(
    ("make", "lr"),
    [(models.LinearSVM, 0.05), (lambda: models.LinearSVM(squared=True), 0.02), (models.SoftmaxClassifier, 0.5)],
)
def test_digits_are_learned(make, lr):
    digits = data.digits()
    classifier = make().fit(digits.train, epochs=8, lr=lr, rng=0)
    assert classifier.losses[-1] < 0.6 * classifier.losses[0]
    assert classifier.accuracy(digits.validation) > 0.92
    assert classifier.templates.shape == (10, 1, 8, 8)
    np.testing.assert_array_equal(classifier.templates.reshape(10, -1), classifier.layer.weight.value)
    again = make().fit(digits.train.images, digits.train.labels, epochs=8, lr=lr, rng=0)
    np.testing.assert_array_equal(again.templates, classifier.templates)


def test_regularization_keeps_weights_small():
    digits = data.digits()
    sizes = [
        np.square(
            models.SoftmaxClassifier(strength).fit(digits.train, epochs=4, lr=0.5, rng=0).layer.weight.value
        ).sum()
        for strength in (0, 0.01, 0.1)
    ]
    assert sizes[0] > 1.5 * sizes[1] > 3 * sizes[2]


def test_the_reported_loss_is_that_of_the_formula():
    """One step over all samples: the loss before it, at the starting weights."""
    _, x, y = problem(12, 4, 3, 1)
    y[:3] = 0, 1, 2
    classifier = models.LinearSVM(2.0, 0.5).fit(x, y, epochs=1, batch_size=12, lr=0.1, rng=7)
    start = nn.Linear(4, 3, rng=np.random.default_rng(7), dtype=np.float64)
    loss, weight, bias = models.svm_loss_and_gradients(start.weight.value, start.bias.value, x, y, 2.0, 0.5)
    assert classifier.losses == [pytest.approx(loss)]
    np.testing.assert_allclose(classifier.layer.weight.value, start.weight.value - 0.1 * weight)
    np.testing.assert_allclose(classifier.layer.bias.value, start.bias.value - 0.1 * bias)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: models.LinearSVM(regularization=-1), ag.ArgumentError, "regularization=-1, expected at least 0"),
        (lambda: models.LinearSVM().scores(np.eye(3)), NotFittedError, r"fit\(splits.train\) makes and trains it"),
        (lambda: models.LinearSVM().fit(np.eye(3), np.arange(3) - 1), ag.ArgumentError, "a label of -1"),
        (lambda: models.LinearSVM().fit(np.eye(3), np.arange(3), epochs=0), ag.ArgumentError, "epochs=0"),
        (lambda: models.LinearSVM().fit(np.eye(3)), ag.ArgumentError, "expected a Dataset, or images and labels"),
        (
            lambda: models.LinearSVM(squared=True).fit(np.ones((2, 3)), np.arange(2), lr=1e300),
            ag.ArgumentError,
            "take a smaller lr, or normalise",
        ),
        (
            lambda: models.LinearSVM().fit(np.eye(3), np.arange(3), epochs=1).scores(np.ones((1, 2))),
            ag.ShapeError,
            "images of 2 numbers, fitted to images of 3",
        ),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_settings_are_printed():
    assert repr(models.LinearSVM(2.0, 0.1)).startswith("LinearSVM(delta=2.0, squared=False")
    assert repr(models.SoftmaxClassifier(0.1)).endswith("regularization=0.1)")
