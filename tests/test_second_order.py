"""Jacobian, Hessian, gates differentiated through their expansion, checkpoints, graphs of gradients, hard graphs."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import nn, testing
from autograd_cnn.registry import gate
from autograd_cnn.testing.strategies import SEEDS

# Jacobian and Hessian


@given(SEEDS, st.integers(1, 3), st.integers(1, 3))
def test_jacobian_of_a_linear_map_is_its_matrix(number, rows, columns):
    matrix = np.random.default_rng(number).standard_normal((rows, columns))
    np.testing.assert_allclose(ag.jacobian(lambda x: matrix @ x, np.ones(columns)), matrix, rtol=1e-12)


@given(SEEDS)
def test_jacobian_and_hessian_equal_numeric_ones(number):
    rng = np.random.default_rng(number)
    x = rng.uniform(-1, 1, (2, 2))

    def f(t):
        return ag.tanh(t @ t) * ag.exp(t)

    found = ag.jacobian(f, x)
    assert found.shape == (2, 2, 2, 2)
    for at in np.ndindex(2, 2):
        numeric, bar = testing.ridders_gradient(lambda v, at=at: float(f(ag.Tensor(v)).value[at]), x)
        assert (np.abs(found[at] - numeric) <= bar + 1e-13).all()  # and what rounding makes of numbers near 1
        assert (bar <= 1e-8 * max(np.abs(found).max(), 1e-3)).all()
    matrix = ag.hessian(lambda t: f(t).sum(), x)
    first = ag.jacobian(lambda t: f(t).sum(), x)
    assert first.shape == (2, 2)
    np.testing.assert_allclose(matrix, matrix.transpose(2, 3, 0, 1), rtol=1e-9, atol=1e-12)
    v = rng.uniform(-1, 1, (2, 2))
    _, (product,) = ag.hvp(lambda t: f(t).sum(), [x], [v])
    np.testing.assert_allclose(np.tensordot(matrix, v), product, rtol=1e-9, atol=1e-12)


def test_shapes_follow_torch():
    """A single input or output stands alone, several make tuples; what has no influence is 0."""
    a, b = np.array([1.0, 2.0]), np.array([[3.0], [4.0], [5.0]])
    row = ag.jacobian(lambda x, y: x * x + y.sum(), (a, b))
    assert [block.shape for block in row] == [(2, 2), (2, 3, 1)]
    both = ag.jacobian(lambda x, y: (x.sum(), y * 2), (a, b))
    assert [[block.shape for block in r] for r in both] == [[(2,), (3, 1)], [(3, 1, 2), (3, 1, 3, 1)]]
    assert not both[0][1].any()
    assert not both[1][0].any()
    blocks = ag.hessian(lambda x, y: (x * x).sum() * y.sum(), (a, b))
    assert [[block.shape for block in r] for r in blocks] == [[(2, 2), (2, 3, 1)], [(3, 1, 2), (3, 1, 3, 1)]]
    np.testing.assert_array_equal(blocks[0][0], 24 * np.eye(2))
    np.testing.assert_array_equal(blocks[0][1][:, :, 0], [[2, 2, 2], [4, 4, 4]])
    assert not blocks[1][1].any()
    assert ag.hessian(lambda x: x**3, 2.0) == 12.0
    assert ag.hessian(lambda x, y: x * y * y, (2.0, 3.0)) == ((0.0, 6.0), (6.0, 4.0))
    assert ag.jacobian(lambda x: ag.stack([x, x * x]), 3.0).tolist() == [1.0, 6.0]
    assert ag.hessian(lambda x: 3 * x, 2.0) == 0.0
    assert ag.jacobian(lambda x: ag.Tensor([1.0, 2.0]), a).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ag.ShapeError, match=r"hessian: the function returned shape \(2,\), expected one element"):
        ag.hessian(lambda x: x * x, a)


def test_hessian_of_softmax_cross_entropy_is_diag_p_minus_p_pt():
    logits = np.array([[1.0, -0.5, 0.25]])
    p = np.exp(logits[0]) / np.exp(logits[0]).sum()
    found = ag.hessian(lambda x: ag.functional.cross_entropy(x, np.array([1])), logits)[0, :, 0, :]
    np.testing.assert_allclose(found, np.diag(p) - np.outer(p, p), rtol=1e-10, atol=1e-12)


def test_a_newton_step_solves_a_quadratic():
    matrix, target = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0])

    def f(x):
        return 0.5 * (x * (matrix @ x)).sum() - (target * x).sum()

    x = np.array([5.0, -7.0])
    x = x - np.linalg.solve(ag.hessian(f, x), ag.jacobian(f, x))
    np.testing.assert_allclose(matrix @ x, target, atol=1e-12)


def test_hvp_through_a_convolutional_network():
    """Convolution, batch statistics, pooling, cross entropy: H·v against differences of gradients."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((2, 1, 6, 6)), np.array([0, 2])
    fc = rng.standard_normal((3, 8)) / 3

    def f(w):
        h = ag.functional.conv2d(ag.Tensor(x), w, padding=1)
        h = (h - h.mean(axis=(0, 2, 3), keepdims=True)) / ag.sqrt((h * h).mean(axis=(0, 2, 3), keepdims=True) + 0.1)
        h = ag.functional.avg_pool2d(ag.functional.max_pool2d(ag.tanh(h), 2, stride=1, fit="floor"), 2, fit="floor")
        return ag.functional.cross_entropy(h.reshape(2, -1) @ fc.T, labels)

    w, v = rng.standard_normal((2, 1, 3, 3)), rng.standard_normal((2, 1, 3, 3))
    _, (product,) = ag.hvp(f, [w], [v])

    for at in np.ndindex(w.shape):

        def slope(p, at=at):
            leaf = ag.Tensor(p, requires_grad=True)
            return ag.grad(f(leaf), leaf)[0][at]

        numeric, bar, _ = testing.directional_difference(slope, w, v, step=2.0**-10)
        assert abs(product[at] - numeric) <= bar + 1e-13 <= 1e-8 * np.abs(product).max()


