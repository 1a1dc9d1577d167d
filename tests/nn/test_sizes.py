"""The sizes of the notes' networks, from shapes that layers declare."""

from itertools import pairwise

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import nn


def neurons_and_parameters(model):
    """CS231n counts the neurons of all layers but the input."""
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    return sum(layer.out_features for layer in layers), sum(p.size for p in model.parameters())


@pytest.mark.parametrize(
    ("sizes", "neurons", "weights", "parameters"), [((3, 4, 2), 6, 20, 26), ((3, 4, 4, 1), 9, 32, 41)]
)
def test_the_two_networks_of_the_notes(sizes, neurons, weights, parameters):
    """CS231n, neural networks part 1, "Sizing neural networks": as Tensors and as single neurons."""
    layers = [nn.Linear(n, m) for n, m in pairwise(sizes)]
    model = nn.Sequential(*[part for layer in layers for part in (layer, nn.Sigmoid())][:-1])
    assert neurons_and_parameters(model) == (neurons, parameters)
    rows = nn.layer_sizes(model, (3,))
    assert sum(row.weights for row in rows) == weights
    assert sum(row.biases for row in rows) == neurons
    of_neurons = nn.NeuronMLP(sizes[0], sizes[1:])
    assert len(list(of_neurons.parameters())) == parameters
    assert sum(isinstance(module, nn.Neuron) for module in of_neurons.modules()) == neurons


def test_the_first_layer_of_alexnet():
    """CS231n: 227×227×3, 96 filters of 11×11, stride 4: 55×55×96 = 290,400 neurons.

    With a filter of its own each neuron would have 11·11·3 weights and a bias, 105,705,600 parameters in
    all; shared they are 34,944.
    """
    (row,) = nn.layer_sizes(nn.Conv2d(3, 96, 11, stride=4), (3, 227, 227))
    assert row.output_shape == (96, 55, 55)
    assert row.activations == 290_400
    assert (row.weights, row.biases) == (34_848, 96)
    assert row.activations * (11 * 11 * 3 + 1) == 105_705_600
    with pytest.raises(ag.ShapeError, match="not whole"):  # the paper's 224×224 does not fit
        nn.Conv2d(3, 96, 11, stride=4).output_shape((3, 224, 224))


@pytest.fixture
def vgg16():
    """VGG-16 (Simonyan and Zisserman 2014, D) as the notes list it; its 138 million numbers are not drawn."""
    layers, channels = {}, 3
    with nn.skeleton():
        for stage, (filters, count) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1):
            for i in range(1, count + 1):
                layers[f"conv{stage}_{i}"] = nn.Conv2d(channels, filters, 3, padding=1)
                channels = filters
            layers[f"pool{stage}"] = nn.MaxPool2d(2)
        layers |= {"flatten": nn.Flatten(), "fc6": nn.Linear(7 * 7 * 512, 4096)}
        return nn.Sequential(layers | {"fc7": nn.Linear(4096, 4096), "fc8": nn.Linear(4096, 1000)})


VGG16 = """\
layer    kind       output       activations      weights  biases
conv1_1  Conv2d     64×224×224     3,211,264        1,728      64
conv1_2  Conv2d     64×224×224     3,211,264       36,864      64
pool1    MaxPool2d  64×112×112       802,816            0       0
conv2_1  Conv2d     128×112×112    1,605,632       73,728     128
conv2_2  Conv2d     128×112×112    1,605,632      147,456     128
pool2    MaxPool2d  128×56×56        401,408            0       0
conv3_1  Conv2d     256×56×56        802,816      294,912     256
conv3_2  Conv2d     256×56×56        802,816      589,824     256
conv3_3  Conv2d     256×56×56        802,816      589,824     256
pool3    MaxPool2d  256×28×28        200,704            0       0
conv4_1  Conv2d     512×28×28        401,408    1,179,648     512
conv4_2  Conv2d     512×28×28        401,408    2,359,296     512
conv4_3  Conv2d     512×28×28        401,408    2,359,296     512
pool4    MaxPool2d  512×14×14        100,352            0       0
conv5_1  Conv2d     512×14×14        100,352    2,359,296     512
conv5_2  Conv2d     512×14×14        100,352    2,359,296     512
conv5_3  Conv2d     512×14×14        100,352    2,359,296     512
pool5    MaxPool2d  512×7×7           25,088            0       0
flatten  Flatten    25088             25,088            0       0
fc6      Linear     4096               4,096  102,760,448   4,096
fc7      Linear     4096               4,096   16,777,216   4,096
fc8      Linear     1000               1,000    4,096,000   1,000
total                             15,112,168  138,344,128  13,416"""


def test_the_layer_table_of_vgg16(vgg16):
    """CS231n, convolutional networks, "Case studies": shapes and weights per layer."""
    assert nn.size_table(vgg16, (3, 224, 224)) == VGG16
    rows = nn.layer_sizes(vgg16, (3, 224, 224))
    assert sum(row.weights for row in rows) == 138_344_128
    assert sum(row.weights + row.biases for row in rows) == 138_357_544


def test_the_memory_of_vgg16_is_not_what_the_notes_say(vgg16):
    """The notes' column sums to 15.2 million numbers, not to the 24 million written below it."""
    rows = nn.layer_sizes(vgg16, (3, 224, 224))
    image = 224 * 224 * 3
    total = image + sum(row.activations for row in rows if row.kind != "Flatten")  # it holds nothing of its own
    assert total == 15_237_608
    column = [
        0.15,
        3.2,
        3.2,
        0.8,
        1.6,
        1.6,
        0.4,
        *[0.8] * 3,
        0.2,
        *[0.4] * 3,
        0.1,
        *[0.1] * 3,
        0.025,
        0.004,
        0.004,
        0.001,
    ]
    assert total / 1e6 == pytest.approx(sum(column), rel=0.01)
    assert total < 0.65 * 24e6


def test_rows_open_sequentials_and_keep_other_modules_whole():
    model = nn.Sequential(features=nn.Sequential(fire=nn.Fire(2, 1, 2, 2), relu=nn.ReLU()), pool=nn.GlobalAvgPool2d())
    rows = nn.layer_sizes(model, (2, 4, 4))
    assert [(row.name, row.kind) for row in rows] == [
        ("features/fire", "Fire"),
        ("features/relu", "ReLU"),
        ("pool", "GlobalAvgPool2d"),
    ]
    assert [row.output_shape for row in rows] == [(4, 4, 4), (4, 4, 4), (4,)]
    assert model(np.zeros((1, 2, 4, 4), np.float32)).shape == (1, 4)
    (norm,) = nn.layer_sizes(nn.BatchNorm2d(4), (4, 2, 2))
    assert (norm.name, norm.weights, norm.biases) == ("", 4, 4)
    assert nn.size_table(nn.Sequential(), (3,)).splitlines()[-1].split() == ["total", "0", "0", "0"]
    with pytest.raises(ag.ShapeError):
        nn.layer_sizes(model, (3, 4, 4))
