"""The published examples of micrograd (MIT, Andrej Karpathy), written with ag.Scalar."""

from fractions import Fraction

import pytest

import autograd_cnn as ag


def test_the_example_of_its_readme():
    a, b = ag.Scalar(-4.0), ag.Scalar(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + ag.relu(b + a)
    d += 3 * d + ag.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.value:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_its_sanity_check():
    # By hand: x = −4, z = 2x + 2 + x = −10, q = relu(z) + z·x = 40, h = relu(z²) = 100, y = h + q + q·x.
    # dy/dx = 2z·3 + (1 + x)(3x + z) + q = −60 + 66 + 40 = 46.
    x = ag.Scalar(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert y.value == -20.0
    assert x.grad == 46.0


def test_its_check_of_more_operators_in_exact_arithmetic():
    # The README's example again, against fractions: a rational function with rational derivatives.
    def g(a, b):
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + max(0, b + a)
        d = d + 3 * d + max(0, b - a)
        f = (c - d) ** 2
        return f / 2 + 10 / f

    h = Fraction(1, 10**12)
    slopes = [
        (g(Fraction(-4) + h, Fraction(2)) - g(Fraction(-4) - h, Fraction(2))) / (2 * h),
        (g(Fraction(-4), Fraction(2) + h) - g(Fraction(-4), Fraction(2) - h)) / (2 * h),
    ]
    a, b = ag.Scalar(-4.0), ag.Scalar(2.0)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    f = (c - d) ** 2
    result = f / 2 + 10 / f
    result.backward()
    assert result.value == pytest.approx(float(g(Fraction(-4), Fraction(2))), rel=1e-15)
    assert [a.grad, b.grad] == pytest.approx([float(s) for s in slopes], rel=1e-14)
