"""What inspect measures: small graphs by hand, and what holds for every graph."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health
from tests.health.networks import convolutional, gradients_of, loss_of, residual


@st.composite
def networks(draw):
    """A chain of linear layers and activations in float64, some with a skip around them."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    width, batch = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    h = ag.Tensor(rng.normal(size=(batch, width)), requires_grad=draw(st.booleans()))
    for i in range(draw(st.integers(1, 3))):
        before = h
        with ag.scope(f"fc{i}"):
            h = F.linear(h, ag.Parameter(rng.normal(size=(width, width))), ag.Parameter(rng.normal(size=width) - 1))
        with ag.scope(f"activation{i}"):
            h = draw(st.sampled_from([ag.relu, ag.tanh, ag.sigmoid]))(h)
        if draw(st.booleans()):
            with ag.scope(f"skip{i}"):
                h = h + before
    return (h * h).mean()


@given(networks())
def test_report_holds_together(loss):
    report = health.inspect(loss)
    place = {layer.name: i for i, layer in enumerate(report.layers)}
    assert all(place[c.source] < place[c.target] for c in report.connections if c.source and c.target)
    for layer in report.layers:
        size = report.batch * math.prod(layer.output_shape)
        for shown in (layer.activation, layer.gradient):
            assert sum(shown.counts) + round(shown.zeros * size) == size
        if layer.units is not None:
            units = layer.units
            told = [*units.dead, *units.silent, *units.starved, *units.saturated]
            assert len(told) == len(set(told))
            assert set(told) <= set(range(units.count))
            assert units.active == units.count - len(told)


@given(networks())
def test_inspect_writes_nothing_and_says_the_same_twice(loss):
    nodes = ag.topological_order(loss)
    before = [(node.value.copy() if isinstance(node, ag.Tensor) else node.value, node.serial) for node in nodes]
    first = health.inspect(loss)
    assert health.inspect(loss) == first
    assert all(node.grad is None for node in nodes)
    for node, (value, serial) in zip(nodes, before, strict=True):
        assert node.serial == serial
        np.testing.assert_array_equal(node.value, value)


@given(networks())
def test_gradients_of_backward_are_used_and_left_alone(loss):
    computed = health.inspect(loss)
    loss.backward()
    nodes = ag.topological_order(loss)
    before = [None if node.grad is None else np.copy(node.grad) for node in nodes]
    assert health.inspect(loss) == computed
    for node, gradient in zip(nodes, before, strict=True):
        np.testing.assert_array_equal(node.grad, gradient)


@given(networks())
def test_monitor_over_one_batch_equals_inspect(loss):
    loss.backward()
    monitor = health.Monitor()
    monitor.observe(loss)
    assert monitor.report() == health.inspect(loss, initial=True)
    assert monitor.report() == health.inspect(loss, initial=True)


def test_numbers_by_hand():
    x = ag.Tensor([[3.0, 4.0]], requires_grad=True)
    w = ag.Parameter([[1.0, 0.0], [0.0, -1.0]])
    with ag.scope("fc"):
        z = F.linear(x, w)  # 3, -4
    with ag.scope("relu"):
        y = ag.relu(z)  # 3, 0
    report = health.inspect(y.sum())
    fc, relu = report.layers
    assert fc.activation.rms == pytest.approx(5 / math.sqrt(2))
    assert (relu.activation.zeros, relu.activation.low, relu.activation.high) == (0.5, 0.0, 3.0)
    assert (fc.gradient.zeros, relu.gradient.zeros) == (0.5, 0.0)
    assert relu.attenuation == pytest.approx(math.log10(1 / math.sqrt(2)))  # (1, 0) out of (1, 1)
    assert fc.attenuation == pytest.approx(0.0)  # (1, 0) out of (1, 0)
    assert fc.weight_gradient == pytest.approx(2.5)  # 3, 4, 0, 0
    into, between, out = report.connections
    assert (into.value, into.gradient) == pytest.approx((5 / math.sqrt(2), 1 / math.sqrt(2)))
    assert (between.value, between.gradient) == pytest.approx((5 / math.sqrt(2), 1 / math.sqrt(2)))
    assert (out.value, out.gradient) == pytest.approx((3 / math.sqrt(2), 1.0))
    assert report.loss == 3.0


