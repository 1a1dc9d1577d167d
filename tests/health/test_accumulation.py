"""A forgotten zero_grad is found at the second step, and nothing else is taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, optim
from tests.health.networks import IMAGES, LABELS, convolutional, dense


def backward(model, step, size=16):
    rows = slice(size * step, size * (step + 1))
    loss = F.cross_entropy(model(ag.Tensor(IMAGES[rows], requires_grad=True)), LABELS[rows])
    loss.backward()
    return loss


def found(monitor):
    return [f for f in monitor.report().findings if f.kind == "accumulated"]


@pytest.mark.parametrize(("build", "least"), [(dense, "output.bias"), (convolutional, "conv1.bias")])
@pytest.mark.parametrize("every", [1, 2])
def test_a_forgotten_zero_grad(build, least, every):
    model = build()
    optimizer, monitor = optim.SGD(model.parameters(), lr=0.01), health.Monitor(model, every=every)
    norms = []
    for step in range(4):
        loss = backward(model, step)
        monitor.observe(loss)
        norms.append(np.linalg.norm(dict(model.named_parameters())[least].grad))
        optimizer.step()
        assert len(found(monitor)) == (step > 0)
    (finding,) = found(monitor)
    assert (finding.severity, finding.layer, finding.since) == ("critical", "", 1)
    assert "bias at step 1 is its own plus that of step 0" in finding.evidence
    assert f"‖·‖ {norms[1]:.4g}" in finding.evidence
    assert "zero_grad()" in finding.remedy
    timeline = monitor.timeline()
    assert [len([f for f in timeline.at(step).findings if f.kind == "accumulated"]) for step in (0, 1, 2)] == [0, 1, 1]


@given(st.lists(st.sampled_from(["zero", "backward", "step"]), max_size=8), st.booleans())
def test_none_is_told_where_gradients_are_cleared_between_steps(deeds, several):
    """Whatever else is done between them: several batches, looks at each, no step at all."""
    model = dense(hidden=1)
    optimizer, monitor = optim.SGD(model.parameters(), lr=0.01), health.Monitor(model)
    monitor.observe(backward(model, 0, 4))
    for i, deed in enumerate(deeds, 1):
        if deed == "zero":
            optimizer.zero_grad()
        elif deed == "backward":
            loss = backward(model, i, 4)
            if several:
                loss = backward(model, i + 1, 4)
            monitor.observe(loss)
        else:
            optimizer.step()
            optimizer.zero_grad()
    assert not found(monitor)


@pytest.mark.parametrize(("forgotten", "since"), [(1, [1]), (2, [2]), (3, [])])
def test_the_first_three_steps_are_looked_at(forgotten, since):
    model = dense(hidden=1)
    optimizer, monitor = optim.SGD(model.parameters(), lr=0.01), health.Monitor(model)
    for step in range(6):
        if step != forgotten:
            optimizer.zero_grad()
        monitor.observe(backward(model, step))
        optimizer.step()
    assert [finding.since for finding in found(monitor)] == since


def test_of_scalars():
    weights = [ag.Scalar(0.5, name="slope"), ag.Scalar(0.25)]
    optimizer, monitor = optim.SGD(weights, lr=0.01), health.Monitor(weights)
    for x in (1.0, 2.0):
        with ag.scope("fc"):
            y = weights[0] * x
        loss = (y + weights[1]) ** 2
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
    assert "slope" in found(monitor)[0].evidence


def test_a_parameter_that_is_read_twice_tells_nothing():
    w = ag.Parameter(np.eye(2))
    optimizer, monitor = optim.SGD([w], lr=0.01), health.Monitor([w])
    for _ in range(3):
        with ag.scope("fc"):
            y = F.linear(F.linear(ag.Tensor(np.ones((3, 2)), requires_grad=True), w), w)
        loss = (y * y).sum()
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
    assert not found(monitor)


def test_gradients_of_zero_add_up_to_nothing():
    w = ag.Parameter(np.zeros((1, 2)))
    optimizer, monitor = optim.SGD([w], lr=0.01, weight_decay=0.1), health.Monitor([w])
    for _ in range(3):
        with ag.scope("fc"):
            y = F.linear(ag.Tensor(np.zeros((3, 2)), requires_grad=True), w)
        loss = (y * y).sum()
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
    assert not found(monitor)
