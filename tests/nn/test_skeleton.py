"""Networks without weights: no memory and no draws before something is written, then networks as all others."""

import copy
import pickle
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import init, nn, optim

LAYERS = {
    "Linear": lambda **rng: nn.Linear(5, 3, **rng),
    "Conv2d": lambda **rng: nn.Conv2d(2, 3, 3, **rng),
    "Conv1d": lambda **rng: nn.Conv1d(2, 3, 3, bias=False, **rng),
    "ConvTranspose2d": lambda **rng: nn.ConvTranspose2d(2, 3, 3, **rng),
    "Maxout": lambda **rng: nn.Maxout(5, 3, **rng),
    "DropConnect": lambda **rng: nn.DropConnect(5, 3, **rng),
    "HierarchicalSoftmax": lambda **rng: nn.HierarchicalSoftmax(5, 4, **rng),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_skeleton_has_the_shapes_and_draws_nothing(kind):
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    with nn.skeleton():
        bare = LAYERS[kind](rng=rng)
    assert rng.bit_generator.state == before
    whole = LAYERS[kind](rng=rng)
    assert rng.bit_generator.state != before
    described = [[(name, p.shape, p.dtype) for name, p in model.named_parameters()] for model in (bare, whole)]
    assert described[0] == described[1]
    assert all(not p.value.any() for p in bare.parameters())
    assert whole.weight.value.all()


def test_it_takes_no_memory_until_it_is_written():
    tracemalloc.start()
    with nn.skeleton():
        layer = nn.Linear(10_000, 10_000)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    layer.bias.assign(np.ones(10_000))
    assert tracemalloc.get_traced_memory()[1] < 300_000
    tracemalloc.stop()
    assert layer.bias.value.all()


def test_outside_the_block_weights_are_drawn_again():
    with pytest.raises(ZeroDivisionError), nn.skeleton():
        raise ZeroDivisionError
    assert nn.Linear(2, 2).weight.value.all()


@given(st.integers(0, 2**32 - 1))
def test_a_skeleton_that_was_filled_is_the_network(seed):
    whole = nn.Sequential(nn.Conv2d(1, 2, 3, rng=seed), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3, rng=seed))
    with nn.skeleton():
        bare = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    x = np.random.default_rng(seed).standard_normal((2, 1, 4, 4)).astype(np.float32)
    assert not bare(x).value.any()
    bare.load_state_dict(whole.state_dict())
    np.testing.assert_array_equal(bare(x).value, whole(x).value)


def test_initialisers_and_optimizers_write_into_it():
    with nn.skeleton():
        layer = nn.Linear(3, 2)
    init.normal_(layer.weight, rng=0)
    assert layer.weight.value.all()
    F.cross_entropy(layer(np.ones((4, 3), np.float32)), np.zeros(4, int)).backward()
    optim.SGD(layer.parameters(), lr=1.0).step()
    assert layer.bias.value[0] > 0 > layer.bias.value[1]


def test_a_compiled_skeleton_trains_as_the_zero_network_does():
    with nn.skeleton():
        bare = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    zero = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    for parameter in zero.parameters():
        parameter.assign(np.zeros(parameter.shape))
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((5, 1, 4, 4)).astype(np.float32), np.array([0, 1, 2, 1, 1])
    for model in (bare, zero):
        loss = ag.compile(lambda x, y, model=model: F.cross_entropy(model(x), y))
        optimizer = optim.SGD(model.parameters(), lr=0.5)
        for _ in range(3):
            optimizer.zero_grad()
            loss(x, labels).backward()
            optimizer.step()
        init.normal_(model[0].weight, rng=1)
        loss(x, labels).backward()
    for a, b in zip(bare.parameters(), zero.parameters(), strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        np.testing.assert_array_equal(a.grad, b.grad)
    assert bare[-1].bias.value.all()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_a_skeleton_are_independent(duplicate):
    with nn.skeleton():
        bare = nn.Linear(3, 2)
    twin = duplicate(bare)
    twin.weight.assign(np.ones((2, 3)))
    assert twin.weight.value.all()
    assert not bare.weight.value.any()


def test_other_threads_draw_their_weights():
    made = []
    with nn.skeleton():
        thread = threading.Thread(target=lambda: made.append(nn.Linear(2, 2)))
        thread.start()
        thread.join()
    assert made[0].weight.value.all()
