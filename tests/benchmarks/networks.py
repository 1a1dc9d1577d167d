"""Networks that are written once and built by any library whose layers have torch's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def digits_cnn(nn: Any) -> Any:
    """Two small convolutions on 8×8 digits, as in the demo."""
    features = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    features += [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(64, 10))


def lenet5(nn: Any) -> Any:
    """LeNet-5 with ReLU and max pooling on 28×28 images."""
    features = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
    dense = [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*features, nn.MaxPool2d(2), nn.Flatten(), *dense)


def cifar_convnet(nn: Any) -> Any:
    """[CONV-RELU-CONV-RELU-POOL]×3 with 32, 64 and 128 channels on 32×32 colour images, as in the notes."""
    layers: list[Any] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(after, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 10))


def mlp(nn: Any) -> Any:
    """Three fully connected layers with 32 hidden neurons."""
    hidden = [nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(32, 10))


@dataclass(frozen=True)
class Network:
    """A network and what it is trained on.

    Attributes
    ----------
    build : callable
        Makes it from the layers of a library.
    shape : tuple of int
        Of one sample.
    batch : int
        Samples per step.
    shapes : tuple of tuple of int
        Of its parameters, in order.
    """

    build: Callable[[Any], Any]
    shape: tuple[int, ...]
    batch: int
    shapes: tuple[tuple[int, ...], ...]

    def weights(self, dtype: Any) -> list[Any]:
        """Return starting weights, uniform within 1/√inputs as torch's own; the same for all libraries."""
        rng, found, bound = np.random.default_rng(0), [], 1.0
        for shape in self.shapes:
            bound = 1 / math.sqrt(math.prod(shape[1:])) if shape[1:] else bound  # a bias has that of its weight
            found.append(rng.uniform(-bound, bound, shape).astype(dtype))
        return found

    def data(self, dtype: Any, batch: int | None = None) -> tuple[Any, Any]:
        """Return random images and labels."""
        rng, count = np.random.default_rng(1), batch or self.batch
        return rng.standard_normal((count, *self.shape)).astype(dtype), rng.integers(0, 10, count)


def _shapes(*weights: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(shape for weight in weights for shape in (weight, weight[:1]))


NETWORKS = {
    "digits CNN": Network(digits_cnn, (1, 8, 8), 64, _shapes((8, 1, 3, 3), (16, 8, 3, 3), (10, 64))),
    "LeNet-5": Network(lenet5, (1, 28, 28), 64, _shapes((6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84))),
    "CIFAR ConvNet": Network(
        cifar_convnet,
        (3, 32, 32),
        64,
        _shapes(
            *((32, 3, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3)),
            (10, 2048),
        ),
    ),
    "three-layer MLP": Network(mlp, (32,), 32, _shapes((32, 32), (32, 32), (10, 32))),
}
