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
