"""On the tape every gate is what it is on floats and on arrays: values and gradients, at kinks, ties, NaN, infinity."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.kernels.opcodes import OPCODES
from autograd_cnn.testing import strategies
from tests.compilation.gates import plain_bell, plain_hat, to_the_bit

SPECIALS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, math.inf, -math.inf, math.nan, 5e-324, 1e308, 710.0, -746.0]
NUMBERS = st.floats(-4, 4) | st.sampled_from(SPECIALS) | st.floats()
WITHOUT_INSTRUCTION = sorted(set(strategies.ON_FLOATS) - set(OPCODES))

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, where eager arithmetic meets inf or NaN


def values_and_gradients(function, numbers, needs):
    """Return the value, and the gradient of every input; None for no gradient."""
    leaves = [ag.Scalar(x, requires_grad=need) for x, need in zip(numbers, needs, strict=True)]
    output = function(*leaves)
    if output.requires_grad:
        output.backward()
    return [output.value, *(x.grad for x in leaves)]


def same_bits(a, b):
    if a is None or b is None or a != a or b != b:
        return (a is None) == (b is None) and (a is None or (a != a and b != b))
    return a == b and math.copysign(1, a) == math.copysign(1, b)


@to_the_bit
@pytest.mark.parametrize("name", OPCODES)
@given(data=st.data())
def test_tape_is_floats_to_the_bit(name, data):
    gate = ag.GATES[name]
    compiled = ag.compile(lambda *inputs: gate(*inputs))
    numbers = data.draw(st.tuples(*[NUMBERS] * gate.arity))
    needs = data.draw(st.tuples(*[st.booleans()] * gate.arity))
    compiled(*[ag.Scalar(0.25, requires_grad=need) for need in needs])  # recorded at another point
    expected = values_and_gradients(gate, numbers, needs)
    result = values_and_gradients(compiled, numbers, needs)
    assert all(map(same_bits, result, expected)), (result, expected)


@pytest.mark.parametrize("name", OPCODES)
@given(data=st.data())
def test_tape_is_arrays_to_eight_ulps(name, data):
    gate = ag.GATES[name]
    compiled = ag.compile(lambda *inputs: gate(*inputs))
    numbers = data.draw(st.tuples(*[NUMBERS] * gate.arity))
    value, *gradients = values_and_gradients(compiled, numbers, [True] * gate.arity)
    leaves = [ag.Tensor([x], requires_grad=True) for x in numbers]
    output = gate(*leaves)
    if name == "power" and -math.inf in numbers:
        return  # np.power has a root of −∞ of its own, NaN instead of ∞
    expected = [output.value]
    if output.requires_grad:
        output.backward([1.0])
        expected += [x.grad for x in leaves]
    for k, (ours, theirs) in enumerate(zip([value, *gradients], expected, strict=False)):
        if ours is None or theirs is None:
            assert ours is theirs
        elif np.isfinite(theirs[0]) and np.isfinite(ours):
            size = max(abs(ours), abs(theirs[0]), 0.0 if k == 0 else 1.0)  # 1 − tanh² cancels
            assert abs(ours - theirs[0]) <= 8 * np.spacing(size)
        else:
            np.testing.assert_array_equal(ours, theirs[0])


@pytest.mark.parametrize("name", WITHOUT_INSTRUCTION)
@given(data=st.data())
@settings(max_examples=10)
def test_gates_without_instruction_are_what_they_are_on_floats(name, data):
    gate, call = ag.GATES[name], data.draw(strategies.calls(name))
    attributes = gate.attributes | call.attributes
    attributes |= {"axis": None} if "axis" in attributes else {}  # a number has no axes

    def function(*inputs):
        return gate(*inputs, **attributes)

    shapes = {np.shape(x) for x in call.inputs}
    size = max((math.prod(shape) for shape in shapes), default=1)
    numbers = [float(np.resize(x, max(size, 1))[0]) if np.size(x) else 0.5 for x in call.inputs]
    needs = [i in call.differentiable for i in range(len(numbers))]
    compiled = ag.compile(function)
    compiled(*[ag.Scalar(0.25, requires_grad=need) for need in needs])
    expected = values_and_gradients(function, numbers, needs)
    result = values_and_gradients(compiled, numbers, needs)
    for ours, theirs in zip(result, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-300)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_gates_of_plain_python_run_inside_a_compiled_function(x, y):
    def function(x, y):
        return plain_hat(x * 2, ag.tanh(y), width=2.5) * plain_bell(y) + plain_hat(y, x)

    compiled = ag.compile(function, check=True)
    compiled(0.1, 0.2)
    expected = values_and_gradients(function, (x, y), (True, True))
    result = values_and_gradients(compiled, (x, y), (True, True))
    np.testing.assert_allclose(result, expected, rtol=1e-14, atol=1e-300)


def test_a_mutated_rule_is_replayed_too():
    """The tape has no derivative of its own: what the gate's rule says, the replay does."""
    from autograd_cnn.testing.mutants import scaled

    x = ag.Scalar(0.5)
    with scaled("tanh", 2.0).applied():
        ag.compile(ag.tanh)(x).backward()
    assert x.grad == pytest.approx(2 * (1 - math.tanh(0.5) ** 2))
