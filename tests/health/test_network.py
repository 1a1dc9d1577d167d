"""Layers, wires and gradients of graphs written by hand."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn
from autograd_cnn.health.network import kept_gradients, read_network, total, walked_gradients

X = ag.Tensor(np.arange(12.0).reshape(4, 3) - 5)


def wires(network):
    return [(e.giver and e.giver.name, e.taker and e.taker.name, e.slot) for e in network.edges]


def weight(*shape):
    return ag.Parameter(np.random.default_rng(0).normal(size=shape))


def test_wires_from_the_input_to_the_loss():
    w, v = weight(3, 2), weight(2, 2)
    with ag.scope("a"):
        a = X @ w
    with ag.scope("b"):
        b = ag.tanh(a) @ v
    with ag.scope("join"):
        joined = a * b
    network = read_network((joined + a).sum())
    assert wires(network) == [
        *((None, "a", 0), ("a", "b", 0), ("a", "join", 0), ("a", None, 1), ("b", "join", 1), ("join", None, 0)),
    ]
    first, second, last = network.layers
    assert [e.taker.name for e in network.inputs(first)] == ["a"]
    assert [e.source for e in network.inputs(last)] == [a, b]
    assert [e.user.gate.name for e in network.leaving(first)] == ["tanh", "multiply", "add"]
    assert [network.parameters[group] for group in network.layers] == [[w], [v], []]
    assert [network.output(group) for group in (first, second, last)] == [a, b, joined]
    assert network.users[a] == [(user, slot) for user, slot in network.users[a] if user.inputs[slot] is a]
    assert len(network.users[a]) == 3


def test_what_leaves_a_layer_is_the_last_that_does():
    with ag.scope("two"):
        first = ag.exp(X)
        second = first * 2.0
        unused = weight(3) * 2.0
        third = second * 3.0
    network = read_network((second * first).sum() + 0.0 * (third * unused).sum())
    assert network.output(network.layers[0]) is third
    network = read_network((second * first).sum())
    assert network.output(network.layers[0]) is second


def test_how_many_samples():
    def batch(make):
        with ag.scope("layer"):
            y = make()
        return read_network(y.sum() if y.ndim else y * 1.0).batch

    assert batch(lambda: X @ weight(3, 2)) == 4
    assert batch(lambda: ag.exp(X.reshape(12))) == 4
    assert batch(lambda: ag.exp(ag.Tensor(np.ones(5)))) == 1
    assert batch(lambda: ag.Tensor(np.ones(3)) * weight(7, 3)) == 7  # no input has samples, but the output
    model, points = nn.NeuronMLP(2, [3, 1], rng=0), np.ones((6, 2)).tolist()
    assert read_network(sum(model(point) for point in points)).batch == 6
    x, w = ag.Scalar(1.0, requires_grad=False), ag.Scalar(2.0)
    assert batch(lambda: w * x) == 1
    assert batch(lambda: w * x + w * 2.0) == 2
    assert batch(lambda: x * 2.0) == 1


@pytest.mark.parametrize("given", [X, X.value])
def test_a_constant_further_on_is_no_input_even_where_the_input_is_an_array(given):
    constant = ag.Tensor(np.ones((2, 5)))
    with ag.scope("fc"):
        y = ag.matmul(given, weight(3, 2))
    with ag.scope("mixed"):
        y = ag.tanh(y @ constant)
    assert read_network(y.sum()).batch == 4


def test_constants_of_a_layer_are_its_input_only_where_nothing_else_is():
    with ag.scope("noisy"):
        noise = ag.Tensor(np.ones((4, 3)))
        y = X * noise
    assert wires(read_network(y.sum())) == [(None, "noisy", 0), ("noisy", None, 0)]
    with ag.scope("alone"):
        y = ag.exp(ag.Tensor(np.ones((4, 3))))
    assert wires(read_network(y.sum())) == [(None, "alone", 0), ("alone", None, 0)]
    with ag.scope("shift"):
        y = X * ag.Tensor(3.0)  # one number is no input
    assert wires(read_network(y.sum())) == [(None, "shift", 0), ("shift", None, 0)]
    with ag.scope("second"):
        z = y * ag.Tensor(np.ones((4, 3)))
    assert wires(read_network(z.sum())) == [(None, "shift", 0), ("shift", "second", 0), ("second", None, 0)]


def test_no_wire_leads_from_a_constant_to_the_loss():
    with ag.scope("fc"):
        y = ag.exp(ag.Tensor(np.ones((4, 3))))
    with ag.scope("loss"):
        loss = ((y - ag.Tensor(np.ones((4, 3)))) ** 2).mean()
    network = read_network(loss)
    assert wires(network) == [(None, "fc", 0), ("fc", None, 0)]
    assert network.batch == 4


def test_which_weights_are_known():
    x, w, v = X, ag.Tensor(np.ones((3, 2)), requires_grad=True), weight(2, 2)
    (group,) = (network := read_network((x @ w).sum())).layers
    assert network.parameters[group] == [w]  # found by hand
    network = read_network((x @ w @ v).sum(), {v})
    assert [network.parameters[group] for group in network.layers] == [[], [v]]  # only what the model says


@pytest.mark.parametrize(
    ("wrong", "words"), [(3.0, "got float;"), (X, r"got Tensor \(4, 3\) float64;"), (X * 2.0, r"\(4, 3\) float64 from")]
)
def test_what_is_no_loss(wrong, words):
    with pytest.raises(ag.ArgumentError, match=words):
        read_network(wrong)


def test_what_a_recorded_pass_reads_again_is_no_wire():
    x = ag.Tensor(X.value, requires_grad=True)
    with ag.scope("fc"):
        y = ag.tanh(x @ weight(3, 2))
    (gradient,) = ag.grad(y.sum(), x, create_graph=True)
    assert wires(read_network(y.sum() + (gradient * gradient).sum())) == [(None, "fc", 0), ("fc", None, 0)]
    assert [wire[:2] for wire in wires(read_network((gradient * gradient).sum()))][-1] == ("fc", None)


def test_a_leaf_may_hold_older_gradients():
    x = ag.Tensor(X.value, requires_grad=True)
    for _ in range(2):
        with ag.scope("fc"):
            y = ag.exp(x)
        loss = y.sum()
        loss.backward()
    network = read_network(loss)
    found, expected = kept_gradients(network), walked_gradients(network)
    assert found.wires.keys() == expected.wires.keys()
    for wire, gradient in expected.wires.items():
        np.testing.assert_allclose(found.wires[wire], gradient)


def test_a_layer_that_is_the_loss_gives_its_last_node():
    with ag.scope("fc"):
        loss = ag.exp(X * weight(3)).sum()
    network = read_network(loss)
    assert network.output(network.layers[0]) is loss


def test_samples_of_scalars_are_uses_of_the_first_layers_weight():
    x, w, v = ag.Scalar(1.0, requires_grad=False), ag.Scalar(2.0), ag.Scalar(3.0)
    with ag.scope("first/neuron"):
        a, b = ag.tanh(w * x), ag.tanh(w * 2.0)
    with ag.scope("second/neuron"):
        y = v * (a + b)
    assert read_network(y * 1.0).batch == 2


def test_wires_of_the_input_come_first():
    with ag.scope("a"):
        a = X @ weight(3, 3)
    with ag.scope("b"):
        b = ag.exp(a)
    with ag.scope("c"):
        c = b + X
    found = wires(read_network(c.sum()))
    assert [wire[:2] for wire in found] == [(None, "a"), (None, "c"), ("a", "b"), ("b", "c"), ("c", None)]


def test_leaves_that_were_written_to():
    w, v = weight(3, 2), weight(2, 2)
    network = read_network((ag.tanh(X @ w) @ v).sum())
    assert network.written() == []
    v.assign(v.value * 2)
    assert network.written() == [v]


def test_gradients_are_added_where_they_are_known():
    one, two = np.ones(2), np.full(2, 2.0)
    assert total([]) is total([None, None]) is None
    assert total([None, one]) is one
    np.testing.assert_array_equal(total([one, None, two, two]), [5.0, 5.0])
    np.testing.assert_array_equal(one, [1.0, 1.0])


@pytest.mark.parametrize("written", [False, True])
def test_kept_gradients_are_those_of_a_walk(written):
    """Also of a node used by two that read the same parameter: then no share can be told after the step."""
    w, v = weight(3, 3), weight(3, 3)
    x = ag.Tensor(X.value, requires_grad=True)
    with ag.scope("a"):
        a = F.linear(x, w)
    with ag.scope("b"):
        b = ag.relu(a) @ v
    with ag.scope("c"):
        c = a @ v
    with ag.scope("d"):
        d = ag.exp(a * 0.1)
    loss = (b * c * d).sum()
    network = read_network(loss)
    expected = walked_gradients(network)
    loss.backward()
    if written:
        v.assign(v.value * 2)
    found = kept_gradients(network)
    assert found.wires.keys() <= expected.wires.keys() | {(a, 0)}
    for wire, gradient in expected.wires.items():
        if gradient is None:
            assert found.wires.get(wire) is None
        else:
            np.testing.assert_allclose(found.wires[wire], gradient)
    for node, gradient in expected.nodes.items():
        np.testing.assert_allclose(found.nodes[node], gradient)


def test_a_loss_without_gradient_has_none_anywhere():
    with ag.scope("a"):
        y = ag.exp(X)
    found = walked_gradients(read_network(y.sum()))
    assert (found.nodes, found.wires) == ({}, {})


def test_a_layer_that_is_fed_reads_no_constant():
    with ag.scope("a"):
        a = ag.exp(ag.Tensor(np.ones((4, 3))))
    with ag.scope("b"):
        b = a * ag.Tensor(np.ones((4, 3)))
    assert wires(read_network(b.sum())) == [(None, "a", 0), ("a", "b", 0), ("b", None, 0)]


def test_a_wire_from_a_second_operand():
    with ag.scope("fc"):
        y = weight(3) * X
    assert wires(read_network(y.sum())) == [(None, "fc", 1), ("fc", None, 0)]


def test_a_wire_that_only_decides_carries_no_gradient_back():
    w = weight(3, 3)
    with ag.scope("fc"):
        h = X @ w
    with ag.scope("mask"):
        mask = (h > 0.0) * 1.0
    with ag.scope("join"):
        y = h * mask
    loss = y.sum()
    loss.backward()
    found = kept_gradients(network := read_network(loss))
    told = {(e.giver.name, e.taker.name): found.wires[e.user, e.slot] for e in network.edges if e.giver and e.taker}
    assert told["fc", "mask"] is None
    np.testing.assert_array_equal(told["fc", "join"], mask if isinstance(mask, np.ndarray) else mask.value)


def test_a_freed_graph_is_named():
    with ag.scope("fc"):
        loss = ag.exp(X @ weight(3, 3)).sum()
    loss.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match="was freed by backward"):
        read_network(loss)
