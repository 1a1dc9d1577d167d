"""Schedules: learning rates over 50 epochs as PyTorch's, closed forms, saving, and what cannot be."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import optim
from autograd_cnn.optim import lr_scheduler
from tests.optim.golden_torch import BASE_RATES, EPOCHS, FILE, PLATEAUS, SCHEDULES, SEQUENCES, measured

GOLDEN = json.loads(FILE.read_text())


def make_optimizer(rates=BASE_RATES, kind=optim.SGD):
    return kind([{"params": [ag.Parameter([1.0])], "lr": rate} for rate in rates])


def rates_of(scheduler, epochs=EPOCHS, losses=None):
    found = []
    for epoch in range(epochs):
        found.append([group["lr"] for group in scheduler.optimizer.param_groups])
        assert scheduler.get_last_lr() == found[-1]
        scheduler.optimizer.step()
        scheduler.step(*([] if losses is None else [losses[epoch]]))
    return found


def make_sequence(optimizer, parts, milestones):
    schedulers = [getattr(lr_scheduler, kind)(optimizer, **settings) for kind, settings in parts]
    return lr_scheduler.SequentialLR(optimizer, schedulers, milestones)


@pytest.mark.parametrize(("case", "golden"), [*zip(SCHEDULES, GOLDEN["schedules"], strict=True)])
def test_rates_are_torchs(case, golden):
    kind, settings = case
    scheduler = getattr(lr_scheduler, kind)(make_optimizer(), **settings)
    np.testing.assert_allclose(rates_of(scheduler), golden, rtol=1e-15)


@pytest.mark.parametrize(("case", "golden"), [*zip(SEQUENCES, GOLDEN["sequences"], strict=True)])
def test_rates_of_sequences_are_torchs(case, golden):
    np.testing.assert_allclose(rates_of(make_sequence(make_optimizer(), *case)), golden, rtol=1e-15)


@pytest.mark.parametrize(("settings", "golden"), [*zip(PLATEAUS, GOLDEN["plateaus"], strict=True)])
def test_rates_after_plateaus_are_torchs(settings, golden):
    scheduler = lr_scheduler.ReduceLROnPlateau(make_optimizer(), **settings)
    found = rates_of(scheduler, losses=measured())
    np.testing.assert_allclose(found, golden, rtol=1e-15)
    assert len({tuple(rates) for rates in found}) > 1  # the case does lower them


CLOSED_FORMS = [
    (lambda o: lr_scheduler.StepLR(o, 4, 0.5), lambda a, t: a * 0.5 ** (t // 4)),
    (lambda o: lr_scheduler.MultiStepLR(o, [3, 9], 0.5), lambda a, t: a * 0.5 ** ((t >= 3) + (t >= 9))),
    (lambda o: lr_scheduler.ExponentialLR(o, math.exp(-0.1)), lambda a, t: a * math.exp(-0.1 * t)),
    (lambda o: lr_scheduler.InverseTimeLR(o, 0.3), lambda a, t: a / (1 + 0.3 * t)),
    (
        lambda o: lr_scheduler.CosineAnnealingLR(o, 10, 0.001),
        lambda a, t: 0.001 + (a - 0.001) * (1 + math.cos(math.pi * t / 10)) / 2,
    ),
    (lambda o: lr_scheduler.LinearLR(o, 0.2, 0.8, 6), lambda a, t: a * (0.2 + 0.6 * min(t, 6) / 6)),
    (lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + t) ** 2), lambda a, t: a / (1 + t) ** 2),
    (
        lambda o: make_sequence(o, [("LinearLR", {"start_factor": 0.5}), ("ExponentialLR", {"gamma": 0.9})], [5]),
        lambda a, t: a * (0.5 + 0.1 * t) if t < 5 else a * 0.9 ** (t - 5),
    ),
]


@pytest.mark.parametrize(("make", "formula"), CLOSED_FORMS)
@given(first=st.floats(1e-3, 10), second=st.floats(1e-3, 10))
def test_rates_are_the_closed_form(make, formula, first, second):
    found = rates_of(make(make_optimizer((first, second))), 25)
    expected = [[formula(first, t), formula(second, t)] for t in range(25)]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-16)


def test_a_function_for_each_group():
    optimizer = make_optimizer((1.0, 1.0))
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda t: t + 1, lambda t: 0.5**t])
    assert rates_of(scheduler, 3) == [[1.0, 1.0], [2.0, 0.5], [3.0, 0.25]]


def test_schedules_of_one_optimizer_multiply():
    optimizer = make_optimizer((1.0,))
    warm_up = lr_scheduler.LinearLR(optimizer, 0.5, total_iters=1)
    decay = lr_scheduler.ExponentialLR(optimizer, 0.1)
    assert optimizer.lr == 0.5
    optimizer.step()
    warm_up.step()
    decay.step()
    assert optimizer.lr == pytest.approx(0.1, rel=1e-15)


def test_a_rate_changed_by_hand_is_gone_on_from():
    optimizer = make_optimizer((1.0,))
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.lr = 8.0
    optimizer.step()
    scheduler.step()
    assert optimizer.lr == 4.0


def test_the_optimizer_steps_with_the_rate_of_its_epoch():
    optimizer = make_optimizer((1.0,))
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    (w,) = optimizer.parameters
    for _ in range(3):
        w.grad = np.ones(1)
        optimizer.step()
        scheduler.step()
    assert w.value.tolist() == [1.0 - (1 + 0.5 + 0.25)]


MAKERS = [make for make, _ in CLOSED_FORMS] + [
    lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1, cooldown=1, threshold=0.2)
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("stop", [1, 7])
def test_a_saved_schedule_continues_as_if_never_stopped(make, stop):
    losses = measured()

    def run(scheduler, epochs):
        found = []
        for epoch in epochs:
            scheduler.optimizer.step()
            scheduler.step(*([losses[epoch]] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else []))
            found.append(scheduler.get_last_lr())
        return found

    whole = run(make(make_optimizer()), range(20))
    first = make(make_optimizer())
    run(first, range(stop))
    saved = json.loads(json.dumps([first.state_dict(), first.optimizer.state_dict()]))  # plain data
    resumed = make(make_optimizer())
    resumed.load_state_dict(saved[0])
    resumed.optimizer.load_state_dict(saved[1])
    assert run(resumed, range(stop, 20)) == whole[stop:]


def test_a_schedule_that_goes_on_before_the_optimizer_steps_warns_once():
    optimizer = make_optimizer((1.0,))
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(lr_scheduler.ScheduleOrderWarning, match=r"StepLR: step\(\) before the optimizer's first step"):
        scheduler.step()
    scheduler.step()
    assert scheduler.last_epoch == 2


def test_repr_shows_the_epoch_the_rates_and_the_settings():
    text = "StepLR(epoch 0, lr=[0.5, 0.01], step_size=2, gamma=0.1)"
    assert repr(lr_scheduler.StepLR(make_optimizer(), 2)) == text


OPTIMIZER = make_optimizer()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lr_scheduler.StepLR("adam", 3), "StepLR: got str, expected an optimizer"),
        (lambda: lr_scheduler.MultiStepLR(OPTIMIZER, 3), "milestones=3, expected a list of epochs"),
        (lambda: lr_scheduler.SequentialLR(OPTIMIZER, 3, [1]), "SequentialLR: expected a list of schedules"),
        (lambda: lr_scheduler.StepLR(OPTIMIZER, 0), "step_size=0, expected a positive integer"),
        (lambda: lr_scheduler.StepLR(OPTIMIZER, 3, -1), "gamma=-1, expected a number of at least 0"),
        (lambda: lr_scheduler.MultiStepLR(OPTIMIZER, [3, 0.5]), "a milestone=0.5"),
        (lambda: lr_scheduler.ExponentialLR(OPTIMIZER, math.nan), "gamma=nan"),
        (lambda: lr_scheduler.InverseTimeLR(OPTIMIZER, -0.1), "decay=-0.1"),
        (lambda: lr_scheduler.CosineAnnealingLR(OPTIMIZER, 0), "T_max=0"),
        (lambda: lr_scheduler.CosineAnnealingLR(OPTIMIZER, 5, -1), "eta_min=-1"),
        (lambda: lr_scheduler.LinearLR(OPTIMIZER, 0.0), "expected a start above 0"),
        (lambda: lr_scheduler.LinearLR(OPTIMIZER, 0.5, 1.5), "both at most 1"),
        (lambda: lr_scheduler.LinearLR(OPTIMIZER, total_iters=0), "total_iters=0"),
        (lambda: lr_scheduler.LambdaLR(OPTIMIZER, [abs]), "a list of 2: one for each group"),
        (lambda: lr_scheduler.LambdaLR(OPTIMIZER, 0.5), "lr_lambda=0.5, expected a function"),
        (lambda: lr_scheduler.ReduceLROnPlateau(OPTIMIZER, "low"), "mode='low'.*expected 'min' or 'max'"),
        (lambda: lr_scheduler.ReduceLROnPlateau(OPTIMIZER, factor=1.0), "factor=1.0.*below 1"),
        (lambda: lr_scheduler.ReduceLROnPlateau(OPTIMIZER, patience=-1), "patience=-1, expected a number of epochs"),
        (lambda: lr_scheduler.ReduceLROnPlateau(OPTIMIZER, min_lr=[0.1]), "a list of 2"),
        (lambda: lr_scheduler.ReduceLROnPlateau(OPTIMIZER).step(None), r"step\(None\), expected the number"),
        (lambda: lr_scheduler.SequentialLR(OPTIMIZER, [], []), "0 schedules"),
        (
            lambda: lr_scheduler.SequentialLR(OPTIMIZER, [lr_scheduler.StepLR(OPTIMIZER, 1)] * 3, [4, 4]),
            r"milestones=\[4, 4\] for 3 schedules, expected the epochs, rising",
        ),
        (
            lambda: lr_scheduler.SequentialLR(OPTIMIZER, [lr_scheduler.ReduceLROnPlateau(OPTIMIZER)], []),
            "got ReduceLROnPlateau, expected schedules that go by epochs alone",
        ),
        (
            lambda: lr_scheduler.SequentialLR(OPTIMIZER, [lr_scheduler.StepLR(make_optimizer(), 1)], []),
            "StepLR belongs to another optimizer",
        ),
    ],
)
def test_wrong_settings_raise(make, message):
    before = OPTIMIZER.state_dict()["param_groups"]
    with pytest.raises(ag.ArgumentError, match=message):
        make()
    assert [group["lr"] for group in OPTIMIZER.param_groups] == [group["lr"] for group in before]


def test_groups_are_added_before_the_schedule_is_made():
    optimizer = make_optimizer((1.0,))
    schedules = [lr_scheduler.StepLR(optimizer, 2), lr_scheduler.ReduceLROnPlateau(optimizer)]
    optimizer.add_param_group({"params": ag.Parameter([1.0])})
    optimizer.step()
    for scheduler, arguments in zip(schedules, ([], [0.5]), strict=True):
        with pytest.raises(ag.ArgumentError, match="for 1 groups, and the optimizer has 2"):
            scheduler.step(*arguments)


def test_states_of_other_schedules_raise_and_change_nothing():
    step = lr_scheduler.StepLR(make_optimizer(), 2)
    with pytest.raises(ag.ArgumentError, match=r"got no saved StepLR, expected what state_dict\(\) returned"):
        step.load_state_dict(lr_scheduler.ExponentialLR(make_optimizer(), 0.5).state_dict())
    with pytest.raises(ag.ArgumentError, match="for 1 groups"):
        step.load_state_dict(lr_scheduler.StepLR(make_optimizer((1.0,)), 3).state_dict())
    assert step.step_size == 2
    warm_up = ("LinearLR", {})
    sequence = make_sequence(make_optimizer(), [warm_up, ("StepLR", {"step_size": 2})], [5])
    before = sequence.state_dict()
    other = make_sequence(make_optimizer(), [warm_up, ("ExponentialLR", {"gamma": 0.5})], [7])
    for strange in (other.state_dict(), step.state_dict(), None):
        with pytest.raises(ag.ArgumentError, match="expected"):
            sequence.load_state_dict(strange)
    assert sequence.state_dict() == before


def test_an_own_schedule_needs_only_rate():
    class Halving(lr_scheduler.LRScheduler):
        def rate(self, epoch, current, base, group):
            return base / 2**epoch

    assert rates_of(Halving(make_optimizer((1.0, 2.0))), 2) == [[1.0, 2.0], [0.5, 1.0]]
    optimizer = make_optimizer()
    optimizer.step()
    with pytest.raises(NotImplementedError, match="define rate"):
        lr_scheduler.LRScheduler(optimizer).step()
