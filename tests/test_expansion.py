"""Expansion: every gate in tensor gates and in Scalars, equal in value and gradient."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn
from autograd_cnn.testing.strategies import CALLS, SEEDS

GATES = sorted(CALLS)

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
    check(*both(name, data.draw(CALLS[name]), number), ULPS)


@pytest.mark.parametrize("name", EXACT)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=12)
def test_exactly_equal_where_the_arithmetic_is_exact(name, data, number):
    call = data.draw(CALLS[name])
    eighths = tuple(np.asarray(np.round(x * 8) / 8) if x.dtype.kind == "f" else x for x in call.inputs)
    call = replace(call, inputs=eighths)
    first, second = both(name, call, number)
    if name in ("mean",):  # a division by 3 is rounded, once in both
        check(first, second, 2.0**-52)
    else:
        check(first, second, 0.0)


@pytest.mark.parametrize("name", GATES)
@given(data=st.data(), number=SEEDS)
@settings(max_examples=5)
def test_tensor_level_leaves_no_compound_gate(name, data, number):
    _, output = run(name, data.draw(CALLS[name]))
    expanded = ag.expand(output).output
    assert all(n.gate is None or n.gate.expand is None for n in ag.nodes(expanded))
    np.testing.assert_allclose(expanded.value, output.value, rtol=1e-12, atol=1e-12)
    if ag.GATES[name].expand is None:
        assert expanded is output


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "cross_entropy", "cross_entropy_gradient"])
def test_an_expansion_is_as_stable_as_its_gate(name):
    """Scores far out on both sides, where eˣ alone would be infinite, or 0 throughout."""
    scores = np.array([[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4 - 2]])
    others = {"cross_entropy": ([0, 2],), "cross_entropy_gradient": ([0, 2],)}.get(name, ())
    inputs = [ag.Tensor(scores, requires_grad=True), *map(np.array, others)]
    if name == "cross_entropy_gradient":
        inputs = [np.array([1.0, 3.0]), *inputs]
    output = ag.GATES[name](*inputs)
    expanded = ag.expand(output).output
    assert np.isfinite(output.value).all()
    np.testing.assert_allclose(expanded.value, output.value, rtol=1e-12, atol=1e-12)
    upstream, leaf = np.ones(output.shape), next(x for x in inputs if isinstance(x, ag.Tensor))
    expected, found = (ag.grad(y, leaf, upstream)[0] for y in (output, expanded))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_the_logarithms_of_an_expanded_binary_cross_entropy_end_at_100_too():
    p, y = ag.Tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True), np.array([0.0, 1.0, 1.0, 0.0])
    with np.errstate(divide="ignore"):
        expanded = ag.expand(ag.GATES["binary_cross_entropy"](p, y)).output
    np.testing.assert_array_equal(expanded.value, [0, 0, 100, 100])


@pytest.mark.parametrize("size", [(7, 8), (9, 8), (9, 7)])
def test_a_convolution_whose_last_windows_stick_out_is_expanded_with_its_gradients(size):
    rng = np.random.default_rng(0)
    x, w = (ag.Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((1, 12, *size), (1, 12, 3, 3)))
    output = ag.functional.conv2d(x, w, stride=(2, 3), padding=((0, 1), (1, 0)), dilation=(1, 2), fit="ceil")
    gradients = ag.grad(output, (x, w), rng.normal(size=output.shape), create_graph=True)
    for node in (output, *gradients):
        np.testing.assert_allclose(ag.expand(node).output.value, node.value, rtol=1e-12, atol=1e-14)


# What expand returns


def network():
    """A convolution, a ReLU, max pooling, a layer and cross entropy, in float64."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        conv=nn.Conv2d(1, 2, 3, dtype=np.float64, rng=1),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc=nn.Linear(8, 3, dtype=np.float64, rng=2),
    )
    x = ag.Tensor(rng.standard_normal((2, 1, 6, 6)), name="x")
    return model, nn.CrossEntropyLoss()(model(x), np.array([0, 2]))


def test_a_whole_network_in_scalars_has_the_gradients_of_its_parameters():
    model, loss = network()
    expanded = ag.expand(loss, level="scalar")
    assert isinstance(expanded.output, ag.Scalar)
    assert expanded.output.value == pytest.approx(loss.item(), rel=1e-14)
    gates = {n.gate.name for n in ag.nodes(expanded.output) if n.gate}
    assert gates <= {"add", "subtract", "multiply", "divide", "negative", "maximum", "relu", "exp", "log"}
    expanded.backward()
    wanted = list(model.parameters())
    for parameter, gradient in zip(wanted, ag.grad(loss, wanted), strict=True):
        np.testing.assert_allclose(expanded.gradient(parameter), gradient, rtol=1e-12, atol=1e-15)
    scopes = {n.scope for n in ag.nodes(expanded.output)}
    assert {"conv", "relu", "pool", "fc"} <= scopes