# Through the expansion


@pytest.mark.usefixtures("registry")
def test_a_compound_gate_without_a_rule_goes_through_its_expansion():
    @gate("x·tanh x")
    def product_with_tanh(x, *, scale=1.0):
        return scale * x * np.tanh(x)

    @product_with_tanh.expansion
    def _(x, *, scale):
        return scale * (x * ag.tanh(x))

    for x in (ag.Scalar(0.7), ag.Tensor([0.7, -0.2], requires_grad=True)):
        y, plain = product_with_tanh(x, scale=2.0), 2.0 * x * ag.tanh(x)
        assert y.requires_grad
        seed = np.ones(y.shape) if y.shape else None
        np.testing.assert_allclose(ag.grad(y, x, seed), ag.grad(plain, x, seed), rtol=1e-14)
        (first,), (same,) = ag.grad(y, x, seed, create_graph=True), ag.grad(plain, x, seed, create_graph=True)
        np.testing.assert_allclose(ag.grad(first, x, seed), ag.grad(same, x, seed), rtol=1e-14)


@pytest.mark.usefixtures("registry")
def test_a_rule_declared_not_differentiable_serves_first_order_only():
    calls = []

    @gate("cube")
    def cube(x):
        return x * x * x

    @cube.vjp(differentiable=False)
    def _(upstream, output, x):
        calls.append(type(x))
        return upstream * np.float64(3.0) * x**2

    @cube.expansion
    def _(x):
        return x * x * x

    x = ag.Tensor([2.0, 3.0], requires_grad=True)
    np.testing.assert_array_equal(ag.grad(cube(x), x, np.ones(2))[0], [12, 27])
    assert calls == [np.ndarray]
    (first,) = ag.grad(cube(x), x, np.ones(2), create_graph=True)
    assert calls == [np.ndarray]
    np.testing.assert_array_equal(ag.grad(first, x, np.ones(2))[0], [12, 18])


@pytest.mark.usefixtures("registry")
def test_one_input_in_two_slots_and_one_made_from_the_other():
    """The walk through an expansion ends at the inputs: what lies behind them is not counted twice."""

    @gate("a·b + a")
    def product_plus(a, b):
        return a * b + a

    @product_plus.expansion
    def _(a, b):
        return a * b + a

    x = ag.Scalar(3.0)
    assert ag.grad(product_plus(x, x), x) == (7.0,)
    y = x * x
    z = product_plus(x, y)  # x³ + x
    assert ag.grad(z, x) == (28.0,)
    assert ag.grad(z, y) == (3.0,)
    (first,) = ag.grad(z, x, create_graph=True)
    assert ag.grad(first, x) == (18.0,)
    assert ag.grad(product_plus(2.0, x), x) == (2.0,)


# Checkpoints


def block(x, w):
    h = x
    for _ in range(6):
        h = ag.tanh(h @ w)
    return h


