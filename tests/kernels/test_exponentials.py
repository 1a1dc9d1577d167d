"""The exponential in plain arithmetic against long double."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.exponentials import exp
from autograd_cnn.kernels.jit import jit


@jit
def _exponentials(x, y):
    for i in range(x.size):
        y[i] = exp(x[i])


def exponentials(x):
    x = np.asarray(x, np.float64)
    y = np.empty_like(x)
    _exponentials(x, y)
    return y


def units_off(x):
    """Return by how many units in the last place the results are off."""
    exact = np.exp(x.astype(np.longdouble))
    return np.abs(exponentials(x) - exact) / np.spacing(exact.astype(np.float64))


@given(st.lists(st.floats(-745, 709.78), max_size=20))
def test_exp_is_accurate_to_the_last_place(values):
    assert (units_off(np.array(values)) <= 1.1).all()


@pytest.mark.parametrize(("low", "high"), [(-1e-9, 1e-9), (-0.4, 0.4), (-40, 40), (-745, -700), (700, 709.78)])
def test_exp_is_accurate_everywhere(low, high):
    """At many places, multiples of half of ln 2 among them, where the reduction jumps."""
    x = np.linspace(low, high, 3001)
    jumps = np.arange(low // 0.35, high // 0.35) * (np.log(2) / 2)
    for places in (x, jumps, np.nextafter(jumps, np.inf), np.nextafter(jumps, -np.inf)):
        assert (units_off(places) <= 1.1).all()


def test_exp_where_there_is_no_exponential():
    x = [0.0, -0.0, -np.inf, np.inf, np.nan, 709.79, 1e300, -745.14, -1e300, 5e-324]
    np.testing.assert_array_equal(exponentials(x), [1, 1, 0, np.inf, np.nan, np.inf, np.inf, 0, 0, 1])
    assert exponentials([-745.13]) == 5e-324
