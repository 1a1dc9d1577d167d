"""What does not fit in memory is refused by its size, and at once where it would be made piece by piece."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import data, models, nn, optim, train
from autograd_cnn import functional as F  # noqa: N812

LINEAR = nn.Linear(3, 2, rng=0)
OPTIMIZER = optim.SGD(LINEAR.parameters(), 1.0)
SAMPLES = np.ones((4, 3), np.float32), np.zeros(4, int)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(10**12, 10**12),
        lambda: nn.Linear(2**59, 2),
        lambda: nn.Conv2d(10**6, 10**6, 10**6),
        lambda: nn.BatchNorm1d(2**61),
        lambda: nn.Maxout(10**9, 10**9),
        lambda: models.mlp(10**10, (10**10,)),
        lambda: ag.tile(np.ones(3), 2**60),
        lambda: ag.matmul(np.ones((1, 1)), np.broadcast_to(0.0, (1, 2**57))),
        lambda: ag.Tensor(np.ones((2**30, 0))) @ ag.Tensor(np.ones((0, 2**30))),
    ],
)
def test_what_does_not_fit_in_memory_says_so(make):
    with pytest.raises(ag.AutogradError):
        make()
    with pytest.raises(ag.OutOfMemoryError, match=r"^weights of shape \(10{12}, 10{12}\) take 3.73e\+15 GiB"):
        nn.Linear(10**12, 10**12)


NARROW = np.ones((1, 1, 4, 4))
BEYOND_MEMORY = {
    "two_moons: points": lambda n: data.two_moons(n),
    "spirals: points": lambda n: data.spirals(n, 1),
    "confusion_matrix: counts": lambda n: train.confusion_matrix([0], [0], n),
    "rate_range: rates": lambda n: train.rate_range(LINEAR, F.cross_entropy, [SAMPLES], OPTIMIZER, steps=n),
    "distance_weights: weights": lambda n: F.distance_weights(n),
    "repeat: places": lambda n: ag.repeat(np.ones(2), [n, n]),
    "Neuron: weights": lambda n: nn.Neuron(n),
    "NeuronLayer: weights": lambda n: nn.NeuronLayer(2, n),
    "HierarchicalSoftmax: paths": lambda n: nn.HierarchicalSoftmax(2, n),
    "adaptive_avg_pool2d: windows": lambda n: F.adaptive_avg_pool2d(NARROW, n),
    "adaptive_max_pool2d: windows": lambda n: F.adaptive_max_pool2d(NARROW, (2, n)),
}
"""What makes many numbers or many objects, in as many words as its errors begin with."""


@pytest.mark.parametrize("what", BEYOND_MEMORY)
@pytest.mark.parametrize("n", [10**15, 2**62 + 1, 2**63 - 1])
def test_counts_beyond_memory_are_refused_at_once_with_their_size_and_a_way_out(what, n):
    with pytest.raises(ag.OutOfMemoryError, match=rf"^{what} of shape \(.*\d.*\) take .* GiB, which cannot be had; \w"):
        BEYOND_MEMORY[what](n)


@pytest.mark.parametrize(
    "result", [lambda x: x + x.T, lambda x: ag.add(x, x.T), lambda x: x @ x.T, lambda x: x.T * 2 - x]
)
def test_results_beyond_memory_are_refused(result):
    x = ag.Tensor(np.broadcast_to(np.float32(0), (0, 1)), requires_grad=True)
    x._value = np.broadcast_to(np.float32(0), (2**24, 1))  # a row that takes no memory itself
    with pytest.raises(ag.OutOfMemoryError, match="Unable to allocate"):
        result(x)


def test_a_tree_of_few_classes_is_told_from_classes_beyond_memory():
    with pytest.raises(ag.ArgumentError, match=r"the tree holds 2 classes, expected 0 to 999999999999999"):
        nn.HierarchicalSoftmax(2, 10**15, (0, 1))
