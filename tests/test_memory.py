"""What graphs cost: bytes per node, no reference cycles, freed while gradients are computed."""

import gc
import tracemalloc
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import gate


@contextmanager
def without_collection():
    """Let nothing be freed but by counting references."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def network_of_scalars(count):
    """Return a graph of `count` products, sums and ReLUs each, and its leaves."""
    weights = [ag.Scalar(0.5 + i % 7) for i in range(20)]
    total = ag.Scalar(0.0)
    for i in range(count):
        total = total + ag.relu(weights[i % 20] * total)
        if i % 5 == 0:
            total = total * 0.01
    return total, weights


@pytest.mark.parametrize("retain", [None, "all"])
def test_a_node_of_scalars_takes_130_bytes_at_most(retain):
    """Its value included; and, after a backward pass that keeps them, all gradients too where they are shared."""
    network_of_scalars(100)  # what is made once
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        total = ag.Scalar(1.0)
        parts = [ag.Scalar(0.5) for _ in range(10)]
        for i in range(10_000):
            total = total + parts[i % 10] * parts[i // 10 % 10]
        if retain:
            total.backward(retain=retain)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used / 20_000 < 130


def convolved():
    """Return the sum of a small graph of Tensors."""
    image = ag.Tensor(np.ones((1, 1, 6, 6)), requires_grad=True)
    features = ag.functional.conv2d(image, ag.Parameter(np.ones((2, 1, 3, 3))))
    features = ag.functional.max_pool2d(ag.relu(features), 2)
    return (features * features).sum()


@pytest.mark.parametrize("retain", ["all", "leaves"])
def test_graphs_have_no_reference_cycles(retain):
    convolved().backward()  # kernels are made ready once
    with without_collection():
        total, weights = network_of_scalars(1000)
        loss = convolved() + total
        watched = [weakref.ref(node._value) for node in ag.nodes(loss) if isinstance(node, ag.Tensor)]
        loss.backward(retain=retain)
        assert len(watched) > 5
        del total, loss, weights
        assert gc.collect() == 0
        assert [w() for w in watched] == [None] * len(watched)


def test_a_recorded_backward_pass_has_no_reference_cycles():
    with without_collection():
        x = ag.Tensor([1.0, 2.0], requires_grad=True)
        (first,) = ag.grad((ag.tanh(x) * x).sum(), x, create_graph=True)
        (second,) = ag.grad(first.sum(), x)
        assert second.shape == (2,)
        del first, second, x
        assert gc.collect() == 0


@pytest.mark.usefixtures("registry")
def test_retain_leaves_frees_the_graph_while_gradients_are_computed():
    """When the rule of the first gate runs, the arrays of all later nodes but the output are gone."""
    watched, alive = [], []

    @gate("witness")
    def witness(x):
        return x + 0

    @witness.vjp
    def _(upstream, output, x):
        alive.append(sum(w() is not None for w in watched))
        return upstream

    for retain, expected in (("all", 100), ("leaves", 0)):
        x = ag.Tensor(np.ones(3), requires_grad=True)
        y = witness(x * 2)
        for _ in range(50):
            y = ag.reshape(ag.tanh(y) * y, shape=(3,))
            watched.append(weakref.ref(y.inputs[0]._value))
            watched.append(weakref.ref(y.inputs[0].inputs[0]._value))
        loss = y.sum()
        del y
        with without_collection():
            loss.backward(retain=retain)
        assert alive.pop() == expected
        watched.clear()
        assert loss.inputs is None or retain == "all"


def test_freed_nodes_keep_their_value_and_lose_what_was_saved():
    x = ag.Tensor(np.arange(16.0).reshape(1, 1, 4, 4), requires_grad=True)
    pooled = ag.functional.max_pool2d(x, 2)
    assert "switches" in pooled.attributes
    pooled.sum().backward(retain="leaves")
    assert (pooled.inputs, pooled.attributes) == (None, {})
    np.testing.assert_array_equal(pooled.value.ravel(), [5, 7, 13, 15])


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_every_node_has_one_turn_however_many_paths_lead_to_it(depth):
    """2^depth paths, and a gradient that would show if one were walked twice."""
    x = ag.Scalar(1.0)
    y = x
    for _ in range(depth):
        y = (y + y) * 0.5
    y.backward()
    assert x.grad == 1.0
