"""Planted faults: each raises its own finding and no other; a healthy network raises none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, nn, optim
from tests import published
from tests.health.networks import IMAGES, LABELS, convolutional, dense, gradients_of, loss_of


def told(report):
    return [(f.kind, f.layer, f.severity) for f in report.findings]


@pytest.mark.parametrize("model", [convolutional(), dense(), dense(hidden=3), dense(nn.Tanh)])
def test_healthy_at_the_start(model):
    health.assert_healthy(health.inspect(gradients_of(model), initial=True))


PUBLISHED = {
    "lenet": (published.lenet, 32, 0.01),
    "vgg16": (lambda: published.vgg16(8, norm=nn.BatchNorm2d), 32, 0.02),
    "resnet18": (lambda: published.resnet18(8), 32, 0.02),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_are_healthy(name):
    """He-initialised, at the start and while they learn."""
    build, size, rate = PUBLISHED[name]
    model = published.start(build())
    optimizer, monitor = optim.SGD(model.parameters(), lr=rate, momentum=0.9), health.Monitor(model)
    for step in range(6):
        optimizer.zero_grad()
        loss = published.loss_of(model, size, first=32 * step)
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
        health.assert_healthy(monitor.report())


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
    losses = {layer.name: layer.attenuation for layer in report.layers if layer.attenuation is not None}
    worst = min(losses, key=losses.__getitem__)  # the finding names who loses it, not only who suffers
    assert f"most is lost in {worst} (" in report.findings[1].evidence
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


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("of_data", [False, True])
def test_what_the_data_brought_in_is_no_step_too_large(of_data, frozen):
    weight, x = ag.Parameter(np.ones((2, 2)), requires_grad=not frozen), np.ones((3, 2))
    (x if of_data else weight.writable())[0, 0] = np.nan
    loss = (ag.Tensor(x) @ weight + ag.Parameter(np.zeros(2))).sum()
    loss.backward()
    (finding,) = health.inspect(loss).findings
    assert finding.cause.startswith("the data" if of_data else "a step too large")
    assert ("isfinite(x)" in finding.remedy) == of_data


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


@pytest.mark.parametrize(("factor", "words"), [(1.5, "update 5.0e−01"), (1 + 3e-6, "update 3")])
def test_update_ratio(factor, words):
    """The step moves the weights of `output` by a factor."""
    model = dense()
    model.output.weight.assign(model.output.weight.value.astype(np.float64))
    monitor = health.Monitor()
    monitor.observe(gradients_of(model))
    model.output.weight.assign(model.output.weight.value * factor)
    model.fc1.weight.assign(model.fc1.weight.value * 1.001)
    monitor.observe(gradients_of(model))
    report = monitor.report()
    assert told(report) == [("update", "output", "critical")]
    assert report.findings[0].words.startswith(words)


def move(model):
    """Move all weights by a healthy part."""
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            parameter.assign(parameter.value * np.float32(1.001))


def wiggled(steps, factor, losses=None):
    """Observe a network whose weights go forth and back by a factor; its losses may be told otherwise."""
    model, monitor = dense(), health.Monitor()
    for step in range(steps):
        monitor.observe(gradients_of(model, None if losses is None else losses[step]))
        for layer in (model.fc1, model.output):
            layer.weight.assign(layer.weight.value * (factor if step % 2 else 1 / factor))
    return monitor.report()


def test_update_a_little_too_large_is_told_when_it_lasts_and_the_loss_does_not_fall():
    assert told(wiggled(19, 1.03)) == []
    report = wiggled(24, 1.03)
    assert told(report) == [("update", "fc1", "warning"), ("update", "output", "warning")]
    assert {f.since for f in report.findings} == {0}
    assert told(wiggled(24, 1.03, np.linspace(2.3, 1.2, 24))) == []


@pytest.mark.parametrize(("factor", "warned"), [(1.2, True), (1.03, False), (1 + 3e-5, False)])
def test_a_falling_loss_excuses_unusual_updates_but_none_above_a_tenth(factor, warned):
    report = wiggled(24, factor, np.linspace(2.3, 1.2, 24))
    assert [f.kind for f in report.findings] == (["update", "update"] if warned else [])


def test_small_updates_at_the_bottom_of_the_loss_are_no_finding():
    low = [2.3] * 12 + [1e-3] * 36
    assert told(wiggled(48, 1 + 3e-5, low)) == []
    assert {f.kind for f in wiggled(48, 1 + 3e-5, [2.3] * 48).findings} == {"update"}


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_plain_sgd_that_learns_is_healthy(rate):
    """At rate 0.05 the last layer moves by 1 to 5 % a step, and the network learns."""
    model, rng = convolutional(), np.random.default_rng(0)
    optimizer, monitor = optim.SGD(model.parameters(), lr=rate), health.Monitor(model)
    for _ in range(100):
        rows = rng.integers(0, len(IMAGES), 64)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(IMAGES[rows]), LABELS[rows])
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
    health.assert_healthy(monitor.report())


def stalled(steps=4, layers=("conv1", "conv2", "fc"), begin=0):
    """Train with an optimizer that forgets some layers from one step on."""
    model, monitor = convolutional(), health.Monitor()
    for step in range(steps):
        monitor.observe(gradients_of(model))
        for name in ("conv1", "conv2", "fc"):
            if name not in layers or step < begin:
                weight = getattr(model, name).weight
                weight.assign(weight.value * 1.001)
    monitor.observe(gradients_of(model))
    return monitor.report()


@pytest.mark.parametrize("layers", [("conv1",), ("conv2", "fc"), ("conv1", "conv2", "fc")])
def test_unchanged(layers):
    report = stalled(layers=layers)
    assert told(report) == [("unchanged", name, "critical") for name in layers]
    assert "last 3 steps" in report.findings[0].evidence


def test_unchanged_is_told_after_three_steps_and_since_when():
    assert told(stalled(steps=2)) == []
    (finding,) = stalled(steps=9, layers=("fc",), begin=4).findings
    assert (finding.kind, finding.since) == ("unchanged", 4)


def test_all_positive_inputs_make_gradients_of_one_sign():
    """The notes' zig-zag: with x > 0 a unit's weight gradients share the sign of what comes from above."""
    model = dense()
    report = health.inspect(F.cross_entropy(model(IMAGES[:64] + np.float32(0.6)), LABELS[:64]), initial=True)
    assert told(report) == [("same-sign", "fc1", "warning")]
    assert report.layers[0].same_sign > 0.5
    centred = IMAGES[:64] - IMAGES.mean()
    assert health.inspect(F.cross_entropy(model(centred), LABELS[:64]), initial=True).findings == ()


def test_sigmoid_gives_the_next_layer_positive_inputs_only():
    report = health.inspect(gradients_of(dense(nn.Sigmoid)))
    assert told(report) == [("same-sign", "output", "warning")]


def test_same_sign_is_told_since_the_inputs_became_positive():
    model, monitor = dense(), health.Monitor()
    for shift in (-0.3, 0.0, 0.6, 0.6):
        for parameter in model.parameters():
            parameter.zero_grad()
        loss = F.cross_entropy(model(IMAGES[:64] + np.float32(shift)), LABELS[:64])
        loss.backward()
        monitor.observe(loss)
        move(model)
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.layer, finding.since) == ("same-sign", "fc1", 2)


@given(st.integers(2, 6), st.integers(3, 8), st.integers(1, 5), st.booleans(), st.data())
def test_one_sample_of_positive_inputs_gives_every_unit_one_sign(units, inputs, seed, convolution, data):
    """∂L/∂w = u·x: for one sample its sign is that of u, whatever the weights are."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 1.5, size=(1, inputs))
    w = ag.Parameter(rng.normal(size=(units, inputs)))
    with ag.scope("fc"):
        if convolution:
            y = F.conv2d(x[..., None, None], w.reshape(units, inputs, 1, 1)).reshape(1, units)
        else:
            y = F.linear(x, w)
    (layer, *_) = health.inspect((y * rng.normal(size=(1, units))).sum()).layers
    assert layer.same_sign == 1.0


