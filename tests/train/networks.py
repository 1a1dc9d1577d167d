"""Small networks and data for the tests of training."""

import numpy as np

from autograd_cnn import nn, optim, train


def blobs(n=40, classes=3, seed=0):
    """Return points around one centre per class, (N, 2) float32, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    angles = 2 * np.pi * labels / classes
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return (2 * centres + 0.3 * rng.standard_normal((n, 2))).astype(np.float32), labels


def network(seed=0, classes=3, *, dropout=0.0, norm=False):
    """Return a network of one hidden layer, with whatever a checkpoint must not forget."""
    rng = np.random.default_rng(seed)
    layers = {"hidden": nn.Linear(2, 8, rng=rng), "relu": nn.ReLU()}
    if norm:
        layers["norm"] = nn.BatchNorm1d(8)
    if dropout:
        layers["dropout"] = nn.Dropout(dropout, rng=seed + 100)
    return nn.Sequential({**layers, "output": nn.Linear(8, classes, rng=rng)})


def trainer(model=None, *, lr=0.05, **options):
    model = network() if model is None else model
    return train.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=lr), **options)


def same_state(a, b):
    """Whether two modules have the same parameters and buffers, to the bit."""
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)
