"""The published networks: names, shapes and numbers of parameters, without allocating them; and that they run."""

import json
from pathlib import Path

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import models, nn

TORCHVISION = json.loads((Path(__file__).parent / "torchvision_names.json").read_text(encoding="utf-8"))
"""Names and shapes of torchvision 0.28's state dicts."""

COUNTS = {
    "alexnet": 61_100_840,
    "alexnet_2012": 60_965_224,
    "zfnet": 62_357_608,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
    "googlenet": 13_004_888,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "se_resnet18": 11_778_592,
    "se_resnet50": 28_088_024,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
}


def bare(name, **options):
    with nn.skeleton():
        return getattr(models, name)(**options)


@pytest.mark.parametrize("name", COUNTS)
def test_numbers_of_parameters_are_the_published_ones(name):
    model = bare(name)
    assert sum(p.size for p in model.parameters()) == COUNTS[name]
    size = 227 if name == "alexnet_2012" else 224
    assert model.output_shape((3, size, size)) == (1000,)


@pytest.mark.parametrize("name", TORCHVISION)
def test_names_and_shapes_are_torchvisions(name):
    model = bare(name)
    found = {name: list(value.shape) for name, value in [*model.named_parameters(), *model.named_buffers()]}
    assert found == TORCHVISION[name]


def test_googlenet_without_its_classifiers_on_the_way():
    model = bare("googlenet", aux_logits=False)
    assert sum(p.size for p in model.parameters()) == 6_624_904
    assert not any(name.startswith("aux") for name, _ in model.named_parameters())


SMALL = {
    "lenet5": ({}, (1, 28, 28)),
    "cifar_convnet": ({"widths": (4, 8), "size": 8, "norm": nn.BatchNorm2d}, (3, 8, 8)),
    "mlp": ({"inputs": 12, "hidden": (5, 4)}, (3, 2, 2)),
    "resnet18": ({"width": 4, "num_classes": 10}, (3, 32, 32)),
    "se_resnet18": ({"width": 4, "num_classes": 10, "channels": 1}, (1, 32, 32)),
    "resnet50": ({"width": 4, "num_classes": 10}, (3, 33, 35)),
    "vgg11": ({"width": 2, "num_classes": 10}, (3, 32, 32)),
    "vgg16_bn": ({"width": 2, "num_classes": 10, "channels": 1}, (1, 47, 32)),
    "squeezenet1_1": ({"num_classes": 10}, (3, 31, 32)),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_network_runs_backward_into_every_parameter(name):
    """And its output has the declared shape; and the same seed starts it the same."""
    options, shape = SMALL[name]
    model = getattr(models, name)(rng=1, **options)
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    scores = model(x)
    assert scores.shape == (3, *model.output_shape(shape)) == (3, 10)
    assert np.isfinite(scores.value).all()
    loss = F.cross_entropy(scores, np.arange(3))
    assert abs(loss.item() - np.log(10)) < 0.8  # the notes' check: equal probabilities
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    again = getattr(models, name)(rng=1, **options)
    assert all(np.array_equal(a.value, b.value) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_googlenet_returns_three_scores_in_training_and_one_after():
    model = models.googlenet(10, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    logits, second, first = model(x)
    losses = [F.cross_entropy(scores, np.arange(2)).item() for scores in (logits, second, first)]
    assert np.abs(np.array(losses) - np.log(10)).max() < 1.5
    assert [y.shape for y in (logits, second, first)] == [(2, 10)] * 3
    (logits.sum() + 0.3 * (first.sum() + second.sum())).backward()
    assert all(p.grad is not None for p in model.parameters())
    with ag.no_grad():
        scores = model.eval()(x)
    assert scores.shape == (2, *model.output_shape((3, 32, 32))) == (2, 10)


def test_he_starts_leave_scores_of_a_deep_network_of_order_one():
    model = models.vgg11_bn(10, width=4, rng=0)
    x = np.random.default_rng(0).standard_normal((8, 3, 32, 32)).astype(np.float32)
    with ag.no_grad():
        features = model[0](x).value
    assert 0.1 < features.std() < 3
    assert not model[0][0].bias.value.any()
    assert model[-1][0].weight.value.std() == pytest.approx(0.01, rel=0.02)


def test_float64_and_odd_options():
    model = models.resnet18(5, width=2, channels=1, dtype=np.float64)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    assert model(np.zeros((2, 1, 17, 19))).shape == (2, 5)
    with pytest.raises(TypeError, match="colour"):
        models.resnet18(colour=True)


@pytest.mark.parametrize("hidden", [100, "100", None])
def test_a_network_without_a_sequence_of_hidden_layers_says_what_it_takes(hidden):
    with pytest.raises(ag.ArgumentError, match=r"mlp: hidden=.*, expected a sequence .*, such as \(100,\)"):
        models.mlp(4, hidden)
