"""A monitored compiled training tells the monitor what an eager one tells it."""

import numpy as np
import pytest

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


def watched_training(build, compiled, rate=0.05, steps=6, dtype=np.float32):
    model = build()
    monitor = health.Monitor(model)
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9)

    def function(x, y):
        return F.cross_entropy(model(x), y)

    f = ag.compile(function, monitor=monitor) if compiled else function
    rng = np.random.default_rng(0)
    for step in range(steps):
        count = 32 if step < steps - 1 else 20  # the last batch of an epoch is smaller
        loss = f(ag.Tensor(rng.standard_normal((count, 1, 8, 8), dtype)), rng.integers(0, 10, count))
        optimizer.zero_grad()
        loss.backward()
        if not compiled:
            monitor.observe(loss)
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
    eager, compiled = (watched_training(build, compiled, rate) for compiled in (False, True))
    for ours, theirs in zip(compiled.history, eager.history, strict=True):
        assert_alike(vars(theirs), vars(ours))
    ours, theirs = compiled.report(), eager.report()
    assert [(f.kind, f.layer) for f in ours.findings] == [(f.kind, f.layer) for f in theirs.findings]
    assert str(ours).splitlines()[:1] == str(theirs).splitlines()[:1]


def test_any_monitor_will_do():
    w = ag.Parameter([1.0, -2.0], name="w")
    seen = []

    class Look:
        def __init__(self, loss):
            self.loss = loss

        def take(self):
            order = ag.topological_order(self.loss)
            seen.append([(x.gate and x.gate.name, x.value.tolist(), x.grad is not None) for x in order if x is not w])

    class Looker:
        def watch(self, loss, *, replayed):
            assert replayed
            return Look(loss)

    f = ag.compile(lambda x: ag.relu(w * x).sum(), monitor=Looker())
    for k in (1.0, 2.0):
        f(np.array([k, k])).backward(retain="leaves")
    assert seen[1][1:] == [("multiply", [2.0, -4.0], True), ("relu", [2.0, 0.0], True), ("sum", 2.0, True)]
    assert w.grad.tolist() == [3.0, 0.0]
