"""Every gate, at random calls, keeps every promise: those of the toolkit for anybody's gates, `testing.PROMISES`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.testing import PROMISES, strategies

GATES = sorted(ag.GATES)
DIFFERENTIABLE = [name for name in GATES if ag.GATES[name].has_gradient]
COMPOUND = [name for name in GATES if ag.GATES[name].expand is not None]
KINKED = [name for name in GATES if ag.GATES[name].branches is not None]
WITH_LABELS = {"cross_entropy", "multiclass_svm_loss"}
OF_SEVERAL = [n for n in DIFFERENTIABLE if (ag.GATES[n].variadic or ag.GATES[n].arity > 1) and n not in WITH_LABELS]
OF_EQUALS = [n for n in OF_SEVERAL if n != "cross_entropy_gradient"]  # whose upstream gradients are one per row
BROADCASTING = [n for n in OF_SEVERAL if ag.GATES[n].broadcasts and n not in ("matmul", "contraction")]
OF_NUMBERS = sorted(strategies.ON_FLOATS)
OF_NOTHING = sorted({*OF_NUMBERS, "transpose"} & {*DIFFERENTIABLE} - {"max", "min"})

#: By promise: the gates that it holds for at every call.
ALWAYS = {
    **dict.fromkeys(PROMISES, DIFFERENTIABLE),
    "broadcasting": BROADCASTING,
    "unchanged": GATES,
    "expansion": COMPOUND,
    "levels": OF_NUMBERS,
    "empty arrays": OF_NOTHING,
}
#: By promise: the gates that it holds for at some calls.
SOMETIMES = {"fan-out": OF_EQUALS, "alone": OF_SEVERAL}
#: What is proved at as many calls as the profile says; the rest at fewer.
THOROUGH = ("gradient", "shapes and dtypes", "expansion", "levels")
FEWER = settings(max_examples=min(10, settings.default.max_examples))


def pairs(thorough):
    return [(p, name) for p in PROMISES if (p in THOROUGH) is thorough for name in {**ALWAYS, **SOMETIMES}[p]]


def prove(promise, name, data, seed):
    assert PROMISES[promise].prove(name, data.draw(strategies.calls(name)), seed) or promise in SOMETIMES


def test_every_gate_has_calls():
    assert set(strategies.CALLS) == set(ag.GATES)


@pytest.mark.parametrize(("promise", "name"), pairs(thorough=True))
@given(data=st.data(), seed=strategies.SEEDS)
def test_every_gate_keeps_its_promises(promise, name, data, seed):
    prove(promise, name, data, seed)


@pytest.mark.parametrize(("promise", "name"), pairs(thorough=False))
@given(data=st.data(), seed=strategies.SEEDS)
@FEWER
def test_every_gate_keeps_its_other_promises(promise, name, data, seed):
    prove(promise, name, data, seed)


@pytest.mark.parametrize("name", OF_NUMBERS)
@given(data=st.data())
@FEWER
def test_numbers_give_the_number_that_scalars_give(name, data):
    """A number of Python, to the bit, so that the next gate, too, does what it does with a Scalar."""
    call = data.draw(strategies.calls(name))
    numbers = [float(np.ravel(x)[0]) for x in call.inputs]
    attributes = {setting: given for setting, given in call.attributes.items() if setting != "axis"}
    of_numbers = ag.GATES[name](*numbers, **attributes)
    of_scalars = ag.GATES[name](*map(ag.Scalar, numbers), **attributes)
    assert type(of_numbers) in (float, bool)
    assert repr(float(of_numbers)) == repr(of_scalars.value)


@pytest.mark.parametrize(("promise", "name"), [(promise, name) for promise in SOMETIMES for name in SOMETIMES[promise]])
def test_some_calls_have_inputs_to_compare(promise, name):
    tried = strategies.drawn(strategies.calls(name), 20)
    assert any(PROMISES[promise].prove(name, call) for call in tried)


@pytest.mark.parametrize("name", KINKED)
@given(data=st.data())
@FEWER
def test_branches_hold_still_under_a_small_step(name, data):
    """Away from kinks a small step changes no branch: integers, one per element that chooses."""
    call, gate = data.draw(strategies.calls(name)), ag.GATES[name]
    attributes = gate.attributes | call.attributes
    here = np.asarray(gate.branches(*call.inputs, **attributes))
    moved = [x + 1e-6 if x.dtype.kind == "f" else x for x in call.inputs]
    np.testing.assert_array_equal(here, gate.branches(*moved, **attributes))
    np.testing.assert_array_equal(here, np.round(here))


SIDES = [(np.array(v),) for v in (-1.0, 0.0, 1.0)]
LARGEST = [(np.roll(np.arange(4.0), by).reshape(1, 1, 2, 2),) for by in range(4)]
ONE_WINDOW = {"window": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}

#: By gate with kinks: inputs on all sides of one, and on it where a rule of its own holds there; and attributes.
AROUND_KINKS = {
    **{name: (SIDES, {}) for name in ("abs", "elu", "leaky_relu", "relu", "selu", "step")},
    "prelu": ([(*x, np.array(0.25)) for x in SIDES], {}),
    "hardtanh": ([(np.array(v),) for v in (-2.0, -1.0, 0.0, 1.0, 2.0)], {}),
    **{name: ([(np.array(1.0), *x) for x in [(0.0,), (1.0,), (2.0,)]], {}) for name in ("maximum", "minimum")},
    "where": ([(np.array(chosen), 1.0, 2.0) for chosen in (True, False)], {}),
    **{name: ([(np.array(v),) for v in ([1.0, 2.0], [2.0, 1.0])], {}) for name in ("max", "min")},
    "multiclass_svm_loss": ([(np.array([[0.0, v]]), np.array([0])) for v in (-2.0, 0.0)], {}),
    "max_pool2d": (LARGEST, {**ONE_WINDOW, "output_size": (1, 1)}),
    "adaptive_max_pool2d": (LARGEST, {"output_size": (1, 1)}),
}


@pytest.mark.parametrize("name", KINKED)
def test_around_a_kink_every_side_is_a_branch_of_its_own(name):
    places, attributes = AROUND_KINKS[name]
    gate = ag.GATES[name]
    branches = [np.asarray(gate.branches(*place, **(gate.attributes | attributes))).tolist() for place in places]
    for i, branch in enumerate(branches):
        assert branch not in branches[:i]


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_arrays_without_elements_through_gates_without_a_gradient(name):
    """Comparisons make empty masks; reductions that have no answer are in the tests of reductions."""
    gate = ag.GATES[name]
    if not gate.has_gradient:
        assert gate(*[np.zeros((2, 0))] * gate.arity).shape == (2, 0)


@pytest.mark.parametrize(
    "f", [lambda x: x.reshape(0, 2), lambda x: ag.concatenate([x, x], 1), lambda x: x.astype(np.float32)]
)
def test_empty_arrays_that_move(f):
    x = ag.Tensor(np.zeros((2, 0)), requires_grad=True)
    assert ag.grad(f(x), x, np.zeros(f(x).shape))[0].shape == (2, 0)


def test_a_product_of_matrices_over_an_empty_axis():
    a, b = ag.Tensor(np.zeros((2, 0)), requires_grad=True), ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    np.testing.assert_array_equal((a @ b).value, np.zeros((2, 3)))
    assert [g.shape for g in ag.grad(a @ b, [a, b], np.ones((2, 3)))] == [(2, 0), (0, 3)]
