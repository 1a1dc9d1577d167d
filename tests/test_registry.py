"""Writing a gate outside of the package, and what the engine says when a rule is wrong."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import gate
from autograd_cnn.registry import GATES


@pytest.mark.usefixtures("registry")
def test_a_gate_in_twenty_lines_serves_scalars_tensors_and_second_order():
    @gate("bell")
    def bell(x):
        return np.exp(-x * x)

    @bell.vjp
    def _(upstream, output, x):
        return upstream * output * x * -2

    x = ag.Scalar(0.5)
    y = bell(x)
    assert y.value == pytest.approx(np.exp(-0.25))
    (first,) = ag.grad(y, x, create_graph=True)
    assert first.value == pytest.approx(-np.exp(-0.25))
    assert ag.grad(first, x)[0] == pytest.approx((4 * 0.25 - 2) * np.exp(-0.25))
    t = ag.Tensor([[0.5, -0.5]], requires_grad=True)
    bell(t).sum().backward()
    np.testing.assert_allclose(t.grad, [[-np.exp(-0.25), np.exp(-0.25)]])
    assert type(bell(0.5)) is float
    assert GATES["bell"] is bell
    assert repr(bell) == "<gate bell bell>"


@pytest.mark.usefixtures("registry")
def test_a_taken_name_is_refused():
    with pytest.raises(ag.ArgumentError, match="'relu' is taken"):

        @gate("r")
        def relu(x):
            return x


@pytest.mark.usefixtures("registry")
def test_a_rule_that_returns_something_wrong_is_named():
    @gate("w")
    def wrong(a, b):
        return a + b

    a, b = ag.Tensor([1.0, 2.0], requires_grad=True), ag.Tensor([3.0, 4.0], requires_grad=True)

    wrong.vjp(lambda upstream, output, a, b: upstream)
    with pytest.raises(ag.GradientError, match="wrong: its rule returned 1 gradients for 2 inputs"):
        wrong(a, b).sum().backward()
    wrong.vjp(lambda upstream, output, a, b: (upstream[:1], upstream))
    with pytest.raises(ag.GradientError, match=r"wrong: .* gradient of shape \(1,\) for an input of shape \(2,\)"):
        wrong(a, b).sum().backward()
    wrong.vjp(lambda upstream, output, a, b: (upstream.astype(np.float32), upstream))
    with pytest.raises(ag.GradientError, match=r"wrong: .* gradient of dtype float32 for an input of float64"):
        wrong(a, b).sum().backward()
    assert a.grad is None
    assert b.grad is None


@pytest.mark.usefixtures("registry")
def test_a_gate_without_a_rule_lets_no_gradient_through():
    @gate("⌊x⌋")
    def floor(x):
        return np.floor(x)

    y = floor(ag.Scalar(1.5))
    assert y.value == 1.0
    assert not y.requires_grad


def test_gates_show_their_lesson():
    assert ag.multiply.__doc__.startswith("Switcher")
    assert ag.Tensor.sum.__doc__ == ag.sum.__doc__
    assert all(g.__doc__ for g in GATES.values())
