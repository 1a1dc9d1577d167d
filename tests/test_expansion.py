"""Expansion: every gate in tensor gates and in Scalars, equal in value and gradient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from tests.gates.domains import DOMAINS, SEEDS

GATES = sorted(set(ag.GATES) & set(DOMAINS))

#: Gates whose arithmetic is exact on small multiples of 1/8: sums, products, choices, moves.
EXACT = [
    name
    for name in (
        *("add", "subtract", "multiply", "negative", "maximum", "minimum", "abs", "where", "relu", "clip", "square"),
        *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "sign", "sum", "max", "min", "prod"),
        *("mean", "cumsum", "reshape", "transpose", "getitem", "scatter_add", "concatenate", "stack", "pad"),
        *("broadcast_to", "astype", "matmul", "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient"),
        *("max_pool2d", "scatter_by_switches", "gather_by_switches"),
    )
    if name in ag.GATES
]

#: Rounding errors of a few operations, in units of the last place of the largest number met.
ULPS = 64 * 2.0**-52


def run(name, call):
    leaves = [ag.Tensor(np.asarray(x), requires_grad=i in call.differentiable) for i, x in enumerate(call.inputs)]
    return leaves, ag.GATES[name](*leaves, **call.attributes)


def both(name, call, number):
    """Value and gradients of the gate, and of its expansion into Scalars."""
    leaves, output = run(name, call)
    output.grad = np.random.default_rng(number).integers(-8, 9, output.shape) / 8
    expanded = ag.expand(output, level="scalar")
    wanted = [leaves[i] for i in call.differentiable]
    first, second = [output.value], [values(expanded.output)]
    if output.requires_grad and output.size:
        gradients = ag.grad(output, wanted, output.grad, allow_unused=True)
        first += [np.zeros(x.shape) if g is None else g for x, g in zip(wanted, gradients, strict=True)]
        if any(getattr(cell, "requires_grad", False) for cell in np.ravel(expanded.output)):
            expanded.backward()
        second += [expanded.gradient(x) for x in wanted]
    return first, second


def values(cells):
    return np.array([float(c) for c in np.ravel(cells)]).reshape(np.shape(cells))


def check(first, second, tolerance):
    for x, y in zip(first, second, strict=True):
        scale = max(1.0, *(float(np.abs(v).max(initial=0.0)) for v in first))
        np.testing.assert_allclose(np.asarray(x, float), y, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", GATES)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=12)
def test_every_gate_in_scalars_has_equal_value_and_gradient(name, data, number):
    check(*both(name, data.draw(DOMAINS[name]), number), ULPS)


@pytest.mark.parametrize("name", EXACT)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=12)
def test_exactly_equal_where_the_arithmetic_is_exact(name, data, number):
    call = data.draw(DOMAINS[name])
    call.inputs = tuple(np.asarray(np.round(x * 8) / 8) if x.dtype.kind == "f" else x for x in call.inputs)
    first, second = both(name, call, number)
    if name in ("mean",):  # a division by 3 is rounded, once in both
        check(first, second, 2.0**-52)
    else:
        check(first, second, 0.0)


@pytest.mark.parametrize("name", GATES)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=5)
def test_tensor_level_leaves_no_compound_gate(name, data, number):
    _, output = run(name, data.draw(DOMAINS[name]))
    expanded = ag.expand(output).output
    assert all(n.gate is None or n.gate.expand is None for n in ag.nodes(expanded))
    np.testing.assert_allclose(expanded.value, output.value, rtol=1e-12, atol=1e-12)
    if ag.GATES[name].expand is None:
        assert expanded is output
