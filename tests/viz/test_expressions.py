"""Expressions: arithmetic is built gate by gate, everything else is refused in one line."""

import math
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from viz.expressions import ExpressionError, assignments, build


def test_the_worked_example():
    output, leaves = build("(x + y) * z", assignments(["x=-2", "y=5", "z=-4"]))
    output.backward()
    assert output.value == -12
    assert {name: leaf.grad for name, leaf in leaves.items()} == {"x": -4, "y": -4, "z": 3}
    assert [n.gate.name for n in ag.nodes(output) if n.gate] == ["add", "multiply"]


@pytest.mark.parametrize(
    ("expression", "x", "value", "gradient"),
    [
        ("x", 2, 2, 1),
        ("-x", 2, -2, -1),
        ("+x", 2, 2, 1),
        ("2 ** x", 3, 8, 8 * math.log(2)),
        ("x ** 2 / 4 - 1", 2, 0, 1),
        ("max(x, 1) + min(x, 1)", 2, 3, 1),
        ("maximum(0, x) * minimum(x, 5)", 2, 4, 4),
        ("exp(log(x))", 2, 2, 1),
        ("sqrt(abs(x))", -4, 2, -0.25),
        ("sigmoid(x) + tanh(x) + relu(x)", 0, 0.5, 1.25),
        ("square(sin(x)) + square(cos(x)) + reciprocal(x)", 2, 1.5, -0.25),
        ("log1p(expm1(x)) + silu(x) * sign(x)", 0, 0, 1),
        ("step(x) + softsign(x)", 1, 1.5, 0.25),
        ("x * x + x", 3, 12, 7),
        ("3 * (1 + 1) * x", 1, 6, 6),
    ],
)
def test_gates(expression, x, value, gradient):
    output, leaves = build(expression, {"x": x})
    output.backward()
    assert output.value == pytest.approx(value)
    assert leaves["x"].grad == pytest.approx(gradient)


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        ("", {}, "syntax error"),
        ("(x", {"x": 1}, "syntax error at column 1"),
        ("x +", {"x": 1}, "syntax error"),
        ("x y", {"x": 1}, "syntax error"),
        ("x @ y", {"x": 1, "y": 2}, "not arithmetic"),
        ("x.real", {"x": 1}, "'x.real' is not arithmetic"),
        ("x[0]", {"x": 1}, "not arithmetic"),
        ("__import__('os').system('true')", {}, "'__import__' is no gate"),
        ("__import__('os')", {}, "'__import__' is no gate"),
        ("relo(x)", {"x": 1}, "did you mean 'relu'"),
        ("relu(x, x)", {"x": 1}, "relu takes 1 arguments, got 2"),
        ("relu(a=x)", {"x": 1}, "not arithmetic"),
        ("max(*x)", {"x": 1}, "max takes 2 arguments|not arithmetic"),
        ("x if x else 1", {"x": 1}, "not arithmetic"),
        ("lambda: x", {"x": 1}, "not arithmetic"),
        ("x < 1", {"x": 1}, "not arithmetic"),
        ("[x for x in x]", {"x": 1}, "not arithmetic"),
        ("x * 'a'", {"x": 1}, "not arithmetic"),
        ("x * True", {"x": 1}, "not arithmetic"),
        ("x * 1j", {"x": 1}, "not arithmetic"),
        ("x * 1" + "0" * 400, {"x": 1}, "too large"),
        ("1 + 2", {}, "no name in it"),
        ("x + y", {"x": 1}, "'y' has no value"),
        ("x", {"x": 1, "w": 2}, "'w' does not occur"),
        ("+".join("x" * 4000), {"x": 1}, "cannot be read"),
        ("(" * 300 + "x" + ")" * 300, {"x": 1}, "nested"),
        ("x" * 10_001, {}, "at most 10000"),
    ],
)
def test_everything_else_is_refused_in_one_line(expression, values, words):
    with pytest.raises(ExpressionError, match=words) as caught:
        build(expression, values)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x"], "'x' is no value; expected name=number"),
        (["x=a"], "'a' is no number"),
        (["x=1", "x=2"], "'x' is given twice"),
        (["x=nan"], "finite"),
        (["x=1e999"], "finite"),
        (["2x=1"], "expected name=number"),
        (["x y=1"], "expected name=number"),
        (["=1"], "expected name=number"),
    ],
)
def test_values_that_are_none(arguments, words):
    with pytest.raises(ExpressionError, match=words):
        assignments(arguments)


def test_names_are_those_that_python_reads():
    """A keyboard's micro sign is a Greek letter to Python's parser, and had no value."""
    output, leaves = build("\u00b5 * 2", {"\u00b5": 3.0})
    assert output.value == 6
    assert list(leaves) == ["\u03bc"]


def test_python_adds_no_warning_of_its_own():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(ExpressionError, match="not arithmetic"):
            build("1or x", {"x": 1.0})
    assert not found


@given(st.text(max_size=30))
def test_any_text_is_built_or_refused(text):
    """No crash, no code run: the only way out is a graph or an ExpressionError."""
    try:
        output, leaves = build(text, {"x": 1.0})
    except ExpressionError:
        return
    assert list(leaves) == ["x"]
    assert isinstance(output, ag.Scalar)


ATOMS = st.sampled_from(["x", "y", "2", "0.5"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda e: f"tanh({e})")
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_values_are_those_of_python(text):
    expression = f"x * y + {text}"
    output, _ = build(expression, {"x": 1.25, "y": -0.75})
    assert output.value == pytest.approx(eval(expression, {"x": 1.25, "y": -0.75, "tanh": math.tanh}))