def test_input_that_requires_no_gradient_has_none():
    report = health.inspect(loss_of(convolutional()))
    assert report.connections[0].gradient is None
    assert report.layers[0].attenuation is None
    assert all(layer.attenuation is not None for layer in report.layers[1:])


def wires_by_hand(x, weights):
    """RMS of what each wire of the residual network carries back."""
    stem, branch = (w.value for w in weights)
    s = x.value @ stem.T
    upstream = 2 * (s + np.maximum(s, 0) @ branch.T)
    through = np.where(s > 0, upstream @ branch, 0)
    return {
        ("block/add_1", ""): upstream,
        ("stem", "block/add_1"): upstream,
        ("block/branch", "block/add_1"): upstream,
        ("block/relu", "block/branch"): upstream @ branch,
        ("stem", "block/relu"): through,
        ("", "stem"): (upstream + through) @ stem,
    }


@pytest.mark.parametrize("when", ["before backward", "after backward", "after the step"])
def test_each_wire_of_a_fan_out_shows_its_own_share(when):
    loss, x, weights = residual()
    expected = {wire: math.sqrt(np.mean(g**2)) for wire, g in wires_by_hand(x, weights).items()}
    if when == "before backward":
        report = health.inspect(loss)
    else:
        loss.backward()
        monitor = health.Monitor()
        monitor.observe(loss)
        if when == "after the step":
            for weight in weights:
                weight.assign(weight.value - 0.01 * weight.grad)
        report = monitor.report()
    found = {(c.source, c.target): c.gradient for c in report.connections}
    assert found == pytest.approx(expected)
    by_name = {layer.name: layer for layer in report.layers}
    stem, block = expected["stem", "block/add_1"], expected["stem", "block/relu"]
    assert by_name["block/relu"].attenuation == pytest.approx(
        math.log10(block / expected["block/relu", "block/branch"])
    )
    assert by_name["block/add_1"].attenuation == pytest.approx(math.log10(math.hypot(stem, stem) / stem))


def test_after_the_step_a_share_that_needs_the_old_weights_is_what_the_others_leave():
    rng = np.random.default_rng(0)
    x, w = ag.Tensor(rng.normal(size=(3, 4))), [ag.Parameter(rng.normal(size=(4, 4))) for _ in range(2)]
    with ag.scope("a"):
        a = F.linear(x, w[0])
    with ag.scope("b"):
        b = F.linear(a, w[1])
    with ag.scope("join"):
        total = a * b
    loss = total.sum()
    loss.backward()
    before = health.inspect(loss)
    monitor = health.Monitor()
    monitor.observe(loss)
    for weight in w:
        weight.assign(weight.value * 0.5)
    after = monitor.report()
    assert [c.gradient for c in after.connections] == [
        None if c.gradient is None else pytest.approx(c.gradient) for c in before.connections
    ]


def test_second_order_graph():
    x = ag.Tensor(np.linspace(-1, 1, 6).reshape(3, 2), requires_grad=True)
    w = ag.Parameter(np.arange(4.0).reshape(2, 2) / 4)
    with ag.scope("fc"):
        y = ag.tanh(F.linear(x, w))
    (gradient,) = ag.grad(y.sum(), x, create_graph=True)
    report = health.inspect(y.sum() + (gradient * gradient).sum())
    assert "fc" in [layer.name for layer in report.layers]
    assert str(report)


