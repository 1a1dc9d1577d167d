"""Layers inside layers: what is told of many is exact, and what Python's calls do not reach is refused."""

import pickle
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import models, nn

X = np.ones((1, 2), np.float32)


def deep(levels):
    model = nn.Linear(2, 2)
    for _ in range(levels):
        model = nn.Sequential(model)
    return model


@pytest.mark.parametrize(
    "way", [lambda model: model(X), lambda model: model.output_shape((2,)), lambda model: models.summary(model, (2,))]
)
def test_layers_deeper_than_pythons_calls_are_refused_with_a_way_out(way):
    model = deep(400)
    with pytest.raises(ag.DepthError, match=r"^Sequential: 401 layers inside each other, .*limit of \d+ ") as told:
        way(model)
    assert told.value.depth == pickle.loads(pickle.dumps(told.value)).depth == 401
    assert isinstance(told.value, RecursionError)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(int(str(told.value).rpartition("(")[2].rstrip(")")))  # as the message says
    try:
        way(model)
    finally:
        sys.setrecursionlimit(before)


def test_names_values_and_the_repr_of_any_depth():
    model = deep(1500)
    ((weight, _), (bias, _)) = model.named_parameters()
    assert (weight, bias) == ("0." * 1500 + "weight", "0." * 1500 + "bias")
    model.load_state_dict(model.state_dict())
    lines = repr(model).splitlines()
    assert len(lines) == 2 * 1500 + 1
    assert lines[:2] == ["Sequential(", "  (0): Sequential("]
    assert lines[1500] == "  " * 1500 + "(0): Linear(in_features=2, out_features=2, bias=True)"
    assert lines[1501:] == ["  " * i + ")" for i in reversed(range(1500))]


class Told(nn.Module):
    def __repr__(self):
        return "told\nby itself"


class ToldAround(nn.Module):
    def __repr__(self):
        return f"<{super().__repr__()}>"


def test_a_repr_of_ones_own_stands_indented_among_the_others():
    around = ToldAround()
    around.inner = nn.Sequential(a=Told(), b=nn.ReLU(), c=nn.Sequential())
    assert repr(around) == (
        "<ToldAround(\n  (inner): Sequential(\n    (a): told\n    by itself\n"
        "    (b): ReLU()\n    (c): Sequential()\n  )\n)>"
    )
    shared = nn.Sequential(nn.ReLU())
    assert repr(nn.Sequential(shared, shared)).count("(0): ReLU()") == 2


def test_a_layer_that_holds_itself_is_written_once_and_never_run():
    class Loop(nn.Module):
        def forward(self, x):
            return self.again(x)

    model = Loop()
    model.again = model
    assert repr(model) == "Loop(\n  (again): Loop(...)\n)"
    with pytest.raises(ag.DepthError, match=r"^Loop: \d+ layers inside each other"):
        model(X)


def test_a_recursion_that_layers_are_no_cause_of_is_told_as_ever():
    class Endless(nn.Module):
        def forward(self, x):
            return Endless.forward(self, x)

    with pytest.raises(RecursionError, match=r"^maximum recursion") as told:
        nn.Sequential(nn.Sequential(Endless()))(X)
    assert not isinstance(told.value, ag.AutogradError)