def test_every_used_element_of_a_leaf_has_its_scalar_with_its_name():
    w = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="w")
    x = ag.Tensor([5.0, 6.0], name="x")
    y = w @ x
    expanded = ag.expand(y, level="scalar")
    assert expanded.output.shape == (2,)
    assert [cell.value for cell in expanded.output] == [17.0, 39.0]
    assert {scalar.name: scalar.value for scalar in expanded.scalars.values()} == {
        **{"w[0,0]": 1.0, "w[0,1]": 2.0, "w[1,0]": 3.0, "w[1,1]": 4.0},
        **{"x[0]": 5.0, "x[1]": 6.0},
    }
    assert expanded.scalars[w, (1, 0)].name == "w[1,0]"
    assert not expanded.scalars[x, (0,)].requires_grad
    np.testing.assert_array_equal(expanded.seed, [1, 1])
    y.backward([2.0, 10.0])
    again = ag.expand(y, level="scalar")
    np.testing.assert_array_equal(again.seed, [2, 10])
    again.backward()
    np.testing.assert_array_equal(again.gradient(w), w.grad)
    y.name = "y"
    assert [cell.name for cell in ag.expand(y, level="scalar").output] == ["y[0]", "y[1]"]


def test_one_element_alone_brings_only_what_it_needs():
    w, x = (ag.Tensor(np.ones((300, 300)), requires_grad=True, name=n) for n in "wx")
    y = ag.relu(w @ x)
    with pytest.raises(ag.ArgumentError, match=r"54,\d{3},000 Scalars, more than limit=50,000; expand one element"):
        ag.expand(y, level="scalar")
    one = ag.expand(y, level="scalar", index=(2, 7))
    assert len(one.scalars) == 600
    assert one.output.value == 300.0
    assert {index[0] for leaf, index in one.scalars if leaf is w} == {2}
    assert {index[1] for leaf, index in one.scalars if leaf is x} == {7}
    one.backward()
    assert one.gradient(w).sum() == 300.0
    image = ag.Tensor(np.arange(36.0).reshape(1, 1, 6, 6), name="image")
    window = ag.expand(ag.functional.max_pool2d(image, 2), level="scalar", index=(0, 0, 1, 2))
    assert sorted(s.value for s in window.scalars.values()) == [16, 17, 22, 23]
    assert [n.gate.name for n in ag.nodes(window.output) if n.gate] == ["maximum"] * 3


@pytest.mark.parametrize("index", [(5, 0), (0,), (0, 0, 0), slice(None), (..., 0)])
def test_an_index_that_is_no_single_element(index):
    y = ag.Tensor(np.ones((2, 2)), requires_grad=True) * 2
    with pytest.raises(ag.OutOfRangeError, match="names no single element"):
        ag.expand(y, level="scalar", index=index)


def test_what_cannot_be_asked_says_so():
    y = ag.Tensor(np.ones((2, 2)), requires_grad=True) * 2
    with pytest.raises(ag.ArgumentError, match="level='number'"):
        ag.expand(y, level="number")
    with pytest.raises(ag.ArgumentError, match="at the tensor level"):
        ag.expand(y, index=(0, 0))
    with pytest.raises(ag.ArgumentError, match="at least 8 Scalars, more than limit=5"):
        ag.expand(y, level="scalar", limit=5)
    assert ag.expand(y, level="scalar", limit=8).output.shape == (2, 2)


def test_inner_nodes_can_be_leaves():
    model, loss = network()
    (pooled,) = ag.nodes(loss, gate="max_pool2d")
    expanded = ag.expand(loss, level="scalar", inputs=[pooled])
    assert {leaf for leaf, _ in expanded.scalars} == {pooled, model.fc.weight, model.fc.bias}
    expanded.backward()
    np.testing.assert_allclose(expanded.gradient(pooled), ag.grad(loss, pooled)[0], rtol=1e-12, atol=1e-15)


