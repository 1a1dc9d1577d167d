"""Settings are numbers or whole numbers; anything else is refused by an error that names the setting."""

import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import settings

TRUTHS = (True, np.True_, np.array(True))
ARRAYS = (np.array([3]), np.array([1, 2]), np.array([[1.0]]), np.array([]), np.array("3"))
NODES = (ag.Scalar(3.0), ag.Tensor([3.0]), ag.Tensor(np.array(3)), ag.Parameter([1.0, 2.0]))
OTHERS = (None, "3", b"3", (), [], [3], (1, 2), {}, {3}, 3j, np.complex128(3), Decimal(3), object(), int, np.nan)
NOTHING = st.sampled_from((*TRUTHS, *ARRAYS, *NODES, *OTHERS))
"""What is neither a number with a place among others nor a whole number."""

TYPES = (np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64, np.longdouble)
NUMBERS = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**70), 2**70),
    st.fractions(),
    st.builds(lambda kind, x: kind(x), st.sampled_from(TYPES), st.integers(0, 127)),
)
WHOLE = st.one_of(st.integers(), st.integers(-128, 127).map(np.int8), st.integers(0, 2**63).map(np.array))
CHECKS = (
    settings.number,
    settings.positive,
    settings.finite,
    settings.magnitude,
    settings.whole,
    settings.count,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(wrong=NOTHING)
def test_what_is_no_number_is_refused_by_name(check, wrong):
    with pytest.raises(ag.ArgumentError, match=r"^Layer: width=") as caught:
        check("Layer", "width", wrong)
    assert "expected a" in str(caught.value)
    assert not settings.is_whole(wrong)
    assert math.isnan(settings.real(wrong))


@given(NUMBERS)
def test_a_number_becomes_the_float_it_is(x):
    assert settings.is_number(x)
    found = settings.number("Layer", "width", x)
    assert type(found) is float
    assert found == float(x)
    assert (settings.real(x), settings.real(-found)) == (found, -found)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_number_is_let_pass_between_its_limits_only(x, least, most):
    x, least, most = map(float, (x, least, most))
    if least <= x <= most:
        assert settings.number("Layer", "width", x, least, most) == x
    else:
        with pytest.raises(ag.ArgumentError, match=r"^Layer: width=.*, expected a share$"):
            settings.number("Layer", "width", x, least, most, "a share")


@given(WHOLE)
def test_a_whole_number_becomes_an_int(x):
    found = settings.whole("Layer", "width", x)
    assert type(found) is int
    assert found == operator.index(x)
    assert settings.is_whole(x, found, found)
    assert not settings.is_whole(x, found + 1)
    assert not settings.is_whole(x, most=found - 1)


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_whole_numbers_have_limits_too(x, least):
    if x >= least:
        assert settings.whole("Layer", "width", x, least) == x
    else:
        with pytest.raises(ag.ArgumentError, match=f"^Layer: width={x}, expected an integer of at least {least}$"):
            settings.whole("Layer", "width", x, least)


@pytest.mark.parametrize("x", [2.0, np.float32(2), Fraction(2), math.inf, -math.inf])
def test_a_number_that_is_whole_by_chance_is_none(x):
    with pytest.raises(ag.ArgumentError, match=r"^Layer: width=.*, expected an integer$"):
        settings.whole("Layer", "width", x)
    with pytest.raises(ag.ArgumentError, match=r"expected a positive integer$"):
        settings.count("Layer", "width", x)


@pytest.mark.parametrize("check", [settings.finite, settings.magnitude])
def test_finite_numbers_end_before_infinity(check):
    most = math.nextafter(math.inf, 0)
    assert check("Layer", "width", most) == most
    for x in (math.inf, -math.inf, np.float32("inf")):
        with pytest.raises(ag.ArgumentError, match="expected a finite number"):
            check("Layer", "width", x)


def test_integers_beyond_all_floats_are_refused_as_numbers():
    assert settings.is_number(10**400)
    assert settings.is_whole(10**400)
    for check in CHECKS[:4]:
        with pytest.raises(ag.ArgumentError, match=r"^Layer: width=1000"):
            check("Layer", "width", 10**400)


def test_the_least_number_above_0_is_positive_and_0_is_not():
    assert settings.positive("Layer", "width", 5e-324) == 5e-324
    assert settings.positive("Layer", "width", math.inf) == math.inf
    for x in (0, 0.0, -0.0, -5e-324):
        with pytest.raises(ag.ArgumentError, match="expected a number above 0"):
            settings.positive("Layer", "width", x)