def test_tiny_float32_gradients_are_not_taken_for_zero():
    w = ag.Parameter(np.full((1, 2), 1e-30, np.float32))
    with ag.scope("fc"):
        y = F.linear(np.full((1, 2), 1e-30, np.float32), w)
    report = health.inspect(y.sum())
    assert report.layers[0].weight_gradient == pytest.approx(1e-30)
    assert report.layers[0].activation.rms == 0  # 1e-60 is no float32


def test_thresholds_are_arguments():
    model = convolutional()
    model.conv2.bias.assign(np.where(np.arange(16) < 7, -100.0, 0.0))  # 44 %
    loss = gradients_of(model)
    for limits, severity in [((0.1, 0.4), "critical"), ((0.1, 0.5), "warning"), ((0.5, 0.6), None)]:
        thresholds = health.Thresholds(dead=limits, warning_samples=64)
        report = health.inspect(loss, thresholds=thresholds)
        assert [f.severity for f in report.findings] == ([severity] if severity else [])
        assert report.thresholds is thresholds


def test_freed_graph_says_how_to_keep_it():
    loss = loss_of(convolutional())
    loss.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match="without retain"):
        health.inspect(loss)


def test_weights_written_since_the_forward_pass():
    model = convolutional()
    loss = loss_of(model)
    model.fc.weight.assign(np.zeros((10, 64)))
    with pytest.raises(ag.GradientError, match="run the forward pass again"):
        health.inspect(loss)


@pytest.mark.parametrize("wrong", [ag.Scalar(1.0), ag.Tensor([1.0, 2.0]) * 2.0, 3.0])
def test_what_is_no_loss(wrong):
    with pytest.raises(ag.ArgumentError, match="expected the loss"):
        health.inspect(wrong)


def test_what_is_no_model():
    with pytest.raises(ag.ArgumentError, match="named_parameters"):
        health.inspect(loss_of(convolutional()), model=3)


def odd_graphs():
    w, s = ag.Parameter(np.ones((2, 2))), ag.Scalar(2.0)
    x = ag.Tensor(np.arange(4.0).reshape(2, 2), requires_grad=True)
    yield "parameters alone", (w * w).sum()
    yield "a Scalar times a Tensor", (s * x * w).sum()
    yield "one gate", x.sum()
    yield "Scalars", (ag.Scalar(-2) + ag.Scalar(5)) * ag.Scalar(-4)
    yield "one axis", ag.relu(ag.Tensor([1.0, -1.0], requires_grad=True)).sum()
    yield "no axis", ag.relu(ag.Tensor(3.0, requires_grad=True))
    yield "joined", ag.concatenate(x, ag.tanh(x)[:, :1], axis=1).mean()
    yield "weights used twice", (F.linear(x, w) - F.linear(x * 2.0, w)).sum()
    yield "NaN in", (x * np.nan).sum()


@pytest.mark.parametrize(("name", "loss"), list(odd_graphs()))
def test_odd_graphs_have_layers_and_monitors_agree(name, loss):
    report = health.inspect(loss, initial=True)
    assert report.layers
    for node in ag.topological_order(loss):
        node.zero_grad()  # the graphs share leaves
    loss.backward()
    monitor = health.Monitor()
    monitor.observe(loss)
    assert str(monitor.report()) == str(report)


def test_gradients_that_an_input_gathered_before_do_not_count():
    x = ag.Tensor([[3.0, 4.0]], requires_grad=True)
    for _ in range(2):
        with ag.scope("relu"):
            y = ag.relu(x)
        loss = y.sum()
        loss.backward()
    assert x.grad[0, 0] == 2
    assert health.inspect(loss).connections[0].gradient == 1


def test_graph_without_any_gradient():
    with ag.scope("relu"):
        y = ag.relu(ag.Tensor([[1.0, -2.0]]))
    report = health.inspect(y.sum())
    assert report.layers[0].gradient is None
    assert {c.gradient for c in report.connections} == {None}
    assert "—" in str(report)
