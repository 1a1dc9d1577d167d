"""Batches: every image once per epoch, in an order the seed decides."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data


def numbered(n):
    return data.Dataset(np.arange(n, dtype=np.float32).reshape(n, 1, 1, 1), np.arange(n))


@given(st.integers(1, 30), st.integers(1, 12), st.booleans(), st.booleans(), st.integers(0, 100))
def test_an_epoch_shows_every_image_once(n, size, shuffle, drop_last, seed):
    size = min(size, n)
    found = data.batches(numbered(n), size, shuffle=shuffle, drop_last=drop_last, rng=seed)
    for _ in range(2):
        epoch = list(found)
        assert len(epoch) == len(found) == (n // size if drop_last else -(-n // size))
        for images, labels in epoch:
            assert images[:, 0, 0, 0].tolist() == labels.tolist()
        assert all(len(labels) == size for _, labels in epoch[:-1])
        seen = [int(label) for _, labels in epoch for label in labels]
        assert len(seen) == len(set(seen))
        if drop_last:
            assert len(seen) == n - n % size
        else:
            assert sorted(seen) == list(range(n))
        if not shuffle:
            assert seen == list(range(len(seen)))


def order(found):
    return [int(label) for _, labels in found for label in labels]


def test_the_seed_decides_the_order_of_all_epochs():
    first, again = (data.batches(numbered(50), 7, rng=3) for _ in range(2))
    epochs = [order(first), order(first)]
    assert epochs == [order(again), order(again)]
    assert epochs[0] != epochs[1]
    ag.manual_seed(3)
    assert order(data.batches(numbered(50), 7)) == epochs[0]


def test_arrays_work_as_a_dataset_does():
    dataset = numbered(10)
    pairs = zip(data.batches(dataset, 4, rng=0), data.batches((dataset.images, dataset.labels), 4, rng=0), strict=True)
    for (a, b), (c, d) in pairs:
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_progress_bar_shows_on_a_terminal_only(monkeypatch):
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert len(list(data.batches(numbered(10), 4, progress="epoch 1"))) == 3
        assert ("epoch 1" in stream.getvalue()) == shown
        assert ("3/3" in stream.getvalue()) == shown


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: data.batches(numbered(3), 0), ag.ArgumentError, "batch_size=0, expected a positive integer"),
        (lambda: data.batches(numbered(3), 2.0), ag.ArgumentError, "batch_size=2.0"),
        (lambda: data.batches(numbered(0), 2), ag.ArgumentError, "the dataset is empty"),
        (lambda: data.batches(data.digits(), 2), ag.ArgumentError, "got Splits, expected a Dataset"),
        (lambda: data.batches((np.ones(3), np.ones(2)), 2), ag.ShapeError, "one label per image"),
        (lambda: data.batches(numbered(3), 4, drop_last=True), ag.ArgumentError, "leaves nothing of 3 images"),
        (lambda: data.batches(numbered(3), 2, progress=True), ag.ArgumentError, "progress=True"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
