"""A monitored compiled training tells the monitor what an eager one tells it."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim


def small_cnn():
    ag.manual_seed(0)
    features = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*features, nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def mixed():
    ag.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 10)]
    return nn.Sequential(*layers)


KINDS = ("training", "unread", "unrecorded", "two")
"""What a loop does at one turn: a step, a loss that is only read, one under no_grad, two steps after two losses."""


def watched_training(build, compiled, rate=0.05, turns=("training",) * 6, dtype=np.float32, every=1):
    model = build()
    monitor = health.Monitor(model, every=every, frames_every=3)
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9)

    def function(x, y):
        return F.cross_entropy(model(x), y)

    f = ag.compile(function, monitor=monitor) if compiled else function
    rng = np.random.default_rng(0)

    def loss_of(count=32):
        return f(ag.Tensor(rng.standard_normal((count, 1, 8, 8), dtype)), rng.integers(0, 10, count))

    def go_back(loss):
        loss.backward()
        if not compiled:
            monitor.observe(loss)

    for turn, kind in enumerate(turns):
        if kind == "unrecorded":
            with ag.no_grad():
                loss_of()
        elif kind == "unread":
            loss_of().item()
        else:
            count = 32 if turn < len(turns) - 1 else 20  # the last batch of an epoch is smaller
            losses = [loss_of(count) for _ in range(1 + (kind == "two"))]
            optimizer.zero_grad()
            for loss in losses:
                go_back(loss)
            optimizer.step()
    return monitor


def assert_alike(a, b, path=""):
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key, value in a.items():
            assert_alike(value, b[key], f"{path}/{key}")
    elif isinstance(a, float):
        assert b == pytest.approx(a, rel=1e-3, abs=1e-9, nan_ok=True), path
    else:
        assert a == b, path


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("build", "rate"), [(small_cnn, 0.05), (small_cnn, 30.0), (mixed, 0.05)])
def test_the_same_numbers_and_findings(build, rate):
    assert_same(*(watched_training(build, compiled, rate) for compiled in (False, True)))


def assert_same(eager, compiled):
    for ours, theirs in zip(compiled.history, eager.history, strict=True):
        assert_alike(vars(theirs), vars(ours))
    ours, theirs = compiled.timeline(), eager.timeline()
    assert [f.step for f in ours.frames] == [f.step for f in theirs.frames]
    ours, theirs = ours.last, theirs.last
    assert [(f.kind, f.layer, f.since) for f in ours.findings] == [(f.kind, f.layer, f.since) for f in theirs.findings]
    assert str(ours).splitlines()[:1] == str(theirs).splitlines()[:1]


@settings(max_examples=15)
@given(st.integers(2, 6), st.lists(st.sampled_from(KINDS), max_size=12), st.sampled_from([small_cnn, mixed]))
@example(4, ["training", "training", "two"], small_cnn)  # at step 4 the call was fused, before step 3 went backward
@example(4, ["training", "training", "two"], mixed)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_some_steps_are_looked_at_as_in_an_eager_training(every, kinds, build):
    turns = ["training", *kinds]
    eager, compiled = (watched_training(build, compiled, turns=turns, every=every) for compiled in (False, True))
    assert_same(eager, compiled)
    taken = sum({"training": 1, "two": 2}.get(kind, 0) for kind in turns)
    early = {1, 2, 4} & set(range(every))
    assert [r.step for r in compiled.history] == [i for i in range(taken) if i % every == 0 or i in early]


@given(
    st.sampled_from([(1, 6, 5, 9), (3, 8, 6, 6), (2, 3, 7, 4), (16, 32, 6, 8)]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([1.0, 1e-22, 1e22]),
    st.booleans(),
)
@settings(max_examples=6)
@example((1, 6, 5, 9), np.float32, 1e22, True)
@example((1, 6, 5, 9), np.float32, 1e-22, False)
@example((2, 3, 7, 4), np.float32, 1e-22, False)  # what a ReLU lets pass is small beside what it does not
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_counts_are_those_of_the_arrays(sizes, dtype, scale, pooled):
    """Images whose sides are odd have pixels that no window sees, dead units pass nothing on, small squares vanish."""
    channels, filters, height, width = sizes
    layers = [nn.Conv2d(channels, filters, 3, padding=1, dtype=dtype, rng=0), nn.ReLU()]
    layers += [nn.MaxPool2d(2, fit="floor")] if pooled else []
    last = filters * (height // 2 * (width // 2) if pooled else height * width)
    rest = [nn.Flatten(), nn.Linear(last, 7, dtype=dtype, rng=1), nn.ReLU(), nn.Linear(7, 3, dtype=dtype, rng=2)]
    model = nn.Sequential(*layers, *rest)
    bias = model[0].bias.numpy()
    bias[0], bias[1] = -9 * scale, 0
    model[0].bias.assign(bias)
    images = (np.random.default_rng(0).standard_normal((17, channels, height, width)) * scale).astype(dtype)
    records = []
    for compiled in (False, True):
        monitor = health.Monitor(model, thresholds=health.Thresholds(unit_samples=1), every=1)
        f = ag.compile(lambda x: model(x).mean() / scale, monitor=monitor if compiled else None)
        for _ in range(4):  # step 3 is none of which a full report is kept
            model.zero_grad()
            loss = f(images) if compiled else f.function(ag.Tensor(images))
            loss.backward()
            if not compiled:
                monitor.observe(loss)
        records.append(monitor.history[3])
        assert 0 in monitor.report().layers[1].units.dead
    theirs, ours = map(vars, records)
    rough = 2e-5 if dtype == np.float32 else 1e-12
    for field in ("gradients", "weight_gradients", "activations", "attenuations"):
        for layer, number in theirs[field].items():
            near = {"rel": rough, "abs": rough if field == "attenuations" else 0}
            expected = None if number is None else pytest.approx(number, **near)
            assert ours[field][layer] == expected, (field, layer)
    for field in ("dead", "starved", "silent", "silent_units", "saturated", "same_sign", "update_ratios", "samples"):
        assert ours[field] == theirs[field]


def looks(monitor, f, x, steps):
    """Return how much is seen of each step."""
    seen = []
    for _ in range(steps):
        result = f(x)
        seen.append(result.attributes["replay"].held().look.name)
        result.backward()
    return seen


def test_all_steps_are_counted_and_some_are_seen():
    model = small_cnn()
    monitor = health.Monitor(model, frames_every=4, every=1)
    f = ag.compile(lambda x: model(x).sum(), monitor=monitor)
    seen = looks(monitor, f, np.ones((4, 1, 8, 8), np.float32), 13)
    assert [i for i, look in enumerate(seen) if look == "ARRAYS"] == [0, 1, 2, 4, 8, 12]
    assert set(seen) == {"ARRAYS", "COUNTS"}
    assert [record.step for record in monitor.history] == list(range(13))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("build", [small_cnn, mixed])
def test_what_is_not_finite_is_found_at_the_step_where_it_is(build, wrong):
    """A step of which counts would do is done again with all arrays then: they tell where it began."""
    found = []
    for compiled in (False, True):
        model = build()
        monitor = health.Monitor(model, every=1)
        f = ag.compile(lambda x, y, model=model: F.cross_entropy(model(x), y), monitor=monitor if compiled else None)
        x = np.random.default_rng(0).standard_normal((8, 1, 8, 8)).astype(np.float32)
        for step in range(7):
            x[3, 0, 4, 4] = wrong if step >= 5 else 0.5
            model.zero_grad()
            given = x.copy(), np.arange(8)
            loss = f(*given) if compiled else f.function(ag.Tensor(given[0]), given[1])
            loss.backward()
            if not compiled:
                monitor.observe(loss)
        (finding,) = [each for each in monitor.report().findings if each.kind == "non-finite"]
        found.append((finding.since, finding.layer, finding.words))
    assert found[0] == found[1]
    assert found[0][0] == 5


def test_a_report_between_full_ones_has_the_numbers_of_its_step():
    reports = []
    for compiled in (False, True):
        monitor = watched_training(small_cnn, compiled, turns=("training",) * 6)
        reports.append(monitor.report())
    eager, ours = reports
    assert ours.step == eager.step == 5
    assert (ours.batch, ours.samples, ours.loss) == (eager.batch, eager.samples, pytest.approx(eager.loss, rel=1e-5))
    for mine, theirs in zip(ours.layers, eager.layers, strict=True):
        assert (mine.name, mine.kind, mine.units) == (theirs.name, theirs.kind, theirs.units)
        assert mine.activation.rms == pytest.approx(theirs.activation.rms, rel=1e-4)
        assert mine.gradient.rms == pytest.approx(theirs.gradient.rms, rel=1e-4)
        for field in ("attenuation", "update_ratio", "weight_gradient", "same_sign"):
            number = getattr(theirs, field)
            assert getattr(mine, field) == (None if number is None else pytest.approx(number, rel=1e-3, abs=1e-9))
    for mine, theirs in zip(ours.connections, eager.connections, strict=True):
        assert mine.value == pytest.approx(theirs.value, rel=1e-4)
        assert (mine.gradient is None) == (theirs.gradient is None)


def test_other_layers_are_looked_at_in_full():
    """Numbers of one network are not put into the report of another."""
    first, second = small_cnn(), mixed()
    monitor = health.Monitor([*first.parameters(), *second.parameters()], every=1)
    labels, x = np.arange(8), np.ones((8, 1, 8, 8), np.float32)
    f = [ag.compile(lambda x, y, m=m: F.cross_entropy(m(x), y), monitor=monitor) for m in (first, second)]
    for step in range(8):
        f[step > 5](x, labels).backward()
    assert [layer.name for layer in monitor.report().layers] == [
        layer.name for layer in health.inspect(F.cross_entropy(second(ag.Tensor(x)), labels)).layers
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_that_receives_no_gradient(dtype):
    """Its output only decides what others pass on: no gate sends a gradient back to it."""
    mask, other = (nn.Sequential(nn.Linear(3, 4, dtype=dtype, rng=i), nn.ReLU()) for i in range(2))
    monitors = [health.Monitor(thresholds=health.Thresholds(unit_samples=1), every=1) for _ in range(2)]

    def function(x):
        with ag.scope("mask"):
            a = mask(x)
        with ag.scope("other"):
            b = other(x)
        return (b * (a > 0.0).astype(dtype)).sum()

    f, x = ag.compile(function, monitor=monitors[1]), np.random.default_rng(0).standard_normal((5, 3)).astype(dtype)
    for _ in range(4):
        loss = function(ag.Tensor(x))
        loss.backward()
        monitors[0].observe(loss)
        for parameter in (*mask.parameters(), *other.parameters()):
            parameter.zero_grad()
        f(x).backward()
        for parameter in (*mask.parameters(), *other.parameters()):
            parameter.zero_grad()
    theirs, ours = (vars(monitor.history[3]) for monitor in monitors)
    for field in ("dead", "starved", "silent", "gradients", "weight_gradients"):
        assert {k: v if v is None else pytest.approx(v) for k, v in ours[field].items()} == theirs[field]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("use", ["two layers", "two sizes", "a layer and the input", "a layer and what no layer made"])
def test_one_relu_used_twice_is_counted_over_both_uses(use, dtype):
    """Of what is no product with weights nothing is counted in passing: then arrays are asked for."""
    first, second = (nn.Linear(4, 4, dtype=dtype, rng=i) for i in range(2))
    first.bias.assign([-99.0, -99.0, 9.0, 9.0])
    second.bias.assign([-99.0, 9.0, -99.0, 9.0])
    relu, x = nn.Sequential(relu=nn.ReLU()), np.random.default_rng(0).standard_normal((40, 4)).astype(dtype)
    monitors = [health.Monitor(every=1) for _ in range(2)]

    def function(x):
        with ag.scope("first"):
            a = first(x)
        with ag.scope("second"):
            b = second(x)
        other = {"two layers": b, "two sizes": b[:7], "a layer and the input": x}.get(use, x * 0.5 - x)
        return (relu(a).sum() + 0.5 * relu(other).sum()) / 40

    f = ag.compile(function, monitor=monitors[1])
    for call in (function, f):
        for _ in range(4):
            first.zero_grad()
            second.zero_grad()
            loss = call(ag.Tensor(x, requires_grad=True))
            loss.backward()
            if call is function:
                monitors[0].observe(loss)
    theirs, ours = (vars(monitor.history[3]) for monitor in monitors)
    for field in ("dead", "starved", "silent", "saturated", "samples"):
        assert ours[field] == theirs[field]
    assert ours["dead"]["relu"] == (1 if use.startswith("two") else 0)
    assert ours["activations"] == pytest.approx(theirs["activations"])


def test_steps_that_are_passed_over_are_fused():
    """The monitor sees which call is replayed by which kind of state: only where it looks, more stays to be seen."""
    model = small_cnn()
    monitor = health.Monitor(model, every=3)
    f = ag.compile(lambda x: model(x).sum(), monitor=monitor)
    x, seen = np.ones((4, 1, 8, 8), np.float32), []
    for step in range(7):
        result = f(x)
        with ag.no_grad():
            evaluated = f(x)
        seen.append((step, result.attributes["replay"].held().look))
        assert evaluated.value == pytest.approx(result.value)
        result.backward()
    assert [step for step, look in seen if look] == [0, 1, 2, 3, 6]
    assert [record.step for record in monitor.history] == [0, 1, 2, 3, 6]


def test_any_monitor_will_do():
    w = ag.Parameter([1.0, -2.0], name="w")
    seen = []

    class Look:
        def __init__(self, loss):
            self.loss = loss

        def take(self):
            order = ag.topological_order(self.loss)
            seen.append([(x.gate and x.gate.name, x.value.tolist(), x.grad is not None) for x in order if x is not w])
            return True

    class Looker:
        def wants(self):
            return True

        wants_arrays = wants

        def watch(self, loss, *, replayed, tallies):
            assert replayed
            assert tallies is None
            return Look(loss)

    f = ag.compile(lambda x: ag.relu(w * x).sum(), monitor=Looker())
    for k in (1.0, 2.0):
        f(np.array([k, k])).backward(retain="leaves")
    assert seen[1][1:] == [("multiply", [2.0, -4.0], True), ("relu", [2.0, 0.0], True), ("sum", 2.0, True)]
    assert w.grad.tolist() == [3.0, 0.0]


@pytest.mark.parametrize(("every", "looks"), [(None, [0, 1, 2, 4, 8, 16]), (1, [*range(20)])])
def test_every_16th_step_is_looked_at_unless_all_are_asked_for(every, looks):
    w = ag.Parameter(np.ones(2, np.float32))
    monitor = health.Monitor([w], every=every)
    f = ag.compile(lambda x: (w * x).sum(), monitor=monitor)
    for _ in range(20):
        f(np.ones(2, np.float32)).backward()
    assert [record.step for record in monitor.history] == looks
