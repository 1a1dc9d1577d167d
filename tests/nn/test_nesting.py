"""Layers inside layers: what is told of many is exact, and what Python's calls do not reach is refused."""

import copy
import io
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
    assert str(told.value).endswith("put layers in a row") is (sys.version_info[:2] == (3, 12))
    if sys.version_info[:2] == (3, 12):
        return  # there no limit helps
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


def pickled(model, protocol=None):
    return pickle.loads(pickle.dumps(model, protocol))


@pytest.mark.parametrize("levels", [1, 48, 49, 400, 1500])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled, lambda x: pickled(x, 0)])
def test_copies_and_pickles_of_any_depth_share_what_the_model_shares(duplicate, levels):
    model = deep(levels)
    layers = list(model.modules())
    model.again, layers[-1].around = layers[-1], model
    twin, twin_of_middle = duplicate((model, layers[levels // 2]))
    twins = list(twin.modules())
    assert list(map(type, twins)) == list(map(type, layers))
    assert set(twins).isdisjoint(layers)
    assert (twins[levels // 2], twin.again, twins[-1].around) == (twin_of_middle, twins[-1], twin)
    np.testing.assert_array_equal(twins[-1].weight.value, layers[-1].weight.value)
    assert len(list(duplicate(layers[levels // 2]).modules())) == levels + 1  # whom the last one leads back


@pytest.mark.parametrize("levels", [0, 400])
def test_a_shallow_copy_has_the_same_layers_and_leaves_nothing_for_the_next_pickle(levels):
    model = deep(levels)
    twin = copy.copy(model)
    assert vars(twin) == vars(model)
    assert twin is not model
    assert len(list(pickled(list(model.modules())[levels // 2]).modules())) == levels - levels // 2 + 1
    assert copy.copy(nn.Module()).training


class Full(io.BytesIO):
    def write(self, text):
        raise OSError


def test_a_pickle_that_failed_does_not_disturb_the_next():
    model = deep(400)
    with pytest.raises(OSError):  # noqa: PT011 - of any words
        pickle.Pickler(Full()).dump([model, bytes(10**6)])
    assert len(list(pickled(model).modules())) == 401


class Own(nn.Sequential):
    def __getstate__(self):
        return {"layers": dict(self.named_children())}

    def __setstate__(self, state):
        vars(self).update(state["layers"])


class Slots(nn.Sequential):
    __slots__ = ("depth",)

    def __getstate__(self):
        return vars(self), {"depth": self.depth}


def test_modules_with_states_of_their_own_are_copied_their_way():
    model = Slots(Own(deep(400)))
    model.depth = 402
    for twin in (copy.deepcopy(model), pickled(model), copy.copy(model)):
        assert (len(list(twin.modules())), twin.depth) == (403, 402)


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
