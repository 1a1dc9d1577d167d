"""Accuracy, top-k error and confusions agree with counting by hand, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
from autograd_cnn import nn, train
from tests.train.networks import blobs, network


@st.composite
def judged(draw):
    """Return scores with many ties, and labels."""
    n, classes = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    scores = draw(hnp.arrays(np.float32, (n, classes), elements=st.integers(-2, 2).map(float)))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    return scores, labels


@given(judged(), st.integers(1, 8))
def test_the_k_highest_are_the_first_of_a_stable_order(found, k):
    scores, labels = found
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    wrong = [label not in row for label, row in zip(labels, order, strict=True)]
    assert train.top_k_error(scores, labels, k) == sum(wrong) / len(wrong)
    assert train.top_k_error(ag.Tensor(scores), labels, k) == sum(wrong) / len(wrong)


@given(judged())
def test_accuracy_is_what_argmax_and_the_diagonal_say(found):
    scores, labels = found
    predicted = scores.argmax(1)
    assert train.accuracy(scores, labels) == (predicted == labels).mean()
    counts = train.confusion_matrix(labels, predicted, scores.shape[1])
    assert counts.sum() == len(labels)
    assert np.trace(counts) / len(labels) == train.accuracy(scores, labels)
    assert np.array_equal(counts.sum(axis=1), np.bincount(labels, minlength=scores.shape[1]))
    assert np.array_equal(counts.sum(axis=0), np.bincount(predicted, minlength=scores.shape[1]))


def test_known_numbers():
    scores = [[0.1, 0.2, 0.7], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [np.nan, 0.0, 0.0]]
    assert train.accuracy(scores, [2, 0, 1, 0]) == 0.5  # of a tie the first counts, NaN counts never
    assert train.top_k_error(scores, [1, 1, 2, 1], 2) == 0.5
    assert train.confusion_matrix([0, 1, 1], [0, 0, 1]).tolist() == [[1, 0], [1, 1]]
    assert train.confusion_matrix(np.array([0, 2], np.uint8), [0, 0], 4).shape == (4, 4)
    assert train.confusion_matrix([], []).shape == (0, 0)


@given(st.integers(1, 50), st.booleans())
@settings(max_examples=10)
def test_an_evaluation_does_not_depend_on_its_batches(batch_size, compile):
    model = network(norm=True, dropout=0.5)
    whole = train.evaluate(model, blobs(), nn.CrossEntropyLoss())
    found = train.evaluate(
        ag.compile(model) if compile else model, blobs(), nn.CrossEntropyLoss(), batch_size=batch_size
    )
    assert found.loss == pytest.approx(whole.loss, rel=1e-5)
    assert (found.accuracy, found.top5_error, found.samples) == (whole.accuracy, None, 40)
    assert all(layer.training for layer in model.modules())


CRITERIA = {
    "weights": nn.CrossEntropyLoss(weight=[1, 5, 9]),
    "ignored": nn.NLLLoss(ignore_index=0),
    "weights, sum": nn.CrossEntropyLoss(weight=[1, 5, 9], ignore_index=2, reduction="sum"),
    "one's own": lambda scores, labels: (scores**2).mean() ** 0.5,
}


@given(st.sampled_from(sorted(CRITERIA)), st.integers(1, 50), st.permutations(np.arange(40) % 3))
@settings(max_examples=30)
def test_the_loss_is_the_criterion_s_of_the_whole_set_however_it_is_divided(name, batch_size, labels):
    images, model = blobs()[0], network()
    whole = CRITERIA[name](model(ag.Tensor(images)), np.array(labels)).item()
    found = train.evaluate(model, (images, np.array(labels)), CRITERIA[name], batch_size=batch_size)
    assert found.loss == pytest.approx(whole, rel=1e-5)


def test_a_batch_of_ignored_samples_leaves_the_loss_of_the_others():
    images, labels = blobs()
    labels = np.where(np.arange(40) < 10, -100, labels)
    expected = train.evaluate(network(), (images[10:], labels[10:]), nn.CrossEntropyLoss())
    found = train.evaluate(network(), (images, labels), nn.CrossEntropyLoss(), batch_size=10)
    assert found.loss == pytest.approx(expected.loss, rel=1e-5)


def test_an_evaluation_is_in_eval_mode_without_gradients():
    model = network(norm=True, dropout=0.9)
    before = model.state_dict()
    scores = train.predict(model, blobs()[0], batch_size=7)
    assert np.array_equal(scores, train.predict(model, blobs()[0], batch_size=7))
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())
    model.eval()
    np.testing.assert_allclose(scores, model(ag.Tensor(blobs()[0])).value, rtol=1e-5)


def test_ten_classes_have_a_top_5_error():
    model = nn.Linear(2, 10, rng=0)
    found = train.evaluate(model, blobs(classes=10))
    assert found.loss is None
    assert found.top5_error == train.top_k_error(model(ag.Tensor(blobs(classes=10)[0])), blobs(classes=10)[1], 5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: train.accuracy([[1.0]], [0, 1]), ag.ShapeError, r"scores \(1, 1\) and labels \(2,\)"),
        (lambda: train.accuracy(np.zeros((0, 3)), np.zeros(0, int)), ag.ShapeError, "expected"),
        (lambda: train.accuracy([[1.0]], [0.0]), ag.DtypeError, "labels of dtype float64, expected integers"),
        (lambda: train.accuracy([[1.0]], [1]), ag.OutOfRangeError, "labels from 1 to 1, expected 0 to 0"),
        (lambda: train.top_k_error([[1.0]], [0], 0), ag.ArgumentError, "k=0, expected an integer of at least 1"),
        (lambda: train.confusion_matrix([0], [0, 1]), ag.ShapeError, "expected"),
        (lambda: train.confusion_matrix([3], [0], 2), ag.OutOfRangeError, "a class outside 0 to 1"),
        (lambda: train.confusion_matrix([0], [0], "a"), ag.ArgumentError, "classes='a', expected a positive integer"),
        (
            lambda: train.evaluate(network(), blobs(), nn.CrossEntropyLoss(reduction="none")),
            ag.ShapeError,
            r"the criterion returned \(40,\), expected one number; try reduction='mean'",
        ),
        (lambda: train.History().curve("los"), ag.UnknownNameError, "'los' is unknown; did you mean 'loss'"),
    ],
)
def test_wrong_use_says_what_is_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()