@pytest.mark.parametrize(
    ("factor", "words"), [(0.05, "weights too small"), (0.5, None), (1.3, None), (5, "weights too large")]
)
def test_weight_scale_at_the_start(factor, words):
    """He's weights give outputs √2 times as wide as the inputs."""
    model = dense(nn.Tanh)
    model.fc1.weight.assign(model.fc1.weight.value * np.float32(factor))
    limits = health.Thresholds(saturated=(1, 1), exploding=(1e9, 1e9), vanishing=(0, 0))
    report = health.inspect(gradients_of(model), initial=True, thresholds=limits)
    assert told(report) == ([("weight scale", "fc1", "warning")] if words else [])
    assert [f.words for f in report.findings] == ([words] if words else [])
    assert "weight scale" not in [f.kind for f in health.inspect(gradients_of(model), thresholds=limits).findings]


def test_weight_scale_is_remembered_from_the_first_step():
    model, monitor = dense(hidden=2), health.Monitor()
    model.fc2.weight.assign(model.fc2.weight.value * np.float32(0.2))
    for _ in range(3):
        monitor.observe(gradients_of(model))
        move(model)
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.layer, finding.since) == ("weight scale", "fc2", 0)


def test_scale_does_not_matter_before_a_normalisation():
    model = published.start(published.resnet18())
    for name, parameter in model.named_parameters():
        if "conv" in name:
            parameter.assign(parameter.value * np.float32(0.3))
    assert health.inspect(published.loss_of(model), initial=True).findings == ()