@given(SEEDS)
def test_checkpoint_changes_neither_values_nor_gradients(number):
    rng = np.random.default_rng(number)
    x, w = ag.Tensor(rng.standard_normal((2, 3)), requires_grad=True), ag.Parameter(rng.standard_normal((3, 3)))
    plain, kept = block(x, w), ag.checkpoint(block, x, w)
    np.testing.assert_array_equal(plain.value, kept.value)
    seed = rng.standard_normal((2, 3))
    for a, b in zip(ag.grad(plain, [x, w], seed), ag.grad(kept, [x, w], seed), strict=True):
        np.testing.assert_array_equal(a, b)
    for wanted in (x, w):
        (a,), (b,) = (ag.grad((y * seed).sum(), wanted, create_graph=True) for y in (plain, kept))
        np.testing.assert_allclose(ag.grad((a * a).sum(), wanted)[0], ag.grad((b * b).sum(), wanted)[0], rtol=1e-9)


def test_checkpoint_reaches_parameters_that_the_function_merely_uses():
    model = nn.Sequential(fc1=nn.Linear(3, 4, rng=0), act=nn.Tanh(), fc2=nn.Linear(4, 2, rng=1))
    x = ag.Tensor(np.ones((2, 3), np.float32))
    (model(x) * 2).sum().backward()
    expected = [p.grad.copy() for p in model.parameters()]
    for p in model.parameters():
        p.zero_grad()
    y = ag.checkpoint(model, x)
    assert len(ag.nodes(y)) == 6  # itself, x, and four parameters
    (y * 2).sum().backward(retain="leaves")
    for p, gradient in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, gradient)


def test_checkpoint_draws_the_same_random_numbers_again():
    from autograd_cnn.random import generator

    def noisy(x):
        return x * generator().standard_normal(4)

    ag.manual_seed(0)
    x = ag.Tensor(np.ones(4), requires_grad=True)
    y = ag.checkpoint(noisy, x)
    after = generator().random()
    np.testing.assert_array_equal(ag.grad(y, x, np.ones(4))[0], y.value)
    ag.manual_seed(0)
    noisy(x)
    assert generator().random() == after
    assert generator().random() != after
    ag.manual_seed(1)  # another generator in between changes nothing
    np.testing.assert_array_equal(ag.grad(y, x, np.ones(4))[0], y.value)


def test_checkpoint_of_a_layer_with_dropout():
    model = nn.Sequential(fc=nn.Linear(3, 50, rng=0), drop=nn.Dropout(0.5), act=nn.Tanh())
    x = ag.Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    found = []
    for run in (model, lambda t: ag.checkpoint(model, t)):
        ag.manual_seed(7)
        y = run(x)
        found.append((y.value, ag.grad((y * y).sum(), x)[0]))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    dropped = (found[0][0] == 0).mean()
    assert 0.2 < dropped < 0.8


def test_checkpoint_holds_fewer_arrays():
    """Between forward and backward only inputs and outputs of the blocks are alive."""

    def alive(make):
        gc.collect()
        x, w = ag.Tensor(np.ones((2, 3)), requires_grad=True), ag.Parameter(np.full((3, 3), 0.1))
        made = []
        original = ag.GATES["tanh"].forward

        def watching(v):
            result = original(v)
            made.append(weakref.ref(result))
            return result

        ag.GATES["tanh"].forward = watching
        try:
            y = make(x, w)
            count = sum(ref() is not None for ref in made)
            y.sum().backward(retain="leaves")
        finally:
            ag.GATES["tanh"].forward = original
        return count, x.grad

    def plain(x, w):
        for _ in range(3):
            x = block(x, w)
        return x

    def checkpointed(x, w):
        for _ in range(3):
            x = ag.checkpoint(block, x, w)
        return x

    many, first = alive(plain)
    few, second = alive(checkpointed)
    assert (many, few) == (18, 3)
    np.testing.assert_array_equal(first, second)


def test_checkpoint_beside_the_rest_of_the_engine():
    x = ag.Scalar(2.0, name="x")
    y = ag.checkpoint(lambda t: ag.checkpoint(lambda u: u * u, t) * t, x)  # nested
    assert ag.grad(y, x) == (12.0,)
    assert [n.gate.name for n in ag.nodes(ag.expand(y).output) if n.gate] == ["multiply", "multiply"]
    with ag.scope("features"):
        z = ag.checkpoint(ag.tanh, x)
    assert z.scope == "features"
    with ag.no_grad():
        assert ag.checkpoint(ag.tanh, x).is_leaf
    assert ag.checkpoint(lambda t: t, x) is x
    assert not ag.checkpoint(lambda t: t * 2, ag.Tensor([1.0])).requires_grad
    with pytest.raises(ag.ArgumentError, match="returned tuple, expected one node"):
        ag.checkpoint(lambda t: (t, t), x)
    x.assign(3.0)
    with pytest.raises(ag.GradientError, match="assigned a new value after"):
        ag.grad(y, x)


# Graphs of gradients, and hard graphs


