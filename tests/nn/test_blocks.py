"""Blocks of published networks: identities, and the parameter counts of their papers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn
from autograd_cnn.testing.strategies import SEEDS


def parameters(model):
    return sum(p.size for p in model.parameters())


def silence(layer):
    """Make a layer give 0."""
    for parameter in layer.parameters():
        parameter.assign(np.zeros(parameter.shape))


# Residual


@given(SEEDS, st.integers(1, 3))
def test_a_zero_residual_is_the_identity_and_hands_the_gradient_on_unchanged(seed, channels):
    rng = np.random.default_rng(seed)
    block = nn.Residual(nn.Conv2d(channels, channels, 3, padding=1, dtype=np.float64))
    silence(block)
    x = ag.Tensor(rng.standard_normal((2, channels, 4, 5)), requires_grad=True)
    output = block(x)
    np.testing.assert_array_equal(output.value, x.value)
    upstream = rng.standard_normal(output.shape)
    np.testing.assert_array_equal(ag.grad(output, [x], upstream)[0], upstream)


def test_a_hundred_residual_blocks_do_not_shrink_the_gradient_that_plain_layers_lose():
    """He et al. 2015: depth hurts plain networks; the add gate carries the gradient past every body."""
    rng = np.random.default_rng(0)
    x = ag.Tensor(rng.standard_normal((1, 2, 4, 4)), requires_grad=True)

    def norm(wrap):
        layers = [nn.Conv2d(2, 2, 3, padding=1, rng=rng, dtype=np.float64) for _ in range(100)]
        for layer in layers:
            ag.init.normal_(layer.weight, std=0.01, rng=rng)
        output = nn.Sequential(*map(wrap, layers))(x)
        return np.linalg.norm(ag.grad(output, [x], np.ones(output.shape))[0])

    assert norm(lambda layer: layer) < 1e-50
    assert norm(nn.Residual) > 1


def test_a_projection_changes_the_shape_of_the_shortcut():
    body = nn.Conv2d(3, 8, 3, 2, 1, fit="floor", dtype=np.float64)
    projection = nn.Conv2d(3, 8, 1, 2, fit="floor", dtype=np.float64)
    block = nn.Residual(body, projection)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6))
    assert block(x).shape == (2, *block.output_shape((3, 6, 6))) == (2, 8, 3, 3)
    np.testing.assert_array_equal(block(x), body(x) + projection(x))
    silence(body)
    np.testing.assert_array_equal(block(x), projection(x))


def test_body_and_shortcut_are_never_broadcast():
    block = nn.Residual(nn.Conv2d(3, 1, 1))
    with pytest.raises(ag.ShapeError, match=r"body gives \(2, 1, 4, 4\) but the shortcut \(2, 3, 4, 4\)"):
        block(np.zeros((2, 3, 4, 4), np.float32))
    with pytest.raises(ag.ShapeError, match="give a shortcut"):
        block.output_shape((3, 4, 4))
    with pytest.raises(ag.ArgumentError, match="body=<function"):
        nn.Residual(lambda x: x)
    with pytest.raises(ag.ArgumentError, match="shortcut=3"):
        nn.Residual(nn.ReLU(), 3)


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d])
@pytest.mark.parametrize("kind", [nn.BasicBlock, nn.Bottleneck])
@given(st.sampled_from([8, 16]), st.integers(1, 2), st.integers(1, 9), st.integers(1, 9))
def test_residual_blocks_declare_their_shape(kind, norm, channels, stride, height, width):
    block = kind(16, channels, stride, norm=norm, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 16, height, width)).astype(np.float32)
    output = block(x)
    assert output.shape == (2, *block.output_shape((16, height, width)))
    assert (np.asarray(output.value) >= 0).all()


@pytest.mark.parametrize("make", [lambda: nn.BasicBlock(4, 4), lambda: nn.Bottleneck(8, 2)])
def test_a_residual_block_with_a_zero_body_is_relu(make):
    block = make()
    silence(block)
    x = np.random.default_rng(0).standard_normal((1, block.conv1.in_channels, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(block(x).value), np.maximum(x, 0))


# Squeeze-and-excitation


def test_excitation_multiplies_every_channel_by_its_weight():
    block = nn.SqueezeExcitation(8, 2, dtype=np.float64, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 8, 3, 5))
    averages = x.mean((2, 3))
    hidden = np.maximum(averages @ block.fc1.weight.value.T + block.fc1.bias.value, 0)
    weights = 1 / (1 + np.exp(-(hidden @ block.fc2.weight.value.T + block.fc2.bias.value)))
    np.testing.assert_allclose(block(x).value, x * weights[:, :, None, None], rtol=1e-12)
    assert block.output_shape((8, 3, 5)) == (8, 3, 5)
    silence(block)
    np.testing.assert_array_equal(block(x).value, x / 2)
    with pytest.raises(ag.ShapeError):
        block.output_shape((4, 3, 5))


def test_excitation_adds_two_and_a_half_million_parameters_to_resnet_50():
    """Hu et al. 2017, section 4: 2/r Σ N·C² over the stages, about 2.5 million for r = 16."""
    stages = [(3, 256), (4, 512), (6, 1024), (3, 2048)]
    extra = sum(n * parameters(nn.SqueezeExcitation(c, c // 16, bias=False)) for n, c in stages)
    assert extra == 2 * sum(n * c * c for n, c in stages) // 16 == 2_514_944


# Inception and fire


@pytest.mark.parametrize(
    ("filters", "channels", "thousands"),
    [((192, 64, 96, 128, 16, 32, 32), 256, 159), ((256, 128, 128, 192, 32, 96, 64), 480, 380)],
    ids=["3a", "3b"],
)
def test_inception_blocks_of_googlenet(filters, channels, thousands):
    """Szegedy et al. 2014, table 1: outputs and parameters, in units of 1024, cut or rounded."""
    block = nn.Inception(*filters)
    assert block.output_shape((filters[0], 28, 28)) == (channels, 28, 28)
    assert abs(parameters(block) / 1024 - thousands) < 1


def test_inception_joins_its_branches():
    block = nn.Inception(3, 2, 2, 4, 1, 2, 3, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 5)).astype(np.float32)
    output = block(x).value
    assert output.shape == (2, *block.output_shape((3, 6, 5))) == (2, 11, 6, 5)
    parts = np.split(output, [2, 6, 8], axis=1)
    for branch, part in zip(block.children(), parts, strict=True):
        np.testing.assert_array_equal(branch(x).value, part)
    with pytest.raises(ag.ShapeError):
        block.output_shape((4, 6, 5))


FIRES = [
    (96, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128),
    (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256),
]  # fmt: skip


def test_fire_blocks_of_squeezenet():
    """Iandola et al. 2016, table 1: parameters before pruning, and their sum with conv1 and conv10."""
    counts = [parameters(nn.Fire(i, s, e, e)) for i, s, e in FIRES]
    assert counts == [11920, 12432, 45344, 49440, 104880, 111024, 188992, 197184]
    ends = parameters(nn.Conv2d(3, 96, 7)) + parameters(nn.Conv2d(512, 1000, 1))
    assert ends == 14208 + 513000
    assert sum(counts) + ends == 1_248_424


def test_fire_expands_what_it_squeezed():
    block = nn.Fire(3, 2, 4, 5, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 5)).astype(np.float32)
    output = block(x).value
    assert output.shape == (2, *block.output_shape((3, 6, 5))) == (2, 9, 6, 5)
    squeezed = ag.relu(block.squeeze(x))
    np.testing.assert_array_equal(output[:, 4:], ag.relu(block.expand3x3(squeezed)).value)


@pytest.mark.parametrize(
    "block",
    [
        nn.BasicBlock(4, 8, 2, norm=nn.BatchNorm2d),
        nn.Bottleneck(4, 2),
        nn.SqueezeExcitation(4, 2),
        nn.Inception(4, 1, 1, 2, 1, 2, 1),
        nn.Fire(4, 2, 3, 3),
    ],
    ids=lambda block: type(block).__name__,
)
def test_every_parameter_of_a_block_gets_a_gradient_and_stands_in_its_scope(block):
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 6)).astype(np.float32)
    output = nn.Sequential(block=block)(x)
    (output * output).sum().backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.scope.startswith("block"), name
