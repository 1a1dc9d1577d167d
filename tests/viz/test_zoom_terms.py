"""The terms that a zoom shows of one element: they are the engine's, and add up to its numbers."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, nn
from autograd_cnn.health.network import read_network
from viz.flows import shown_report
from viz.zooms.elements import elements_of
from viz.zooms.excerpts import excerpt
from viz.zooms.sections import givers_of, parts_of
from viz.zooms.zooming import _shares


def parts(loss, model=None):
    known = None if model is None else set(model.parameters())
    network, whole = read_network(loss, known), health.inspect(loss, model=model)
    return parts_of(network, whole, shown_report(whole, merge_activations=True)), network.batch


def elements(loss, key, sample=0, most_terms=10**6):
    found, samples = parts(loss)
    part = next(part for part in found if part.key == key)
    made, note = elements_of(part, sample, samples, givers_of(found, samples), most_terms)
    assert made is not None, note
    return made


def small_network(dead=(), dtype=np.float32):
    """Return a network with stride, padding, groups, a pool and a linear layer; units of conv2 can be killed."""
    rng = np.random.default_rng(1)
    model = nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 4, 3, stride=2, padding=1, rng=rng),
            "relu1": nn.ReLU(),
            "conv2": nn.Conv2d(4, 6, 3, padding=1, groups=2, rng=rng),
            "relu2": nn.ReLU(),
            "pool": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(24, 3, rng=rng),
        }
    )
    bias = model.conv2.bias
    value = np.array(bias.value)
    value[list(dead)] = -5
    bias.assign(value)
    x = ag.Tensor(rng.normal(size=(40, 1, 7, 7)).astype(dtype), requires_grad=True, name="input")
    loss = nn.CrossEntropyLoss()(model(x), rng.integers(0, 3, 40))
    loss.backward()
    return model, loss


def summed(made, side):
    """Return the gradients that all terms and steps of a section's elements send to each source."""
    sizes = [math.prod(source.shape) for source in made.sources]
    total = np.zeros(sum(sizes))
    codes, sent = getattr(made, side), getattr(made, f"{side}_gradients")
    np.add.at(total, codes[codes >= 0], sent[codes >= 0])
    inside = made.step_operands >= 0
    if side == "right":
        np.add.at(total, made.step_operands[inside], made.step_operand_gradients[inside])
    ends = np.cumsum(sizes)[:-1]
    return {s.name: part.reshape(s.shape) for s, part in zip(made.sources, np.split(total, ends), strict=True)}


