"""Optimizers in any order of uses: a copy that is saved and loaded all the time never differs from one that is not."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import autograd_cnn as ag
from autograd_cnn import optim, train

MADE = {
    "SGD": lambda params: optim.SGD(params, lr=0.1),
    "momentum": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
    "AdamW": lambda params: optim.AdamW(params, lr=0.1),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.1, momentum=0.5),
    "Adagrad": lambda params: optim.Adagrad(params, lr=0.1),
}


def parameters() -> list:
    return [ag.Parameter(np.array([1.0, -1.0])), ag.Parameter(np.ones((2, 2), np.float32)), ag.Scalar(0.5)]


class Uses(RuleBasedStateMachine):
    """Two optimizers of alike parameters; the second is made anew from what it saved before every step."""

    @initialize(name=st.sampled_from(sorted(MADE)))
    def begin(self, name: str) -> None:
        self.make = MADE[name]
        self.params, self.twins = parameters(), parameters()
        self.first = [1]  # how many parameters each group has
        self.optimizer, self.twin = self.make(self.params[:1]), self.make(self.twins[:1])

    def made_anew(self) -> optim.Optimizer:
        """Return an optimizer of the twins in the same groups, before it is given a state."""
        starts = np.cumsum([0, *self.first])
        return self.make([{"params": self.twins[a:b]} for a, b in pairwise(starts)])

    @rule(gradients=st.lists(st.none() | st.floats(-2, 2), min_size=3, max_size=3))
    def step(self, gradients: list) -> None:
        before = [np.array(p.value) for p in self.params]
        for p, twin, gradient in zip(self.params, self.twins, gradients, strict=True):
            whole = gradient if gradient is None or not p.shape else np.full(p.shape, gradient, p.dtype)
            p.grad, twin.grad = whole, whole
        state = self.twin.state_dict()
        self.twin = self.made_anew()
        self.twin.load_state_dict(state)
        self.optimizer.step()
        self.twin.step()
        for i, (p, old) in enumerate(zip(self.params, before, strict=True)):
            if gradients[i] is None or i >= sum(self.first):
                np.testing.assert_array_equal(p.value, old)

    @rule(lr=st.floats(0, 1))
    def change_the_learning_rate_of_the_last_group(self, lr: float) -> None:
        for optimizer in (self.optimizer, self.twin):
            optimizer.param_groups[-1]["lr"] = lr

    @rule()
    def add_a_group(self) -> None:
        i = sum(self.first)
        if i < len(self.params):
            self.optimizer.add_param_group({"params": [self.params[i]], "lr": 0.05})
            self.twin.add_param_group({"params": [self.twins[i]], "lr": 0.05})
            self.first.append(1)
        else:
            with pytest.raises(ag.ArgumentError):
                self.optimizer.add_param_group({"params": [self.params[0]]})

    @rule()
    def forget_gradients(self) -> None:
        self.optimizer.zero_grad()
        self.twin.zero_grad()
        assert all(p.grad is None for p in self.params[: sum(self.first)])

    @rule(wrong=st.sampled_from(["groups", "state", "kind", "shape"]))
    def load_what_does_not_fit(self, wrong: str) -> None:
        state = self.twin.state_dict()
        if wrong == "groups":
            state["param_groups"] = state["param_groups"] * 2
        elif wrong == "state":
            state["state"] = state["state"][1:]
        elif wrong == "kind":
            state["param_groups"][0]["no such setting"] = 1
        else:
            state["state"][0] = {"velocity": np.zeros(7)}
        with pytest.raises(ag.AutogradError):
            self.twin.load_state_dict(state)

    @rule()
    def set_a_gradient_of_another_shape(self) -> None:
        values = [np.array(p.value) for p in self.params]
        self.params[0].grad = np.zeros(3)
        with pytest.raises(ag.ShapeError):
            self.optimizer.step()
        self.params[0].grad = None
        for p, value in zip(self.params, values, strict=True):
            np.testing.assert_array_equal(p.value, value)

    @invariant()
    def both_are_alike(self) -> None:
        for p, twin in zip(self.params, self.twins, strict=True):
            np.testing.assert_array_equal(p.value, twin.value)
        ours, theirs = self.optimizer.state_dict(), self.twin.state_dict()
        assert ours["param_groups"] == theirs["param_groups"]
        for one, other in zip(ours["state"], theirs["state"], strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[name], other[name]) for name in one)


TestUses = Uses.TestCase
TestUses.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_state_survives_a_file(name: str, tmp_path) -> None:
    params, twins = parameters(), parameters()
    optimizer, twin = MADE[name](params), MADE[name](twins)
    for _ in range(3):
        for p, other in zip(params, twins, strict=True):
            p.grad = other.grad = np.full(p.shape, 0.5, p.dtype) if p.shape else 0.5
        optimizer.step()
        twin.step()
        train.load_checkpoint(train.save_checkpoint(tmp_path / "x", optimizer=twin), optimizer=twin)
    for p, other in zip(params, twins, strict=True):
        np.testing.assert_array_equal(p.value, other.value)
