"""Compiled functions of Tensors do what the functions themselves do: values and gradients.

Gate by gate that holds to the bit; where native instructions add up in another order, to the rounding of sums.
"""

from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn, optim
from autograd_cnn.compilation.native.groups import PATTERNS
from autograd_cnn.testing import strategies

FEW = settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
GATE_BY_GATE = mock.patch.dict(PATTERNS, clear=True)
WITH_INPUTS = sorted(name for name, gate in ag.GATES.items() if not gate.is_source)


def outcome(function, values, differentiable, seed=None):
    """Return the value, and the gradient of every input; None for no gradient."""
    leaves = [ag.Tensor(x, requires_grad=i in differentiable) for i, x in enumerate(values)]
    output = function(*leaves)
    if output.requires_grad:
        output.backward(None if seed is None else seed(output))
    return [output.value, *(x.grad for x in leaves)]


def assert_same(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            assert np.shape(ours) == np.shape(theirs)
            assert getattr(ours, "dtype", float) == getattr(theirs, "dtype", float)
            np.testing.assert_array_equal(ours, theirs)


def seed_of(output):
    array = np.cos(np.arange(output.size, dtype=output.dtype)).reshape(output.shape)
    return array if isinstance(output, ag.Tensor) else float(array)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", WITH_INPUTS)
@given(data=st.data())
@FEW
def test_every_gate_is_replayed_to_the_bit(name, data):
    gate, call = ag.GATES[name], data.draw(strategies.calls(name))

    def function(*inputs):
        given = [x if i in call.differentiable else call.inputs[i] for i, x in enumerate(inputs)]
        return gate(*given, **call.attributes)

    compiled = ag.compile(function)
    turned = [np.flip(x) if i in call.differentiable else x for i, x in enumerate(call.inputs)]
    if not call.differentiable:  # a function of constants
        return
    for values in (turned, call.inputs, call.inputs, turned):
        expected = outcome(function, values, call.differentiable, seed_of)
        assert_same(outcome(compiled, values, call.differentiable, seed_of), expected)
    assert len(compiled._recordings) == 1


@given(strategies.graphs(max_nodes=12, kinks=True))
@FEW
def test_random_graphs_are_replayed_to_the_bit(graph):
    compiled = ag.compile(graph)
    everything = range(len(graph.values))
    expected = outcome(graph, graph.values, everything)
    for _ in range(3):
        assert_same(outcome(compiled, graph.values, everything), expected)


@given(strategies.networks())
@FEW
def test_random_networks_train_alike(network):
    def losses_and_buffers(wrap):
        model = network.build()
        f = wrap(lambda x, y: nn.CrossEntropyLoss()(model(x), y))
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for step in range(4):
            loss = f(network.images * (1 + step), network.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.value
        yield from model.buffers()

    expected = [*losses_and_buffers(lambda f: f)]
    for found, value in zip(losses_and_buffers(ag.compile), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-12)
    with GATE_BY_GATE:
        for found, value in zip(losses_and_buffers(ag.compile), expected, strict=True):
            np.testing.assert_array_equal(found, value)


def network(*layers, seed=0):
    ag.manual_seed(seed)
    return nn.Sequential(*[layer() for layer in layers])


def steps(wrap, build, batches, mode=None):
    """Return the losses of training steps, and at last the gradients and buffers."""
    model = build()
    if mode:
        mode(model)
    f = wrap(lambda x, y: F.cross_entropy(model(x), y))
    ag.manual_seed(7)
    losses = []
    for x, y in batches:
        model.zero_grad()
        loss = f(x, y)
        loss.backward()
        losses.append(loss.item())
        for p in model.parameters():
            p.assign(p.value - 0.1 * p.grad)
    return losses, [p.grad for p in model.parameters()], [b.copy() for b in model.buffers()]


def batches(count=4, size=6, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((size, 5), np.float32), rng.integers(0, 3, size)) for _ in range(count)]


def assert_trained_alike(build, data):
    expected, found = steps(lambda f: f, build, data), steps(ag.compile, build, data)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    for ours, theirs in zip(found[1] + found[2], expected[1] + expected[2], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    with GATE_BY_GATE:
        found = steps(ag.compile, build, data)
    assert found[0] == expected[0]
    for ours, theirs in zip(found[1] + found[2], expected[1] + expected[2], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_labels_are_data():
    data = batches()
    x = data[0][0]
    assert_trained_alike(lambda: network(lambda: nn.Linear(5, 3)), [(x, y) for _, y in data])


def test_dropout_draws_anew_from_the_same_generator():
    layers = [lambda: nn.Linear(5, 8), lambda: nn.Dropout(0.5), lambda: nn.Linear(8, 3), lambda: nn.Dropout(0.2, rng=3)]
    assert_trained_alike(lambda: network(*layers), batches())


def test_two_draws_are_two_masks():
    x = np.ones(50)
    f = ag.compile(lambda x: F.dropout(x, rng=None) + 2 * F.dropout(x, rng=None))
    ag.manual_seed(1)
    found = [f(x).value for _ in range(3)]
    ag.manual_seed(1)
    expected = [F.dropout(x) + 2 * F.dropout(x) for _ in range(3)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics_are_live(momentum):
    layers = [lambda: nn.Linear(5, 4), lambda: nn.BatchNorm1d(4, momentum=momentum), lambda: nn.Linear(4, 3)]
    assert_trained_alike(lambda: network(*layers), batches())


def test_running_statistics_are_read_as_they_are():
    model = network(lambda: nn.BatchNorm1d(5))
    f = ag.compile(lambda x: model(x).sum())
    x = batches()[0][0]
    for k in range(4):
        if k == 2:
            model[0].running_mean[:] = 3.0
        model.eval()
        np.testing.assert_array_equal(f(x).value, model(ag.Tensor(x)).sum().value)
        model.train()
        f(x)
        assert model[0].num_batches_tracked == k + 1
    assert len(f._recordings) == 1
    assert "2 recordings" in repr(f)


def test_a_layer_changed_after_recording_is_recorded_anew():
    model = network(lambda: nn.Linear(5, 4), lambda: nn.Dropout(0.0), lambda: nn.Linear(4, 3))
    f = ag.compile(lambda x: model(x).sum(), check=True)
    x = batches()[0][0]
    f(x)
    model[1].p = 1.0
    np.testing.assert_allclose(f(x).value, model[2](ag.Tensor(np.zeros((6, 4), np.float32))).sum().value, rtol=1e-6)
    model[2].bias = ag.Parameter(np.full(3, 5.0, np.float32))
    np.testing.assert_array_equal(f(x).value, model(ag.Tensor(x)).sum().value)
    model[2].bias.requires_grad = False
    f(x).backward()
    assert model[2].bias.grad is None


def test_names_that_stand_for_something_else_are_read_anew():
    scale, w = 2.0, ag.Parameter([1.0, 2.0])
    f = ag.compile(lambda: (w * scale).sum())
    assert f().item() == 6.0
    scale = 3.0
    assert f().item() == 9.0
    w = ag.Parameter([5.0, 5.0])
    assert f().item() == 30.0


def test_decisions_by_arrays_are_looked_at_again():
    w = ag.Parameter([1.0, 2.0])
    calls = []

    @ag.compile
    def f(x):
        calls.append(1)
        return (w * x).sum() if x.max() > 1 else w.sum()

    found = [f(np.array(x)).item() for x in ([1.0, 3.0], [0.0, 1.0], [2.0, 2.0], [0.5, 0.5])]
    assert found == [7.0, 3.0, 6.0, 3.0]
    assert len(calls) == 2


def test_numpy_on_arguments_stays_live():
    w = ag.Parameter(np.arange(12.0).reshape(4, 3))

    def function(x, y):
        one_hot = np.equal(y[:, None], np.arange(3)).astype(float)
        scaled = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-3)
        rows = np.concatenate([scaled, np.ones((len(x), 1))], axis=1)
        wrong = (y != 1) & ~(x[:, 0] < 0)
        return (ag.matmul(rows, w) * one_hot * wrong[:, None]).sum() + w[y % 4].sum()

    compiled = ag.compile(function, check=True)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((5, 3)), rng.integers(0, 3, 5)
        np.testing.assert_array_equal(compiled(x, y).value, function(x, y).value)
    assert len(compiled._recordings) == 1


def test_picks_by_values_stay_live():
    w = ag.Parameter([3.0, 1.0, 2.0])

    def function(x):
        y = w * x
        values, places = ag.topk(y, 2)
        return values.sum() + ag.take(y, ag.argmin(y)) * 10 + (np.take(x, places) * 100).sum()

    compiled = ag.compile(function)
    for x in ([1.0, 1.0, 1.0], [1.0, 9.0, 1.0], [-1.0, 1.0, 1.0]):
        expected, found = function(np.array(x)), compiled(np.array(x))
        assert found.value == expected.value
        assert_same(ag.grad(found, w), ag.grad(expected, w))
    assert len(compiled._recordings) == 1


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (np.array([0, 2, 1, -100]), {}),
        (np.array([0, 2, 1, 1]), {"weight": np.array([1.0, 2.0, 0.5])}),
        (np.array([0, -100, 1, 1]), {"weight": np.array([1.0, 2.0, 0.5]), "label_smoothing": 0.1}),
        (np.array([[0.2, 0.3, 0.5]] * 4), {}),
    ],
)
def test_targets_of_every_kind(target, options):
    scores = ag.Parameter(np.sin(np.arange(12.0)).reshape(4, 3))

    def function(y):
        return F.cross_entropy(scores * 2, y, **options)

    compiled = ag.compile(function)
    for turned in (target[::-1], target, target):
        expected, found = function(turned), compiled(turned)
        assert found.value == expected.value
        assert_same(ag.grad(found, scores), ag.grad(expected, scores))


def test_a_wrong_label_raises_as_ever():
    scores = ag.Parameter(np.zeros((2, 3)))
    f = ag.compile(lambda y: F.cross_entropy(scores, y))
    for wrong in (np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(ag.OutOfRangeError, match=r"label (3|-1) of sample [01] is not among the 3 classes"):
            f(wrong)
        f(np.array([0, 1])).backward()
        with pytest.raises(ag.OutOfRangeError, match="is not among the 3 classes"):
            f(wrong)
        with pytest.raises(ag.DtypeError, match="labels of dtype float64"):
            f(np.array([0.0, 1.0]))
    assert f(np.array([1, 2])).item() == pytest.approx(np.log(3))
