"""Planted faults: each raises its own finding and no other; a healthy network raises none."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, nn, optim
from tests.health.networks import IMAGES, LABELS, convolutional, dense, gradients_of, loss_of


def told(report):
    return [(f.kind, f.layer, f.severity) for f in report.findings]


@pytest.mark.parametrize("model", [convolutional(), dense(), dense(hidden=3), dense(nn.Tanh), dense(nn.Sigmoid)])
def test_healthy_at_the_start(model):
    health.assert_healthy(gradients_of(model))


def test_healthy_through_training():
    model = convolutional()
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    monitor = health.Monitor(model)
    rng = np.random.default_rng(0)
    for step in range(60):
        rows = rng.integers(0, len(IMAGES), 64)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(IMAGES[rows]), LABELS[rows])
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
        if step % 20 == 19:
            health.assert_healthy(monitor.report())
    assert monitor.history[-1].loss < monitor.history[0].loss


@pytest.mark.parametrize(
    ("killed", "samples", "severity"),
    [
        (1, 1200, None),
        (2, 1200, "warning"),
        (2, 64, None),
        (7, 64, "critical"),
        (7, 31, None),
        (16, 64, "critical"),
    ],
)
def test_dead(killed, samples, severity):
    model = convolutional()
    model.conv2.bias.assign(np.where(np.arange(16) < killed, -100.0, 0.0))
    report = health.inspect(loss_of(model, batch=samples))
    assert told(report) == ([("dead", "relu2", severity)] if severity else [])
    (layer,) = [layer for layer in report.layers if layer.name == "relu2"]
    assert (layer.units.silent if samples < 32 else layer.units.dead) == tuple(range(killed))
    assert layer.findings == report.findings


@pytest.mark.parametrize(("outputs", "samples", "severity"), [(20, 1200, "warning"), (40, 64, "critical")])
def test_starved(outputs, samples, severity):
    model = dense()
    weight = model.output.weight.numpy()
    weight[:, :outputs] = 0
    model.output.weight.assign(weight)
    report = health.inspect(loss_of(model, batch=samples))
    assert told(report) == [("starved", "activation1", severity)]
    (units,) = [layer.units for layer in report.layers if layer.units]
    assert report.findings[0].units == units.starved == tuple(i for i in range(outputs) if i not in units.dead)


@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.Tanh])
def test_saturated(activation):
    model = dense(activation)
    model.fc1.weight.assign(model.fc1.weight.value * 100)
    assert told(health.inspect(gradients_of(model))) == [("saturated", "activation1", "critical")]


def test_vanishing():
    report = health.inspect(gradients_of(dense(nn.Sigmoid, hidden=3, std=0.01)))
    assert told(report) == [("vanishing", "fc1", "critical"), ("vanishing", "", "critical")]
    assert report.first_to_last < -3


def test_gradients_that_are_small_everywhere_do_not_vanish():
    loss = loss_of(dense(nn.Tanh)) * 1e-9
    assert health.inspect(loss).findings == ()


@pytest.mark.parametrize(("imbalance", "severity"), [(1.0, None), (20.0, "warning"), (100.0, "critical")])
def test_exploding(imbalance, severity):
    """ReLU lets a factor move from one layer to the other: the same network, with lopsided gradients."""
    model = dense()
    model.fc1.weight.assign(model.fc1.weight.value / imbalance)
    model.output.weight.assign(model.output.weight.value * imbalance)
    report = health.inspect(gradients_of(model))
    assert told(report) == ([("exploding", "", severity)] if severity else [])


def test_not_a_number_names_node_and_step():
    model = convolutional()
    weight = model.conv2.weight.numpy()
    weight[3, 1, 2, 2] = np.nan
    model.conv2.weight.assign(weight)
    report = health.inspect(gradients_of(model), step=7)
    assert told(report) == [("non-finite", "conv2", "critical")]
    assert "'weight'" in report.findings[0].evidence
    assert "step 7" in report.findings[0].evidence
    assert str(report)


def test_infinite_gradient_of_a_finite_value():
    x = ag.Parameter([[0.0, 1.0]])
    with ag.scope("root"):
        y = ag.sqrt(x)
    with np.errstate(divide="ignore"):
        loss = y.sum()
        loss.backward()
        report = health.inspect(loss)
    assert told(report) == [("non-finite", "root", "critical")]
    assert "infinity in gradient" in report.findings[0].words


def test_zero_gradient_is_told_once_nearest_to_the_loss():
    model = dense(nn.Tanh, hidden=2)
    model.output.weight.assign(np.zeros((10, 64)))
    report = health.inspect(gradients_of(model))
    assert told(report) == [("zero", "fc2", "critical")]
    assert "1 more" in report.findings[0].evidence


def test_disconnected():
    model = dense()
    model.spare = nn.Linear(3, 2)  # Sequential runs its children; this one is left out below
    x = model.activation1(model.fc1(model.flatten(IMAGES[:64])))
    loss = F.cross_entropy(model.output(x), LABELS[:64])
    report = health.inspect(loss, model=model)
    assert told(report) == [("disconnected", "", "critical")] * 2
    assert [f.words for f in report.findings] == ["spare.weight disconnected", "spare.bias disconnected"]
    assert health.inspect(loss).findings == ()


@pytest.mark.parametrize(
    ("factor", "words"), [(1.5, "update 5.0e−01"), (1 + 3e-6, "update 3"), (1.0, "unchanged"), (None, "unchanged")]
)
def test_update_ratio(factor, words):
    """The step moves the weights of `output` by a factor; None leaves the optimizer's step out."""
    model = dense()
    model.output.weight.assign(model.output.weight.value.astype(np.float64))
    monitor = health.Monitor()
    monitor.observe(gradients_of(model))
    if factor is not None:
        model.output.weight.assign(model.output.weight.value * factor)
    model.fc1.weight.assign(model.fc1.weight.value * 1.001)
    monitor.observe(gradients_of(model))
    report = monitor.report()
    assert told(report) == [("update", "output", "critical")]
    assert report.findings[0].words.startswith(words)