@pytest.mark.parametrize(("factor", "kinds"), [(1, []), (8, ["initial loss"])])
def test_initial_loss_far_from_chance(factor, kinds):
    """ln 10 = 2.303 for ten classes; scores of 8 times the size give a loss far above."""
    model = dense()
    scores = model(IMAGES[:64]) * factor
    report = health.inspect(F.cross_entropy(scores, LABELS[:64]) + 0.0, initial=True)
    assert [f.kind for f in report.findings] == kinds
    assert all("ln 10 = 2.303" in f.evidence for f in report.findings)


def test_a_network_that_knows_something_is_not_at_its_start():
    """Watched from the middle of its training, or fine-tuned."""
    model = dense()
    model.fc1.weight.assign(model.fc1.weight.value * np.float32(0.05))
    scores = model(IMAGES[:64]) + 20 * np.eye(10, dtype=np.float32)[LABELS[:64]]
    assert told(health.inspect(F.cross_entropy(scores, LABELS[:64]), initial=True)) == []


def course(losses, validation=()):
    """Observe healthy steps, told to have had these losses."""
    model, monitor = dense(), health.Monitor(thresholds=health.Thresholds(loss_steps=10))
    marks = dict(validation)
    for step, loss in enumerate(losses):
        monitor.observe(gradients_of(model, loss))
        if step in marks:
            monitor.note("validation", loss=marks[step])
        move(model)
    return monitor.report()


@pytest.mark.parametrize(
    ("losses", "kinds"),
    [
        ([2.3] * 19, []),
        ([2.3] * 20, ["loss"]),
        ([2.3, 2.4] * 15, ["loss"]),
        (np.linspace(2.3, 1.5, 30), []),
        ([2.3] * 10 + [0.1] * 20, []),
        ([2.3] * 10 + [2.0] * 20, ["loss"]),
        ([-1.0] * 10 + [-2.0] * 10, []),
    ],
)
def test_loss_that_does_not_decrease(losses, kinds):
    report = course(losses)
    assert [f.kind for f in report.findings] == kinds
    if kinds:
        assert report.findings[0].since == len(losses) - 20


