"""Normalisation layers: modes, buffers in the state, declared shapes."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from tests.nn.declared import declared_shape

SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)
KINDS = {
    "batch1d": lambda c: nn.BatchNorm1d(c),
    "batch2d": lambda c: nn.BatchNorm2d(c, affine=False),
    "instance": lambda c: nn.InstanceNorm2d(c, affine=True, track_running_stats=True),
    "group": lambda c: nn.GroupNorm(1, c),
    "layer": lambda c: nn.LayerNorm(c),
    "layer2": lambda c: nn.LayerNorm((c, 2), bias=False),
    "local": lambda c: nn.LocalResponseNorm(c),
}


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(1, 2, shape).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@given(SHAPES, st.integers(1, 4))
def test_the_declared_shape_is_what_comes_out(kind, shape, channels):
    """In training and, where single numbers cannot be standardised, in eval."""
    layer = KINDS[kind](channels)
    x = normal((5, *shape))  # 5: no size that the layers know
    declared = declared_shape(layer, x)
    if declared is None:
        return
    if kind == "instance" and shape[1:] == (1, 1):
        layer.eval()
    for output in (layer(x), layer(ag.Tensor(x))):
        assert output.shape == (5, *declared)
        assert output.dtype == np.float32


def test_layers_are_their_functions():
    x = normal((3, 4, 5, 5))
    one, zero = np.ones(4, np.float32), np.zeros(4, np.float32)
    pairs = [
        (nn.BatchNorm2d(4, eps=0.1), F.batch_norm(x, weight=one, bias=zero, training=True, eps=0.1)),
        (nn.BatchNorm1d(4), F.batch_norm(x[..., 0], weight=one, bias=zero, training=True)),
        (nn.InstanceNorm2d(4), F.instance_norm(x)),
        (nn.GroupNorm(2, 4, eps=0.1), F.group_norm(x, 2, eps=0.1)),
        (nn.LayerNorm((5, 5)), F.layer_norm(x, (5, 5))),
        (nn.LayerNorm(5, elementwise_affine=False), F.layer_norm(x, 5)),
        (nn.LocalResponseNorm(3, 0.3, 0.6, 2.0), F.local_response_norm(x, 3, 0.3, 0.6, 2.0)),
    ]
    for layer, expected in pairs:
        np.testing.assert_allclose(np.asarray(layer(x[..., 0] if expected.ndim == 3 else x)), expected, atol=1e-6)


def test_running_statistics_are_followed_in_training_and_used_in_eval():
    layer = nn.BatchNorm1d(2, momentum=0.5, dtype=np.float64)
    x = np.array([[0.0, 10.0], [2.0, 30.0]])
    layer(x)
    np.testing.assert_array_equal(layer.running_mean, [0.5, 10.0])  # ½·0 + ½·1, ½·0 + ½·20
    np.testing.assert_array_equal(layer.running_var, [1.5, 100.5])  # ½·1 + ½·2, ½·1 + ½·200: unbiased
    assert layer.num_batches_tracked == 1
    layer.eval()
    output = layer(x).value
    np.testing.assert_allclose(output, (x - layer.running_mean) / np.sqrt(layer.running_var + 1e-5), rtol=1e-14)
    np.testing.assert_array_equal(layer(x[:1]).value, output[:1])  # a sample alone is treated alike
    np.testing.assert_array_equal(layer.running_mean, [0.5, 10.0])
    assert layer.num_batches_tracked == 1


@pytest.mark.parametrize("recorded", [True, False])
def test_without_momentum_all_batches_count_alike(recorded):
    layer = nn.BatchNorm2d(3, momentum=None, dtype=np.float64)
    batches = normal((4, 5, 3, 2, 2)).astype(np.float64)
    for batch in batches:
        if recorded:
            layer(ag.Tensor(batch))
        else:
            with ag.no_grad():
                layer(batch)
    np.testing.assert_allclose(layer.running_mean, batches.mean(axis=(0, 1, 3, 4)), rtol=1e-12)
    expected = np.mean([b.var(axis=(0, 2, 3), ddof=1) for b in batches], axis=0)
    np.testing.assert_allclose(layer.running_var, expected, rtol=1e-12)
    layer(np.zeros((0, 3, 2, 2)))  # an empty batch does not count
    assert layer.num_batches_tracked == 4


def test_instance_norm_follows_each_images_statistics():
    layer = nn.InstanceNorm2d(2, momentum=1.0, track_running_stats=True, dtype=np.float64)
    x = normal((3, 2, 4, 4)).astype(np.float64)
    layer(x)
    np.testing.assert_allclose(layer.running_mean, x.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var, x.var(axis=(2, 3), ddof=1).mean(axis=0), rtol=1e-12)
    layer.eval()
    assert not np.array_equal(layer(x), F.instance_norm(x))


def test_without_running_statistics_eval_standardises_each_batch_too():
    layer = nn.BatchNorm1d(3, track_running_stats=False).eval()
    x = normal((4, 3))
    np.testing.assert_allclose(layer(x).value, F.batch_norm(x, training=True), atol=1e-6)
    assert layer.running_mean is None
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_only_batch_norms_own_batch_lets_gradients_of_one_sample_reach_another():
    layer = nn.BatchNorm1d(2)
    x = ag.Tensor(normal((4, 2)), requires_grad=True)
    assert ag.grad(layer(x)[0].sum(), x)[0][1:].any()
    layer.eval()
    assert not ag.grad(layer(x)[0].sum(), x)[0][1:].any()


def network():
    return nn.Sequential(conv=nn.Conv2d(1, 2, 3, rng=0), norm=nn.BatchNorm2d(2), act=nn.ReLU())


def test_buffers_are_state_but_no_parameters():
    model = network()
    names = ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]
    assert [name for name, _ in model.named_buffers()] == names
    assert [buffer.shape for buffer in model.buffers()] == [(2,), (2,), ()]
    assert [name for name, _ in model.named_parameters()] == ["conv.weight", "conv.bias", "norm.weight", "norm.bias"]
    assert list(model.state_dict()) == ["conv.weight", "conv.bias", "norm.weight", "norm.bias", *names]


@given(st.integers(0, 99))
def test_buffers_survive_the_round_trip_and_are_copies(seed):
    source, target = network(), network()
    source(normal((3, 1, 6, 6), seed))
    state = source.state_dict()
    target.load_state_dict(state)
    x = normal((1, 1, 6, 6))
    np.testing.assert_array_equal(source.eval()(x).value, target.eval()(x).value)
    state["norm.running_mean"][...] = 7
    target.norm.running_var[...] = 9
    assert not (source.norm.running_mean == 7).any()
    assert not (target.norm.running_mean == 7).any()
    assert not (source.norm.running_var == 9).any()
    assert target.norm.num_batches_tracked == 1


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_have_buffers_of_their_own(duplicate):
    model = network()
    twin = duplicate(model)
    model(normal((3, 1, 6, 6)))
    assert twin.norm.num_batches_tracked == 0
    assert not twin.norm.running_mean.any()
    twin(normal((3, 1, 6, 6)))
    np.testing.assert_array_equal(twin.norm.running_mean, model.norm.running_mean)


def test_a_state_that_does_not_fit_changes_no_buffer():
    model = network()
    state = model.state_dict()
    del state["norm.running_var"]
    with pytest.raises(ag.UnknownNameError, match=r"missing: norm\.running_var"):
        model.load_state_dict(state)
    state = {name: value + 1 for name, value in model.state_dict().items()} | {"norm.running_mean": np.zeros(3)}
    with pytest.raises(ag.ShapeError, match=r"norm.running_mean has shape \(3,\), expected \(2,\)"):
        model.load_state_dict(state)
    assert not model.norm.running_mean.any()
    assert model.norm.num_batches_tracked == 0


@pytest.mark.parametrize("name", ["", "a.b", "training", "weight"])
def test_buffers_need_a_free_plain_name(name):
    layer = nn.Linear(1, 1)
    with pytest.raises(ag.ArgumentError, match=f"{name!r} cannot name a buffer"):
        layer.register_buffer(name, np.zeros(1))


def test_a_registered_buffer_is_a_copy():
    values = np.zeros(2)
    module = nn.Module()
    module.register_buffer("mean", values)
    module.mean += 1
    np.testing.assert_array_equal(values, [0, 0])
    np.testing.assert_array_equal(module.state_dict()["mean"], [1, 1])


def test_training_a_network_with_batch_norm_lowers_the_loss():
    rng = np.random.default_rng(0)
    x = normal((32, 6)) * 50 - 20  # badly scaled inputs, which batch norm takes out
    labels = (x[:, 0] > x[:, 1]).astype(int)
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng))
    criterion, optimizer = nn.CrossEntropyLoss(), ag.optim.SGD(model.parameters(), lr=0.5)
    losses = []
    for _ in range(60):
        loss = criterion(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < losses[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.BatchNorm1d(0), ag.ArgumentError, "BatchNorm1d: num_features=0"),
        (lambda: nn.BatchNorm2d(2, momentum="x"), ag.ArgumentError, "momentum='x'"),
        (lambda: nn.BatchNorm2d(2, dtype=int), ag.DtypeError, "dtype=int64"),
        (lambda: nn.GroupNorm(2, 3), ag.ArgumentError, "num_groups=2 must be a positive integer that divides 3"),
        (lambda: nn.LayerNorm(()), ag.ArgumentError, "normalized_shape is empty"),
        (lambda: nn.LayerNorm((2, 0)), ag.ArgumentError, "normalized_shape=0"),
        (lambda: nn.LocalResponseNorm(0), ag.ArgumentError, "size=0"),
        (lambda: nn.BatchNorm2d(2)(normal((2, 2))), ag.ShapeError, r"expected \(N, 2, ...\) with 4 axes"),
        (lambda: nn.BatchNorm1d(2)(normal((2, 3))), ag.ShapeError, r"expected \(N, 2, ...\) with 2 or 3 axes"),
        (lambda: nn.BatchNorm1d(2)(np.zeros((3, 2))), ag.DtypeError, "astype"),
        (lambda: nn.GroupNorm(1, 2)(normal((2, 3))), ag.ShapeError, r"expected \(N, 2, ...\)"),
        (lambda: nn.BatchNorm1d(2)(normal((1, 2))), ag.ShapeError, "1 number per channel"),
    ],
)
def test_bad_arguments_raise_typed_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.BatchNorm2d(3), "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"),
        (nn.InstanceNorm2d(3), "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)"),
        (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True)"),
        (nn.GroupNorm(1, 3), "GroupNorm(1, 3, eps=1e-05, affine=True)"),
        (nn.LocalResponseNorm(5), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"),
    ],
)
def test_repr_reads_as_in_torch(layer, text):
    assert repr(layer) == text
