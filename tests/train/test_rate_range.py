"""The learning-rate range test: what it finds, and that everything is afterwards what it was."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim, train

rng = np.random.default_rng(0)
IMAGES, LABELS = rng.normal(size=(40, 1, 4, 4)).astype(np.float32), rng.integers(0, 3, 40)


def network():
    ag.manual_seed(3)
    return nn.Sequential(
        conv=nn.Conv2d(1, 3, 3, padding=1, rng=0),
        norm=nn.BatchNorm2d(3),
        act=nn.ReLU(),
        flatten=nn.Flatten(),
        drop=nn.Dropout(0.3, rng=5),
        drop_default=nn.Dropout(0.1),
        out=nn.Linear(48, 3, rng=1),
    )


def everything(model, optimizer, batches):
    """Return all that a training may change."""
    generators = [model.drop.rng, batches.rng, ag.random.generator()]
    return {
        "values": model.state_dict(),
        "gradients": [None if p.grad is None else p.grad.copy() for p in model.parameters()],
        "modes": [layer.training for layer in model.modules()],
        "optimizer": optimizer.state_dict(),
        "stepped": optimizer.has_stepped,
        "generators": [g.bit_generator.state for g in generators],
    }


MAKERS = [
    lambda p: optim.SGD(p, 0.1, momentum=0.9),
    lambda p: optim.Adam(p, 0.01),
    lambda p: optim.RMSprop(p, 0.01, centered=True),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("trained", [False, True])
def test_everything_is_afterwards_what_it_was(make, trained):
    model = network()
    optimizer = make([*model.parameters()])
    batches = data.batches((IMAGES, LABELS), 16, rng=7)
    if trained:
        for images, labels in batches:
            optimizer.zero_grad()
            ag.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
    model.norm.eval()
    before = everything(model, optimizer, batches)
    train.rate_range(model, nn.CrossEntropyLoss(), batches, optimizer, 1e-4, 10.0, steps=12)
    np.testing.assert_equal(everything(model, optimizer, batches), before)


def test_also_when_it_is_broken_off():
    model = network()
    optimizer = optim.Adam(model.parameters())
    batches = data.batches((IMAGES, LABELS), 16, rng=7)
    before = everything(model, optimizer, batches)
    calls = []

    def criterion(scores, labels):
        calls.append(model.norm.training)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return ag.functional.cross_entropy(scores, labels)

    model.eval()
    with pytest.raises(KeyboardInterrupt):
        train.rate_range(model, criterion, batches, optimizer)
    assert calls == [True] * 3
    model.train()
    np.testing.assert_equal(everything(model, optimizer, batches), before)


class Bowl(nn.Module):
    """½x², whose gradient descent is stable below a rate of 2."""

    def __init__(self, start=1.0):
        self.x = ag.Scalar(start)

    def forward(self, _):
        return self.x * self.x / 2


def test_the_losses_are_those_of_training_at_rising_rates():
    model = Bowl()
    optimizer = optim.SGD(model.parameters(), 0.3)
    found = train.rate_range(model, lambda loss, _: loss, [(None, None)], optimizer, 0.01, 1.0, steps=5)
    rates = [0.01 * 100 ** (i / 4) for i in range(5)]
    assert found.rates == pytest.approx(rates, rel=1e-12)
    x, losses = 1.0, []
    for rate in rates:
        losses.append(x * x / 2)
        x -= rate * x
    assert found.losses == pytest.approx(losses, rel=1e-12)
    mean, weight = 0.0, 0.0
    for loss, smoothed in zip(losses, found.smoothed, strict=True):
        mean, weight = 0.9 * mean + 0.1 * loss, 0.9 * weight + 0.1
        assert smoothed == pytest.approx(mean / weight, rel=1e-12)
    assert not found.diverged
    assert optimizer.lr == 0.3
    assert model.x.value == 1.0


def test_an_optimizer_that_stands_still_is_moved_too():
    still, moving = (
        train.rate_range(model, lambda loss, _: loss, [(0, 0)], optim.SGD(model.parameters(), lr), 0.01, 1.0, steps=5)
        for model, lr in ((Bowl(), 0.0), (Bowl(), 0.3))
    )
    assert still == moving


@given(st.floats(0.1, 100), st.floats(1e-6, 1e-3))
def test_the_suggestion_trains_and_the_end_is_divergence(curvature, lowest):
    model = Bowl()
    optimizer = optim.SGD(model.parameters(), 1.0)
    found = train.rate_range(model, lambda loss, _: loss * curvature, [(0, 0)], optimizer, lowest, 1e6, steps=120)
    assert found.diverged
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 120
    assert found.rates[-1] > 2 / curvature
    assert lowest < found.suggestion < 2 / curvature
    for _ in range(50):
        model.x.grad = model.x.value * curvature
        optimizer.lr = found.suggestion
        optimizer.step()
    assert abs(model.x.value) < 0.01


def test_a_loss_that_becomes_nan_ends_the_test():
    def criterion(loss, _):
        return loss if loss.item() < 1e3 else loss * math.inf

    model = Bowl()
    found = train.rate_range(model, criterion, [(0, 0)], optim.SGD(model.parameters()), 0.1, 1e9, steps=30)
    assert found.diverged
    assert not math.isfinite(found.losses[-1])
    assert found.suggestion < 2


def test_there_is_no_suggestion_where_the_loss_never_falls():
    model = Bowl(0.0)
    found = train.rate_range(model, lambda loss, _: loss + 1, [(0, 0)], optim.SGD(model.parameters()), steps=10)
    assert found.suggestion is None
    assert not found.diverged


def test_groups_keep_their_proportions():
    model = nn.Sequential(body=Bowl(), head=Bowl())
    seen = []

    class Watched(optim.SGD):
        def step(self):
            seen.append([group["lr"] for group in self.param_groups])
            super().step()

    optimizer = Watched([{"params": model.body.x, "lr": 0.02}, {"params": model.head.x, "lr": 0.2}])
    found = train.rate_range(model.body, lambda loss, _: loss + model.head(0), [(0, 0)], optimizer, 0.01, 1.0, steps=4)
    np.testing.assert_allclose(seen, [[rate / 10, rate] for rate in found.rates], rtol=1e-12)
    assert [group["lr"] for group in optimizer.param_groups] == [0.02, 0.2]
    assert model.head.x.value == 1.0


def arguments(**changed):
    model = Bowl()
    usual = {"model": model, "criterion": lambda loss, _: loss, "batches": [(0, 0)]}
    usual |= {"optimizer": optim.SGD(model.parameters()), "steps": 5}
    return usual | changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lowest": 0}, "from 0 to 10.0, expected rates that rise from above 0"),
        ({"lowest": 1.0, "highest": 1.0}, "expected rates that rise"),
        ({"highest": math.inf}, "highest=inf"),
        ({"steps": 1}, "steps=1, expected at least 2"),
        ({"steps": 2.5}, "steps=2.5, expected a positive integer"),
        ({"batches": []}, "there are no"),
        ({"batches": iter([(0, 0)])}, "not an iterator"),
        ({"optimizer": 0.1}, "got float, expected an optimizer"),
        ({"criterion": lambda loss, _: loss * math.nan}, "the loss is nan before the first step"),
    ],
)
def test_wrong_use_raises(changed, message):
    with pytest.raises(ag.ArgumentError, match=f"rate_range: .*{message}"):
        train.rate_range(**arguments(**changed))


def test_its_picture_shows_the_losses_and_the_suggestion(tmp_path):
    model = Bowl()
    found = train.rate_range(**arguments(steps=60, highest=1e3, model=model, optimizer=optim.SGD(model.parameters())))
    picture = viz.rate_range(found)
    words = picture.source
    assert "learning rate" in words
    assert f"suggestion: {found.suggestion:.2g}" in words
    assert "diverges" in words
    assert picture.save(tmp_path / "range.svg").stat().st_size > 1000
    flat = train.RateRange((0.1, 1.0), (1.0, 1.0), (1.0, 1.0), False)
    assert "suggestion" not in viz.rate_range(flat).source
