"""Powers, squares and reciprocals at their edges; ties and NaN of the gates that choose; broadcasting of 0 and 1."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag

NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False)


def slopes(f, *values):
    """The gradients of f at scalar points: as Tensors of one element, and as Scalars, which must agree."""
    tensors = [ag.Tensor([v], requires_grad=True) for v in values]
    scalars = [ag.Scalar(v) for v in values]
    on_tensors = [float(g[0]) for g in ag.grad(f(*tensors), tensors)]
    np.testing.assert_allclose(on_tensors, ag.grad(f(*scalars), scalars), rtol=1e-15)  # math.pow and np.power: 1 ULP
    return on_tensors


@pytest.mark.parametrize("base", [0.0, 2.0, -3.0, math.inf, math.nan])
def test_exponent_zero_gives_one_and_no_gradient_to_any_base(base):
    assert slopes(lambda x: x**0, base) == [0]
    assert (ag.Scalar(base) ** 0).value == 1


@pytest.mark.parametrize(("exponent", "slope"), [(0, 0), (1, 1), (2, 0), (3, 0)])
def test_powers_of_zero(exponent, slope):
    assert slopes(lambda x: x**exponent, 0.0) == [slope]


@pytest.mark.parametrize("exponent", [0.5, -1.0, -0.5])
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_the_slope_of_a_broken_or_negative_power_at_zero_is_infinite(exponent):
    assert abs(slopes(lambda x: x**exponent, 0.0)[0]) == math.inf
    assert slopes(ag.sqrt, 0.0) == [math.inf]


def test_zero_to_the_power_of_a_node():
    """0**0 = 1 and 0**2 = 0; neither base nor exponent receives anything but finite numbers."""
    assert slopes(lambda a, b: a**b, 0.0, 0.0) == [0, 0]
    assert slopes(lambda a, b: a**b, 0.0, 2.0) == [0, 0]
    assert slopes(lambda a, b: a**b, 0.0, 1.0) == [1, 0]


def test_a_constant_base():
    assert slopes(lambda x: 2.0**x, 3.0) == [8 * math.log(2)]
    assert slopes(lambda x: 0.0**x, 2.0) == [0]


def test_a_negative_base_takes_whole_exponents():
    assert slopes(lambda x: x**3, -2.0) == [12]
    assert slopes(lambda x: x**-1, -2.0) == [-0.25]
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert math.isnan((ag.Scalar(-8.0) ** (1 / 3)).value)


def test_mixed_second_derivative_of_a_power_at_exponent_zero():
    """∂²/∂a∂b of a^b is a^(b−1)(1 + b·log a): 1/a at b = 0."""
    a, b = ag.Scalar(4.0), ag.Scalar(0.0)
    (to_base,) = ag.grad(a**b, a, create_graph=True)
    assert ag.grad(to_base, b) == (0.25,)


@given(NUMBERS.filter(lambda v: abs(v) > 1e-3))
def test_square_and_reciprocal_are_powers(value):
    for f, exponent in ((ag.square, 2), (ag.reciprocal, -1)):
        x = ag.Scalar(value)
        assert f(x).value == pytest.approx(value**exponent)
        np.testing.assert_allclose(
            slopes(f, value), slopes(lambda x, exponent=exponent: x**exponent, value), rtol=1e-12
        )


def test_the_staged_sigmoid_circuit_of_the_notes():
    """CS231n, backpropagation: ×, +, ×−1, exp, +1, 1/x at w = (2, −3, −3), x = (−1, −2)."""
    w, x = [ag.Scalar(v) for v in (2, -3, -3)], [ag.Scalar(v) for v in (-1, -2)]
    out = ag.reciprocal(1 + ag.exp(-(w[0] * x[0] + w[1] * x[1] + w[2])))
    out.backward()
    assert round(out.value, 2) == 0.73
    assert [round(v.grad, 2) for v in w] == [-0.20, -0.39, 0.20]
    assert [round(v.grad, 2) for v in x] == [0.39, -0.59]


def test_the_first_of_equals_takes_the_whole_gradient():
    for gate in (ag.maximum, ag.minimum):
        assert slopes(gate, 2.0, 2.0) == [1, 0]
        assert slopes(gate, math.nan, 1.0) == [1, 0]
        assert slopes(gate, 1.0, math.nan) == [1, 0]  # nothing to compare: the first, as at a tie
        assert np.isnan(gate(1.0, math.nan))
        assert np.isnan(gate(ag.Tensor([math.nan]), 1.0).item())
    assert slopes(ag.abs, 0.0) == [0]


@pytest.mark.parametrize(
    ("value", "expected"), [(-2.0, (0, 1, 0)), (-1.0, (1, 0, 0)), (0.5, (1, 0, 0)), (1.0, (1, 0, 0)), (3.0, (0, 0, 1))]
)
def test_clip_gives_the_gradient_to_x_on_its_bounds_too(value, expected):
    assert tuple(slopes(lambda x, low, high: ag.clip(x, low, high), value, -1.0, 1.0)) == expected


@given(st.lists(NUMBERS, min_size=1, max_size=6), NUMBERS, NUMBERS)
def test_clip_equals_numpys(values, low, high):
    x = ag.Tensor(values)
    for bounds in ((low, high), (low, None), (None, high)):
        if None not in bounds and low > high:
            with pytest.raises(ag.ArgumentError, match=r"^clip: min=.* is above max="):
                x.clip(low, high)
            bounds = np.array(low), np.array(high)  # arrays stand beside the elements, as NumPy's do
        np.testing.assert_array_equal(x.clip(*bounds).value, np.clip(values, *bounds))
    np.testing.assert_array_equal(ag.clip(x, min=low).value, x.clip(low).value)
    assert np.isnan(ag.clip(ag.Tensor([math.nan]), *sorted((low, high))).item())


def test_clip_without_bounds_says_so():
    with pytest.raises(ag.ArgumentError, match="clip: min and max are both None"):
        ag.clip(ag.Scalar(1.0))


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("greater", (False, False, True, False)),
        ("greater_equal", (False, True, True, False)),
        ("less", (True, False, False, False)),
        ("less_equal", (True, True, False, False)),
        ("equal", (False, True, False, False)),
        ("not_equal", (True, False, True, True)),
    ],
)
def test_comparisons_below_at_and_above_equality_and_with_nan(name, answers):
    gate, numbers = ag.GATES[name], [1.0, 2.0, 3.0, math.nan]
    found = gate(ag.Tensor(numbers), ag.Tensor([2.0] * 4))
    assert found.dtype == bool
    assert found.value.tolist() == list(answers)
    assert [bool(gate(ag.Scalar(v), 2.0).value) for v in numbers] == list(answers)


@given(
    st.sampled_from(["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]),
    st.sampled_from(
        [((0,), (1,)), ((2, 0), (1,)), ((1, 1), (0,)), ((2, 1), (0,)), ((0, 3), (3,)), ((), (2, 0)), ((1,), ())]
    ),
)
def test_lengths_zero_and_one_broadcast_and_gradients_come_back_in_shape(name, shapes):
    a, b = (ag.Tensor(np.full(shape, 2.0), requires_grad=True) for shape in shapes)
    output = ag.GATES[name](a, b)
    assert output.shape == np.broadcast_shapes(*shapes)
    for x, gradient in zip((a, b), ag.grad(output, (a, b), np.ones(output.shape)), strict=True):
        assert gradient.shape == x.shape
        assert output.size or not gradient.any()  # nothing was made of it: it receives 0


@pytest.mark.parametrize(
    "f",
    [
        lambda x, c: x.clip(-c, c),
        lambda x, c: ag.maximum(c, x),
        lambda x, c: ag.where(x > 0, x, c),
        lambda x, c: ag.square(x) + ag.reciprocal(x) * c,
        lambda x, c: ag.log1p(ag.expm1(x / c)),
        lambda x, c: x.prod(0) * c + x.cumsum(1)[0] + ag.norm(x, c, axis=0),
        lambda x, c: x.var(0) / c + x.std() + ag.logsumexp(x, 0),
        lambda x, c: ag.einsum(",ij,kj->ik", c, x, x),
        lambda x, c: ag.roll(ag.tile(x, 2), 1).dot(np.ones(8, np.float32)) * c,
    ],
)
@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2)])
def test_float32_stays_float32_beside_any_number(f, number):
    x = ag.Tensor(np.arange(1, 9, dtype=np.float32).reshape(2, 4), requires_grad=True)
    y = f(x, number)
    assert y.dtype == np.float32
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_lists_of_numbers_are_arrays():
    np.testing.assert_array_equal(ag.add([1, 2], [3, 4]), [4, 6])
    np.testing.assert_array_equal(ag.multiply((1.0, 2.0), 2), [2, 4])
    np.testing.assert_array_equal(ag.square([1, -2]), [1, 4])
    np.testing.assert_array_equal(ag.reciprocal([2, 4]), [0.5, 0.25])
    assert ag.std([1.0, 3.0]) == 1
    assert ag.add(ag.Tensor([1.0, 2.0]), [1, 2]).dtype == np.float64
    with pytest.raises(ag.ArgumentError, match=r"exp: .*; expected numbers in a rectangular array"):
        ag.exp([[1.0], [2.0, 3.0]])


def test_a_list_of_nodes_is_refused_where_one_node_is_meant():
    x = ag.Scalar(1.0)
    for call in (
        *(lambda: ag.exp([x, x]), lambda: ag.add(x, [x, x]), lambda: ag.sum((x, x))),
        *(lambda: ag.exp([[x], [x]]), lambda: ag.add(x, [[1.0, x], (x, 2.0)])),
    ):
        with pytest.raises(ag.ArgumentError, match=r"of nodes, expected one node; join them with ag\.stack"):
            call()


@pytest.mark.parametrize("needs", [True, False])
def test_a_power_of_narrow_numbers_stays_narrow_with_an_exponent_that_learns(needs):
    x, exponent = ag.Tensor(np.array([0.0, 4.0], np.float32), requires_grad=True), ag.Scalar(1.5, requires_grad=needs)
    y = x**exponent
    y.backward(np.ones(2, np.float32))
    assert y.dtype == x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [0.0, 3.0])
    assert exponent.grad == (pytest.approx(8 * np.log(4.0)) if needs else None)
