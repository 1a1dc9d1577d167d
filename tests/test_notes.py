"""Worked numbers of CS231n's notes that belong to no single gate."""

import numpy as np
import pytest

import autograd_cnn as ag


def test_the_staged_sigmoid_circuit():
    """Backpropagation: every value and gradient on the wires of 1/(1 + e^−(w0x0 + w1x1 + w2)), two digits."""
    w0, x0, w1, x1, w2 = (ag.Scalar(v) for v in (2.0, -1.0, -3.0, -2.0, -3.0))
    products = w0 * x0, w1 * x1
    total = products[0] + products[1]
    dot = total + w2
    minus = dot * -1
    power = ag.exp(minus)
    denominator = power + 1
    output = 1 / denominator
    output.backward()
    wires = [*products, total, dot, minus, power, denominator, output]
    assert [round(n.value, 2) for n in wires] == [-2, 6, 4, 1, -1, 0.37, 1.37, 0.73]
    assert [round(n.grad, 2) for n in wires] == [0.2, 0.2, 0.2, 0.2, -0.2, -0.53, -0.53, 1]
    assert [round(n.grad, 2) for n in (w0, x0, w1, x1, w2)] == [-0.2, 0.39, -0.39, -0.59, 0.2]


@pytest.mark.parametrize(("weight", "influence"), [(1.5, "excitatory"), (-1.5, "inhibitory")])
def test_an_excitatory_and_an_inhibitory_input(weight, influence):
    """Neural networks 1, biological motivation: a synapse excites with positive weight, inhibits with negative."""
    x, w, b = ag.Scalar(1.0), ag.Scalar(weight), ag.Scalar(0.5)
    rate = ag.sigmoid(w * x + b)
    rate.backward()
    z = weight + 0.5
    assert rate.value == pytest.approx(1 / (1 + np.exp(-z)))
    assert x.grad == pytest.approx(weight * rate.value * (1 - rate.value))
    assert (x.grad > 0) == (influence == "excitatory")
    stronger = ag.sigmoid(w * 2.0 + b)
    assert (stronger.value > rate.value) == (influence == "excitatory")
