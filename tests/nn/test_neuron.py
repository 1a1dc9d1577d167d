"""Neurons of Scalars: gates one by one, names, and the same network made of Tensors."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn, optim

SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=3)


def twin(model, sizes):
    """The Tensor network with the weights of a NeuronMLP."""
    layers = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        if i:
            layers[f"tanh{i}"] = nn.Tanh()
        linear = nn.Linear(n_in, n_out, dtype=np.float64)
        neurons = list(getattr(model, f"layer{i}").children())
        linear.weight.assign([[getattr(neuron, f"w{k}").value for k in range(n_in)] for neuron in neurons])
        linear.bias.assign([neuron.b.value for neuron in neurons])
        layers[f"linear{i}"] = linear
    return nn.Sequential(layers)


@given(st.integers(1, 3), SIZES, st.integers(0, 1000))
def test_a_network_of_neurons_is_the_network_of_tensors(n_inputs, n_outputs, seed):
    sizes = [n_inputs, *n_outputs]
    rng = np.random.default_rng(seed)
    model = nn.NeuronMLP(n_inputs, n_outputs, "tanh", rng=rng)
    for parameter in model.parameters():
        ag.init.normal_(parameter, rng=rng)
    tensors = twin(model, sizes)
    x = rng.normal(size=n_inputs)

    outputs = model(x)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    total = sum(output * output for output in outputs)
    total.backward()
    expected = tensors(x)
    (expected * expected).sum().backward()

    np.testing.assert_allclose([output.value for output in outputs], expected.value, rtol=1e-12, atol=1e-14)
    for i in range(len(n_outputs)):
        linear = getattr(tensors, f"linear{i}")
        for row, bias, neuron in zip(
            linear.weight.grad, linear.bias.grad, getattr(model, f"layer{i}").children(), strict=True
        ):
            weights = [getattr(neuron, f"w{k}").grad for k in range(len(row))]
            np.testing.assert_allclose([*weights, neuron.b.grad], [*row, bias], rtol=1e-10, atol=1e-13)


def test_a_neuron_is_summed_gate_by_gate():
    neuron = nn.Neuron(2, "relu", rng=0)
    output = neuron([ag.Scalar(1.0, name="x0"), 2])
    gates = [node.gate.name for node in ag.nodes(output) if node.gate]
    assert gates == ["multiply", "add", "multiply", "add", "relu"]
    expected = neuron.w0.value + 2 * neuron.w1.value
    assert output.value == max(0.0, expected)


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", lambda s: max(0.0, s)),
        ("tanh", math.tanh),
        ("sigmoid", lambda s: 1 / (1 + math.exp(-s))),
        (None, float),
    ],
)
def test_activations(activation, function):
    neuron = nn.Neuron(1, activation)
    neuron.w0.assign(1.5)
    neuron.b.assign(-0.5)
    assert math.isclose(neuron([2.0]).value, function(2.5), rel_tol=1e-15)


def test_names_and_scopes():
    model = nn.NeuronMLP(2, [2, 1], rng=0)
    names = [name for name, _ in model.named_parameters()]
    assert names[:4] == ["layer0.neuron0.w0", "layer0.neuron0.w1", "layer0.neuron0.b", "layer0.neuron1.w0"]
    assert [p.name for p in model.layer1.parameters()] == ["w0", "w1", "b"]
    output = model([1.0, 2.0])
    assert output.scope == "layer1/neuron0"
    assert model.layer0.neuron1.w0 in ag.nodes(output, scope="layer0/neuron1")
    assert ag.nodes(output, scope="layer1", gate="relu") == []
    assert len(ag.nodes(output, scope="layer0", gate="relu")) == 2


def test_starting_values_are_micrograds():
    model = nn.NeuronMLP(10, [10, 10], rng=0)
    weights = [p.value for name, p in model.named_parameters() if not name.endswith(".b")]
    assert min(weights) < -0.9
    assert max(weights) > 0.9
    assert all(-1 <= w <= 1 for w in weights)
    assert all(p.value == 0 for name, p in model.named_parameters() if name.endswith(".b"))
    assert model.state_dict() == nn.NeuronMLP(10, [10, 10], rng=0).state_dict()


def test_neurons_learn_exclusive_or():
    model = nn.NeuronMLP(2, [4, 1], "tanh", rng=1)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    samples = [((0, 0), -1), ((0, 1), 1), ((1, 0), 1), ((1, 1), -1)]
    for _ in range(100):
        loss = sum((model(x) - y) ** 2 for x, y in samples)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.value < 0.05
    assert all(model(x).value * y > 0.5 for x, y in samples)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Neuron(2, "relo"), ag.UnknownNameError, "did you mean 'relu'"),
        (lambda: nn.Neuron(0), ag.ArgumentError, "n_inputs=0"),
        (lambda: nn.NeuronLayer(2, 0), ag.ArgumentError, "n_outputs=0"),
        (lambda: nn.NeuronMLP(2, []), ag.ArgumentError, "number of layers=0"),
        (lambda: nn.Neuron(2)([1.0]), ag.ShapeError, "got 1 inputs, expected 2"),
        (lambda: nn.Neuron(2)(1.0), ag.ShapeError, "got 1 inputs, expected 2"),
        (lambda: nn.Neuron(2)(ag.Tensor([1.0, 2.0])), ag.DtypeError, "expected numbers or Scalars"),
        (lambda: nn.Neuron(1)(["1"]), ag.DtypeError, "input of str"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
