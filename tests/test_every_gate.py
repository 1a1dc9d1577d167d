"""Every gate, at random calls: its gradient, second order, dtypes, broadcasting, expansion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.registry import gradient_of
from autograd_cnn.testing.strategies.domains import DOMAINS, ON_FLOATS
from autograd_cnn.testing.strategies.domains.drawing import SEEDS
from tests.numeric import central, relative_error

GATES = sorted(ag.GATES)
DIFFERENTIABLE = [name for name in GATES if ag.GATES[name].rule is not None]


def test_every_gate_has_a_domain():
    assert set(DOMAINS) == set(ag.GATES)


def leaves(call, dtype=np.float64):
    """The inputs as tensors; those in differentiable slots require gradients."""
    return [
        ag.Tensor(x.astype(dtype) if x.dtype.kind == "f" else x, requires_grad=i in call.differentiable)
        for i, x in enumerate(call.inputs)
    ]


def weighted(name, call, values, seed):
    """Value of <gate(values), seed>: a scalar function whose gradient the vjp of `seed` is."""
    return float(np.sum(np.asarray(ag.GATES[name](*values, **call.attributes)) * seed))


def run(name, call, dtype=np.float64):
    nodes = leaves(call, dtype)
    return nodes, ag.GATES[name](*nodes, **call.attributes)


def seed_for(output, number):
    return np.random.default_rng(number).uniform(-1, 1, output.shape).astype(output.dtype)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data(), number=SEEDS)
def test_vjp_equals_numeric_gradient(name, data, number):
    call = data.draw(DOMAINS[name])
    nodes, output = run(name, call)
    seed = seed_for(output, number)
    found = ag.grad(output, [nodes[i] for i in call.differentiable], seed)
    for slot, gradient in zip(call.differentiable, found, strict=True):
        values = list(call.inputs)

        def f(x, slot=slot, values=values):
            values[slot] = x
            return weighted(name, call, values, seed)

        assert relative_error(gradient, central(f, call.inputs[slot])) < 1e-7


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=10)
def test_second_order_equals_numeric(name, data, number):
    """Differentiate <gradients, directions> once more, and compare with differences of first gradients."""
    call = data.draw(DOMAINS[name])
    nodes, output = run(name, call)
    seed = seed_for(output, number)
    wanted = [nodes[i] for i in call.differentiable]
    rng = np.random.default_rng(number + 1)
    directions = [rng.uniform(-1, 1, x.shape) for x in wanted]

    def total(points, record):
        gate_inputs = [ag.Tensor(v, requires_grad=i in call.differentiable) for i, v in enumerate(points)]
        sources = [gate_inputs[i] for i in call.differentiable]
        made = ag.GATES[name](*gate_inputs, **call.attributes)
        gradients = ag.grad(made, sources, seed, create_graph=record)
        parts = [(g * d).sum() for g, d in zip(gradients, directions, strict=True)]
        return sources, sum(parts[1:], parts[0])

    sources, result = total(call.inputs, record=True)
    found = (
        ag.grad(result, sources, allow_unused=True)
        if isinstance(result, ag.Node) and result.requires_grad
        else [None] * len(sources)
    )
    for slot, gradient, source in zip(call.differentiable, found, sources, strict=True):
        values = list(call.inputs)

        def f(x, slot=slot, values=values):
            values[slot] = x
            return float(total(values, record=False)[1])

        numeric = central(f, call.inputs[slot])
        assert relative_error(np.zeros(source.shape) if gradient is None else gradient, numeric) < 1e-6


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=10)
def test_jvp_equals_directional_difference(name, data, number):
    call = data.draw(DOMAINS[name])
    rng = np.random.default_rng(number)
    direction = [rng.uniform(-1, 1, call.inputs[i].shape) for i in call.differentiable]

    def f(*points):
        values = list(call.inputs)
        for i, x in zip(call.differentiable, points, strict=True):
            values[i] = x
        return ag.GATES[name](*values, **call.attributes)

    _, found = ag.jvp(
        lambda *points: f(*(p.reshape(d.shape) for p, d in zip(points, direction, strict=True))),
        [np.atleast_1d(call.inputs[i]) for i in call.differentiable],
        [np.atleast_1d(d) for d in direction],
    )
    seed = rng.uniform(-1, 1, np.shape(found))

    def along(t):
        moved = [call.inputs[i] + float(t) * d for i, d in zip(call.differentiable, direction, strict=True)]
        return float(np.sum(np.asarray(f(*moved)) * seed))

    assert relative_error(np.sum(found * seed), central(along, np.zeros(()))) < 1e-7


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=15)
def test_gradients_have_shape_and_dtype_of_their_input(name, data, number):
    """In float32; and next to a float64 partner where the gate broadcasts."""
    call = data.draw(DOMAINS[name])
    if name == "astype":
        call.attributes["dtype"] = np.float32
    nodes, output = run(name, call, np.float32)
    assert output.dtype == np.float32
    wanted = [nodes[i] for i in call.differentiable]
    for x, gradient in zip(wanted, ag.grad(output, wanted, seed_for(output, number)), strict=True):
        assert gradient.shape == x.shape
        assert gradient.dtype == np.float32
    if ag.GATES[name].broadcasts and len(wanted) > 1:
        nodes[call.differentiable[-1]] = wide = ag.Tensor(wanted[-1].value, requires_grad=True, dtype=np.float64)
        output = ag.GATES[name](*nodes, **call.attributes)
        assert output.dtype == np.float64
        narrow, other = ag.grad(output, [wanted[0], wide], seed_for(output, number))
        assert (narrow.dtype, other.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=10)
def test_rule_on_nodes_equals_rule_on_arrays_and_is_linear_in_upstream(name, data, number):
    call = data.draw(DOMAINS[name])
    nodes, output = run(name, call)
    wanted = [nodes[i] for i in call.differentiable]
    a, b = seed_for(output, number), seed_for(output, number + 1)
    plain = ag.grad(output, wanted, a)
    for x, y in zip(plain, ag.grad(output, wanted, a, create_graph=True), strict=True):
        assert isinstance(y, ag.Node)
        np.testing.assert_array_equal(x, y.value)
    both = ag.grad(output, wanted, 2 * a + b)
    for x, y, z in zip(plain, ag.grad(output, wanted, b), both, strict=True):
        np.testing.assert_allclose(2 * x + y, z, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", GATES)
@given(data=st.data())
@settings(max_examples=10)
def test_call_and_backward_mutate_nothing(name, data):
    call = data.draw(DOMAINS[name])
    before = [x.copy() for x in call.inputs]
    plain = ag.GATES[name](*call.inputs, **call.attributes)
    nodes, output = run(name, call)
    np.testing.assert_array_equal(plain, output.value)
    values = [x.value.copy() for x in nodes]
    if output.requires_grad:
        seed = np.ones(output.shape)
        output.backward(seed)
        np.testing.assert_array_equal(seed, np.ones(output.shape))
    for x, y in zip(before, call.inputs, strict=True):
        np.testing.assert_array_equal(x, y)
    for x, node in zip(values, nodes, strict=True):
        np.testing.assert_array_equal(x, node.value)


@pytest.mark.parametrize("name", [n for n in DIFFERENTIABLE if len(ag.GATES[n].attributes) == 0])
@given(data=st.data())
@settings(max_examples=10)
def test_the_same_node_in_every_slot_receives_the_sum(name, data):
    call = data.draw(DOMAINS[name])
    if len(call.differentiable) < 2 or len({call.inputs[i].shape for i in call.differentiable}) != 1:
        call.differentiable = call.differentiable[:1]
    shared = ag.Tensor(call.inputs[call.differentiable[0]], requires_grad=True)
    apart = leaves(call)
    for i in call.differentiable:
        apart[i] = ag.Tensor(shared.value, requires_grad=True)
    together = list(apart)
    for i in call.differentiable:
        together[i] = shared
    first = ag.GATES[name](*together, **call.attributes)
    second = ag.GATES[name](*apart, **call.attributes)
    seed = np.ones(first.shape)
    (total,) = ag.grad(first, shared, seed)
    parts = ag.grad(second, [apart[i] for i in call.differentiable], seed)
    np.testing.assert_allclose(total, sum(parts), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in GATES if ag.GATES[n].expand is not None])
@given(data=st.data(), number=SEEDS)
def test_compound_gate_equals_its_expansion(name, data, number):
    call = data.draw(DOMAINS[name])
    nodes, output = run(name, call)
    expanded = ag.GATES[name].expand(*nodes, **ag.GATES[name].attributes | call.attributes)
    np.testing.assert_allclose(expanded.value, output.value, rtol=1e-12, atol=1e-12)
    assert not ag.nodes(expanded, gate=name)
    wanted = [nodes[i] for i in call.differentiable]
    seed = seed_for(output, number)
    for x, y in zip(ag.grad(output, wanted, seed), ag.grad(expanded, wanted, seed), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ON_FLOATS)
@given(data=st.data())
@settings(max_examples=15)
def test_floats_arrays_and_scalars_agree(name, data):
    """One definition serves both levels: value and gradient, on float, 0-d array, Scalar and Tensor."""
    call = data.draw(DOMAINS[name])
    gate = ag.GATES[name]
    numbers = [float(np.ravel(x)[0]) for x in call.inputs]
    if name == "where":
        numbers[0] = bool(numbers[0])
    plain = gate(*numbers)
    scalars = [ag.Scalar(v) for v in numbers]
    tensors = [ag.Tensor(np.float64(v), requires_grad=True) for v in numbers]
    on_scalars, on_tensors = gate(*scalars), gate(*tensors)
    assert type(on_scalars) is ag.Scalar
    assert type(on_scalars.value) is float
    np.testing.assert_allclose([float(plain), on_scalars.value], on_tensors.item(), rtol=1e-15, atol=1e-300)
    if gate.rule is None:
        assert not on_scalars.requires_grad
        return
    on_scalars.backward()
    on_tensors.backward()
    for i in call.differentiable:
        assert type(scalars[i].grad) is float
        # math's and NumPy's exp differ in the last bit; where terms of size 1 cancel that bit is all the difference
        np.testing.assert_allclose(scalars[i].grad, tensors[i].grad, rtol=1e-14, atol=4 * np.finfo(float).eps)
    attributes = dict(gate.attributes)
    if not gate.saves:
        rule = gradient_of(gate, 1.0, float(plain), numbers, attributes, (True,) * len(numbers))
        for i in call.differentiable:
            np.testing.assert_allclose(float(rule[i]), scalars[i].grad, rtol=1e-15)


ELEMENTWISE = [n for n in ON_FLOATS if n not in ("sum", "mean", "max", "min")]


@pytest.mark.parametrize("name", [*ELEMENTWISE, "sum", "reshape", "transpose", "concatenate", "astype", "matmul"])
def test_empty_arrays(name):
    gate = ag.GATES[name]
    count = 2 if gate.variadic else gate.arity
    inputs = [
        ag.Tensor(np.zeros((2, 0) if i == 0 or name != "matmul" else (0, 3)), requires_grad=True) for i in range(count)
    ]
    attributes = {"reshape": {"shape": (0, 2)}, "astype": {"dtype": np.float32}}.get(name, {})
    output = gate(*inputs, **attributes)
    if gate.rule is None:
        return
    for x, g in zip(inputs, ag.grad(output, inputs, np.ones(output.shape), allow_unused=True), strict=True):
        assert g is None or (g.shape == x.shape and not g.any())


@pytest.mark.parametrize("name", [n for n in GATES if ag.GATES[n].branches is not None])
@given(data=st.data())
@settings(max_examples=10)
def test_branches_hold_still_under_a_small_step(name, data):
    """Away from kinks a small step changes no branch: integers, one per element that chooses."""
    call = data.draw(DOMAINS[name])
    branches = ag.GATES[name].branches
    attributes = ag.GATES[name].attributes | call.attributes
    here = np.asarray(branches(*call.inputs, **attributes))
    moved = [x + 1e-6 if x.dtype.kind == "f" else x for x in call.inputs]
    np.testing.assert_array_equal(here, branches(*moved, **attributes))
    np.testing.assert_array_equal(here, np.round(here))