def test_tensor_level_keeps_the_leaves_and_what_no_compound_gate_touches():
    model, loss = network()
    expanded = ag.expand(loss).output
    assert {n for n in ag.nodes(expanded) if n.requires_grad and n.is_leaf} == set(model.parameters())
    assert "conv2d" not in {n.gate.name for n in ag.nodes(expanded) if n.gate}
    wanted = list(model.parameters())
    for a, b in zip(ag.grad(loss, wanted), ag.grad(expanded, wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
    x = ag.Tensor([1.0], requires_grad=True)
    assert ag.expand(x * 2).output.inputs == (x, 2)


def test_scalars_stay_themselves():
    x, y = ag.Scalar(2.0, name="x"), ag.Scalar(3.0, name="y")
    f = x * y + ag.tanh(x)
    expanded = ag.expand(f, level="scalar")
    assert expanded.output is f
    assert expanded.scalars == {(x, ()): x, (y, ()): y}
    mixed = (ag.Tensor([1.0, 2.0]) * x).sum()
    found = ag.expand(mixed, level="scalar")
    assert found.scalars[x, ()] is x
    found.backward()
    assert x.grad == 3.0


def test_a_node_used_twice_becomes_one_scalar_and_sixty_doublings_stay_small():
    x = y = ag.Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(60):
        y = y + y
    expanded = ag.expand(y, level="scalar", index=1)
    assert len(ag.nodes(expanded.output)) == 61
    expanded.backward()
    np.testing.assert_array_equal(expanded.gradient(x), [0, 2.0**60])


def test_second_order_goes_through_an_expansion():
    x = ag.Tensor([[0.3, -0.7, 1.1]], requires_grad=True)
    loss = ag.functional.cross_entropy(x, np.array([2]))
    expanded = ag.expand(loss, level="scalar")
    cells = [expanded.scalars[x, (0, i)] for i in range(3)]
    first = ag.grad(expanded.output, cells, create_graph=True)
    rows = [[v or 0.0 for v in ag.grad(g, cells, allow_unused=True)] for g in first]
    matrix = ag.hessian(lambda t: ag.functional.cross_entropy(t, np.array([2])), x)
    np.testing.assert_allclose(rows, matrix[0, :, 0, :], rtol=1e-12, atol=1e-15)


def test_parameters_that_were_assigned_since_are_named():
    w = ag.Parameter([1.0], name="w")
    y = ag.functional.cross_entropy((w * np.ones((1, 2))), np.array([0]))
    w.assign([2.0])
    with pytest.raises(ag.GradientError, match="Parameter 'w'"):
        ag.expand(y)


def test_an_expansion_without_gradients_says_so():
    expanded = ag.expand(ag.Tensor([1.0, 2.0], name="x") * 2, level="scalar")
    with pytest.raises(ag.GradientError, match="no element of the output requires a gradient"):
        expanded.backward()


def test_constants_and_choices_by_a_condition():
    x = ag.Tensor([1.0, -2.0, 3.0], requires_grad=True)
    expanded = ag.expand(ag.where(x > 0, x * x, 0.5), level="scalar")
    assert [float(c) for c in expanded.output] == [1.0, 0.5, 9.0]
    expanded.backward()
    np.testing.assert_array_equal(expanded.gradient(x), [2, 0, 6])
    padded = ag.expand(ag.pad(x, ((1, 0),)), level="scalar").output
    assert padded[0] == 0.0
    assert ag.expand(ag.Tensor(3.0) * 2.0, level="scalar").output.value == 6.0
    assert ag.expand((x > 0).sum(), level="scalar").output.value == 2.0


# Gates from outside


@pytest.mark.usefixtures("registry")
def test_a_gate_defined_elsewhere_is_expanded_without_a_word_on_its_structure():
    @ag.gate("swish")
    def swish_of_mine(x):
        return x * ag.sigmoid(x)

    @ag.gate("rotate")
    def rotate_of_mine(x, *, by):
        return np.roll(x, by, axis=0)

    @ag.gate("Σ_")
    def weighted_sum(x, *, weights):
        return np.asarray(weights) @ x

    x = ag.Tensor([1.0, 2.0, 4.0], requires_grad=True)
    (first, *_) = ag.expand(swish_of_mine(x), level="scalar").output
    assert first.gate is ag.GATES["swish_of_mine"]
    turned = ag.expand(rotate_of_mine(x, by=1), level="scalar")
    assert list(turned.output) == [turned.scalars[x, (i,)] for i in (2, 0, 1)]
    total = ag.expand(weighted_sum(x, weights=(1.0, 10.0, 100.0)), level="scalar").output
    assert total.value == 421.0
    assert {n.gate.name for n in ag.nodes(total) if n.gate} == {"multiply", "add"}


@pytest.mark.usefixtures("registry")
def test_a_gate_without_structure_says_what_to_declare():
    @ag.gate("sort")
    def sort_of_mine(x):
        return np.sort(x)

    @sort_of_mine.vjp
    def _(upstream, output, x):
        return upstream

    x = ag.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    with pytest.raises(ag.GradientError, match=r"expand: sort_of_mine decides by values .* @sort_of_mine\.expansion"):
        ag.expand(sort_of_mine(x), level="scalar")


@pytest.mark.usefixtures("registry")
def test_what_moves_by_value_is_not_taken_for_what_moves_by_place():
    """Gates that look like a plain move at some values: the probes of other sizes and signs tell them apart."""

    @ag.gate("shrink")
    def hard_shrink(x):
        return np.where(np.abs(x) > 0.5, x, 0.0)

    @ag.gate("larger")
    def larger(a, b):
        return np.where(np.asarray(a).sum() > np.asarray(b).sum(), a, b)

    x = ag.Tensor([3.0, 0.1], requires_grad=True)
    shrunk = ag.expand(hard_shrink(x * 1.0), level="scalar").output
    assert all(cell.gate.name == "hard_shrink" for cell in shrunk)
    with pytest.raises(ag.GradientError, match="larger decides by values"):
        ag.expand(larger(x * 1.0, x * 2.0), level="scalar")


@pytest.mark.usefixtures("registry")
@given(number=SEEDS)
@settings(max_examples=10)
def test_a_kernel_that_is_linear_in_each_input_is_read_off_with_unit_vectors(number):
    """Convolution of two rows, from a compiled function that only takes floating arrays."""
    ag.GATES.pop("convolve_of_mine", None)

    @ag.gate("conv")
    def convolve_of_mine(a, b):
        return np.convolve(np.asarray(a, float), np.asarray(b, float))

    @convolve_of_mine.vjp
    def _(upstream, output, a, b):
        return np.correlate(upstream, b, "valid"), np.correlate(upstream, a, "valid")

    rng = np.random.default_rng(number)
    a, b = (ag.Tensor(rng.integers(-8, 9, n) / 8, requires_grad=True) for n in (4, 3))
    y = convolve_of_mine(a, b)
    y.grad = rng.integers(-8, 9, 6) / 8
    expanded = ag.expand(y, level="scalar")
    np.testing.assert_array_equal(values(expanded.output), y.value)
    assert {n.gate.name for cell in expanded.output for n in ag.nodes(cell) if n.gate} <= {"multiply", "add"}
    expanded.backward()
    for x, gradient in zip((a, b), ag.grad(y, [a, b], y.grad), strict=True):
        np.testing.assert_array_equal(expanded.gradient(x), gradient)
    first = ag.expand(y, level="scalar", index=0)
    assert {(leaf, index) for leaf, index in first.scalars} == {(a, (0,)), (b, (0,))}


@pytest.mark.usefixtures("registry")
def test_a_kernel_that_is_not_linear_is_refused():
    @ag.gate("peak")
    def distance_from_mean(a):
        return np.sqrt(np.asarray(a, float) ** 2 + np.mean(np.asarray(a, float)))

    x = ag.Tensor([1.0, 2.0, 4.0], requires_grad=True)
    with pytest.raises(ag.GradientError, match="distance_from_mean decides by values or mixes elements"):
        ag.expand(distance_from_mean(x * 1.0), level="scalar")
    large = ag.Tensor(np.linspace(1, 2, 200_000), requires_grad=True)
    with pytest.raises(ag.ArgumentError, match="200,000 elements is too large to be run element by element"):
        ag.expand(distance_from_mean(large), level="scalar", index=0)


@pytest.mark.usefixtures("registry")
def test_a_forward_of_plain_arithmetic_is_replayed_step_by_step():
    @ag.gate("mix")
    def mix_of_mine(x):
        total = np.sum(x)
        return np.stack(
            [
                2 - np.exp(-x[0]) / total,
                3 * np.log(abs(x[1])) + 1 / np.sqrt(total),
                (total - x[2]) ** 2 + 0 * x[0],
                x[0] - 1,
            ]
        )

    x = ag.Tensor([1.0, -2.0, 4.0], requires_grad=True)
    expanded = ag.expand(mix_of_mine(x), level="scalar")
    np.testing.assert_allclose(values(expanded.output), mix_of_mine(x.value), rtol=1e-15)
    shown = {n.gate.name for n in ag.nodes(expanded.output[1]) if n.gate}
    assert shown == {"multiply", "log", "abs", "add", "divide", "sqrt"}
    slope = ag.grad(expanded.output[0], expanded.scalars[x, (0,)])[0]
    assert slope == pytest.approx(np.exp(-1) / 3 + np.exp(-1) / 9, rel=1e-14)


@pytest.mark.usefixtures("registry")
def test_expansions_that_never_end_are_refused():
    @ag.gate("again")
    def again_of_mine(x):
        return np.asarray(x)

    @again_of_mine.expansion
    def _(x):
        return again_of_mine(x)

    with pytest.raises(ag.GradientError, match="still holds compound gates after 20 rounds"):
        ag.expand(again_of_mine(ag.Tensor([1.0], requires_grad=True)))