def folded_again(made, at):
    values = made.values[made.starts[at] : made.starts[at + 1]].astype(float)
    return max(values) if made.forms[made.form[at]].fold == "max" else values.sum()


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 2]))
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    span = dilation * (kernel - 1) + 1
    height, width = (span - 2 * padding + stride * draw(st.integers(1, 3)) for _ in range(2))
    channels = groups * draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = ag.Tensor(rng.normal(size=(2, channels, max(height, span), max(width, span))), requires_grad=True, name="image")
    w = ag.Parameter(rng.normal(size=(2 * groups, channels // groups, kernel, kernel)), name="weight")
    b = ag.Parameter(rng.normal(size=2 * groups), name="bias")
    with ag.scope("conv"):
        y = ag.relu(F.conv2d(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, fit="floor"))
    weights = rng.normal(size=y.shape)
    weights[1] = 0  # so that all gradients of the weights come from sample 0
    loss = (y * weights).sum()
    loss.backward()
    return loss, x, w, b, y


@settings(max_examples=25)  # the engine writes out every gate
@given(convolutions())
def test_the_terms_of_a_convolution_are_the_engines(made):
    loss, x, w, b, y = made
    found = elements(loss, "conv")
    assert found.shape == y.shape[1:]
    assert found.forms[0].steps == ("+", "ReLU")
    assert [folded_again(found, i) for i in range(y[0].size)] == pytest.approx(found.folded.tolist(), abs=1e-9)
    np.testing.assert_allclose(found.step_values[:, -1], y.value[0].ravel(), rtol=1e-9, atol=1e-9)
    sent = summed(found, "right")
    np.testing.assert_allclose(sent["weight"], w.grad, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sent["bias"], b.grad, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        summed(found, "left").get("image", np.zeros(x.shape[1:])), x.grad[0], rtol=1e-9, atol=1e-9
    )


@settings(max_examples=25)
@given(st.sampled_from(["max", "avg"]), st.integers(2, 3), st.integers(1, 3), st.integers(0, 1), st.integers(0, 99))
@example("avg", 2, 1, 1, 0)  # a corner of the window's margin holds one element, which others use too
def test_the_terms_of_a_pool_are_the_engines(kind, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.integers(-3, 4, (2, 1, 4, 4)).astype(float), requires_grad=True, name="image")  # with ties
    pool = {"max": F.max_pool2d, "avg": F.avg_pool2d}[kind]
    with ag.scope("pool"):
        y = pool(x, kernel, stride, padding, fit="floor")
    loss = (y * rng.normal(size=y.shape)).sum()
    loss.backward()
    found = elements(loss, "pool", sample=1)
    assert {form.fold for form in found.forms} <= {"max", "Σ", ""}
    result = found.step_values[:, -1] if kind == "avg" else found.folded
    np.testing.assert_allclose(result, y.value[1].ravel(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(summed(found, "left")["image"], x.grad[1], rtol=1e-9, atol=1e-12)
    if kind == "max":  # exactly one wins
        for i in range(len(found.places)):
            sent = found.gradients[found.starts[i] : found.starts[i + 1]]
            assert np.count_nonzero(sent[~np.isnan(sent)]) <= 1


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_the_terms_of_a_linear_layer_are_the_engines(inputs, outputs, transposed, seed):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.normal(size=(3, inputs)), requires_grad=True, name="x")
    w = ag.Parameter(rng.normal(size=(outputs, inputs) if transposed else (inputs, outputs)), name="w")
    with ag.scope("fc"):
        y = ag.tanh(x @ (w.T if transposed else w))
    only = np.zeros(y.shape)
    only[2] = rng.normal(size=outputs)
    loss = (y * only).sum()
    loss.backward()
    found = elements(loss, "fc", sample=2)
    np.testing.assert_allclose(found.step_values[:, -1], y.value[2], rtol=1e-12)
    np.testing.assert_allclose(summed(found, "left")["x"], x.grad[2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(summed(found, "right")["w"], w.grad, rtol=1e-9, atol=1e-12)


def evaluated_norm(rng):
    norm = nn.BatchNorm2d(2, dtype=np.float64)
    norm(rng.normal(size=(8, 2, 3, 3)))
    return norm.eval()


LAYERS = {
    "batch norm with running statistics": (evaluated_norm, ("−", "÷", "×", "+")),
    "transposed convolution": (lambda rng: nn.ConvTranspose2d(2, 3, 2, stride=2, dtype=np.float64, rng=rng), ("+",)),
    "dropout": (lambda rng: nn.Dropout(0.5, rng=rng), ()),
    "average pool": (lambda rng: nn.AdaptiveAvgPool2d(1), ("÷9",)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_terms_of_other_layers_are_the_engines(name):
    make, steps = LAYERS[name]
    rng = np.random.default_rng(0)
    layer = make(rng)
    x = ag.Tensor(rng.normal(size=(4, 2, 3, 3)), requires_grad=True, name="image")
    with ag.scope("layer"):
        y = layer(x)
    only = np.zeros(y.shape)
    only[1] = rng.normal(size=y.shape[1:])
    loss = (y * only).sum()
    loss.backward()
    found = elements(loss, "layer", sample=1)
    assert {form.steps for form in found.forms} == {steps}
    np.testing.assert_allclose(found.step_values[:, -1] if steps else found.folded, y.value[1].ravel(), rtol=1e-9)
    np.testing.assert_allclose(summed(found, "left")["image"], x.grad[1], rtol=1e-9, atol=1e-12)
    assert {s.role for s in found.sources} <= {"input", "parameter", "constant"}
    sent = summed(found, "right")
    for parameter in layer.parameters():
        np.testing.assert_allclose(sent[parameter.name], parameter.grad, rtol=1e-9, atol=1e-12)


def test_the_terms_of_neurons_are_those_of_the_tape():
    model = nn.NeuronMLP(3, [4, 2], rng=0)
    loss = ag.Scalar(0.0, requires_grad=False)
    for row in np.random.default_rng(0).normal(size=(5, 3)).tolist():
        loss = loss + sum(y * y for y in model(row))
    loss.backward()
    found, samples = parts(loss, model)
    assert samples == 5
    first, second = found[:2]
    hidden, _ = elements_of(first, 3, samples, givers_of(found, samples), 1000)
    output, _ = elements_of(second, 3, samples, givers_of(found, samples), 1000)
    np.testing.assert_allclose(hidden.step_values[:, 0], [node.value for node in first.leaving[12:16]])
    np.testing.assert_allclose(output.folded, [node.value for node in second.leaving[6:8]])
    inputs = [source for source in output.sources if source.role == "input"]
    assert [(source.name, source.section, source.first) for source in inputs] == [
        (f"layer0[{i}]", "layer0", i) for i in range(4)
    ]


def test_an_excerpt_keeps_values_and_gradients_and_leaves_the_graph_alone():
    _, loss = small_network()
    before = [(node, node.value, node.grad, node.inputs) for node in ag.nodes(loss)]
    found, _ = parts(loss)
    part = found[1]
    copied = excerpt(part.output, set(part.nodes), dict.fromkeys(part.entering, "from outside"))
    np.testing.assert_array_equal(copied.value, part.output.value)
    np.testing.assert_array_equal(copied.grad, part.output.grad)
    leaves = [node.name for node in ag.nodes(copied) if node.gate is None]
    assert "from outside" in leaves
    assert "input" not in leaves
    assert [(node, node.inputs) for node in ag.nodes(loss)] == [(node, inputs) for node, _, _, inputs in before]
    for node, value, gradient, _ in before:
        np.testing.assert_array_equal(node.value, value)
        assert node.grad is gradient


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 100), max_size=6), st.integers(0, 300))
def test_terms_are_shared_out_fairly(wanted, most):
    shares = _shares(wanted, most)
    assert sum(shares.values()) <= max(most, 0)
    if sum(wanted.values()) <= most:
        assert shares == wanted
    short = [key for key in wanted if shares[key] < wanted[key]]
    assert all(shares[key] >= min(shares[other], wanted[key]) - 1 for key in short for other in shares)
