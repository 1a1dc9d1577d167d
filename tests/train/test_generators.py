"""All generators that a training draws from are found, wherever they are."""

from functools import partial

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import nn
from autograd_cnn.data import augmentation
from autograd_cnn.train.generators import Generators

OUTSIDE = np.random.default_rng(9)
FLIPS = augmentation.Augmentation(augmentation.Flip(), rng=8)


class Holder:
    def __init__(self, *parts):
        self.parts = parts
        self.me = self  # goes round in a circle

    def method(self, x):
        return x


def drawing(x, *, rng=None):
    return x + (OUTSIDE if rng is None else rng).random()


def enclosed(rng):
    return lambda x: x + rng.random()


def model(rng):
    return nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5, rng=rng), nn.ReLU()))


@pytest.mark.parametrize(
    "source",
    [
        lambda rng: rng,
        model,
        lambda rng: Holder(3, [Holder(rng)]),
        lambda rng: Holder({"shift": Holder(rng)}),
        lambda rng: Holder(rng).method,
        lambda rng: partial(drawing, rng=rng),
        lambda rng: partial(Holder(rng).method, 1),
        enclosed,
        lambda rng: augmentation.Augmentation(augmentation.Shift(1), rng=rng),
        lambda rng: Holder(model(rng)),
    ],
)
def test_a_generator_is_found_and_put_back(source):
    rng = np.random.default_rng(3)
    found = Generators(source=source(rng))
    assert rng in found.found.values()
    before = found.state_dict()
    drawn = rng.random(3).tolist()
    found.load_state_dict(before)
    assert rng.random(3).tolist() == drawn


def test_what_a_function_reads_from_outside_is_looked_into_but_modules_are_not():
    def local():
        import autograd_cnn.random as drawn

        return lambda x: FLIPS(x) if drawn else x

    found = Generators(source=local()).found
    assert list(found) == ["default", "source.FLIPS.rng"]
    assert found["source.FLIPS.rng"] is FLIPS.rng


def test_one_that_a_function_reads_from_outside_and_the_default_one():
    found = Generators(source=drawing)
    assert OUTSIDE in found.found.values()
    ag.manual_seed(5)
    found = Generators(classes=np.random.Generator, text="x", nothing=None)
    assert list(found.found) == ["default"]
    before = found.state_dict()
    drawn = ag.random.generator().random()
    found.load_state_dict(before)
    assert ag.random.generator().random() == drawn


def test_other_generators_are_refused_before_any_is_changed():
    first, second = np.random.default_rng(0), np.random.default_rng(1)
    found = Generators(a=first, b=second)
    state = first.bit_generator.state
    other = Generators(a=np.random.default_rng(7), b=np.random.Generator(np.random.MT19937(1))).state_dict()
    with pytest.raises(ag.ArgumentError, match="b was a MT19937, expected PCG64"):
        found.load_state_dict(other)
    with pytest.raises(ag.ArgumentError, match=r"saved were \['a', 'default'\], expected \['a', 'b', 'default'\]"):
        found.load_state_dict({name: state for name, state in other.items() if name != "b"})
    assert first.bit_generator.state == state
