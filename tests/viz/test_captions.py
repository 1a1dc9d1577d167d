import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
from autograd_cnn import Scalar
from viz.captions import gate_words, one_number, role_of, shape_words, strength, tooltip, words_of

X = Scalar(3.0, name="x")
T = ag.Tensor(np.arange(12.0).reshape(3, 4), name="t")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (X + X, "+"),
        (X + 1, "+1"),
        (1 + X, "+1"),
        (X - 1, "−1"),
        (1 - X, "1−x"),
        (0.1 * X, "×0.1"),
        (X * -2, "×−2"),
        (X / 2, "÷2"),
        (1 / X, "1/x"),
        (X**2, "x²"),
        (X**-1, "1/x"),
        (X**-12, "x⁻¹²"),
        (X**0.5, "x^0.5"),
        (2**X, "2^x"),
        (X**X, "x^y"),
        (-X, "×−1"),
        (ag.maximum(0, X), "max(0,x)"),
        (ag.where(X > 0, X, 0), "x if true else 0"),
        (ag.where(X > 0, 1.0, X), "1 if true else x"),
        (ag.where(True, X, X), "x if true else y"),
        (ag.where(X > 0, X, X), "where"),
        (X > 0, ">0"),
        (ag.exp(X), "exp"),
        (T[1], "[1]"),
        (T[1:3, ::2], "[1:3,::2]"),
        (T[np.array([0, 1])], "[…]"),
        (X, ""),
    ],
)
def test_plain_numbers_stand_inside_the_gate(node: ag.Node, words: str) -> None:
    assert gate_words(node) == words


@pytest.mark.parametrize(
    ("node", "role", "words"),
    [
        (X, "parameter", "x"),
        (Scalar(1.0), "parameter", "scalar"),
        (Scalar(1.0, requires_grad=False, name="x"), "input", "x"),
        (Scalar(-1.5, requires_grad=False), "constant", "−1.5"),
        (T, "input", "t"),
        (ag.Tensor(np.ones(3)), "constant", "tensor"),
        (ag.Parameter(np.ones(3)), "parameter", "parameter"),
        (ag.Parameter(np.ones(3), requires_grad=False, name="frozen"), "parameter", "frozen"),
        (X * X, "gate", "×"),
    ],
)
def test_roles(node: ag.Node, role: str, words: str) -> None:
    assert (role_of(node), words_of(node)) == (role, words)


ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3), elements=st.floats(-1e3, 1e3))


@given(ARRAYS)
def test_strength_is_the_root_mean_square(array: np.ndarray) -> None:
    assert strength(array) == pytest.approx(np.sqrt(np.mean(array**2)), rel=1e-12, abs=1e-150)


@given(ARRAYS, st.sampled_from([1e-250, 1e-3, 1e250]))
def test_strength_neither_overflows_nor_vanishes(array: np.ndarray, scale: float) -> None:
    array = np.where(np.abs(array) < 1e-9, 0, array)
    assert strength(array * scale) == pytest.approx(strength(array) * scale, rel=1e-9)


def test_nodes_of_a_backward_pass_are_told_apart() -> None:
    x = Scalar(2.0, name="x")
    (first,) = ag.grad(ag.sin(x), x, create_graph=True)
    (seed,) = (node for node in ag.nodes(first) if node.gate is None and node is not x)
    assert (role_of(first), words_of(first)) == ("rule", "×")
    assert (role_of(seed), words_of(seed)) == ("constant", "seed 1")
    t = ag.Tensor(np.ones(3), requires_grad=True, name="t")
    (first,) = ag.grad(ag.sin(t), t, seed=np.ones(3), create_graph=True)
    (seed,) = (node for node in ag.nodes(first) if node.gate is None and node is not t)
    assert words_of(seed) == "seed"


def test_strength_of_special_values() -> None:
    assert strength(None) is None
    assert strength(-2.0) == 2.0
    assert strength(np.zeros((0, 3))) == 0
    assert strength(np.array([1.0, np.inf])) == math.inf
    assert math.isnan(strength(np.array([1.0, np.nan])))


def test_one_element_keeps_its_sign() -> None:
    assert [one_number(x) for x in (None, -2.0, np.array(-2.0), np.array([[-2.0]]), np.array([3.0, -4.0]))] == [
        None,
        -2.0,
        -2.0,
        -2.0,
        math.sqrt(12.5),
    ]


def test_shapes_are_written_with_a_cross() -> None:
    assert [shape_words(x) for x in (X, T, T.sum())] == ["", "3×4", ""]


def test_tooltips_tell_everything_in_full_precision() -> None:
    x = Scalar(1 / 3, name="x")
    with ag.scope("layer"):
        y = ag.tanh(x)
    y.backward()
    assert tooltip(x, x.grad) == f"x · value {1 / 3!r} · gradient {x.grad!r}"
    assert tooltip(y, y.grad) == f"Scalar · tanh · value {y.value!r} · gradient 1.0 · in layer"
    total = T.sum(axis=0)
    assert "sum axis=0" in tooltip(total, total.grad)
    assert "shape 4 float64" in tooltip(total, total.grad)
    assert "gradient RMS —" in tooltip(total, total.grad)
