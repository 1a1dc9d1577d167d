"""Nearest neighbours: against the definition, ties by rule, cross-validation without leakage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, models
from autograd_cnn.data.preprocessing import MeanSubtraction
from autograd_cnn.errors import NotFittedError

DISTANCES = pytest.mark.parametrize("distance", ["l1", "l2"])


def defined(queries, points, k, distance):
    """The k nearest by the definition, in float64, the first of equals first."""
    apart = queries[:, None].astype(np.float64) - points
    far = np.abs(apart).sum(2) if distance == "l1" else np.sqrt((apart**2).sum(2))
    order = np.argsort(far, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(far, order, 1), order


@DISTANCES
@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 5), st.sampled_from([np.float32, np.float64]), st.data())
def test_neighbours_are_those_of_the_definition(distance, n, d, k, dtype, draws):
    """Small whole numbers, so that many are equally far away; a shift far from 0, where the expansion cancels."""
    rng = np.random.default_rng(draws.draw(st.integers(0, 999)))
    shift, size = draws.draw(st.sampled_from([0, 1000, 2**20])), draws.draw(st.integers(1, 4))
    points, queries = (rng.integers(0, size, (m, d)) + dtype(shift) for m in (n, 7))
    k = min(k, n)
    known = models.NearestNeighbors(k, distance).fit(points.astype(dtype), np.zeros(n, int))
    far, positions = known.neighbors(queries.astype(dtype))
    expected = defined(queries, points, k, distance)
    np.testing.assert_array_equal(positions, expected[1])
    np.testing.assert_allclose(far, expected[0], rtol=1e-14)


@DISTANCES
def test_rounding_does_not_exchange_neighbours(distance):
    """Points near each other and far from 0: in float32 the expansion alone orders them by its rounding."""
    rng = np.random.default_rng(0)
    points, queries = (np.float32(3000) + rng.random((n, 50), np.float32) for n in (300, 40))
    known = models.NearestNeighbors(5, distance).fit(points, np.zeros(300, int))
    np.testing.assert_array_equal(known.neighbors(queries)[1], defined(queries, points, 5, distance)[1])
    rough = (queries**2).sum(1)[:, None] - 2 * queries @ points.T + (points**2).sum(1)
    assert (np.argsort(rough, 1)[:, :5] != defined(queries, points, 5, "l2")[1]).mean() > 0.3


@DISTANCES
def test_many_are_searched_in_portions(distance, monkeypatch):
    rng = np.random.default_rng(0)
    points, queries = rng.random((30, 6)), rng.random((11, 6))
    monkeypatch.setattr("autograd_cnn.models.nearest._NUMBERS_AT_ONCE", 70)
    found = models.NearestNeighbors(4, distance).fit(points, np.zeros(30, int)).neighbors(queries)
    np.testing.assert_array_equal(found[1], defined(queries, points, 4, distance)[1])


def test_distances_by_hand():
    points, labels = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 0.0]]), np.array([7, 8, 9])
    for distance, expected in (("l2", [0, 5, 6]), ("l1", [0, 6, 7])):
        known = models.NearestNeighbors(3, distance).fit(points, labels)
        far, positions = known.neighbors(np.array([[0.0, 0.0]]))
        assert sorted(far[0]) == expected
        assert positions[0].tolist() == ([0, 1, 2] if distance == "l2" else [0, 2, 1])
    assert models.NearestNeighbors(1).fit(points, labels).predict(np.array([[3.0, 3.0], [9.0, 0.0]])).tolist() == [8, 9]


def test_the_most_votes_win_and_the_smallest_label_of_a_draw():
    points = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    labels = np.array([4, 4, 2, 2, 2])
    query = np.array([[0.0]])
    guesses = [models.NearestNeighbors(k).fit(points, labels).predict(query)[0] for k in (1, 2, 3, 4, 5)]
    assert guesses == [4, 4, 4, 2, 2]
    same = models.NearestNeighbors(1).fit(np.ones((3, 2)), np.array([3, 1, 2]))
    assert same.predict(np.ones((1, 2))).tolist() == [3]  # of images equally far away, the first


def test_a_training_image_is_its_own_neighbour():
    train, validation = data.stratified_split(data.digits().train, (0.2, 0.1, 0.7))[:2]
    for distance in ("l1", "l2"):
        known = models.NearestNeighbors(1, distance).fit(train)
        assert known.accuracy(train) == 1.0
        assert known.neighbors(train.images[:9])[0].max() == 0
        assert 0.9 < known.accuracy(validation) < 1
        right = known.predict(validation) == validation.labels
        assert known.accuracy(validation.images, validation.labels) == right.mean()


def test_integers_are_compared_as_numbers():
    """As unsigned bytes 3 − 5 would be 254."""
    pixels = np.array([[3, 200], [0, 0]], np.uint8)
    known = models.NearestNeighbors(1).fit(pixels, np.array([0, 1]))
    assert known.neighbors(np.array([[5, 199]], np.uint8))[0][0, 0] == pytest.approx(np.sqrt(5))
    foreign = models.NearestNeighbors(1, "l1").fit(pixels.astype(">f8"), np.array([0, 1]))
    assert foreign.neighbors(np.array([[5, 199]], ">f4"))[0][0, 0] == 3


def test_cross_validation_is_the_classifier_in_each_round():
    train = data.stratified_split(data.digits().train, (0.2, 0.8))[0]
    folds = data.stratified_folds(train, 3, seed=4)
    for distance in ("l1", "l2"):
        result = models.cross_validate(train, (1, 4, 30), folds, distance=distance)
        assert result.accuracies.shape == (3, 3)
        for row, k in zip(result.accuracies, result.ks, strict=True):
            for accuracy, fold in zip(row, folds, strict=True):
                known = models.NearestNeighbors(k, distance).fit(fold.train)
                assert accuracy == known.accuracy(fold.validation)
    np.testing.assert_allclose(result.mean, result.accuracies.mean(1))
    np.testing.assert_allclose(result.std, result.accuracies.std(1))


def test_the_best_k_is_the_smallest_of_the_highest():
    result = models.CrossValidation((5, 3, 1), np.array([[0.9, 0.7], [0.7, 0.9], [0.5, 0.5]]))
    assert result.best == 3
    assert str(result).splitlines()[0] == "k =   5   80.0% ± 10.0%"


def test_preprocessing_of_a_round_sees_no_validation_image():
    train = data.stratified_split(data.digits().train, (0.1, 0.9))[0]
    seen = []

    class Watched(MeanSubtraction):
        def fit(self, images):
            seen.append({image.tobytes() for image in images.images})
            return super().fit(images)

    folds = data.stratified_folds(train, 3)
    found = models.cross_validate(train, (3,), folds, preprocessing=Watched())
    for fold, learned in zip(folds, seen, strict=True):
        assert learned == {image.tobytes() for image in fold.train.images}
        assert learned.isdisjoint(image.tobytes() for image in fold.validation.images)
    plain = models.cross_validate(train, (3,), folds)  # subtracting one mean from all moves no distance
    np.testing.assert_allclose(found.accuracies, plain.accuracies, atol=0.02)


KNOWN = models.NearestNeighbors(2).fit(np.eye(3), np.arange(3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: models.NearestNeighbors(0), ag.ArgumentError, "k=0, expected a positive integer"),
        (lambda: models.NearestNeighbors(True), ag.ArgumentError, "k=True"),
        (lambda: models.NearestNeighbors(1, "cosine"), ag.ArgumentError, "expected 'l1' or 'l2'"),
        (lambda: models.NearestNeighbors().predict(np.eye(3)), NotFittedError, r"fit\(splits.train\) first"),
        (lambda: models.NearestNeighbors(4).fit(np.eye(3), np.arange(3)), ag.ArgumentError, "fewer than k=4"),
        (lambda: KNOWN.fit(data.digits()), ag.ArgumentError, "expected a Dataset, or images and labels"),
        (lambda: KNOWN.fit(data.digits().test, np.arange(3)), ag.ArgumentError, "expected a Dataset, or images"),
        (lambda: KNOWN.fit(np.eye(3), np.arange(2)), ag.ShapeError, "expected one label per image"),
        (lambda: KNOWN.fit(np.eye(3), np.ones(3)), ag.DtypeError, "float64, expected integers"),
        (lambda: KNOWN.fit(np.ones((0, 3)), np.arange(0)), ag.ArgumentError, "there are no images"),
        (lambda: KNOWN.predict([[1.0]]), ag.ArgumentError, "got list"),
        (lambda: KNOWN.predict(np.ones(3)), ag.ShapeError, r"images of shape \(3,\)"),
        (lambda: KNOWN.predict(np.ones((2, 0))), ag.ShapeError, r"shape \(2, 0\), which have no pixels"),
        (lambda: KNOWN.predict(np.ones((2, 4))), ag.ShapeError, "images of 4 numbers, fitted to images of 3"),
        (lambda: KNOWN.predict(np.ones((2, 3), complex)), ag.DtypeError, "complex128"),
        (lambda: KNOWN.predict(np.full((1, 3), np.nan)), ag.ArgumentError, "NaN or infinity"),
        (lambda: KNOWN.predict(np.full((1, 3), 1e200)), ag.ArgumentError, "too large"),
        (lambda: KNOWN.neighbors(np.eye(3), 4), ag.ArgumentError, "k=4, but only 3 images are known"),
        (lambda: models.cross_validate(data.digits().test, 3), ag.ArgumentError, "ks=3, expected a list"),
        (lambda: models.cross_validate(data.digits().test, ()), ag.ArgumentError, "ks is empty"),
        (lambda: models.cross_validate(data.digits().test, (0,)), ag.ArgumentError, "k=0"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_no_queries_are_no_trouble():
    assert KNOWN.predict(np.ones((0, 3))).shape == (0,)
    assert repr(KNOWN) == "NearestNeighbors(k=2, distance='l2')"
