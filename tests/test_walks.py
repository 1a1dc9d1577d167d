"""The two walks back through a graph, the one to watch and the fast one that fills gradients, and serial numbers."""

import copy
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import gate
from autograd_cnn.graph.serial import PAGE
from autograd_cnn.registry import GATES

BINARY = ["add", "subtract", "multiply", "divide", "maximum", "power"]
UNARY = ["relu", "tanh", "negative", "square", "exp"]


def leaves_drawn(draw):
    """Return Scalars and Tensors, some of them constants."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        value, needs = draw(st.sampled_from([0.5, 0.75, 1.25, 2.0])), draw(st.booleans())
        kind = draw(st.sampled_from(["scalar", "number", "vector", "matrix"]))
        if kind == "scalar":
            made.append(ag.Scalar(value, requires_grad=needs))
        elif kind == "number":
            made.append(ag.Tensor(value, requires_grad=needs))
        else:
            dtype = draw(st.sampled_from([np.float32, np.float64]))
            array = np.full((2,) if kind == "vector" else (2, 2), value, dtype)
            made.append(ag.Tensor(array, requires_grad=needs))
    return [ag.Scalar(1.5), *made]


@st.composite
def graphs(draw):
    """Return a node that many gates made of Scalars, Tensors and numbers, leaves among them made in between."""
    made = leaves_drawn(draw)
    for _ in range(draw(st.integers(1, 25))):
        a = draw(st.sampled_from(made))
        if draw(st.booleans()):
            made.append(GATES[draw(st.sampled_from(UNARY))](a))
        else:
            b = draw(st.one_of(st.sampled_from(made), st.sampled_from([2.0, 3, True])))
            pair = (a, b) if draw(st.booleans()) else (b, a)
            made.append(GATES[draw(st.sampled_from(BINARY))](*pair))
        if draw(st.integers(0, 5)) == 0:
            made.append(ag.Scalar(0.25))
            for _ in range(draw(st.sampled_from([0, PAGE - 3, 2 * PAGE]))):
                ag.Scalar(0.0)
    return (made[-1] * made[0]).sum()


@given(graphs())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_both_walks_give_every_node_the_same_gradient_to_the_last_bit(output):
    steps = {step.node: step.upstream for step in ag.backward_steps(output)}
    order = [step.node.serial for step in ag.backward_steps(output) if not step.node.is_leaf]
    output.backward()
    assert order == sorted(order, reverse=True)
    for node in ag.topological_order(output):
        if node in steps:
            np.testing.assert_array_equal(node.grad, steps[node])
            assert type(node.grad) is type(steps[node])
        else:
            assert node.grad is None


@given(graphs())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_freeing_the_graph_changes_no_gradient(output):
    leaves = [node for node in ag.topological_order(output) if node.is_leaf]
    output.backward()
    kept = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    output.backward(retain="leaves")
    assert [leaf.grad is None for leaf in leaves] == [x is None for x in kept]
    for leaf, x in zip(leaves, kept, strict=True):
        np.testing.assert_array_equal(np.nan if x is None else leaf.grad, np.nan if x is None else x)
    with pytest.raises(ag.GradientError, match="was freed by backward"):
        output.backward()


@pytest.mark.parametrize("made_between", [0, 1, PAGE, 3 * PAGE])
@pytest.mark.parametrize("with_scalar", [True, False])
def test_a_leaf_assigned_after_its_use_is_named_and_nothing_is_written(made_between, with_scalar):
    w, v = ag.Scalar(2.0, name="w"), ag.Scalar(3.0)
    other = v if with_scalar else 3.0
    y = (w * other + v) * v
    for _ in range(made_between):
        ag.Scalar(0.0)
    w.assign(5.0)
    with pytest.raises(ag.GradientError, match="'w' 5 was assigned a new value after"):
        y.backward()
    assert (w.grad, v.grad) == (None, None)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda u, y, a, b: (u, u, u), "returned 3 gradients for 2 inputs"),
        (lambda u, y, a, b: u, "returned 1 gradients for 2 inputs"),
    ],
)
def test_a_wrong_rule_on_scalars_is_named_and_no_leaf_is_written(rule, message):
    @gate("w")
    def wrong(a, b):
        return a + b

    wrong.vjp(rule)
    a, b = ag.Scalar(1.0), ag.Scalar(2.0)
    with pytest.raises(ag.GradientError, match=f"wrong: its rule {message}"):
        (wrong(a, b) * a).backward()
    assert (a.grad, b.grad) == (None, None)


@pytest.mark.usefixtures("registry")
def test_a_rule_may_give_an_integer_or_none_where_a_float_is_due():
    @gate("o")
    def one_sided(a, b):
        return a * b

    one_sided.vjp(lambda u, y, a, b: (2, None))
    a, b = ag.Scalar(1.0), ag.Scalar(2.0)
    (one_sided(a, b) + 0.0).backward()
    assert (a.grad, type(a.grad), b.grad) == (2.0, float, None)


@pytest.mark.usefixtures("registry")
def test_a_rule_given_later_serves_the_nodes_made_before():
    @gate("later")
    def later(a, b):
        return a * b

    later.vjp(lambda u, y, a, b: (u, u))
    a, b = ag.Scalar(3.0), ag.Scalar(4.0)
    y = later(a, b)
    later.vjp(lambda u, y, a, b: (u * b, u * a))
    y.backward()
    assert (a.grad, b.grad) == (4.0, 3.0)


def test_serial_numbers_rise_page_by_page():
    nodes = [ag.Scalar(0.0) for _ in range(2 * PAGE + 5)]
    serials = [node.serial for node in nodes]
    assert serials == list(range(serials[0], serials[0] + len(serials)))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def test_a_graph_and_its_copy_can_be_joined(duplicate):
    """No two nodes share a serial number, and those of the copy have the order of its graph."""
    x = ag.Scalar(3.0)
    y = ag.tanh(x * x * 0.1) * x
    twin = duplicate(y)
    nodes = ag.topological_order(twin)
    for node in nodes:
        assert all(part.serial < node.serial for part in node.inputs if isinstance(part, ag.Scalar))
    assert not {node.serial for node in nodes} & {node.serial for node in ag.topological_order(y)}
    (y + twin * 2.0).backward()
    (expected,) = ag.grad(y, x)
    assert (x.grad, nodes[0].grad) == (expected, 2 * expected)
    assert ag.Scalar(0.0).serial > twin.serial


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def test_a_copy_remembers_that_a_leaf_was_assigned_after_its_use(duplicate):
    x = ag.Scalar(3.0, name="x")
    y = x * x + 1.0
    x.assign(4.0)
    for use in (lambda node: node.backward(), lambda node: list(ag.backward_steps(node))):
        with pytest.raises(ag.GradientError, match="'x' 4 was assigned a new value after"):
            use(duplicate(duplicate(y)) * 1.0)


def test_serial_numbers_of_threads_are_all_different():
    made = []

    def work():
        x = ag.Scalar(1.0)
        own = [x]
        for _ in range(2000):
            own.append(own[-1] + x)
        made.append([node.serial for node in own])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({serial for own in made for serial in own}) == 4 * 2001
    assert all(own == sorted(own) for own in made)


def test_what_nodes_share_is_not_changed_by_changing_one():
    x = ag.Scalar(2.0)
    a, b = x * x, x * x
    a.name, a.scope = "a", "layer"
    assert (b.name, b.scope, a.gate, a.name, a.scope) == (None, "", ag.multiply, "a", "layer")
    a.inputs = (x, 3.0, x)
    assert (a.inputs, b.inputs) == ((x, 3.0, x), (x, x))
    a.attributes = {"axis": 0}
    assert (a.attributes, b.attributes) == ({"axis": 0}, {})


def test_a_layer_that_is_entered_again_makes_nodes_that_share_their_origin():
    x = ag.Scalar(2.0)
    made = []
    for _ in range(2):
        with ag.scope("outer"), ag.scope("inner"):
            made.append(x * x)
    assert made[0]._origin is made[1]._origin
    assert made[0].scope == "outer/inner"


def test_layers_share_their_origins_however_many_there_were_before():
    x = ag.Scalar(2.0)
    for k in range(1001):  # more than are remembered
        with ag.scope(f"forgotten {k}"):
            x * x
    made = []
    for _ in range(2):
        with ag.scope("entered again"):
            made.append(x * x)
    assert made[0]._origin is made[1]._origin