def test_the_graph_of_a_gradient_is_drawn_like_any_other():
    x, y = ag.Scalar(2.0, name="x"), ag.Scalar(3.0, name="y")
    (first,) = ag.grad(x * x * y, x, create_graph=True)
    first.backward()
    assert (first.value, x.grad, y.grad) == (12.0, 6.0, 4.0)
    source = viz.circuit(first, title="df/dx").source
    for words in ("x", "y", "×", "12", "df/dx"):
        assert words in source


def test_a_diamond_of_sixty_doublings():
    """2⁶⁰ paths: every node has its turn once, forward and backward, and at the second order."""
    x = y = ag.Scalar(1.0)
    for _ in range(60):
        y = y + y
    assert y.value == 2.0**60
    assert len(list(ag.backward_steps(y))) == 61
    assert ag.grad(y, x) == (2.0**60,)
    t = z = ag.Tensor([1.0, 2.0], requires_grad=True)
    for _ in range(60):
        z = z + z
    z.backward(np.ones(2))
    np.testing.assert_array_equal(t.grad, [2.0**60] * 2)
    (first,) = ag.grad(y * y, x, create_graph=True)
    assert ag.grad(first, x) == (2.0**121,)


def test_a_node_used_by_two_outputs():
    x = ag.Scalar(3.0)
    shared = x * x
    a, b = shared * 2, ag.exp(shared * 0)
    assert ag.grad(a, x) == (12.0,)
    assert ag.grad(b, x) == (0.0,)
    assert ag.grad(a + b * a, x) == (24.0,)
    del a
    assert ag.grad(b, shared) == (0.0,)  # the other output is gone, the shared node is not


def test_backward_from_two_roots():
    """Leaves hold the sum, as of a + b; a node between holds the gradient of the root that came last."""
    x = ag.Parameter([1.0, 2.0])
    shared = x * x
    a, b = (shared * 2).sum(), (shared * shared).sum()
    a.backward()
    b.backward()
    np.testing.assert_array_equal(shared.grad, 2 * shared.value)
    both, x.grad = x.grad, None
    (a + b).backward()
    np.testing.assert_array_equal(x.grad, both)
    np.testing.assert_array_equal(shared.grad, 2 + 2 * shared.value)


def test_freeing_from_one_root_stops_the_other_and_says_so():
    x = ag.Parameter([1.0, 2.0])
    shared = x * x
    a, b = (shared * 2).sum(), (shared * shared).sum()
    a.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match=r"was freed by backward\(retain='leaves'\)"):
        b.backward()
    with pytest.raises(ag.GradientError, match="was freed"):
        ag.expand(a)
    with pytest.raises(ag.GradientError, match="was freed"):
        ag.grad(b, x, create_graph=True)


def test_a_graph_of_gradients_is_freed_at_once():
    gc.collect()
    gc.disable()
    try:
        x = ag.Parameter(np.ones(3))
        y = ag.checkpoint(lambda t: ag.tanh(t * 2), x)
        (first,) = ag.grad((y * y).sum(), x, create_graph=True)
        watched = [weakref.ref(n._value) for n in ag.nodes(first) if not n.is_leaf]
        del y, first
        assert watched
        assert [w() for w in watched] == [None] * len(watched)
    finally:
        gc.enable()


def test_writing_into_a_value_is_refused_everywhere():
    x = ag.Parameter([1.0, 2.0])
    y = x * x
    (first,) = ag.grad(y.sum(), x, create_graph=True)
    for node in (x, y, first):
        with pytest.raises(ValueError, match="read-only"):
            node.value[0] = 5
        with pytest.raises(ValueError, match="read-only"):
            np.add(node.value, 1, out=node.value)
    with pytest.raises(AttributeError):
        y.value = np.zeros(2)
    with pytest.raises(ag.GradientError, match="neither a Parameter"):
        y.assign([0.0, 0.0])


def test_recorded_gradients_say_which_rule_made_them():
    x, y = ag.Scalar(2.0), ag.Scalar(3.0)
    with ag.scope("fc"):
        f = ag.sin(x * y) + ag.sin(x)
    (first,) = ag.grad(f, x, create_graph=True)
    (second,) = ag.grad(first, x, create_graph=True)
    assert {node.scope for node in ag.topological_order(first)} == {
        "",
        "fc",
        "backward pass",  # the seed, and the sum over both uses of x
        "backward pass/fc/gradient of sin",
        "backward pass/fc/gradient of sin 2",  # each rule stands by itself
        "backward pass/fc/gradient of multiply",
    }
    again = {node.scope for node in ag.topological_order(second)}
    assert {"backward pass 2", "backward pass 2/gradient of cos"} <= again
