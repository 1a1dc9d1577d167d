"""Averaged weights are the averages, of the running mean and of the exponential one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, nn, train
from tests.train.networks import blobs, network, trainer


def walked(model, steps):
    """Yield the model after each of some random steps of weights and statistics."""
    rng = np.random.default_rng(0)
    for _ in range(steps):
        for parameter in model.parameters():
            parameter.assign(parameter.value + rng.normal(size=parameter.shape).astype(np.float32))
        for name, buffer in model.named_buffers():
            buffer[...] = buffer + 1 if name.endswith("tracked") else rng.random(buffer.shape)
        yield model


@given(st.integers(1, 6), st.none() | st.sampled_from([0.0, 0.5, 0.99, 1.0]), st.booleans())
@settings(max_examples=15)
def test_the_average_is_the_average(steps, decay, use_buffers):
    model = network(norm=True)
    average = train.AveragedModel(model, decay, use_buffers=use_buffers)
    states = []
    for changed in walked(model, steps):
        average.update_parameters(changed)
        states.append(changed.state_dict())
    assert int(average.n_averaged) == steps
    parameters = dict(model.named_parameters())
    for name, found in average.module.state_dict().items():
        values = [np.asarray(state[name], np.float64) for state in states]
        expected = values[0]
        for value in values[1:]:
            expected = decay * expected + (1 - decay) * value if decay is not None else expected
        if decay is None:
            expected = np.mean(values, axis=0)
        if name not in parameters and (not use_buffers or name.endswith("tracked")):
            expected = values[-1]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_trained_network_is_not_touched():
    model = network()
    average = train.AveragedModel(model)
    before = model.state_dict()
    average.update_parameters(model)
    average.module.hidden.weight.assign(np.zeros((8, 2)))
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())


def test_statistics_are_gathered_anew_from_all_batches():
    model = network(norm=True, dropout=0.5)
    for changed in walked(model, 1):
        average = train.AveragedModel(changed)
    average.module.norm.eval()
    batches = data.batches(blobs(), 10, shuffle=False)
    train.update_bn(batches, average.module)
    hidden = [model.relu(model.hidden(ag.Tensor(points))).value for points, _ in batches]
    np.testing.assert_allclose(average.module.norm.running_mean, np.mean([h.mean(0) for h in hidden], 0), rtol=1e-5)
    np.testing.assert_allclose(
        average.module.norm.running_var, np.mean([h.var(0, ddof=1) for h in hidden], 0), rtol=1e-4, atol=1e-7
    )
    assert int(average.module.norm.num_batches_tracked) == 4
    assert average.module.norm.momentum == 0.1
    assert not average.module.norm.training
    assert average.module.dropout.training


def test_without_statistics_nothing_runs():
    def batches():
        raise AssertionError("no batch is wanted")
        yield

    train.update_bn(batches(), network())


@pytest.mark.parametrize(("every", "count"), [("step", 6), ("epoch", 3)])
def test_the_trainer_averages_by_step_or_by_epoch(every, count):
    model = network()
    average = train.AveragedModel(model)
    states = []

    def look(running):
        states.append(running.model.state_dict())

    hooks = {"step_callbacks": [look]} if every == "step" else {"callbacks": [look]}
    trainer(model, average=average, average_every=every, **hooks).fit(blobs(), epochs=3, batch_size=20, rng=0)
    assert int(average.n_averaged) == count == len(states)
    for name, found in average.module.state_dict().items():
        np.testing.assert_allclose(found, np.mean([state[name] for state in states], 0), rtol=1e-4, atol=1e-6)
    assert train.evaluate(average, blobs()).accuracy > 0.5


def test_an_average_is_saved_and_loaded(tmp_path):
    model = network()
    first, second = train.AveragedModel(model, 0.9), train.AveragedModel(network(5), 0.9)
    for changed in walked(model, 3):
        first.update_parameters(changed)
    train.load_checkpoint(train.save_checkpoint(tmp_path / "a.npz", average=first), average=second)
    for changed in walked(model, 1):
        first.update_parameters(changed)
        second.update_parameters(changed)
    assert all(np.array_equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


@pytest.mark.parametrize("decay", [-0.1, 1.5, float("nan")])
def test_decays_are_shares(decay):
    with pytest.raises(ag.ArgumentError, match="expected 0 to 1, or None"):
        train.AveragedModel(nn.Linear(1, 1), decay)


@pytest.mark.parametrize(("own", "other"), [(True, False), (False, True)])
def test_another_network_is_refused(own, other):
    average = train.AveragedModel(nn.Linear(2, 3, bias=own))
    with pytest.raises(ag.UnknownNameError, match="only one of the network and the average has bias"):
        average.update_parameters(nn.Linear(2, 3, bias=other))