@pytest.mark.parametrize(
    ("validation", "kinds"),
    [
        ([2.0, 1.5, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7], ["overfitting"]),
        ([2.0, 1.5, 1.2, 1.3, 1.4, 1.5, 1.6], []),
        ([2.0, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.2], []),
        ([0.30, 0.20, 0.21, 0.21, 0.21, 0.21, 0.21, 0.21], []),
    ],
)
def test_validation_that_no_longer_follows(validation, kinds):
    """Five times without a better one, and more than a tenth above the training loss of 0.2 at the end."""
    steps = range(3, 27, 3)
    report = course(np.linspace(2.3, 0.2, 25), list(zip(steps, validation, strict=False)))
    assert [f.kind for f in report.findings] == kinds
    if kinds:
        assert report.findings[0].since == 9
        assert "1.2 at step 9" in report.findings[0].evidence


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 1000), st.booleans())
def test_provably_dead_units_stay_dead_for_every_input_in_the_range(inputs, units, seed, convolution):
    rng = np.random.default_rng(seed)
    shape = (8, inputs, 4, 4) if convolution else (8, inputs)
    x = rng.normal(size=shape)
    w, b = ag.Parameter(rng.normal(size=(units, inputs, *shape[2:][:0], *((3, 3) if convolution else ())))), None
    b = ag.Parameter(rng.normal(size=units) * 10 - 5)

    def layer(x):
        return F.conv2d(x, w, b, padding=1) if convolution else F.linear(x, w, b)

    with ag.scope("fc"):
        z = layer(x)
    with ag.scope("relu"):
        y = ag.relu(z)
    found = health.inspect(y.sum(), thresholds=health.Thresholds(unit_samples=1)).layers[-1]
    others = rng.uniform(x.min(), x.max(), size=(50, *shape[1:]))
    corners = np.where(rng.random(size=(50, *shape[1:])) < 0.5, x.min(), x.max())
    for values in (others, corners):
        out = layer(values)
        highest = np.asarray(out.value).max(axis=(0, 2, 3) if convolution else 0)
        assert all(highest[unit] <= min(0, found.highest) + 1e-9 for unit in found.proven)
    assert set(found.proven) <= {*found.units.dead, *found.units.silent}


def test_the_bound_of_a_dead_unit_by_hand():
    """With inputs from 0 to 2: max(2·0, 2·2) + max(−1·0, −1·2) − 5 = −1, and −5 where padding is all there is."""
    x = ag.Tensor([[0.0, 2.0], [2.0, 1.0]])
    with ag.scope("fc"):
        z = F.linear(x, ag.Parameter([[2.0, -1.0], [2.0, 2.0]]), ag.Parameter([-5.0, -5.0]))
    with ag.scope("relu"):
        y = ag.relu(z)
    layer = health.inspect(y.sum(), thresholds=health.Thresholds(unit_samples=1)).layers[-1]
    assert (layer.proven, layer.highest) == ((0,), -1.0)


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


def lopsided():
    model = dense()
    model.fc1.weight.assign(model.fc1.weight.value / np.float32(100))
    model.output.weight.assign(model.output.weight.value * np.float32(100))
    return model


def with_dead_units():
    model = convolutional()
    model.conv2.bias.assign(np.full(16, -100.0))
    return model


def saturating():
    model = dense(nn.Tanh)
    model.fc1.weight.assign(model.fc1.weight.value * np.float32(100))
    return model


def with_a_spare_layer():
    model = dense()
    model.activation1.spare = nn.Linear(3, 2)  # the ReLU does not use it
    return model


PLANTED = {
    "nothing": (convolutional, 0.01, 0.0),
    "dead": (with_dead_units, 0.01, 0.0),
    "saturated": (saturating, 0.001, 0.0),
    "vanishing": (lambda: dense(nn.Sigmoid, hidden=3, std=0.01), 0.001, 0.0),
    "exploding": (lopsided, 1e-6, 0.0),
    "unchanged": (convolutional, 0.0, 0.0),
    "disconnected": (with_a_spare_layer, 0.01, 0.0),
    "same-sign": (dense, 0.01, 0.6),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_each_planted_fault_raises_exactly_its_own_in_training(kind):
    build, rate, shift = PLANTED[kind]
    model = build()
    optimizer, monitor = optim.SGD(model.parameters(), lr=rate), health.Monitor(model)
    for step in range(30):
        optimizer.zero_grad()
        rows = slice(32 * step, 32 * step + 32)
        loss = F.cross_entropy(model(IMAGES[rows] + np.float32(shift)), LABELS[rows])
        loss.backward()
        monitor.observe(loss)
        optimizer.step()
        if step in (3, 29):
            assert {f.kind for f in monitor.report().findings} == ({kind} - {"nothing"})
