"""Sequential: names, order, indexing."""

from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn


@given(st.lists(st.integers(1, 4), min_size=2, max_size=6))
def test_layers_run_in_order_and_shapes_follow(sizes):
    layers = [nn.Linear(a, b, rng=0) for a, b in pairwise(sizes)]
    model = nn.Sequential(*layers)
    x = expected = np.ones((3, sizes[0]), np.float32)
    for layer in layers:
        expected = layer(expected)
    np.testing.assert_array_equal(model(x).value, expected.value)
    assert model.output_shape((sizes[0],)) == (sizes[-1],)
    assert list(model) == layers
    assert [name for name, _ in model.named_children()] == [str(i) for i in range(len(layers))]


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: nn.Sequential(a=a, b=b),
        lambda a, b: nn.Sequential({"a": a, "b": b}),
        lambda a, b: nn.Sequential(OrderedDict(a=a, b=b)),
        lambda a, b: nn.Sequential({"a": a}, b=b),
    ],
)
def test_names_are_given_by_keyword_or_dict(make):
    a, b = nn.Linear(2, 3), nn.ReLU()
    model = make(a, b)
    assert list(model.named_children()) == [("a", a), ("b", b)]
    assert model.a is a


@given(st.integers(0, 5), st.slices(5), st.integers(-8, 8))
def test_indexing_is_that_of_a_list(n, piece, i):
    layers = [nn.ReLU() for _ in range(n)]
    model = nn.Sequential(*layers)
    assert len(model) == n
    part = model[piece]
    assert list(part) == layers[piece]
    assert [name for name, _ in part.named_children()] == [str(k) for k in range(n)][piece]
    if -n <= i < n:
        assert model[i] is layers[i]
    else:
        with pytest.raises(ag.OutOfRangeError, match=f"index {i} is outside its {n} layers"):
            model[i]


def test_a_slice_shares_its_layers():
    model = nn.Sequential(conv1=nn.Conv2d(1, 1, 1), relu1=nn.ReLU(), conv2=nn.Conv2d(1, 1, 1))
    part = model[1:]
    assert part.conv2 is model.conv2
    assert [name for name, _ in part.named_parameters()] == ["conv2.weight", "conv2.bias"]


def test_an_empty_chain_passes_its_input_on():
    x = np.ones(3)
    assert nn.Sequential()(x) is x
    assert nn.Sequential().output_shape((3,)) == (3,)


def test_a_layer_can_be_replaced():
    model = nn.Sequential(a=nn.Linear(2, 2), relu=nn.ReLU())
    model.a = nn.Linear(2, 5)
    assert model.output_shape((2,)) == (5,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Sequential(nn.ReLU(), ag.relu), r"layer '1' is <gate relu ReLU>, expected a Module such as"),
        (lambda: nn.Sequential(a=None), "layer 'a' is None"),
        (lambda: nn.Sequential([nn.ReLU()]), "expected a Module"),
        (lambda: nn.Sequential(nn.ReLU())["a"], "expected an integer or a slice"),
    ],
)
def test_what_is_no_layer_raises(make, message):
    with pytest.raises(ag.ArgumentError, match=message):
        make()
