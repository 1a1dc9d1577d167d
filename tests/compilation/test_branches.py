"""Decisions by values cannot be replayed: they raise while recording, and the message says the way out."""

import math

import numpy as np
import pytest

import autograd_cnn as ag

w = ag.Scalar(2.0, name="w")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x > 0 else -x,
        lambda x: x * float(w),
        lambda x: x * x.item(),
        lambda x: x * w.value,
        lambda x: ag.Scalar(math.exp(x)),
        lambda x: x.detach() * w,
        lambda x: w * float(np.asarray(x)),
        lambda x: w * float(x.numpy()),
        lambda x: max(x, w),
        lambda x: x if w * 2.0 else w,
    ],
)
def test_reading_a_number_raises(function):
    compiled = ag.compile(function)
    with pytest.raises(ag.DataDependentBranch, match=r"Scalar .* was read as a number while recording.*ag\.where"):
        compiled(3.0)
    assert float(w) == 2.0


def test_the_node_is_named():
    compiled = ag.compile(lambda x: x * float(w))
    with pytest.raises(ag.DataDependentBranch, match="Scalar 'w' 2 was read"):
        compiled(3.0)


def test_constants_made_inside_may_be_read():
    @ag.compile
    def f(x):
        scale = ag.Scalar(3.0, requires_grad=False) * 2.0
        return x * scale if scale > 5.0 else x

    assert f(2.0).value == 12.0


def test_the_ways_out():
    @ag.compile
    def f(x, *, mirrored):
        return ag.where(x > 0, x, -x * w) if mirrored else ag.maximum(x, w)

    assert [f(x, mirrored=True).value for x in (3.0, -3.0)] == [3.0, 6.0]
    assert [f(x, mirrored=False).value for x in (3.0, -3.0)] == [3.0, 2.0]


def test_effects_inside_are_refused():
    x = ag.Scalar(1.0)

    def assigns():
        x.assign(2.0)
        return x * x

    def goes_back():
        loss = x * x
        loss.backward()
        return loss

    with pytest.raises(ag.GradientError, match=r"assign: .* inside a compiled function"):
        ag.compile(assigns)()
    with pytest.raises(ag.GradientError, match="backward: called inside a compiled function"):
        ag.compile(goes_back)()
    assert (x.value, x.grad) == (1.0, None)


def test_gradients_inside_are_compiled_when_they_are_nodes():
    x = ag.Scalar(3.0)

    @ag.compile
    def slope(scale):
        (first,) = ag.grad(x**3 * scale, x, create_graph=True)
        return first * first

    slope(1.0)
    result = slope(2.0)
    result.backward()
    assert (result.value, x.grad) == (54.0**2, 2 * 54.0 * 36.0)
