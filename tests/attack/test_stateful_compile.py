"""Compiled functions in any order of uses do what the function itself does: values, gradients, statistics, errors."""

import threading

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn, optim


class Planned(Exception):  # noqa: N818 - no error of the library
    """What the function raises when it is told to."""


class Network(nn.Module):
    """Layers that behave otherwise in training, and can be replaced."""

    def __init__(self, seed: int) -> None:
        self.first = nn.Linear(3, 4, rng=seed)
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 2, rng=seed + 1)

    def forward(self, x):
        return self.last(ag.relu(self.norm(self.first(x))))


class Uses(RuleBasedStateMachine):
    """Two networks alike: one is called as it is, the other compiled."""

    @initialize(seed=st.integers(0, 99))
    def begin(self, seed: int) -> None:
        self.networks = [Network(seed), Network(seed)]
        self.optimizers = [optim.SGD(n.parameters(), lr=0.05, momentum=0.9) for n in self.networks]
        eager, compiled = [self.loss_of(network) for network in self.networks]
        self.functions = [eager, ag.compile(compiled)]
        self.kept: list = []

    def loss_of(self, network: Network):
        def loss(x, y, scale=1.0, fails=False):
            scores = network(x)
            if fails:
                raise Planned
            return F.cross_entropy(scores, y) * scale

        return loss

    def batch(self, samples: int, seed: int) -> tuple:
        rng = np.random.default_rng(seed)
        return rng.standard_normal((samples, 3)).astype(np.float32), rng.integers(0, 2, samples)

    def both(self, call) -> list:
        return [call(function, network) for function, network in zip(self.functions, self.networks, strict=True)]

    def agree(self, results: list) -> None:
        np.testing.assert_allclose(results[0], results[1], rtol=2e-4, atol=1e-5)
        states = [network.state_dict() for network in self.networks]
        for name, value in states[0].items():
            np.testing.assert_allclose(value, states[1][name], rtol=2e-4, atol=1e-5, err_msg=name)
        gradients = [[p.grad for p in network.parameters()] for network in self.networks]
        for one, other in zip(*gradients, strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)

    @rule(samples=st.integers(2, 5), seed=st.integers(0, 9), scale=st.sampled_from([1.0, 0.5]), step=st.booleans())
    def train(self, samples: int, seed: int, scale: float, step: bool) -> None:
        batch = self.batch(samples, seed)

        def call(function, network):
            network.zero_grad()
            loss = function(*batch, scale=scale)
            loss.backward()
            return loss.item()

        self.agree(self.both(call))
        if step:
            for optimizer in self.optimizers:
                optimizer.step()

    @rule(seed=st.integers(0, 9))
    def keep_a_result_and_go_backward_later(self, seed: int) -> None:
        self.kept.append(self.both(lambda function, _: function(*self.batch(3, seed))))

    @rule()
    def go_backward_in_what_was_kept(self) -> None:
        losses, self.kept = self.kept, []
        raised = [[], []]
        for pair in losses:
            for which, loss in enumerate(pair):
                try:
                    loss.backward()
                except ag.GradientError:  # a parameter was assigned after its use
                    raised[which].append(loss)
        assert len(raised[0]) == len(raised[1])
        self.agree([[pair[0].item() for pair in losses], [pair[1].item() for pair in losses]])

    @rule(seed=st.integers(0, 9))
    def call_without_recording(self, seed: int) -> None:
        with ag.no_grad():
            results = self.both(lambda function, _: function(*self.batch(3, seed)))
        assert not any(result.requires_grad for result in results)
        self.agree([result.item() for result in results])

    @rule(mode=st.booleans())
    def train_or_evaluate(self, mode: bool) -> None:
        for network in self.networks:
            network.train(mode)

    @rule(seed=st.integers(0, 99))
    def replace_a_layer(self, seed: int) -> None:
        self.kept = []
        for network in self.networks:
            network.last = nn.Linear(4, 2, rng=seed)
        self.optimizers = [optim.SGD(n.parameters(), lr=0.05) for n in self.networks]

    @rule(needed=st.booleans())
    def freeze_or_thaw(self, needed: bool) -> None:
        self.kept = []
        for network in self.networks:
            network.first.weight.requires_grad = needed

    @rule(wrong=st.sampled_from(["label", "shape", "dtype", "planned"]))
    def fail(self, wrong: str) -> None:
        x, y = self.batch(3, 0)
        given = {"label": (x, y + 9), "shape": (x[:, :2], y), "dtype": (x.astype(np.float64), y), "planned": (x, y)}
        before = [network.state_dict() for network in self.networks]
        found = []
        for function in self.functions:
            with pytest.raises((ag.AutogradError, Planned)) as caught:
                function(*given[wrong], fails=wrong == "planned")
            found.append(caught.type)
        assert found[0] is found[1]
        for network, state in zip(self.networks, before, strict=True):
            network.load_state_dict(state)

    @rule(seed=st.integers(0, 9))
    def call_from_threads(self, seed: int) -> None:
        self.kept = []
        for network in self.networks:
            network.eval()
        batches = [self.batch(2 + i % 2, seed + i) for i in range(4)]
        results: list = [None] * 4

        def work(i: int) -> None:
            x = ag.Tensor(batches[i][0], requires_grad=True)
            (gradient,) = ag.grad(self.functions[1](x, batches[i][1]), x)
            results[i] = gradient

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for (images, labels), found in zip(batches, results, strict=True):
            x = ag.Tensor(images, requires_grad=True)
            (expected,) = ag.grad(self.functions[0](x, labels), x)
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)


TestUses = Uses.TestCase
TestUses.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=15, deadline=None)
