"""Damaged states raise this library's errors and change nothing, or they are taken and can be stepped."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import optim
from autograd_cnn.optim import lr_scheduler

JUNK = st.sampled_from(
    [None, True, -1, 0, 3, 0.5, np.nan, "x", [], [1], {}, {"a": 1}, np.zeros(3), np.zeros(2), np.array(["a", "b"]), b""]
)
OPTIMIZERS = [
    lambda p: optim.SGD(p, 0.1, momentum=0.9),
    lambda p: optim.Adagrad(p, 0.1),
    lambda p: optim.RMSprop(p, 0.1, momentum=0.9, centered=True),
    lambda p: optim.Adam(p, 0.1, amsgrad=True),
    lambda p: optim.AdamW(p, 0.1),
]
SCHEDULES = [
    lambda o: lr_scheduler.StepLR(o, 2),
    lambda o: lr_scheduler.MultiStepLR(o, [2, 3]),
    lambda o: lr_scheduler.CosineAnnealingLR(o, 5),
    lambda o: lr_scheduler.LinearLR(o),
    lambda o: lr_scheduler.InverseTimeLR(o, 0.5),
    lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1),
    lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [3]),
]


def places(state, path=()):
    """Yield the way to every part of nested dicts and lists."""
    yield path
    if isinstance(state, dict | list):
        for key in state if isinstance(state, dict) else range(len(state)):
            yield from places(state[key], (*path, key))


def damaged(state, path, how, junk):
    """Return the state with one part replaced, removed, or doubled."""
    if not path:
        return junk
    state = copy.deepcopy(state)
    holder = state
    for key in path[:-1]:
        holder = holder[key]
    if how == "remove":
        del holder[path[-1]]
    elif how == "double" and isinstance(holder, list):
        holder.append(holder[path[-1]])
    else:
        holder[path[-1]] = junk
    return state


def stepped(make):
    w = ag.Parameter([1.0, -2.0])
    optimizer = make([{"params": [w]}, {"params": [ag.Scalar(2.0)], "lr": 0.05}])
    for parameter in optimizer.parameters:
        parameter.grad = np.ones(2) if parameter is w else 1.0
    optimizer.step()
    return optimizer


def advanced(scheduler):
    scheduler.step(*([0.5] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else []))
    return scheduler


@pytest.mark.parametrize("make", OPTIMIZERS)
@given(data=st.data(), how=st.sampled_from(["remove", "double", "replace"]), junk=JUNK)
def test_a_damaged_optimizer_raises_or_steps(make, data, how, junk):
    optimizer = stepped(make)
    before = optimizer.state_dict()
    state = damaged(before, data.draw(st.sampled_from([*places(before)])), how, junk)
    try:
        optimizer.load_state_dict(state)
    except ag.AutogradError:
        np.testing.assert_equal(optimizer.state_dict(), before)
    with np.errstate(all="ignore"):
        optimizer.step()


@pytest.mark.parametrize("make", SCHEDULES)
@given(data=st.data(), how=st.sampled_from(["remove", "double", "replace"]), junk=JUNK)
def test_a_damaged_schedule_raises_or_goes_on(make, data, how, junk):
    scheduler = advanced(make(stepped(OPTIMIZERS[0])))
    before = scheduler.state_dict()
    state = damaged(before, data.draw(st.sampled_from([*places(before)])), how, junk)
    try:
        scheduler.load_state_dict(state)
    except ag.AutogradError:
        np.testing.assert_equal(scheduler.state_dict(), before)
    advanced(scheduler)


@pytest.mark.parametrize(
    ("make", "changed"),
    [
        (optim.RMSprop, {"momentum": 0.9, "centered": True}),
        (optim.Adam, {"amsgrad": True}),
        (optim.SGD, {"momentum": 0.9}),
        (optim.SGD, {"momentum": 0.9, "form": "notes"}),
    ],
)
def test_a_setting_that_needs_more_memory_can_be_switched_on_between_steps(make, changed):
    w = ag.Parameter([1.0, -2.0])
    optimizer = make([w], lr=0.1)
    for k in range(3):
        w.grad = np.ones(2)
        before = w.value.copy()
        optimizer.step()
        assert (w.value < before).all()
        if k == 0:
            optimizer.param_groups[0].update(changed)
