"""Parameter groups: each with its own settings, one step over all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn, optim

KINDS = [optim.SGD, optim.Adam, optim.AdamW]


def take_steps(optimizers, parameters, steps=3):
    for k in range(steps):
        for i, parameter in enumerate(parameters):
            parameter.grad = np.random.default_rng([k, i]).normal(size=parameter.shape)
        for optimizer in optimizers:
            optimizer.step()


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(1e-3, 0.5), st.floats(1e-3, 0.5), st.floats(0, 0.1))
def test_groups_step_as_optimizers_of_their_own(kind, first, second, decay):
    together = [ag.Parameter([1.0, -2.0]), ag.Parameter([3.0])]
    apart = [ag.Parameter([1.0, -2.0]), ag.Parameter([3.0])]
    groups = [{"params": together[:1], "lr": first, "weight_decay": decay}, {"params": together[1:]}]
    take_steps([kind(groups, lr=second, weight_decay=0.0)], together)
    take_steps([kind(apart[:1], lr=first, weight_decay=decay), kind(apart[1:], lr=second, weight_decay=0.0)], apart)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.value, other.value)


def test_a_group_takes_the_defaults_that_it_does_not_set_and_a_single_parameter():
    body, head = ag.Parameter([1.0]), ag.Parameter([2.0])
    optimizer = optim.SGD([{"params": body, "lr": 1e-3, "name": "body"}, {"params": [head]}], lr=1e-2, momentum=0.9)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 1e-2]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.9]
    assert optimizer.param_groups[0]["params"] == [body]
    assert optimizer.parameters == [body, head]
    assert repr(optimizer).splitlines()[1].startswith("  1 parameters, lr=0.001, name='body', momentum=0.9")


def test_groups_do_not_change_what_they_were_made_of():
    given = {"params": [ag.Parameter([1.0])], "lr": 0.5}
    optimizer = optim.SGD([given])
    optimizer.param_groups[0]["lr"] = 0.25
    assert given["lr"] == 0.5
    assert [*given] == ["params", "lr"]


def test_a_group_can_be_added_and_its_rate_changed_later():
    model = nn.Sequential(body=nn.Linear(2, 2, rng=0), head=nn.Linear(2, 2, rng=1))
    optimizer = optim.SGD(model.head.parameters(), lr=1.0)
    optimizer.add_param_group({"params": model.body.parameters(), "lr": 0.5})
    before = [parameter.value.copy() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = np.ones(parameter.shape, np.float32)
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    moved = [b - parameter.value for b, parameter in zip(before, model.parameters(), strict=True)]
    np.testing.assert_allclose(np.concatenate([m.ravel() for m in moved]), [0.5] * 6 + [0.25] * 6, rtol=1e-5)


def test_one_rate_for_all_groups():
    optimizer = optim.SGD([{"params": ag.Scalar(1.0), "lr": 0.1}, {"params": ag.Scalar(1.0)}], lr=0.2)
    with pytest.raises(ag.ArgumentError, match=r"rates \[0\.1, 0\.2\]; read optimizer.param_groups"):
        _ = optimizer.lr
    optimizer.lr = 0.5
    assert optimizer.lr == 0.5
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5]
    with pytest.raises(ag.ArgumentError, match="lr=-1"):
        optimizer.lr = -1


@pytest.mark.parametrize("kind", KINDS)
def test_saved_groups_come_back_with_their_settings(kind):
    def fresh(rates):
        return kind([{"params": ag.Parameter([1.0, 2.0]), "lr": rate} for rate in rates])

    first, second = fresh([0.1, 0.2]), fresh([0.3, 0.4])
    take_steps([first], first.parameters)
    first.param_groups[1]["lr"] = 0.05
    held = second.param_groups[1]
    second.load_state_dict(first.state_dict())
    assert [group["lr"] for group in second.param_groups] == [0.1, 0.05]
    assert held is second.param_groups[1]
    assert second.parameters != first.parameters
    for one, other in zip(first.parameters, second.parameters, strict=True):
        other.assign(one.value)
    take_steps([first], first.parameters)
    take_steps([second], second.parameters)
    for one, other in zip(first.parameters, second.parameters, strict=True):
        np.testing.assert_array_equal(one.value, other.value)


def plain(value):
    if isinstance(value, dict):
        return all(isinstance(name, str) and plain(x) for name, x in value.items())
    if isinstance(value, list | tuple):
        return all(map(plain, value))
    return value is None or type(value) in (bool, int, float, str, np.ndarray)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_is_plain_data(kind):
    optimizer = kind([ag.Parameter([1.0]), ag.Scalar(2.0)], lr=0.1)
    take_steps([optimizer], optimizer.parameters[:1])
    assert plain(optimizer.state_dict())


def test_arrays_are_loaded_in_the_dtype_of_the_parameter():
    wide, narrow = ag.Parameter([1.0]), ag.Parameter(np.ones(1, np.float32))
    optimizers = [optim.Adam([wide]), optim.Adam([narrow])]
    take_steps(optimizers[:1], [wide])
    optimizers[1].load_state_dict(optimizers[0].state_dict())
    assert optimizers[1].state[narrow]["mean"].dtype == np.float32


@pytest.mark.parametrize(
    ("group", "error", "message"),
    [
        ({"params": ag.Parameter([1.0]), "mometum": 0.1}, ag.UnknownNameError, "of a group.*did you mean 'momentum'"),
        ({"params": ag.Parameter([1.0]), "lr": -1}, ag.ArgumentError, "SGD: lr=-1"),
        ({"params": ag.Parameter([1.0]), "nesterov": True}, ag.ArgumentError, "expected momentum above 0"),
        ([ag.Parameter([1.0])], ag.ArgumentError, "got list, expected a group"),
        ({"params": nn.Linear(1, 1)}, ag.ArgumentError, "use model.parameters"),
    ],
)
def test_wrong_groups_raise_and_are_not_added(group, error, message):
    optimizer = optim.SGD([ag.Parameter([1.0])])
    with pytest.raises(error, match=message):
        optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == len(optimizer.state) == 1


def test_a_parameter_is_in_one_group_only():
    w = ag.Parameter([1.0], name="w")
    with pytest.raises(ag.ArgumentError, match=r"'w'.*comes twice"):
        optim.SGD([w]).add_param_group({"params": [w]})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s["param_groups"][0].pop("momentum"), ag.ArgumentError, "has no 'momentum'"),
        (lambda s: s["param_groups"][0].update(momentum=-1.0), ag.ArgumentError, "momentum=-1"),
        (lambda s: s["param_groups"].append(s["param_groups"][0]), ag.ArgumentError, r"groups of \[1, 1\] parameters"),
        (lambda s: s["state"].append({}), ag.ArgumentError, "saved for groups"),
    ],
)
def test_damaged_states_raise_and_change_nothing(change, error, message):
    optimizer = optim.SGD([ag.Parameter([1.0])], lr=0.5, momentum=0.9)
    saved = optimizer.state_dict()
    saved["param_groups"][0]["lr"] = 0.1
    change(saved)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(saved)
    assert optimizer.lr == 0.5
