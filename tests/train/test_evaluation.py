"""Whatever calls a network evaluates to what the network does, in whatever mode it is; what is no model is refused."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, nn, train
from autograd_cnn import functional as F  # noqa: N812

IMAGES, LABELS = data.digits().test.images[:40], data.digits().test.labels[:40]
SAMPLES = IMAGES, LABELS
NETWORK = nn.Sequential(nn.Flatten(), nn.Linear(64, 12, rng=0), nn.BatchNorm1d(12), nn.Dropout(0.5), nn.Linear(12, 10))
NETWORK.train()(IMAGES)  # statistics of its own
WEIGHTS = np.linspace(0, 1, 10, dtype=np.float32)
LOSS = nn.CrossEntropyLoss(WEIGHTS)


def closed_over(network):
    return lambda x: network(x)


MODELS = st.sampled_from(
    [
        ag.compile(NETWORK),
        ag.compile(NETWORK, check=True),
        ag.compile(lambda x: NETWORK(x)),
        lambda x: NETWORK(x),
        lambda x: NETWORK(x).value,
        closed_over(NETWORK),
        ag.compile(closed_over(NETWORK)),
        NETWORK.forward,
        partial(lambda network, x: network(x), NETWORK),
        partial(ag.compile(NETWORK)),
        closed_over(ag.compile(NETWORK)),
        closed_over(closed_over(NETWORK)),
    ]
)
CRITERIA = st.sampled_from(
    [
        ag.compile(LOSS),
        ag.compile(LOSS, check=True),
        lambda scores, labels: F.cross_entropy(scores, labels, WEIGHTS),
        ag.compile(lambda scores, labels: F.cross_entropy(scores, labels, WEIGHTS)),
        partial(F.cross_entropy, weight=WEIGHTS),
        lambda scores, labels: LOSS(scores, labels).item(),
        lambda scores, labels: LOSS(scores.value, labels),
        LOSS.forward,
    ]
)


@given(MODELS, CRITERIA, st.integers(1, 50), st.booleans())
def test_what_calls_a_network_evaluates_to_what_the_network_does(model, criterion, batch_size, mode):
    NETWORK.eval()
    plain = train.evaluate(NETWORK, SAMPLES, LOSS, batch_size=batch_size)
    scores = train.predict(NETWORK, IMAGES, batch_size=batch_size)
    NETWORK.train(mode)
    NETWORK[3].train(not mode)
    assert train.evaluate(model, SAMPLES, criterion, batch_size=batch_size) == plain
    np.testing.assert_array_equal(train.predict(model, IMAGES, batch_size=batch_size), scores)
    assert [layer.training for layer in NETWORK] == [mode, mode, mode, not mode, mode]


def test_a_network_may_hold_a_function_of_its_own():
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5))
    network.function = F.relu
    np.testing.assert_array_equal(train.predict(network, IMAGES), IMAGES.reshape(len(IMAGES), -1))


def test_a_network_that_a_function_comes_by_in_another_way_keeps_its_mode():
    NETWORK.train()
    seen = []

    def model(x):
        network = globals()["NETWORK"]
        seen.append(network.training)
        return network(x)

    train.predict(model, IMAGES)
    assert seen == [True]


def test_a_name_without_a_value_yet_is_no_network():
    def model(x):
        return later(x) if len(x.value) == 0 else NETWORK(x)

    NETWORK.train()
    assert train.evaluate(model, SAMPLES, LOSS) == train.evaluate(NETWORK, SAMPLES, LOSS)
    later = NETWORK


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (3, ag.ArgumentError, "model=3, expected a network"),
        (train.Ensemble([NETWORK]), ag.ArgumentError, "model=<.*Ensemble.*expected a network"),
        (lambda x: None, ag.DtypeError, "returned a NoneType, expected scores"),
        (lambda x: (NETWORK(x), NETWORK(x)), ag.DtypeError, "returned a tuple, expected scores"),
        (lambda x: "3", ag.DtypeError, "returned a str, expected scores"),
        (lambda x: [[1.0], [1.0, 2.0]], ag.DtypeError, "returned a list, expected scores"),
        (lambda x: ag.sum(NETWORK(x)), ag.ShapeError, r"returned \(\) for 2 samples"),
        (lambda x: NETWORK(x)[:1], ag.ShapeError, r"returned \(1, 10\) for 2 samples"),
    ],
)
def test_what_is_no_model_is_refused(model, error, words):
    with pytest.raises(error, match=f"^evaluate: .*{words}"):
        train.evaluate(model, SAMPLES, batch_size=2)
    with pytest.raises(error, match=f"^predict: .*{words}"):
        train.predict(model, IMAGES, batch_size=2)


@pytest.mark.parametrize(
    ("criterion", "error", "words"),
    [
        (3, ag.ArgumentError, "criterion=3, expected a function"),
        (lambda scores, labels: None, ag.DtypeError, "returned a NoneType, expected one number"),
        (lambda scores, labels: "3", ag.DtypeError, "returned a str, expected one number"),
        (lambda scores, labels: [1.0, [2.0]], ag.DtypeError, "returned a list, expected one number"),
        (lambda scores, labels: True, ag.DtypeError, "returned a bool, expected one number"),
        (lambda scores, labels: (1.0, 2.0), ag.ShapeError, r"returned \(2,\), expected one number"),
        (nn.CrossEntropyLoss(reduction="none"), ag.ShapeError, r"returned \(40,\), expected one number"),
    ],
)
def test_what_is_no_loss_is_refused(criterion, error, words):
    with pytest.raises(error, match=f"^evaluate: .*{words}"):
        train.evaluate(NETWORK, SAMPLES, criterion)
