"""Native instructions for whole layers: what the gates one by one give, in memory of their own."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import kernels, nn
from autograd_cnn.compilation.look import Look
from autograd_cnn.kernels.planning import VARIABLE

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
DTYPES = st.sampled_from([np.float32, np.float64])


def outcome(function, parameters, *arguments):
    """Return values and gradients of two calls; the second is of other numbers."""
    found = []
    for k in (1.0, -0.5):
        given = [ag.Tensor(x.value * k, requires_grad=True) if isinstance(x, ag.Tensor) else x for x in arguments]
        for p in parameters:
            p.zero_grad()
        loss = function(*given)
        loss.backward(None if loss.size == 1 else np.cos(np.arange(loss.size, dtype=loss.dtype)).reshape(loss.shape))
        leaves = [*parameters, *(x for x in given if isinstance(x, ag.Tensor))]
        found += [loss.numpy(), *(np.array(x.grad) for x in leaves)]
    return found


def assert_alike(function, parameters, *arguments):
    expected = outcome(function, parameters, *arguments)
    compiled = ag.compile(function)
    for _ in range(2):
        for ours, theirs in zip(outcome(compiled, parameters, *arguments), expected, strict=True):
            tolerance = 1e-12 if theirs.dtype == np.float64 else 2e-5
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, np.abs(theirs).max()))
    (program,) = compiled._recordings[next(iter(compiled._recordings))]
    return {name for group in program._groups[Look.NOTHING].values() if group for name in [group.build.__name__]}


def drawn(rng, shape, dtype):
    return rng.standard_normal(shape).astype(dtype)


@given(data=st.data(), dtype=DTYPES, seed=st.integers(0, 99))
@FEW
def test_convolutions(data, dtype, seed):
    rng = np.random.default_rng(seed)
    groups = data.draw(st.sampled_from([1, 1, 2]))
    batch, channels, filters = data.draw(st.sampled_from([1, 3, 17])), groups * 2, groups * data.draw(st.integers(1, 3))
    height, width = data.draw(st.tuples(*[st.integers(4, 9)] * 2))
    window = data.draw(st.sampled_from([1, 2, 3]))
    options = {"stride": data.draw(st.sampled_from([1, 1, 2])), "padding": data.draw(st.integers(0, 1))}
    biased, active, pooled = data.draw(st.sampled_from([(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)]))
    weight = ag.Parameter(drawn(rng, (filters, channels // groups, window, window), dtype))
    bias = ag.Parameter(drawn(rng, filters, dtype))

    def function(x):
        y = F.conv2d(x, weight, bias if biased else None, **options, groups=groups, fit="floor")
        y = ag.relu(y) if active else y
        return F.max_pool2d(y, 2, fit="floor") if pooled and min(y.shape[2:]) > 1 else y

    x = ag.Tensor(drawn(rng, (batch, channels, height, width), dtype))
    if min(function(x).shape):
        assert "Convolution" in assert_alike(function, [weight, bias] if biased else [weight], x)


@given(data=st.data(), dtype=DTYPES, seed=st.integers(0, 99))
@FEW
def test_fully_connected_layers_and_losses(data, dtype, seed):
    rng = np.random.default_rng(seed)
    batch, inputs, hidden, classes = data.draw(st.tuples(*[st.integers(1, 40)] * 4))
    active = data.draw(st.booleans())
    layers = [nn.Linear(inputs, hidden, dtype=dtype, rng=1), nn.Linear(hidden, classes, dtype=dtype, rng=2)]
    labels = rng.integers(0, classes, batch)

    def function(x):
        y = layers[0](x)
        return F.cross_entropy(layers[1](ag.relu(y) if active else y), labels)

    parameters = [p for layer in layers for p in layer.parameters()]
    found = assert_alike(function, parameters, ag.Tensor(drawn(rng, (batch, inputs), dtype)))
    assert found == {"Linear", "MeanLoss"}


@pytest.mark.parametrize("algorithm", ["plain", "direct", "batch-last", "winograd"])
def test_every_algorithm_of_convolution(algorithm):
    rng = np.random.default_rng(0)
    first, second = (ag.Parameter(drawn(rng, shape, np.float32) * 0.2) for shape in ((32, 3, 3, 3), (32, 32, 3, 3)))
    biases = [ag.Parameter(drawn(rng, 32, np.float32)) for _ in range(2)]

    def function(x):
        y = ag.relu(F.conv2d(x, first, biases[0], padding=1))
        return F.max_pool2d(ag.relu(F.conv2d(y, second, biases[1], padding=1)), 2)

    with kernels.forced(algorithm):
        assert_alike(function, [first, second, *biases], ag.Tensor(drawn(rng, (16, 3, 8, 8), np.float32)))


def test_values_that_others_read_too_are_there():
    rng = np.random.default_rng(0)
    weight, bias = ag.Parameter(drawn(rng, (4, 5), np.float64)), ag.Parameter(drawn(rng, 4, np.float64))

    def function(x):
        y = F.linear(x, weight, bias)
        return (ag.relu(y) * y + ag.relu(y)).sum() + (x * x).sum() + weight.sum()

    assert_alike(function, [weight, bias], ag.Tensor(drawn(rng, (3, 5), np.float64)))


def test_infinity_and_nan_pass_as_in_the_function():
    rng = np.random.default_rng(0)
    weight, bias = ag.Parameter(drawn(rng, (4, 3, 3, 3), np.float32)), ag.Parameter(np.zeros(4, np.float32))

    def function(x):
        return F.max_pool2d(ag.relu(F.conv2d(x, weight, bias, padding=1)), 2).sum()

    compiled = ag.compile(function)
    compiled(np.zeros((2, 3, 4, 4), np.float32)).backward()
    for value in (np.nan, np.inf, -np.inf):
        x = drawn(rng, (2, 3, 4, 4), np.float32)
        x[0, 1, 2, 3] = value
        with np.errstate(all="ignore"):
            expected, found = function(ag.Tensor(x)), compiled(x)
            np.testing.assert_allclose(found.value, expected.value, rtol=1e-5)
            for ours, theirs in zip(*(ag.grad(y, [weight, bias]) for y in (found, expected)), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(compiled(np.ones_like(x)).value, function(ag.Tensor(np.ones_like(x))).value, rtol=1e-5)


def small_network():
    layers = [nn.Conv2d(3, 8, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(8 * 64, 64, rng=1), nn.ReLU(), nn.Linear(64, 10, rng=2))


def test_a_replay_allocates_next_to_nothing(monkeypatch):
    """The activations alone take more than a megabyte. Plain loops, where they are forced, allocate as they go."""
    monkeypatch.delenv(VARIABLE, raising=False)
    model = small_network()
    compiled = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    x, y = np.ones((32, 3, 16, 16), np.float32), np.zeros(32, int)

    def step():
        model.zero_grad()
        compiled(x, y).backward(retain="leaves")

    for _ in range(3):
        step()
    tracemalloc.start()
    try:
        step()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    buffer = 0 if np.lib.NumpyVersion(np.__version__) >= "2.3.0" else 8192  # which NumPy's own functions took before
    assert peak - before < 16_000 + buffer


def test_gradients_belong_to_whoever_holds_them():
    model = small_network()
    compiled = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    held = []
    for k in range(4):
        model.zero_grad()
        compiled(np.full((4, 3, 16, 16), k + 1.0, np.float32), np.arange(4)).backward()
        held.append([(p.grad, p.grad.copy(), p.grad[:1]) for p in model.parameters()])
    for gradients in held:
        for gradient, copy, part in gradients:
            np.testing.assert_array_equal(gradient, copy)
            np.testing.assert_array_equal(part, copy[:1])
    assert len({id(gradients[0][0]) for gradients in held}) == 4


def test_gradients_add_up_over_batches():
    model = small_network()
    compiled = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    rng = np.random.default_rng(0)
    batches = [(drawn(rng, (4, 3, 16, 16), np.float32), rng.integers(0, 10, 4)) for _ in range(3)]
    for x, y in batches:
        compiled(x, y).backward()
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    for x, y in batches:
        F.cross_entropy(model(x), y).backward()
    for ours, p in zip(found, model.parameters(), strict=True):
        np.testing.assert_allclose(ours, p.grad, rtol=1e-4, atol=1e-6)
