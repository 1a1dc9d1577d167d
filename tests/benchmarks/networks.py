"""Networks that are written once and built by any library whose layers have torch's names."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def digits_cnn(nn: ModuleType) -> Any:
    """Two small convolutions on 8×8 digits, as in the demo."""
    features = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    features += [nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(64, 10))


def lenet5(nn: ModuleType) -> Any:
    """LeNet-5 with ReLU and max pooling on 28×28 images."""
    features = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU()]
    dense = [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*features, nn.MaxPool2d(2), nn.Flatten(), *dense)


def cifar_convnet(nn: ModuleType) -> Any:
    """Three 3×3 convolutions of 32, 64 and 128 channels on 32×32 colour images."""
    layers: list[Any] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 10))


def mlp(nn: ModuleType) -> Any:
    """Three fully connected layers with 32 hidden neurons."""
    hidden = [nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(32, 10))


IMAGES: dict[str, tuple[Any, tuple[int, ...], int]] = {
    "digits CNN": (digits_cnn, (1, 8, 8), 64),
    "LeNet-5": (lenet5, (1, 28, 28), 64),
    "CIFAR ConvNet": (cifar_convnet, (3, 32, 32), 64),
    "three-layer MLP": (mlp, (32,), 32),
}
"""Network, shape of one sample, and batch size of each benchmark."""


def batch(name: str, dtype: Any = np.float32, seed: int = 0) -> tuple[Any, Any]:
    """Return random images and labels."""
    _, shape, size = IMAGES[name]
    rng = np.random.default_rng(seed)
    return rng.standard_normal((size, *shape)).astype(dtype), rng.integers(0, 10, size)
