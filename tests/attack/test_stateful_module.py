"""A Module in any order of uses agrees with a plain model of it: a dict of names, values and modes."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import autograd_cnn as ag
from autograd_cnn import nn, train

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.floats(-4, 4).filter(lambda v: not 0 < abs(v) < 1e-9)  # whose products are no subnormal numbers


class Layer(nn.Module):
    """Multiplies by a weight, and counts its calls."""

    def __init__(self, value: float) -> None:
        self.weight = ag.Parameter(np.full(2, value))
        self.register_buffer("calls", np.zeros(1))

    def forward(self, x):
        self.calls[...] = self.calls + 1
        return x * self.weight


class Network(nn.Module):
    """Calls its layers in the order of their names."""

    def forward(self, x):
        for _, layer in sorted(self.named_children()):
            x = layer(x)
        return x


class Uses(RuleBasedStateMachine):
    """What a user may do with a network; beside it, what should have come of it."""

    @initialize()
    def begin(self) -> None:
        self.network = Network()
        self.weights: dict[str, list[float]] = {}
        self.calls: dict[str, float] = {}
        self.modes: dict[str, bool] = {}
        self.saved: dict[str, np.ndarray] = {}

    @rule(name=NAMES, value=VALUES)
    def add_or_replace_a_layer(self, name: str, value: float) -> None:
        setattr(self.network, name, Layer(value))
        self.weights[name], self.calls[name], self.modes[name] = [value, value], 0, True

    @rule(name=NAMES)
    def delete_a_layer(self, name: str) -> None:
        if name in self.weights:
            delattr(self.network, name)
            del self.weights[name], self.calls[name], self.modes[name]
        else:
            with pytest.raises(AttributeError):
                delattr(self.network, name)

    @precondition(lambda self: self.weights)
    @rule(data=st.data(), value=VALUES, new=st.booleans())
    def change_a_parameter(self, data: st.DataObject, value: float, new: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.weights)))
        layer = getattr(self.network, name)
        if new:
            layer.weight = ag.Parameter(np.full(2, value))
        else:
            layer.weight.assign(np.full(2, value))
        self.weights[name] = [value, value]

    @rule(mode=st.booleans())
    def train_or_evaluate(self, mode: bool) -> None:
        assert self.network.train(mode) is self.network
        self.modes = dict.fromkeys(self.modes, mode)

    @rule()
    def call_and_go_backward(self) -> None:
        x = ag.Tensor(np.array([1.0, -2.0]), requires_grad=True)
        expected = np.array([1.0, -2.0]) * np.prod([np.ones(2), *self.weights.values()], axis=0)
        self.calls = {name: calls + 1 for name, calls in self.calls.items()}
        self.network.zero_grad()
        result = self.network(x)
        np.testing.assert_allclose(result.value, expected, rtol=1e-12)
        if self.weights:
            result.sum().backward()
            for name in self.weights:
                others = [np.ones(2), *(w for other, w in self.weights.items() if other != name)]
                gradient = getattr(self.network, name).weight.grad
                np.testing.assert_allclose(gradient, np.prod(others, axis=0) * x.value, rtol=1e-12)

    @rule()
    def save(self) -> None:
        self.saved = self.network.state_dict()

    @rule()
    def load(self) -> None:
        if {name.partition(".")[0] for name in self.saved} == {*self.weights}:
            self.network.load_state_dict(self.saved)
            for name in self.weights:
                self.weights[name] = self.saved[f"{name}.weight"].tolist()
                self.calls[name] = self.saved[f"{name}.calls"].item()
        else:
            with pytest.raises(ag.UnknownNameError):
                self.network.load_state_dict(self.saved)

    @precondition(lambda self: self.weights)
    @rule(wrong=st.sampled_from(["shape", "words", "name"]))
    def load_what_does_not_fit(self, wrong: str) -> None:
        state = self.network.state_dict()
        name = list(state)[-1]
        state |= {"shape": {name: np.zeros(3)}, "words": {name: np.array(["x"])}, "name": {"d.weight": 1}}[wrong]
        with pytest.raises(ag.AutogradError):
            self.network.load_state_dict(state)

    @rule(how=st.sampled_from(["deepcopy", "pickle"]))
    def go_on_with_a_copy(self, how: str) -> None:
        old = self.network
        self.network = copy.deepcopy(old) if how == "deepcopy" else pickle.loads(pickle.dumps(old))
        for parameter in old.parameters():
            parameter.assign(np.full(2, 99.0))  # which the copy must not see
        for buffer in old.buffers():
            buffer[...] = 99

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        names = list(self.weights)
        assert [name for name, _ in self.network.named_children()] == names
        assert [name for name, _ in self.network.named_parameters()] == [f"{name}.weight" for name in names]
        state = self.network.state_dict()
        assert list(state) == [f"{n}.weight" for n in names] + [f"{n}.calls" for n in names]
        for name in names:
            layer = getattr(self.network, name)
            assert state[f"{name}.weight"].tolist() == self.weights[name]
            assert state[f"{name}.calls"].tolist() == [self.calls[name]]
            assert layer.training == self.modes[name]


TestUses = Uses.TestCase
TestUses.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=20, deadline=None)


def test_layers_of_one_name_keep_their_place_when_they_are_replaced(tmp_path) -> None:
    network = Network()
    network.a, network.b = Layer(1.0), Layer(2.0)
    path = train.save_checkpoint(tmp_path / "x.npz", model=network)
    network.a = Layer(3.0)
    train.load_checkpoint(path, model=network)
    assert [name for name, _ in network.named_parameters()] == ["a.weight", "b.weight"]
    assert network.a.weight.value.tolist() == [1.0, 1.0]
