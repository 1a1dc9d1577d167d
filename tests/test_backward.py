"""Backward passes: accumulation, freeing, seeds, reassignment, second order, very long chains."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import testing
from autograd_cnn.backward import filling
from autograd_cnn.graph.serial import PAGE


def test_the_worked_example_of_the_notes():
    x, y, z = ag.Scalar(-2), ag.Scalar(5), ag.Scalar(-4)
    f = (x + y) * z
    f.backward()
    assert (f.value, x.grad, y.grad, z.grad, f.grad, f.inputs[0].grad) == (-12, -4, -4, 3, 1, -4)


def test_the_sigmoid_neuron_of_the_notes():
    """CS231n, backpropagation: w = [2, −3, −3], x = [−1, −2]; gradients 0.2·[...] to two digits."""
    w = [ag.Scalar(v) for v in (2.0, -3.0, -3.0)]
    x = [ag.Scalar(v) for v in (-1.0, -2.0)]
    dot = w[0] * x[0] + w[1] * x[1] + w[2]
    f = 1.0 / (1 + ag.exp(-dot))
    f.backward()
    slope = (1 - f.value) * f.value
    assert round(f.value, 2) == 0.73
    assert [round(v.grad, 2) for v in (*w, *x)] == [-0.2, -0.39, 0.2, 0.39, -0.59]
    np.testing.assert_allclose([v.grad for v in (*w, *x)], np.array([-1, -2, 1, 2, -3]) * slope, rtol=1e-12)
    g = ag.sigmoid(dot)
    np.testing.assert_allclose(ag.grad(g, w), ag.grad(f, w), rtol=1e-12)


def test_the_max_and_multiply_example_of_the_notes():
    x, y, z, w = (ag.Scalar(v) for v in (3.0, -4.0, 2.0, -1.0))
    f = (x * y + ag.maximum(z, w)) * 2
    f.backward()
    assert (f.value, x.grad, y.grad, z.grad, w.grad) == (-20, -8, 6, 2, 0)


def test_matrix_product_of_the_notes():
    rng = np.random.default_rng(0)
    w, x, upstream = rng.standard_normal((5, 10)), rng.standard_normal((10, 3)), rng.standard_normal((5, 3))
    nodes = ag.Parameter(w), ag.Tensor(x, requires_grad=True)
    to_w, to_x = ag.grad(nodes[0] @ nodes[1], nodes, upstream)
    np.testing.assert_allclose(to_w, upstream @ x.T)
    np.testing.assert_allclose(to_x, w.T @ upstream)


def test_a_chain_of_a_million_additions():
    x = ag.Scalar(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    assert y.value == 1_000_001
    y.backward()
    assert x.grad == 1.0
    del y  # freeing the chain must not recurse either


def test_fan_out_adds_up_and_a_node_may_fill_both_slots():
    a = ag.Scalar(3.0)
    b = a * a + a
    b.backward()
    assert a.grad == 7.0
    wide = ag.Scalar(2.0)
    total = sum((wide * float(i) for i in range(1, 101)), ag.Scalar(0.0))
    total.backward()
    assert wide.grad == 5050.0


def test_leaves_accumulate_and_intermediates_are_replaced():
    x = ag.Scalar(2.0)
    y = x * 3
    z = y * y
    z.backward()
    z.backward()
    assert (x.grad, y.grad) == (72.0, 12.0)
    x.zero_grad()
    assert x.grad is None
    z.backward()
    assert x.grad == 36.0


def test_none_is_never_zero():
    x, unused = ag.Scalar(2.0), ag.Scalar(1.0)
    (x * 3).backward()
    assert unused.grad is None


def test_retain_leaves_frees_and_says_so():
    x = ag.Parameter([1.0, 2.0], name="w")
    y = x * 3
    loss = (y * y).sum()
    loss.backward(retain="leaves")
    np.testing.assert_array_equal(x.grad, [18, 36])
    assert loss.item() == 45.0
    assert y.grad is None
    with pytest.raises(ag.GradientError, match=r"freed by backward\(retain='leaves'\)"):
        loss.backward()
    with pytest.raises(ag.GradientError, match="freed"):
        (y + 1).sum().backward()
    with pytest.raises(ag.ArgumentError, match="retain='none'"):
        x.sum().backward(retain="none")


def test_gradients_of_two_leaves_do_not_share_memory():
    x, y = ag.Parameter([1.0]), ag.Parameter([2.0])
    seed = np.ones(1)
    (x + y).backward(seed)
    x.grad *= 5
    assert y.grad == [1.0]
    assert seed == [1.0]


def test_what_a_node_was_sent_cannot_be_written():
    x = ag.Parameter([1.0, 2.0])
    h = x + 1
    seed = np.ones(2)
    h.backward(seed)
    with pytest.raises(ValueError, match="read-only"):
        h.grad[0] = 5
    x.grad[0] = seed[0] = 5  # these are the caller's own


def test_gradients_come_together_from_far_and_near_in_both_slots():
    x = ag.Scalar(1.5)
    shared = x * x
    total = shared * 0
    for _ in range(2 * PAGE):
        total = total + shared  # whose place is in a page that others have reached
        total = total + x
    total.backward()
    assert (shared.grad, x.grad) == (2 * PAGE, 2 * PAGE * (1 + 2 * 1.5))
    y = ag.Scalar(1.5)
    squares = y * y
    for _ in range(PAGE):
        squares = squares * 1
    (y * squares).backward()
    assert y.grad == 3 * 1.5**2


def test_ordinary_gates_take_the_short_way(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the long way")

    monkeypatch.setattr(filling, "rule_applied", refuse)
    x = ag.Parameter([0.5, 2.0])
    (ag.exp(x) * x - ag.tanh(x)).backward(np.ones(2))
    np.testing.assert_allclose(x.grad, np.exp([0.5, 2]) * [1.5, 3] - 1 / np.cosh([0.5, 2]) ** 2)

    monkeypatch.setattr(filling.Walk, "turn", refuse)
    a, b = ag.Scalar(0.5), ag.Scalar(2.0)
    (ag.exp(a) * b / (a + 1) - ag.tanh(b * 2)).backward()
    assert a.grad == pytest.approx(np.exp(0.5) * 2 * 0.5 / 1.5**2)


@pytest.mark.usefixtures("registry")
def test_a_rule_may_mix_floats_with_numbers_of_numpy():
    @ag.gate("mixed")
    def mixed(x, y):
        return x * y

    for first, second in [(float, np.float64), (np.float64, float)]:

        @mixed.vjp
        def _(upstream, output, x, y, first=first, second=second):
            return first(upstream * y), second(upstream * x)

        a, b = ag.Scalar(3.0), ag.Scalar(5.0)
        mixed(a, b).backward()
        assert (a.grad, b.grad) == (5.0, 3.0)
        assert type(a.grad) is type(b.grad) is float


@pytest.mark.usefixtures("registry")
def test_gradients_take_the_dtype_and_shape_of_what_they_are_of():
    x, y = ag.Parameter(np.ones((2, 3), np.float32)), ag.Parameter(np.full((1, 3), 2.0))
    (x * y).backward(np.ones((2, 3)))
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(y.grad, [[2, 2, 2]])

    one = ag.Parameter([2.0])
    (one * np.ones(0)).backward(np.ones(0))
    assert one.grad.tolist() == [0.0]

    @ag.gate("bare", broadcasts=True)
    def bare(x):
        return x * 1

    @bare.vjp
    def _(upstream, output, x):
        return 7.0 if x.ndim == 0 else upstream[0]

    single = ag.Parameter(np.float32(3))
    bare(single).backward()
    assert (single.grad.dtype, single.grad) == (np.float32, 7)
    with pytest.raises(ag.GradientError, match=r"bare: its rule returned a gradient of shape \(3,\) for .* \(1, 3\)"):
        bare(ag.Parameter(np.ones((1, 3)))).backward(np.ones((1, 3)))


def test_seeds():
    x = ag.Parameter([1.0, 2.0])
    y = x * 2
    with pytest.raises(ag.GradientError, match="2 elements, so it needs a seed"):
        y.backward()
    with pytest.raises(ag.ShapeError, match=r"seed of shape \(3,\), expected \(2,\)"):
        y.backward(np.ones(3))
    with pytest.raises(ag.ShapeError, match="expected one number"):
        (ag.Scalar(1.0) * 2).backward([1.0, 2.0])
    y.backward([1, 10])
    np.testing.assert_array_equal(x.grad, [2, 20])
    z = ag.Parameter([[3.0]]) * 2
    z.backward()


def test_an_output_without_gradient_says_why():
    with pytest.raises(ag.GradientError, match="does not require a gradient: no input was a Scalar"):
        (ag.Tensor([1.0]) * 2).backward()
    with pytest.raises(ag.GradientError, match="does not require a gradient: no input was a Scalar"):
        ag.grad(ag.Tensor([1.0]).sum(), ag.Tensor([1.0]))
    assert ag.grad(ag.Tensor([1.0]).sum(), ag.Tensor([1.0]), allow_unused=True) == (None,)
    with pytest.raises(ag.GradientError, match="does not require a gradient"):
        (ag.Scalar(1.0) > 0).backward()
    x = ag.Tensor([1.5], requires_grad=True)
    assert not x.astype(np.int64).requires_grad


def test_a_parameter_assigned_after_its_use_is_named():
    w = ag.Parameter([1.0], name="w")
    loss = (w * w).sum()
    w.assign([2.0])
    with pytest.raises(ag.GradientError, match=r"Parameter 'w' .* was assigned a new value after"):
        loss.backward()
    assert w.grad is None
    (w * w).sum().backward()
    assert w.grad == [4.0]
    s = ag.Scalar(1.0, name="s")
    f = s * s
    s.assign(3.0)
    with pytest.raises(ag.GradientError, match="'s'"):
        f.backward()
    f = (ag.Scalar(2.0) * 1) * s  # in the second slot
    s.assign(1.0)
    with pytest.raises(ag.GradientError, match="'s'"):
        f.backward()


def test_assign_refuses_what_is_no_leaf_and_other_shapes():
    w = ag.Parameter([1.0, 2.0])
    version = w.version
    with pytest.raises(ag.ShapeError, match=r"got shape \(3,\), expected \(2,\)"):
        w.assign(np.zeros(3))
    assert w.version == version
    w.assign([5, 6])
    assert w.version > version
    assert w.value.tolist() == [5, 6]
    with pytest.raises(ag.GradientError, match="neither a Parameter"):
        ag.Tensor([1.0]).assign([2.0])
    with pytest.raises(ag.GradientError, match="made by a gate"):
        (ag.Scalar(1.0) + 1).assign(2.0)


def test_steps_write_nothing_and_carry_the_edges():
    x, y = ag.Scalar(3.0), ag.Scalar(4.0)
    f = x * y + x
    steps = list(ag.backward_steps(f))
    assert [s.node for s in steps] == [f, f.inputs[0], y, x]
    assert [s.upstream for s in steps] == [1.0, 1.0, 3.0, 5.0]
    assert [s.downstream for s in steps] == [(1.0, 1.0), (4.0, 3.0), (), ()]
    assert (x.grad, y.grad, f.grad) == (None, None, None)
    assert ag.downstream_gradients(f.inputs[0], 10.0) == (40.0, 30.0)


def test_grad_leaves_grad_alone_and_reaches_intermediate_nodes():
    x = ag.Scalar(2.0)
    y = x * x
    z = y * 3
    assert ag.grad(z, [y, x]) == (3.0, 12.0)
    assert (x.grad, y.grad) == (None, None)
    other = ag.Scalar(1.0, name="other")
    with pytest.raises(ag.GradientError, match=r"does not depend on input 1 \(Scalar 'other' 1\)"):
        ag.grad(z, [x, other])
    assert ag.grad(z, [x, other], allow_unused=True) == (12.0, None)


def test_gradients_of_gradients():
    x = ag.Scalar(3.0)
    y = x**4
    derivatives = []
    for _ in range(5):
        (y,) = ag.grad(y, x, create_graph=True)
        derivatives.append(y.value)
    assert derivatives == [108.0, 108.0, 72.0, 24.0, 0.0]


def test_a_recorded_pass_has_a_scope_of_its_own():
    x = ag.Scalar(3.0)
    (first,) = ag.grad(x * x, x, create_graph=True)
    assert (first.gate.name, first.scope) == ("add", "backward pass")
    made = [node for node in ag.nodes(first) if node is not x]
    assert {node.scope.partition("/")[0] for node in made} == {"backward pass"}
    (seed,) = [node for node in made if node.is_leaf]
    assert (seed.value, seed.scope, seed.requires_grad) == (1.0, "backward pass", False)
    with ag.scope("outside"):
        (second,) = ag.grad(first * x, x, create_graph=True)
    assert second.scope == "backward pass 2"
    mine = ag.Scalar(2.0)
    ag.grad(x * x, x, mine, create_graph=True)
    assert mine.scope == ""


def test_a_gradient_inside_a_compiled_function_must_be_recorded():
    with pytest.raises(ag.GradientError, match="called inside a compiled function"):
        ag.compile(lambda x: ag.grad(x * x, x)[0] * x)(ag.Scalar(3.0))
    recorded = ag.compile(lambda x: ag.grad(x * x, x, create_graph=True)[0] * x)
    assert recorded(ag.Scalar(3.0)).value == 18


@pytest.mark.usefixtures("registry")
def test_an_expansion_is_differentiated_within_its_pass():
    @ag.gate("cube")
    def cube(x):
        return x**3

    cube.expansion(lambda x: x * x * x)
    x = ag.Scalar(2.0)
    (first,) = ag.grad(cube(x), x, create_graph=True)
    assert first.value == 12
    assert {node.scope.partition("/")[0] for node in ag.nodes(first)} == {"", "backward pass"}

    @ag.gate("fourth")
    def fourth(x):
        return x**4 / 4

    fourth.vjp(lambda upstream, output, x: upstream * cube(x))
    (first,) = ag.grad(fourth(x), x, create_graph=True)
    (second,) = ag.grad(first, x, create_graph=True)
    earlier = first + second
    (third,) = ag.grad(earlier, x, create_graph=True)
    assert third.value == 12 + 12
    made = set(ag.nodes(third)) - set(ag.nodes(earlier))
    assert "backward pass 3" in {node.scope.partition("/")[0] for node in made}
    assert "backward pass 2" not in {node.scope.partition("/")[0] for node in made}

    cube.expansion(lambda x: x > 0)
    assert ag.grad(cube(x), x, allow_unused=True) == (None,)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("cut", [0, 1])
def test_a_branch_that_is_sent_nothing_does_not_end_the_pass(cut):
    @ag.gate("half")
    def half(x, y):
        return x + y

    @half.vjp
    def _(upstream, output, x, y):
        return [(None, upstream), (upstream, None)][cut]

    a, b = ag.Scalar(1.0), ag.Scalar(2.0)
    reached = {step.node for step in ag.backward_steps(half(a * 3, b * 5))}
    assert {a, b} & reached == {[b, a][cut]}


def test_gradient_penalty_trains():
    """The gradient of a gradient norm reaches a parameter, as in a gradient penalty."""
    w = ag.Parameter([[0.5, -1.0]])
    x = ag.Tensor([[1.0, 2.0]], requires_grad=True)
    (slope,) = ag.grad(ag.tanh(x @ w.T).sum(), x, create_graph=True)
    penalty = (slope * slope).sum()
    penalty.backward()

    def f(v):
        t = 1 - np.tanh(v @ [1.0, 2.0]) ** 2
        return float(((t * v) ** 2).sum())

    numeric, bar = testing.ridders_gradient(f, w.value[0])
    assert (np.abs(w.grad[0] - numeric) <= bar + 1e-13).all()
    assert (bar <= 1e-8 * np.abs(w.grad).max()).all()


def test_hvp_and_jvp_against_closed_forms():
    rng = np.random.default_rng(1)
    a = rng.standard_normal((4, 4))
    x, v = rng.standard_normal(4), rng.standard_normal(4)
    value, (product,) = ag.hvp(lambda t: (t * (a @ t)).sum(), [x], [v])
    np.testing.assert_allclose(value, x @ a @ x)
    np.testing.assert_allclose(product, (a + a.T) @ v)
    value, tangent = ag.jvp(lambda t: ag.exp(a @ t), [x], [v])
    np.testing.assert_allclose(tangent, np.exp(a @ x) * (a @ v))
    assert ag.hvp(lambda t: 3 * t, [2.0], [1.0]) == (6.0, (0.0,))
    assert ag.jvp(lambda t, u: u * 2, [2.0, 3.0], [1.0, 0.0]) == (6.0, 0.0)
    with pytest.raises(ag.ShapeError, match="expected the same"):
        ag.jvp(lambda t: t, [x], [v[:2]])


def test_backward_from_a_gate_without_a_rule_says_so():
    with pytest.raises(ag.GradientError, match=r"from greater does not require a gradient: this gate has no rule"):
        (ag.Tensor([2.0], requires_grad=True) > 1).backward()


def test_hvp_and_jvp_of_one_input_that_is_no_list():
    x, v = ag.Tensor([1.0, 2.0], requires_grad=True), np.array([1.0, 0.5])
    value, product = ag.hvp(lambda t: (t**3).sum(), x, v)
    assert value == 9.0
    np.testing.assert_array_equal(product, 6 * x.value * v)
    np.testing.assert_array_equal(ag.jvp(lambda t: t**3, x.value, v)[1], 3 * x.value**2 * v)
    assert ag.hvp(lambda t: t**3, ag.Scalar(2.0), 1.0) == (8.0, 12.0)


def test_grad_takes_the_parameters_of_a_model_as_they_come():
    x, y = ag.Scalar(2.0), ag.Scalar(3.0)
    assert ag.grad(x * y, iter([x, y])) == (3.0, 2.0)


def test_scalars_and_tensors_mix():
    s, t = ag.Scalar(2.0), ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (s * t + s).sum()
    y.backward()
    assert type(s.grad) is float
    assert s.grad == 9.0
    np.testing.assert_array_equal(t.grad, [2, 2, 2])
    (first,) = ag.grad((s * s * t).sum(), s, create_graph=True)
    assert ag.grad(first, s)[0] == 12.0


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (lambda x: 1 / x, 0.0, np.inf, -np.inf),
        (lambda x: ag.log(x), 0.0, -np.inf, np.inf),
        (lambda x: ag.exp(x), 1000.0, np.inf, np.inf),
        (lambda x: x**-1, 0.0, np.inf, -np.inf),
        (lambda x: x**0.5, -1.0, np.nan, np.nan),
        (lambda x: ag.sqrt(x), 0.0, 0.0, np.inf),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_scalars_follow_ieee_where_python_would_raise(f, x, value, slope):
    scalar, tensor = ag.Scalar(x), ag.Tensor([x], requires_grad=True)
    for node in (scalar, tensor):
        y = f(node)
        y.backward()
        np.testing.assert_array_equal(np.ravel(y.value)[0], value)
        np.testing.assert_array_equal(np.ravel(node.grad)[0], slope)


def test_ties_and_kinks_follow_the_promises():
    """First input or first index takes the whole gradient; relu and abs give 0 at 0."""
    a, b = ag.Scalar(2.0), ag.Scalar(2.0)
    assert ag.grad(ag.maximum(a, b), [a, b]) == (1.0, 0.0)
    assert ag.grad(ag.minimum(a, b), [a, b]) == (1.0, 0.0)
    zero = ag.Scalar(0.0)
    assert ag.grad(ag.relu(zero), zero) == (0.0,)
    assert ag.grad(ag.abs(zero), zero) == (0.0,)
    t = ag.Tensor([[1.0, 3.0, 3.0], [3.0, 0.0, 3.0]], requires_grad=True)
    np.testing.assert_array_equal(ag.grad(t.max(), t)[0], [[0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(ag.grad(t.max(axis=0).sum(), t)[0], [[0, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(ag.grad((0.0 * zero + ag.power(zero, 0)), zero)[0], 0.0)


def test_nan_propagates_through_the_gates_that_choose():
    for x in (ag.Scalar(np.nan), ag.Tensor([np.nan])):
        for y in (
            ag.relu(x),
            ag.maximum(x, 1.0),
            ag.maximum(1.0, x),
            ag.minimum(x, 1.0),
            ag.minimum(1.0, x),
            ag.max(x),
        ):
            assert np.isnan(np.ravel(y.value)[0])


def test_stable_far_out_in_float32():
    x = ag.Tensor(np.array([-1e4, -80, 0, 80, 1e4], np.float32), requires_grad=True)
    y = ag.sigmoid(x)
    np.testing.assert_array_equal(y.value[[0, 2, 3, 4]], np.float32([0, 0.5, 1, 1]))
    np.testing.assert_allclose(y.value[1], np.exp(-80), rtol=1e-5)
    assert np.isfinite(ag.grad(y.sum(), x)[0]).all()
    logits = ag.Tensor(np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]], np.float32), requires_grad=True)
    z = ag.log_softmax(logits)
    np.testing.assert_allclose(z.value, [[0, -2e4, -1e4], [-np.log(3)] * 3], rtol=1e-6)
    assert np.isfinite(ag.grad(z.sum(), logits)[0]).all()


OPERATIONS = ["add", "subtract", "multiply", "maximum", "tanh", "sigmoid", "relu", "negative"]


@given(
    st.lists(st.floats(-2, 2).map(lambda v: round(v, 3) + 0.0007), min_size=2, max_size=4),
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12),
)
def test_random_graphs_of_scalars_and_tensors_agree_with_numeric_gradients(values, program):
    """Any graph: Scalars and 0-d Tensors agree to the last bits, and with differences, beside kinks too."""

    def build(*leaves):
        made = list(leaves)
        for name, i, j in program:
            a, b = made[i % len(made)], made[j % len(made)]
            gate = ag.GATES[name]
            made.append(gate(a, b) if gate.arity == 2 else gate(a))
        return made[-1]

    scalars = [ag.Scalar(v) for v in values]
    tensors = [ag.Tensor(v, requires_grad=True) for v in values]
    output = build(*scalars)
    first = ag.grad(output, scalars, allow_unused=True)
    second = ag.grad(build(*tensors), tensors, allow_unused=True)
    for x, y in zip(first, second, strict=True):
        assert (x is None) == (y is None)
        assert x is None or np.isclose(x, float(y), rtol=1e-12, atol=1e-12)
    assume(abs(output.value) < 1e3)
    testing.assert_proved(build, *values, within=1e-7)
