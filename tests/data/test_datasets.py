"""The digits: the file, the split, and what can go wrong."""

import gzip
import hashlib
import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data

SHARES = st.tuples(*[st.integers(0, 10)] * 3).filter(any).map(lambda parts: tuple(p / sum(parts) for p in parts))


def rows(dataset):
    """Every image with its label as one hashable thing."""
    return [(image.tobytes(), int(label)) for image, label in zip(dataset.images, dataset.labels, strict=True)]


def test_the_file_is_the_published_one():
    folder = resources.files("autograd_cnn.data")
    digest = hashlib.sha256((folder / "digits.csv.gz").read_bytes()).hexdigest()
    assert digest == "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
    note = (folder / "digits.txt").read_text(encoding="utf-8")
    assert digest in note
    assert "CC BY 4.0" in note


def test_images_and_labels_are_those_of_the_file():
    text = gzip.decompress((resources.files("autograd_cnn.data") / "digits.csv.gz").read_bytes()).decode()
    lines = [[int(number) for number in line.split(",")] for line in text.splitlines()]
    everything = data.digits((1, 0, 0)).train
    assert everything.images.shape == (1797, 1, 8, 8)
    assert everything.images.dtype == np.float32
    assert everything.labels.dtype == np.int64
    assert everything.images.min() == 0.0
    assert everything.images.max() == 1.0
    assert (everything.images.reshape(-1, 64) * 16).astype(int).tolist() == [line[:-1] for line in lines]
    assert everything.labels.tolist() == [line[-1] for line in lines]
    assert np.bincount(everything.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@given(SHARES, st.integers(0, 10_000))
def test_the_split_covers_all_once_with_every_class_in_its_share(shares, seed):
    splits = data.digits(shares, seed=seed)
    parts = [splits.train, splits.validation, splits.test]
    everything = data.digits((1, 0, 0)).train
    assert sorted(row for part in parts for row in rows(part)) == sorted(rows(everything))
    sizes = np.bincount(everything.labels)
    for part, share in zip(parts, shares, strict=True):
        counts = np.bincount(part.labels, minlength=10)
        assert (np.abs(counts - share * sizes) <= 1 + 1e-9).all()
        assert part.images.shape == (len(part), 1, 8, 8)


def test_no_image_is_in_the_file_twice():
    """So that parts which cover all once are disjoint."""
    assert len(set(rows(data.digits((1, 0, 0)).train))) == 1797


def test_whoever_changes_his_digits_changes_nobody_elses():
    mine = data.digits((1, 0, 0)).train
    mine.images[:] = 7
    mine.labels[:] = 3
    assert data.digits((1, 0, 0)).train.images.max() == 1
    assert len(set(data.digits((1, 0, 0)).train.labels.tolist())) == 10


def test_the_split_depends_on_the_seed_alone():
    first, again, other = data.digits(), data.digits(), data.digits(seed=1)
    np.testing.assert_array_equal(first.test.images, again.test.images)
    assert rows(first.test) != rows(other.test)
    assert (len(first.train), len(first.validation), len(first.test)) == (1258, 270, 269)


@pytest.mark.parametrize(
    "shares", [(0.7, 0.3), (0.7, 0.2, 0.2), (1.2, -0.1, -0.1), (math.nan, 0.5, 0.5), 0.7, "abc", (0.5, 0.5, "0")]
)
def test_shares_that_are_none_raise(shares):
    with pytest.raises(ag.ArgumentError, match="expected three numbers of at least 0 that add up to 1"):
        data.digits(shares)


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
def test_seeds_that_are_none_raise(seed):
    with pytest.raises(ag.ArgumentError, match="expected an integer of at least 0"):
        data.digits(seed=seed)


@pytest.mark.parametrize(
    ("images", "labels", "error"),
    [
        (np.ones((3, 8, 8)), np.ones(3, int), ag.ShapeError),
        (np.ones((3, 1, 8, 8)), np.ones(2, int), ag.ShapeError),
        (np.ones((3, 1, 8, 8)), np.ones((3, 1), int), ag.ShapeError),
        (np.ones((3, 1, 8, 8)), np.ones(3), ag.DtypeError),
    ],
)
def test_datasets_have_one_integer_label_per_image(images, labels, error):
    with pytest.raises(error, match="Dataset: "):
        data.Dataset(images, labels)


def test_a_dataset_may_name_its_classes():
    assert data.digits().test.classes == tuple("0123456789")
    images = np.ones((3, 1, 8, 8))
    assert data.Dataset(images, np.array([0, 1, 1]), classes=["cat", "dog"]).classes == ("cat", "dog")
    assert data.Dataset(images[:0], np.zeros(0, int), classes=("cat",)).classes == ("cat",)
    for labels in ([0, 1, 2], [-1, 0, 1]):
        with pytest.raises(ag.OutOfRangeError, match="2 classes have names"):
            data.Dataset(images, np.array(labels), classes=("cat", "dog"))
    for classes in ("cats", (0, 1)):
        with pytest.raises(ag.ArgumentError, match="expected one name for each class"):
            data.Dataset(images, np.zeros(3, int), classes=classes)


def test_datasets_are_frozen():
    dataset = data.Dataset(np.ones((3, 1, 8, 8)), np.ones(3, int))
    with pytest.raises(AttributeError):
        dataset.labels = np.zeros(3, int)
    assert repr(dataset) == "Dataset(3 images of shape (1, 8, 8) float64)"
