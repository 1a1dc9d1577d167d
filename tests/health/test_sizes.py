"""How large values and gradients are, by place: what was counted is believed, the rest is measured."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.health.census import census_of
from autograd_cnn.health.sizes import Sizes


def node(value, gradient):
    made = ag.Tensor(np.array(value), requires_grad=True)
    made.grad = None if gradient is None else np.array(gradient)
    return made


ORDER = [node([3.0, 4.0], [6.0, 8.0]), node([1.0, 7.0], [0.0, 0.0]), node([2.0], None), node([5.0], [1.0])]


def sizes(*counted):
    census = census_of(ORDER, counted, counted, [], [])
    census.take(ORDER)
    return Sizes(ORDER, census)


@pytest.mark.parametrize("counted", [(), (0,), (0, 1), (0, 1, 2, 3)])
def test_sizes_by_hand(counted):
    found = sizes(*counted)
    for _ in range(2):  # measured once, told twice
        assert [found.value((i,)) for i in range(4)] == pytest.approx([12.5**0.5, 5.0, 2.0, 5.0])
        assert found.value((0, 1)) == pytest.approx((75 / 4) ** 0.5)
        assert [found.gradient((i,)) for i in range(4)] == [pytest.approx(50**0.5), 0.0, None, 1.0]
        assert found.gradient((0, 1)) == pytest.approx(5.0)
        assert found.gradient((0, 2)) == pytest.approx(50**0.5)  # of those that are there
        assert found.gradient(()) is None
        assert [found.gradient_norm((i,)) for i in range(4)] == [pytest.approx(10.0), 0.0, None, 1.0]
        assert found.gradient_norm((0, 3)) == pytest.approx(101**0.5)
        assert found.gradient_norm((0, 1, 3)) == pytest.approx(101**0.5)
        assert found.gradient_norm((0, 2)) is found.gradient_norm((2, 0)) is None  # one is missing


def test_what_was_counted_is_believed():
    found = sizes(0)
    value, gradient = ORDER[0]._value, ORDER[0].grad
    try:
        ORDER[0]._value, ORDER[0].grad = value * 2, None
        assert (found.value((0,)), found.gradient((0,))) == (pytest.approx(12.5**0.5), pytest.approx(50**0.5))
        assert found.gradient_norm((0,)) == pytest.approx(10.0)
    finally:
        ORDER[0]._value, ORDER[0].grad = value, gradient