def test_update_a_little_too_large_is_told_when_it_lasts():
    model = dense()
    monitor = health.Monitor()
    findings = []
    for step in range(24):
        monitor.observe(gradients_of(model))
        factor = 1.03 if step % 2 else 1 / 1.03
        for layer in (model.fc1, model.output):
            layer.weight.assign(layer.weight.value * factor)
        findings.append(told(monitor.report()))
    assert findings[18] == []
    assert findings[19] == [("update", "fc1", "warning"), ("update", "output", "warning")]
    assert {f.since for f in monitor.report().findings} == {0}


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (lambda model: model.conv1.bias.assign(np.full(8, -100.0)), "dead"),
        (lambda model: model.conv2.bias.assign(np.full(16, -100.0)), "dead"),
    ],
)
def test_dead_layer_explains_lost_gradients_and_still_weights(plant, kind):
    model = convolutional()
    plant(model)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    monitor = health.Monitor(model)
    for _ in range(3):
        loss = gradients_of(model)
        monitor.observe(loss)
        optimizer.step()
    assert {f.kind for f in monitor.report().findings} == {kind}


def test_most_severe_first():
    model = convolutional()
    model.conv1.bias.assign(np.where(np.arange(8) < 1, -100.0, 0.0))
    model.conv2.bias.assign(np.where(np.arange(16) < 12, -100.0, 0.0))
    report = health.inspect(loss_of(model, batch=1200))
    assert told(report) == [("dead", "relu2", "critical"), ("dead", "relu1", "warning")]


def test_assert_healthy_raises_with_the_findings():
    model = convolutional()
    model.conv2.bias.assign(np.full(16, -100.0))
    loss = gradients_of(model)
    for subject in (loss, health.inspect(loss)):
        with pytest.raises(health.UnhealthyError, match="relu2: 100% dead") as raised:
            health.assert_healthy(subject)
        assert [f.kind for f in raised.value.findings] == ["dead"]
        assert isinstance(raised.value, AssertionError)
