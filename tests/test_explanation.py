"""The chain rule of one gradient: paths counted, the heaviest listed, and their sum the gradient."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import autograd_cnn as ag
from autograd_cnn import nn


def scalars(*values):
    return [ag.Scalar(v, name=n) for v, n in zip(values, "xyzwuvab", strict=False)]


def test_the_worked_example_of_the_notes_as_text():
    """CS231n, backpropagation: f = (x + y) z at (−2, 5, −4)."""
    x, y, z = scalars(-2, 5, -4)
    q = x + y
    q.name = "q"
    assert str(ag.explain(q * z, x)).splitlines() == [
        "∂f/∂x = −4: one path leads from x to f.",
        "1. ∂f/∂q · ∂q/∂x = (−4) · 1 = −4",
        "     f = q × z   ∂f/∂q = −4",
        "     q = x + y   ∂q/∂x = 1",
        "× multiply: Switcher: each input receives the upstream gradient times the other input.",
        "+ add: Distributor: each input receives the upstream gradient unchanged.",
    ]


def test_a_notebook_without_latex_prints_it_as_text():
    x, y = scalars(2, 3)
    explained = ag.explain(x * y, x)
    assert pretty(explained) == str(explained)


def test_as_latex_with_the_numbers_below():
    x, y, z = scalars(-2, 5, -4)
    f = (x + y) * z
    assert ag.explain(f, x).latex() == (
        r"\frac{\partial f}{\partial x} = \underbrace{\frac{\partial f}{\partial v_{1}}}_{-4} \cdot "
        r"\underbrace{\frac{\partial v_{1}}{\partial x}}_{1} = -4"
    )
    assert ag.explain(f, x)._repr_latex_().startswith(r"$\displaystyle \frac")
    w = ag.Parameter([1.0, 2.0], name="hidden.weight")
    assert r"\partial \mathrm{hidden.weight[1]}" in ag.explain((w * w).sum(), w, 1).latex()


def test_two_paths_add_up_and_a_closed_one_is_said():
    a, b = ag.Scalar(2.0, name="a"), ag.Scalar(-3.0, name="b")
    explained = ag.explain(ag.relu(a * b) + a * a, a)
    assert (explained.gradient, explained.count, explained.closed, explained.rest) == (4.0, 3, 1, 0.0)
    assert [path.product for path in explained.paths] == [2.0, 2.0, -0.0]
    assert [link.slot for path in explained.paths[:2] for link in path.links] == [1, 0, 1, 1]
    text = str(explained)
    assert "∂f/∂a = 4: the sum over 3 paths from a to f." in text
    assert "(input 1)" in text
    assert "(input 2)" in text
    assert "1 path is closed: a local gradient on the way is 0." in text
    assert "= 1 · 0 · (−3) = 0" in text


def test_sixty_doublings_are_explained_at_once():
    """2⁶⁰ paths of 60 links each: none is walked but those that are listed."""
    x = y = ag.Scalar(1.5, name="x")
    for _ in range(60):
        y = y + y
    assert ag.grad(y, x) == (2.0**60,)
    explained = ag.explain(y, x, most=3)
    assert (explained.count, explained.gradient, explained.closed) == (2**60, 2.0**60, 0)
    assert [(len(path.links), path.product) for path in explained.paths] == [(60, 1.0)] * 3
    assert explained.rest == 2.0**60 - 3
    text = str(explained)
    assert "the sum over 1,152,921,504,606,846,976 paths" in text
    assert "The other 1,152,921,504,606,846,973 paths add 1.15292e+18." in text
    assert "… 58 more like it" in text
    assert len(text.splitlines()) < 20
    assert r"\text{ more: }1.15292\cdot 10^{18}" in explained.latex()
    for _ in range(40):
        y = y + y
    assert "the sum over more than 2^100 paths" in str(ag.explain(y, x))


OPERATIONS = ["add", "subtract", "multiply", "maximum", "tanh", "relu", "negative"]


@given(
    st.lists(st.integers(-16, 16).map(lambda v: v / 8), min_size=2, max_size=3),
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=9),
)
def test_the_sum_over_all_paths_is_the_gradient_and_the_heaviest_come_first(values, program):
    made = leaves = scalars(*values)
    made = list(made)
    for name, i, j in program:
        gate = ag.GATES[name]
        made.append(gate(made[i % len(made)], made[j % len(made)]) if gate.arity == 2 else gate(made[i % len(made)]))
    output = made[-1]
    for leaf in leaves:
        (gradient,) = ag.grad(output, leaf, allow_unused=True)
        if gradient is None:
            with pytest.raises(ag.GradientError, match="does not depend on"):
                ag.explain(output, leaf)
            continue
        explained = ag.explain(output, leaf, most=100_000)
        every = list(walked(output, leaf))
        assert explained.count == len(explained.paths) == len(every)
        assert explained.closed == sum(0.0 in locals_ for locals_ in every)
        products = [path.product for path in explained.paths]
        scale = max(1.0, sum(map(abs, products)))
        assert sum(products) == pytest.approx(gradient, abs=1e-12 * scale)
        assert sorted(map(abs, products), reverse=True) == list(map(abs, products))
        np.testing.assert_allclose(sorted(np.prod(p) for p in every), sorted(products), rtol=1e-12, atol=1e-300)
        few = ag.explain(output, leaf, most=2)
        assert [p.product for p in few.paths] == products[:2]
        assert few.rest + sum(p.product for p in few.paths) == pytest.approx(gradient, abs=1e-12 * scale)
        for path in explained.paths:
            assert path.links[0].user is output
            assert path.links[-1].source is leaf
            assert all(a.source is b.user for a, b in zip(path.links, path.links[1:], strict=False))
            assert path.product == pytest.approx(np.prod([link.local for link in path.links]), rel=1e-12)


def walked(node, goal):
    """Every path, one by one: the local gradients on it."""
    if node is goal:
        yield ()
    elif node.gate is not None:
        for x, local in zip(node.inputs, ag.downstream_gradients(node, 1.0), strict=True):
            if local is not None:
                for rest in walked(x, goal):
                    yield (local, *rest)


def test_of_a_node_on_the_way_and_of_the_output_itself():
    x, y = scalars(3.0, 4.0)
    q = x * y
    f = q * q
    assert ag.explain(f, q).gradient == 24.0
    assert ag.explain(f, q).count == 2
    itself = ag.explain(f, f)
    assert (itself.gradient, itself.count, itself.paths[0].links) == (1.0, 1, ())
    assert "the output itself" in str(itself)
    assert itself.latex().endswith("= 1 = 1")


def test_one_element_of_a_tensor_through_a_layer_and_a_loss():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        fc1=nn.Linear(4, 3, rng=0, dtype=np.float64), act=nn.Tanh(), fc2=nn.Linear(3, 2, rng=1, dtype=np.float64)
    )
    x = ag.Tensor(rng.standard_normal((2, 4)))
    loss = nn.CrossEntropyLoss()(model(x), np.array([0, 1]))
    weight = model.fc1.weight
    (gradient,) = ag.grad(loss, weight)
    for place in ((0, 0), (2, 3)):
        explained = ag.explain(loss, weight, place, most=1000)
        assert explained.gradient == pytest.approx(gradient[place], rel=1e-10)
        assert sum(p.product for p in explained.paths) == pytest.approx(gradient[place], rel=1e-10)
        assert explained.count == len(explained.paths) > 2
    assert ag.explain(loss, weight, (-1, -1)).gradient == explained.gradient
    hidden = loss.gate and next(n for n in ag.nodes(loss, gate="tanh"))
    assert ag.explain(loss, hidden, (1, 2)).gradient == pytest.approx(ag.grad(loss, hidden)[0][1, 2], rel=1e-10)


def test_what_cannot_be_explained_says_the_way_out():
    x, y = scalars(1.0, 2.0)
    w = ag.Parameter([1.0, 2.0], name="w")
    with pytest.raises(ag.GradientError, match=r"does not depend on Scalar 'y' 2"):
        ag.explain(x * 2, y)
    with pytest.raises(ag.GradientError, match=r"does not depend on element \(1,\)"):
        ag.explain(w[0] * 2, w, 1)
    with pytest.raises(ag.ShapeError, match="2 elements, expected one; pick one"):
        ag.explain(w * 2, w, 0)
    with pytest.raises(ag.ShapeError, match="say which one with index="):
        ag.explain((w * 2).sum(), w)
    for index in (2, (0, 0), slice(None)):
        with pytest.raises(ag.OutOfRangeError, match="names no single element"):
            ag.explain((w * 2).sum(), w, index)
    with pytest.raises(ag.ArgumentError, match="most=0"):
        ag.explain(x * 2, x, most=0)
    big = ag.Parameter(np.ones((1000, 1000)))
    with pytest.raises(ag.ArgumentError, match="explain one sample"):
        ag.explain((big @ big).sum(), big, (0, 0))


def test_a_freed_graph_says_so():
    x = ag.Scalar(2.0)
    y = x * 3 + 1
    y.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match=r"was freed by backward\(retain='leaves'\)"):
        ag.explain(y, x)


def test_an_explanation_is_frozen_data():
    x, y = scalars(1.0, 2.0)
    explained = ag.explain(x * y, x)
    with pytest.raises(dataclasses.FrozenInstanceError):
        explained.gradient = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        explained.paths[0].links[0].local = 0.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_and_infinite_gradients_are_shown_first():
    (x,) = scalars(0.0)
    explained = ag.explain(ag.sqrt(x) + x, x)
    assert explained.gradient == np.inf
    assert explained.paths[0].product == np.inf
    assert r"\infty" in explained.latex()
