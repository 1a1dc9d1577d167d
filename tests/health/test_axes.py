"""Which axis of an activation counts units: the graph tells, and every reader goes by it."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn
from autograd_cnn.health.axes import other_axes, unit_axis
from autograd_cnn.health.plan import plan_of

ANY_SIZE = health.Thresholds(unit_samples=1)
RNG = np.random.default_rng(0)


def x(*shape):
    return ag.Tensor(RNG.normal(size=shape))


def w(*shape):
    return ag.Parameter(RNG.normal(size=shape))


def conv1d(data, filters=5):
    return F.conv1d(data, w(filters, data.shape[1], 3), w(filters))


def conv2d(data, filters=5):
    return F.conv2d(data, w(filters, data.shape[1], 1, 3), w(filters))


def linear(data, count=5):
    return F.linear(data, w(count, data.shape[-1]), w(count))


SEQUENCES, IMAGES, WORDS, ROWS = x(4, 3, 8), x(4, 3, 2, 8), x(4, 6, 7), x(4, 2, 6, 7)
EIGHT = np.eye(8)

CHANNELS = {
    "conv1d": lambda: conv1d(SEQUENCES),
    "conv1d without bias": lambda: F.conv1d(SEQUENCES, w(5, 3, 3)),
    "as many positions as channels": lambda: conv1d(x(4, 5, 7)),
    "one channel of one sample": lambda: conv1d(x(1, 3, 8), 1),
    "conv2d": lambda: conv2d(IMAGES),
    "transposed convolution": lambda: F.conv_transpose2d(IMAGES, w(3, 5, 2, 2), w(5)),
    "of sequences transposed": lambda: F.conv_transpose2d(IMAGES[:, :, :1], w(3, 5, 1, 2)).reshape(4, 5, 9),
    "batch norm": lambda: F.batch_norm(conv1d(SEQUENCES), None, None, w(5), w(5), True),
    "group norm": lambda: F.group_norm(conv1d(SEQUENCES, 6), 2, w(6), w(6)),
    "shuffled channels": lambda: conv1d(SEQUENCES, 6).reshape(4, 2, 3, 6).transpose(0, 2, 1, 3).reshape(4, 6, 6),
    "max pool": lambda: F.max_pool1d(conv1d(SEQUENCES), 2),
    "average pool": lambda: F.avg_pool1d(conv1d(SEQUENCES), 2),
    "layer norm by hand": lambda: (lambda z: (z - z.mean(2, keepdims=True)) * w(5, 1))(conv1d(SEQUENCES)),
    "dropout": lambda: F.dropout(conv1d(SEQUENCES), 0.5),
    "a mask first": lambda: x(4, 5, 6) * conv1d(SEQUENCES),
    "a bias first": lambda: w(5).reshape(1, 5, 1) + conv1d(SEQUENCES),
    "a residual": lambda: (lambda z: z + F.conv1d(ag.relu(z), w(5, 5, 1)))(conv1d(SEQUENCES)),
    "what enters, and a branch": lambda: SEQUENCES + F.conv1d(SEQUENCES, w(3, 3, 3), padding=1),
    "several activations": lambda: ag.tanh(ag.relu(conv1d(SEQUENCES)) * 2.0),
    "branches side by side": lambda: ag.concatenate([SEQUENCES[:, :, 2:], conv1d(SEQUENCES), conv1d(SEQUENCES)], 1),
    "every second position": lambda: conv1d(SEQUENCES)[:, :, ::2],
    "one row of images": lambda: conv2d(IMAGES)[:, :, 0],
    "mean over rows": lambda: conv2d(IMAGES).mean(2),
    "mean over rows that stand first": lambda: conv2d(IMAGES).transpose(0, 2, 1, 3).mean(1),
    "times a weight per position": lambda: linear(x(4, 9), 6).reshape(4, 1, 6) * conv1d(SEQUENCES),
    "weights on the left": lambda: w(5, 3) @ SEQUENCES,
    "letters of channels": lambda: ag.einsum("ncl,oc->nol", SEQUENCES, w(5, 3)),
    "turned twice": lambda: ag.tanh(conv1d(SEQUENCES).transpose(0, 2, 1)).transpose(0, 2, 1),
    "turned around": lambda: conv1d(SEQUENCES).transpose(),
    "a product turned": lambda: linear(WORDS).transpose(0, 2, 1),
    "four axes, told by nothing": lambda: IMAGES * 1.0,
}
FEATURES = {
    "linear": lambda: linear(WORDS),
    "linear of four axes": lambda: linear(ROWS),
    "as many outputs as inputs": lambda: linear(ROWS, 7),
    "normalised": lambda: F.layer_norm(linear(ROWS), 5, w(5), w(5)),
    "normalised in groups": lambda: F.group_norm(linear(ROWS), 2, w(2), w(2)),
    "per head": lambda: x(4, 2, 6, 7) @ w(1, 2, 7, 5),
    "batch norm of positions": lambda: F.batch_norm(linear(WORDS), None, None, w(6), w(6), True),
    "two products": lambda: WORDS @ w(7, 5) + WORDS @ w(7, 5),
    "letters of features": lambda: ag.einsum("ntd,do->nto", WORDS, w(7, 5)),
    "letters of heads": lambda: ag.einsum("nd,dho->nho", x(4, 7), w(7, 2, 5)),
    "four letters of features": lambda: ag.einsum("nabd,do->nabo", ROWS, w(7, 5)),
    "words that were looked up": lambda: w(9, 5)[np.arange(24).reshape(4, 6) % 9],
    "an image row by row": lambda: conv2d(IMAGES).transpose(0, 2, 3, 1),
    "channels last": lambda: conv1d(SEQUENCES).transpose(0, 2, 1),
    "turned around": lambda: linear(WORDS).transpose().transpose(2, 1, 0),
    "away and back": lambda: ag.relu(linear(ROWS).transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0),
    "positions mixed": lambda: ag.Tensor(EIGHT[:6, :6]) @ linear(WORDS),
    "letters of positions mixed": lambda: ag.einsum("vt,ntd->nvd", EIGHT[:6, :6], linear(WORDS)),
    "words with each other": lambda: linear(WORDS) @ linear(WORDS).transpose(0, 2, 1),
    "letters with each other": lambda: ag.einsum("nqd,nkd->nqk", linear(WORDS), linear(WORDS)),
    "weights of one unit": lambda: ROWS @ w(7),
    "units as samples": lambda: linear(WORDS).transpose(2, 0, 1),
    "unflattened": lambda: linear(x(4, 7), 30).reshape(4, 6, 5),
    "a bias of weights and a vector": lambda: x(4, 2, 6, 5) + w(5, 3) @ x(3),
    "a bias of weights and a vector, turned": lambda: x(4, 2, 6, 5) + (w(5, 3) @ x(3)).transpose(0),
    "unflattened without bias": lambda: (x(4, 7) @ w(7, 30)).reshape(4, 6, 5),
    "times a product of two vectors": lambda: WORDS * (w(7) @ w(7)),
    "times one number of letters": lambda: WORDS * ag.einsum("i,i->", w(7), w(7)),
    "told by nothing": lambda: SEQUENCES * 1.0,
    "rows of a batch": lambda: linear(x(4, 7)),
}


@pytest.mark.parametrize("gate", [ag.relu, ag.sigmoid])
@pytest.mark.parametrize("name", CHANNELS)
def test_channels_are_units(name, gate):
    assert unit_axis(gate(CHANNELS[name]())) == 1


@pytest.mark.parametrize("gate", [ag.relu, ag.sigmoid])
@pytest.mark.parametrize("name", FEATURES)
def test_features_are_units(name, gate):
    y = gate(FEATURES[name]())
    assert unit_axis(y) == y.ndim - 1


def test_what_keeps_no_axis_leaves_it_to_the_number_of_axes():
    heads = linear(WORDS, 6).reshape(4, 6, 2, 3)
    assert [unit_axis(heads), unit_axis(heads @ heads.transpose(0, 1, 3, 2))] == [1, 1]
    assert unit_axis(ag.einsum("nqhd,nkhd->nhqk", heads, heads)) == 1
    assert unit_axis(x(4, 2, 3, 6, 7) @ w(7)) == 1
    assert [unit_axis(x(*(2,) * n)) for n in range(6)] == [-1, 0, 1, 2, 1, 1]
    assert [other_axes(4, 1), other_axes(3, 2), other_axes(1, 0), other_axes(0, -1)] == [(0, 2, 3), (0, 1), (), ()]


def test_a_weight_is_one_trained_or_not():
    frozen = w(5, 3)
    frozen.requires_grad = False
    assert unit_axis(frozen @ SEQUENCES) == unit_axis(ag.einsum("oc,ncl->nol", frozen, SEQUENCES)) == 1


def test_a_chain_of_any_length_is_walked():
    y = conv1d(SEQUENCES)
    for _ in range(3000):
        y = y * 1.0
    assert unit_axis(ag.relu(y)) == 1


GATES = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def network(gate=nn.ReLU, *, norm=False, pool=False, images=False, bias=(0.0,) * 4, starved=(), filters=None):
    """Four filters, each with a bias, an activation and a dense layer, on sequences or on images of height 1."""
    filters = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32) if filters is None else filters
    conv = nn.Conv2d(2, 4, (1, 3)) if images else nn.Conv1d(2, 4, 3)
    batch_norm = nn.BatchNorm2d if images else nn.BatchNorm1d
    max_pool = nn.MaxPool2d((1, 2)) if images else nn.MaxPool1d(2)
    layers = {"conv": conv} | ({"norm": batch_norm(4)} if norm else {}) | {"active": gate()}
    length = 3 if pool else 6
    fc = nn.Linear(4 * length, 3, rng=1)
    model = nn.Sequential(layers | ({"pool": max_pool} if pool else {}) | {"flatten": nn.Flatten(), "fc": fc})
    conv.weight.assign(filters.reshape(conv.weight.shape))
    (model.norm if norm else conv).bias.assign(np.array(bias, np.float32))
    weights = fc.weight.numpy().copy()
    for unit in starved:
        weights[:, length * unit : length * (unit + 1)] = 0
    fc.weight.assign(weights)
    return model


def sequences(count=64, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2, 8)).astype(np.float32)


def report_of(model, data, thresholds=None):
    """Return what is told of a step: at once and, which must be the same, by a monitor, eager and compiled."""

    def function(x):
        return F.cross_entropy(model(x), np.arange(len(x)) % 3)

    loss = function(data)
    loss.backward()
    reports = [health.inspect(loss, model=model, thresholds=thresholds)]
    for part in (None, 100):
        for compiled in (False, True):
            monitor = health.Monitor(model, thresholds=thresholds, part=part)
            f = ag.compile(function, monitor=monitor) if compiled else function
            for _ in range(2):  # compiled, the first step is recorded, the second replayed
                for parameter in model.parameters():
                    parameter.zero_grad()
                loss = f(data)
                loss.backward()
                if not compiled:
                    monitor.observe(loss)
            reports.append(monitor.report())
    told = [[(layer.name, layer.units) for layer in report.layers] for report in reports]
    assert all(each == told[0] for each in told)
    return reports[0]


def layer_of(report, name="active"):
    return next(layer for layer in report.layers if layer.name == name)


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("norm", [False, True])
def test_dead_channels_of_sequences(norm, pool):
    report = report_of(network(norm=norm, pool=pool, bias=(0, -1e6, 0, -1e6)), sequences())
    assert layer_of(report).units == health.Units(4, dead=(1, 3))
    (finding,) = [f for f in report.findings if f.layer == "active"]
    assert (finding.kind, finding.units) == ("dead", (1, 3))


@pytest.mark.parametrize("gate", [nn.Sigmoid, nn.Tanh])
def test_saturated_channels_of_sequences(gate):
    report = report_of(network(gate, bias=(50, 0, -50, 0)), sequences())
    assert layer_of(report).units == health.Units(4, saturated=(0, 2))
    assert ("saturated", (0, 2)) in [(f.kind, f.units) for f in report.findings if f.layer == "active"]


def test_starved_channels_of_sequences():
    report = report_of(network(starved=(2, 3)), sequences())
    assert layer_of(report).units == health.Units(4, starved=(2, 3))


@given(
    st.sampled_from([nn.ReLU, nn.Sigmoid, nn.Tanh, nn.GELU]),
    *(st.booleans(), st.booleans(), st.lists(st.sampled_from([0.0, -9.0, -1e6, 9.0]), min_size=4, max_size=4)),
    *(st.sets(st.integers(0, 3)), st.integers(1, 40), st.integers(0, 99), st.sampled_from([0.0, 9.0])),
)
@example(nn.ReLU, True, True, [0.0, -1e6, 0.0, -1e6], {0}, 40, 0, 0.0)
@example(nn.ReLU, False, True, [0.0, -1e6, 0.0, -1e6], {0}, 40, 0, 9.0)
@example(nn.Sigmoid, False, False, [9.0, -1e6, 0.0, -9.0], {2}, 40, 0, 0.0)
def test_a_sequence_is_an_image_of_height_1(gate, norm, pool, bias, starved, count, seed, mean):
    filters = np.random.default_rng(seed).normal(size=(4, 2, 3)).astype(np.float32)
    told = []
    for images in (False, True):
        model = network(gate, norm=norm, pool=pool, images=images, bias=bias, starved=starved, filters=filters)
        data = sequences(count, seed) + np.float32(mean)
        loss = F.cross_entropy(model(data[:, :, None] if images else data), np.arange(count) % 3)
        report = health.inspect(loss, model=model, thresholds=ANY_SIZE, initial=True)
        layers = [(x.units, x.same_sign, x.proven, x.highest) for x in report.layers]
        told.append((layers, [(f.kind, f.layer, f.units) for f in report.findings]))
    assert told[0] == told[1]


@pytest.mark.parametrize("shape", [(64, 5, 7), (64, 2, 5, 7)])
@pytest.mark.parametrize("gate", GATES)
def test_units_of_a_dense_layer_are_its_outputs_whatever_its_inputs(gate, shape):
    fc = nn.Linear(7, 4, rng=0)
    fc.bias.assign(np.array([0, -1e6, 0, -1e6], np.float32))
    model = nn.Sequential(fc=fc, active=GATES[gate](), flatten=nn.Flatten(), out=nn.Linear(4 * np.prod(shape[1:-1]), 3))
    report = report_of(model, np.random.default_rng(0).normal(size=shape).astype(np.float32))
    state = {"dead" if gate == "relu" else "saturated": (1, 3)}
    assert layer_of(report).units == health.Units(4, **state)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("part", [None, 24])
def test_a_step_counts_the_channels_of_sequences(part, dtype):
    """Gradients of channel 1 are in the last sample and position alone, those of channel 2 nowhere."""
    z = F.conv1d(ag.Tensor(RNG.normal(size=(6, 2, 8)).astype(dtype)), ag.Parameter(np.ones((4, 2, 3), dtype)))
    with ag.scope("active"):
        y = ag.relu(z)
    loss = y.sum()
    loss.backward()
    order = ag.topological_order(loss)
    plan = plan_of(loss, None, part)
    place = order.index(z)
    assert plan.census.of_units == (place,)
    z.grad = np.ones(z.shape, dtype)
    z.grad[:, 1:3] = 0
    z.grad[-1, 1, -1] = 1
    for _ in range(8):
        plan.census.take(order)
        assert plan.census.driven(place, z.grad).tolist() == [True, True, False, True]
