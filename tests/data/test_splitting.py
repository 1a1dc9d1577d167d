"""Splits and folds: a partition of the images, with every class in its share."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data

LABELS = st.lists(st.integers(0, 4), min_size=2, max_size=40).map(np.array)
SHARES = st.lists(st.integers(0, 10), min_size=1, max_size=4).filter(any).map(lambda p: tuple(n / sum(p) for n in p))


def numbered(labels):
    """A dataset whose images know their own number."""
    images = np.arange(len(labels), dtype=np.float32).reshape(-1, 1, 1, 1)
    return data.Dataset(images, np.asarray(labels), classes=tuple("abcde"))


def numbers(dataset):
    return dataset.images[:, 0, 0, 0].astype(int).tolist()


def counts(dataset):
    return np.bincount(dataset.labels, minlength=5)


@given(LABELS, SHARES, st.integers(0, 1000))
def test_a_split_holds_every_image_once_and_every_class_in_its_share(labels, shares, seed):
    whole = numbered(labels)
    parts = data.stratified_split(whole, shares, seed=seed)
    assert len(parts) == len(shares)
    assert sorted(n for part in parts for n in numbers(part)) == list(range(len(labels)))
    for part, share in zip(parts, shares, strict=True):
        assert numbers(part) == sorted(numbers(part))
        np.testing.assert_array_equal(part.labels, labels[numbers(part)])
        assert part.classes == whole.classes
        assert (np.abs(counts(part) - share * counts(whole)) <= 1 + 1e-9).all()


@given(LABELS, st.integers(2, 6), st.integers(0, 1000))
def test_each_fold_validates_once_and_is_learned_from_otherwise(labels, k, seed):
    whole = numbered(labels)
    k = min(k, len(labels))
    folds = data.stratified_folds(whole, k, seed=seed)
    assert len(folds) == k
    assert sorted(n for _, validation in folds for n in numbers(validation)) == list(range(len(labels)))
    for train, validation in folds:
        assert sorted(numbers(train) + numbers(validation)) == list(range(len(labels)))
        np.testing.assert_array_equal(train.labels, labels[numbers(train)])
        np.testing.assert_array_equal(validation.labels, labels[numbers(validation)])
        assert abs(len(validation) - len(labels) / k) < 1
        assert (np.abs(counts(validation) - counts(whole) / k) < 1).all()


def test_the_seed_alone_decides():
    whole = numbered(np.arange(40) % 4)
    for cut in (
        lambda seed: data.stratified_split(whole, (0.5, 0.5), seed=seed)[0],
        lambda seed: data.stratified_folds(whole, 4, seed=seed)[0].validation,
    ):
        assert numbers(cut(3)) == numbers(cut(3)) != numbers(cut(4))


def test_folds_are_a_sequence():
    folds = data.stratified_folds(numbered(np.arange(12) % 3), 4)
    assert [numbers(f.validation) for f in folds[1:3]] == [numbers(folds[1].validation), numbers(folds[2].validation)]
    assert numbers(folds[-1].validation) == numbers(folds[3].validation)
    with pytest.raises(IndexError):
        folds[4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: data.stratified_split(d, (0.5, 0.6)), "shares=.*add up to 1"),
        (lambda d: data.stratified_split(d, (1.5, -0.5)), "at least 0"),
        (lambda d: data.stratified_split(d, (math.nan, 1.0)), "shares="),
        (lambda d: data.stratified_split(d, ()), "shares="),
        (lambda d: data.stratified_split(d, "10"), "shares='10'"),
        (lambda d: data.stratified_split(d, (1.0,), seed=-1), "seed=-1, expected an integer of at least 0"),
        (
            lambda d: data.stratified_split(data.digits(), (1.0,)),
            "got Splits, expected a Dataset, such as splits.train",
        ),
        (lambda d: data.stratified_folds(d, 1), "k=1, expected an integer from 2 to the number of images, 12"),
        (lambda d: data.stratified_folds(d, 13), "k=13"),
        (lambda d: data.stratified_folds(d, 2.0), "k=2.0"),
        (lambda d: data.stratified_folds(d, 2, seed=True), "seed=True"),
        (lambda d: data.stratified_folds((d.images, d.labels), 2), "got tuple, expected a Dataset"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, message):
    with pytest.raises(ag.ArgumentError, match=message):
        call(numbered(np.arange(12) % 3))
