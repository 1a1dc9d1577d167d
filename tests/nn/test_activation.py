"""Activation layers: they are their functions, keep the shape, learn what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from tests.nn.declared import declared_shape

SHAPES = st.lists(st.integers(0, 3), max_size=4).map(tuple)

#: Each layer, the function it stands for, and its repr.
LAYERS = [
    (nn.Identity(), F.identity, "Identity()"),
    (nn.Step(), F.step, "Step()"),
    (nn.Threshold(0.5, -2), lambda x: F.threshold(x, 0.5, -2), "Threshold(threshold=0.5, value=-2.0)"),
    (nn.Sigmoid(), ag.sigmoid, "Sigmoid()"),
    (nn.LogSigmoid(), F.logsigmoid, "LogSigmoid()"),
    (nn.Tanh(), ag.tanh, "Tanh()"),
    (nn.Hardtanh(-0.5, 2), lambda x: F.hardtanh(x, -0.5, 2), "Hardtanh(min_val=-0.5, max_val=2.0)"),
    (nn.Softsign(), F.softsign, "Softsign()"),
    (nn.ReLU(), ag.relu, "ReLU()"),
    (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2), "LeakyReLU(negative_slope=0.2)"),
    (nn.PReLU(), lambda x: F.leaky_relu(x, 0.25), "PReLU(num_parameters=1)"),
    (nn.ELU(0.5), lambda x: F.elu(x, 0.5), "ELU(alpha=0.5)"),
    (nn.SELU(), F.selu, "SELU()"),
    (nn.GELU(), F.gelu, "GELU(approximate='none')"),
    (nn.GELU("tanh"), lambda x: F.gelu(x, "tanh"), "GELU(approximate='tanh')"),
    (nn.SiLU(), F.silu, "SiLU()"),
    (nn.Softplus(2), lambda x: F.softplus(x, 2), "Softplus(beta=2.0)"),
    (nn.Softmax(), F.softmax, "Softmax(dim=-1)"),
    (nn.Softmin(1), lambda x: F.softmin(x, 1), "Softmin(dim=1)"),
    (nn.LogSoftmax(0), lambda x: F.log_softmax(x, 0), "LogSoftmax(dim=0)"),
]
NAMED = pytest.mark.parametrize(("layer", "function", "text"), LAYERS, ids=[text for _, _, text in LAYERS])


@NAMED
def test_layers_are_their_functions(layer, function, text):
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    output = layer(ag.Tensor(x))
    np.testing.assert_array_equal(output.value, function(x))
    assert output.dtype == np.float32
    assert repr(layer) == text


@NAMED
@given(shape=SHAPES)
def test_the_declared_shape_is_what_comes_out(layer, function, text, shape):
    x = np.ones((2, *shape), np.float32)
    declared = declared_shape(layer, x, refused=ag.OutOfRangeError)
    if declared is not None:
        assert layer(ag.Tensor(x)).shape == (2, *declared) == (2, *shape)


@given(st.integers(1, 3), SHAPES)
def test_prelu_declares_its_shape(channels, shape):
    layer, x = nn.PReLU(channels), np.ones((2, *shape), np.float32)
    declared = declared_shape(layer, x)
    if declared is not None:
        assert layer(x).shape == (2, *declared) == (2, *shape)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), SHAPES)
def test_maxout_declares_its_shape(n_in, n_out, pieces, shape):
    layer, x = nn.Maxout(n_in, n_out, pieces, rng=0), np.ones((5, *shape), np.float32)
    declared = declared_shape(layer, x)
    if declared is None:
        return
    assert layer(x).shape == (5, *declared)


def test_maxout_costs_pieces_times_the_parameters_of_a_linear_layer():
    """The notes: it doubles the number of parameters for every neuron, with two pieces."""
    linear, maxout = (sum(p.size for p in m.parameters()) for m in (nn.Linear(7, 5), nn.Maxout(7, 5)))
    assert maxout == 2 * linear
    assert [p.size for p in nn.Maxout(7, 5, 3, bias=False).parameters()] == [3 * 5 * 7]
    layer = nn.Maxout(100, 10, rng=0)
    assert np.abs(layer.weight.value).max() <= 0.1
    assert repr(layer) == "Maxout(in_features=100, out_features=10, pieces=2, bias=True)"


def test_one_maxout_unit_learns_the_absolute_value():
    """max(x, −x): what a single ReLU cannot do."""
    x = np.linspace(-2, 2, 41)[:, None]
    model = nn.Maxout(1, 1, 2, rng=0, dtype=np.float64)
    model.weight.assign([[[0.5]], [[-0.1]]])  # pieces that both win somewhere; one that never does stays as it is
    optimizer = ag.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(300):
        loss = ((model(x) - np.abs(x)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3
    np.testing.assert_allclose(sorted(model.weight.value.ravel()), [-1, 1], atol=0.05)


def test_prelu_learns_its_slope():
    x = np.linspace(-2, 2, 41)
    layer = nn.PReLU(dtype=np.float64)
    optimizer = ag.optim.SGD(layer.parameters(), lr=0.2)
    for _ in range(100):
        loss = ((layer(x) - np.where(x > 0, x, 0.7 * x)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(layer.weight.value, [0.7], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Threshold("a", 0), "Threshold: threshold='a', expected a number"),
        (lambda: nn.Hardtanh(2, 1), "min_val=2.0 is larger than max_val=1.0"),
        (lambda: nn.LeakyReLU(None), "LeakyReLU: negative_slope=None"),
        (lambda: nn.PReLU(0), "PReLU: num_parameters=0"),
        (lambda: nn.ELU("1"), "ELU: alpha='1'"),
        (lambda: nn.GELU("erf"), "GELU: approximate='erf'"),
        (lambda: nn.Softplus(0), "Softplus: beta=0"),
        (lambda: nn.Softmax(1.0), r"Softmax: dim=1\.0, expected an integer"),
        (lambda: nn.Maxout(2, 2, 0), "Maxout: pieces=0"),
    ],
)
def test_bad_arguments_raise_typed_errors(make, message):
    with pytest.raises(ag.ArgumentError, match=message):
        make()
