"""The notes' checks: each is passed by a sound network, failed by a broken one, and changes nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, nn, train
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.train.generators import Generators
from tests.train.networks import blobs, network


def digits_network():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16, rng=0), nn.ReLU(), nn.Dropout(0.5, rng=1), nn.Linear(16, 10, rng=2)
    )


def test_a_sound_network_passes():
    report = train.sanity_check(digits_network(), nn.CrossEntropyLoss(), data.digits().train)
    assert report.passed
    assert [line[:6] for line in str(report).splitlines()] == ["ok    "] * 3


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (nn.CrossEntropyLoss(), math.log(10)),
        (nn.CrossEntropyLoss(label_smoothing=0.1), math.log(10)),
        (F.cross_entropy, math.log(10)),
        (nn.MulticlassSVMLoss(), 9),
        (nn.MulticlassSVMLoss(delta=2.0), 18),
        (nn.MulticlassSVMLoss(delta=2.0, squared=True), 36),
        (nn.MultiMarginLoss(), 0.9),
    ],
)
def test_the_loss_of_chance_is_that_of_the_notes(criterion, expected):
    check = train.check_initial_loss(digits_network(), criterion, data.digits().train)
    assert check.passed
    assert check.expected == f"about {expected:.4g}, that of equal scores"


def test_losses_of_probabilities_have_their_chance_too():
    points, labels = blobs()
    logs = nn.Sequential(nn.Linear(2, 3, rng=0), nn.LogSoftmax())
    check = train.check_initial_loss(logs, nn.NLLLoss(), (points, labels), tolerance=1.0)
    assert check.expected.startswith(f"about {math.log(3):.4g}")
    share = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Sigmoid())
    targets = (labels == 0).astype(np.float32)[:, None]
    assert f"{math.log(2):.4g}" in train.check_initial_loss(share, nn.BCELoss(), (points, targets)).expected


def test_weights_that_are_too_large_start_with_a_large_loss():
    model = digits_network()
    for parameter in model.parameters():
        parameter.assign(parameter.value * 30)
    check = train.check_initial_loss(model, nn.CrossEntropyLoss(), data.digits().train)
    assert not check.passed
    assert str(check).startswith("FAILED initial loss")
    assert "starting weights" in str(check)


def test_a_wrong_expectation_fails():
    assert not train.check_initial_loss(digits_network(), F.cross_entropy, data.digits().train, expected=1.0).passed


def nothing(model):
    for parameter in model.parameters():
        parameter.assign(np.zeros(parameter.shape))
    return model


@pytest.mark.parametrize(
    ("model", "penalty"),
    [
        (nothing(network()), None),
        (network(), lambda model: -F.l2_penalty(model, 0.1)),
        (network(), lambda model: F.l2_penalty(nothing(network()))),
        (network(), lambda model: ag.Tensor(math.nan)),
    ],
)
def test_a_penalty_that_does_not_count_is_found(model, penalty):
    assert not train.check_regularization(model, nn.CrossEntropyLoss(), blobs(), penalty).passed
    assert train.check_regularization(network(), nn.CrossEntropyLoss(), blobs()).passed


class Cut(nn.Module):
    """A layer that lets no gradient through."""

    def forward(self, x):
        return ag.Tensor(x.value)


@pytest.mark.parametrize(
    "model",
    [
        nothing(network()),
        nn.Sequential(network(), Cut(), nn.Linear(3, 3, rng=0)),
        nn.Sequential(
            nn.Linear(2, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=0), nn.ReLU(), nn.Linear(3, 3, bias=False)
        ),
    ],
)
def test_a_network_that_cannot_learn_is_found(model):
    points, labels = blobs()
    if len(list(model.children())) == 5:
        points = np.zeros_like(points)  # images that all look alike
    assert not train.check_overfitting(model, nn.CrossEntropyLoss(), (points, labels), steps=60).passed
    assert train.check_overfitting(network(), nn.CrossEntropyLoss(), blobs(), lr=0.05).passed


def test_a_loss_that_blows_up_is_found():
    points, labels = blobs()
    check = train.check_overfitting(network(), nn.CrossEntropyLoss(), (points * np.float32(np.inf), labels))
    assert not check.passed
    assert "after 0 steps" in check.found


@given(st.integers(0, 5), st.booleans(), st.booleans())
@settings(max_examples=6)
def test_afterwards_everything_is_what_it_was(seed, dropout, norm):
    ag.manual_seed(seed)
    model = network(seed, dropout=0.5 * dropout, norm=norm)
    model.relu.eval()
    criterion = nn.CrossEntropyLoss()
    criterion(model(ag.Tensor(blobs()[0])), blobs()[1]).backward()
    generators = Generators(model=model)
    before, drawn = model.state_dict(), generators.state_dict()
    gradients = [parameter.grad for parameter in model.parameters()]
    modes = [layer.training for layer in model.modules()]
    train.sanity_check(model, criterion, blobs())
    assert all(value.tobytes() == before[name].tobytes() for name, value in model.state_dict().items())
    assert all(parameter.grad is old for parameter, old in zip(model.parameters(), gradients, strict=True))
    assert [layer.training for layer in model.modules()] == modes
    assert generators.state_dict() == drawn


def test_one_sample_is_too_few():
    points, labels = blobs()
    with pytest.raises(ag.ArgumentError, match="got 1 samples, expected at least 2"):
        train.check_overfitting(network(), nn.CrossEntropyLoss(), (points[:1], labels[:1]))
