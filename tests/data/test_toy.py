import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn import data
from autograd_cnn.errors import ArgumentError


@given(st.integers(2, 200))
def test_moons_without_noise_lie_on_two_half_circles(points: int) -> None:
    found, labels = data.two_moons(points, noise=0)
    assert (found.shape, found.dtype, labels.dtype) == ((points, 2), np.float32, np.int64)
    assert 0 <= np.sum(labels == 0) - np.sum(labels == 1) <= 1
    centres = np.where(labels[:, None] == 0, (0, 0), (1, 0.5))
    np.testing.assert_allclose(np.linalg.norm(found - centres, axis=1), 1, atol=1e-6)
    above = found[:, 1] >= centres[:, 1] - 1e-6
    below = found[:, 1] <= centres[:, 1] + 1e-6
    assert np.all(np.where(labels == 0, above, below))


@given(st.integers(1, 40), st.integers(1, 5), st.floats(0, 2), st.integers(0, 9))
def test_spirals_are_those_of_the_notes(points: int, classes: int, noise: float, seed: int) -> None:
    """The loop of the case study, with its random numbers drawn by the same generator."""
    found, labels = data.spirals(points, classes, noise, rng=seed)
    assert (found.dtype, labels.dtype) == (np.float32, np.int64)
    rng = np.random.default_rng(seed)
    for j in range(classes):
        arm = range(points * j, points * (j + 1))
        radius = np.linspace(0.0, 1, points)
        angle = np.linspace(j * 4, (j + 1) * 4, points) + rng.standard_normal(points) * noise
        expected = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
        np.testing.assert_allclose(found[arm], expected, atol=1e-6)
        assert np.all(labels[arm] == j)


@pytest.mark.parametrize("make", [data.two_moons, data.spirals])
def test_noise_is_as_large_as_asked_and_comes_from_the_generator(make) -> None:
    (first, labels), (again, _), (other, _) = make(1000, noise=0.1, rng=3), make(1000, noise=0.1, rng=3), make(1000)
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    away = first - make(1000, noise=0)[0]
    if make is data.spirals:  # noise turns a point around the origin
        away = away / np.linalg.norm(first, axis=1, keepdims=True).clip(1e-3) * np.sqrt(2)
    assert np.sqrt(np.mean(away**2)) == pytest.approx(0.1, rel=0.1)
    assert len(labels) == len(first)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: data.two_moons(1), "points=1, expected an integer of at least 2"),
        (lambda: data.two_moons(10.0), r"points=10\.0"),
        (lambda: data.two_moons(10, noise=-1), "noise=-1, expected a finite number of at least 0"),
        (lambda: data.spirals(0), "points=0"),
        (lambda: data.spirals(classes=True), "classes=True"),
        (lambda: data.spirals(noise=float("nan")), "noise=nan"),
        (lambda: data.spirals(noise="a"), "noise='a'"),
    ],
)
def test_wrong_arguments_are_told(call, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()
