"""Networks together: how their answers become one, where they come from, and what that buys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
from autograd_cnn import data, nn, train
from autograd_cnn.errors import DataFileError, ShapeError
from autograd_cnn.train.ensembles import combined
from tests.train.networks import blobs, network, same_state
from tests.train.networks import trainer as trainer_of

IMAGES, LABELS = blobs()
SCORES = hnp.arrays(np.float64, (4, 6, 3), elements=st.floats(-30, 30))


class Fixed(nn.Module):
    """Says the same scores, whatever it is shown."""

    def __init__(self, scores):
        self.scores = np.asarray(scores, np.float64)

    def forward(self, images):
        return ag.Tensor(self.scores[: images.shape[0]])


def entropy(probabilities, labels):
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-300))


@given(SCORES, st.permutations(range(4)), st.floats(0.5, 20))
def test_the_mean_of_probabilities_is_one_and_no_worse_than_its_members(scores, order, temperature):
    models = [Fixed(found) for found in scores]
    found = train.Ensemble(models).predict(np.zeros((6, 1)), temperature=temperature)
    exponentials = np.exp((scores - scores.max(axis=2, keepdims=True)) / temperature)
    each = exponentials / exponentials.sum(axis=2, keepdims=True)
    np.testing.assert_allclose(found, each.mean(axis=0), atol=1e-12)
    labels = np.arange(6) % 3
    assert (entropy(found, labels) <= np.mean([entropy(p, labels) for p in each], axis=0) + 1e-9).all()
    again = train.Ensemble([models[i] for i in order]).predict(np.zeros((6, 1)), temperature=temperature)
    np.testing.assert_allclose(again, found, atol=1e-12)


@given(SCORES)
def test_votes_are_counted(scores):
    found = train.Ensemble([Fixed(s) for s in scores], "vote").predict(np.zeros((6, 1)))
    for n in range(6):
        for k in range(3):
            assert found[n, k] == sum(int(np.argmax(s[n])) == k for s in scores) / 4


def test_votes_and_averages_differ():
    """Two are barely for class 1, one is sure of class 0."""
    models = [Fixed([[0.0, 0.1]]), Fixed([[0.0, 0.1]]), Fixed([[9.0, 0.0]])]
    nothing = np.zeros((1, 1))
    assert train.Ensemble(models).predict(nothing).argmax() == 0
    assert train.Ensemble(models, "vote").predict(nothing).argmax() == 1
    gain = train.ensemble_gain(models, (nothing, np.array([1])))
    assert gain == train.EnsembleGain((1.0, 1.0, 0.0), 0.0, 1.0)
    words = "3 alone 66.67% (from 0.00% to 100.00%), average 0.00% (-66.67), vote 100.00% (+33.33)"
    assert str(gain) == words


@pytest.mark.parametrize("how", ["average", "vote"])
def test_one_nan_spoils_its_sample_alone(how):
    scores = np.zeros((2, 3, 2))
    scores[0, 1, 0] = np.nan
    assert np.isnan(combined(scores, how)).all(axis=1).tolist() == [False, True, False]


def fit(seed=0, points=(IMAGES, LABELS), lr=0.05):
    model = network(seed, dropout=0.2)
    trainer_of(model, lr=lr).fit(points, epochs=2, batch_size=8, rng=seed)
    return model


def test_three_bad_networks_are_better_together():
    """Each is right about two thirds, each about others: together they are right about all."""
    right = 5.0 * np.eye(3)[LABELS]
    models = []
    for k in range(3):
        scores = right.copy()
        scores[k::3] = 1.0 * np.eye(3)[(LABELS[k::3] + 1) % 3]
        models.append(Fixed(scores))
    gain = train.ensemble_gain(models, (IMAGES, LABELS))
    assert max(gain.members) < 0.7
    assert gain.average == gain.vote == 1.0
    assert train.Ensemble(models).accuracy((IMAGES, LABELS)) == gain.average
    assert train.Ensemble(models, "vote").accuracy((IMAGES, LABELS)) == gain.vote


def test_initializations_differ_by_their_seeds():
    models = train.initializations(fit, [0, 1, 0])
    assert same_state(models[0], models[2])
    assert not same_state(models[0], models[1])


def test_the_top_models_are_those_of_the_best_settings():
    trials = [train.TrialRecord(i, {"lr": lr}, value) for i, (lr, value) in enumerate([(0.1, 0.5), (0.2, 0.9)])]
    trials += [train.TrialRecord(2, {"lr": 0.3}, 0.99, "pruned"), train.TrialRecord(3, {"lr": 0.4}, 0.7)]
    search = train.SearchResult({"lr": train.Uniform(0, 1)}, tuple(trials))
    seen = []
    models = train.top_models(search, lambda trial: seen.append(trial["lr"]) or network(), 2)
    assert seen == [0.2, 0.4]
    assert len(models) == 2
    with pytest.raises(ag.ArgumentError, match="best 4 of 3 finished"):
        train.top_models(search, lambda trial: network(), 4)


def test_bagging_draws_with_replacement():
    images = np.arange(400, dtype=np.float32).reshape(400, 1, 1, 1)
    labels = np.arange(400) % 7
    seen = []
    dataset = data.Dataset(images, labels, tuple("abcdefg"))
    for whole in (dataset, (images, labels)):
        train.bagging(lambda sample: seen.append(sample) or network(), whole, 2, rng=3)
    assert [type(sample) for sample in seen] == [data.Dataset] * 2 + [tuple] * 2
    for sample, pair in zip(seen[:2], seen[2:], strict=True):
        assert sample.classes == dataset.classes
        np.testing.assert_array_equal(sample.images, pair[0])
        np.testing.assert_array_equal(sample.labels, sample.images.ravel() % 7)
        left_out = 1 - len(np.unique(sample.images)) / 400
        assert 0.3 < left_out < 0.44  # 1/e ± 4.5 deviations
    assert not np.array_equal(seen[0].images, seen[1].images)


def test_snapshots_are_the_network_as_it_was(tmp_path):
    states = []
    every, last = train.Snapshots(2), train.Snapshots(keep=np.uint8(2))  # whose negative is no −2
    model = network()
    note = lambda trainer: states.append(trainer.model.state_dict())  # noqa: E731
    folder = train.Checkpoints(tmp_path / "run", keep=3)
    running = trainer_of(model, callbacks=[every, last, note], checkpoints=folder)
    running.fit((IMAGES, LABELS), epochs=5, batch_size=8, rng=0)

    def states_of(models):
        return [{name: value.tolist() for name, value in m.state_dict().items()} for m in models]

    plain = [{name: value.tolist() for name, value in state.items()} for state in states]
    assert states_of(every.models) == [plain[1], plain[3]]
    assert states_of(last.models) == plain[3:]
    before = model.state_dict()
    for given_as in (folder, tmp_path / "run"):
        assert states_of(train.checkpoint_models(given_as, model)) == plain[2:]
    assert all((before[name] == value).all() for name, value in model.state_dict().items())
    with pytest.raises(ag.AutogradError):
        train.checkpoint_models(folder, network(classes=4))
    (tmp_path / "other").mkdir()
    train.save_checkpoint(tmp_path / "other" / "step-1.npz", note=1)
    with pytest.raises(DataFileError, match="holds no model"):
        train.checkpoint_models(tmp_path / "other", model)
    with pytest.raises(ag.ArgumentError, match="there are no checkpoints in"):
        train.checkpoint_models(tmp_path / "nowhere", model)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: train.Ensemble([]), "expected at least one network"),
        (lambda: train.Ensemble([3]), "expected at least one network"),
        (lambda: train.Ensemble([network()], "mean"), "combine='mean', expected 'average' or 'vote'"),
        (lambda: train.Snapshots(0), "every=0"),
        (lambda: train.Snapshots(keep=0), "keep=0"),
        (lambda: train.initializations(lambda seed: None, [1]), "initializations: fit returned None"),
        (lambda: train.initializations([network()].__getitem__, [0, 0]), "same network twice"),
        (lambda: train.bagging(lambda sample: network(), blobs(), 0), "there is nothing to train"),
    ],
)
def test_wrong_use_raises(wrong, message):
    with pytest.raises(ag.ArgumentError, match=message):
        wrong()


def test_networks_of_other_classes_do_not_fit():
    with pytest.raises(ShapeError, match=r"\(6, 2\), \(6, 3\)"):
        train.Ensemble([Fixed(np.zeros((6, 2))), Fixed(np.zeros((6, 3)))]).predict(np.zeros((6, 1)))
