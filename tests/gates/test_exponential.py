"""Forms that stay exact near 0, and identities of sine and cosine."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag


@pytest.mark.parametrize("tiny", [1e-300, 1e-20, -1e-20, 1e-9])
def test_log1p_and_expm1_are_exact_near_zero(tiny):
    for f in (ag.log1p, ag.expm1):
        x = ag.Scalar(tiny)
        y = f(x)
        y.backward()
        assert y.value == pytest.approx(tiny, rel=1e-8)
        assert x.grad == pytest.approx(1, rel=1e-8)


def test_the_slope_of_expm1_does_not_cancel_far_left():
    x = ag.Scalar(-40.0)
    ag.expm1(x).backward()
    assert x.grad == math.exp(-40)


@given(st.floats(-5, 5))
def test_sine_and_cosine(value):
    x = ag.Scalar(value)
    unit = ag.square(ag.sin(x)) + ag.square(ag.cos(x))
    unit.backward()
    assert unit.value == pytest.approx(1)
    assert x.grad == pytest.approx(0, abs=1e-15)
    (first,) = ag.grad(ag.sin(x), x, create_graph=True)
    (second,) = ag.grad(first, x)
    assert (first.value, second) == (math.cos(value), -math.sin(value))


def test_domain_edges_are_ieees_with_numpys_warning():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert ag.log1p(ag.Scalar(-1.0)).value == -math.inf
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert math.isnan(ag.sqrt(ag.Tensor([-1.0])).item())
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert math.isnan(ag.sin(ag.Scalar(math.inf)).value)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert ag.reciprocal(ag.Scalar(0.0)).value == math.inf


def test_sqrt_of_zero_has_an_infinite_slope_which_where_keeps_out():
    """√x is steep at 0; guard its input, not only its output, when 0 can come."""
    x = ag.Tensor([0.0, 4.0], requires_grad=True)
    guarded = ag.where(x > 0, ag.sqrt(ag.where(x > 0, x, 1)), 0)
    guarded.sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])
