"""A student learns what its teacher says: the loss, its gradient, and what comes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import train
from autograd_cnn.errors import OutOfRangeError, ShapeError
from autograd_cnn.testing import check
from tests.train.networks import blobs, network, same_state
from tests.train.networks import trainer as trainer_of

IMAGES, LABELS = blobs(60)
temperatures, weights = st.floats(0.5, 20), st.floats(0, 1)


def drawn(seed, n=5, classes=4):
    """Return scores of a student and of a teacher, and labels."""
    rng = np.random.default_rng(seed)
    return 3 * rng.standard_normal((2, n, classes)), rng.integers(0, classes, n)


def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def targets_of(teacher, labels, temperature):
    return np.stack([np.eye(teacher.shape[1])[labels], softmax(teacher / temperature)], axis=1)


@given(st.integers(0, 99), temperatures, weights)
def test_the_loss_is_hintons(seed, temperature, weight):
    (scores, teacher), labels = drawn(seed)
    loss = train.DistillationLoss(temperature, weight)(scores, targets_of(teacher, labels, temperature))
    soft = -(softmax(teacher / temperature) * np.log(softmax(scores / temperature))).sum(axis=1).mean()
    hard = -np.log(softmax(scores)[np.arange(5), labels]).mean()
    assert loss == pytest.approx(weight * temperature**2 * soft + (1 - weight) * hard, rel=1e-9)


@pytest.mark.parametrize("weight", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("temperature", [1.0, 5.0])
def test_its_gradient(temperature, weight):
    (scores, teacher), labels = drawn(1)
    targets = targets_of(teacher, labels, temperature)
    assert check(lambda s: train.DistillationLoss(temperature, weight)(s, targets), scores).ok
    node = ag.Tensor(scores, requires_grad=True)
    train.DistillationLoss(temperature, weight)(node, targets).backward()
    # Hinton et al. 2015, section 2.1: of the soft term T(q − p), where q and p are both softened
    soft = temperature * (softmax(scores / temperature) - targets[:, 1])
    hard = softmax(scores) - targets[:, 0]
    np.testing.assert_allclose(node.grad, (weight * soft + (1 - weight) * hard) / 5, atol=1e-12)


def test_at_high_temperature_it_compares_the_scores_themselves():
    """Section 2.1 of the paper: for T → ∞ the gradient is (z − v)/K, of scores whose means are 0."""
    (scores, teacher), labels = drawn(2)
    scores -= scores.mean(axis=1, keepdims=True)
    teacher -= teacher.mean(axis=1, keepdims=True)
    node = ag.Tensor(scores, requires_grad=True)
    train.DistillationLoss(1e4, 1.0)(node, targets_of(teacher, labels, 1e4)).backward()
    np.testing.assert_allclose(node.grad * 5, (scores - teacher) / 4, atol=1e-2)


def test_targets_are_labels_and_what_the_teacher_says():
    models = [network(seed) for seed in range(3)]
    targets = train.DistillationLoss(3.0).targets(train.Ensemble(models), (IMAGES, LABELS))
    assert targets.shape == (60, 2, 3)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets[:, 0], np.eye(3)[LABELS])
    with ag.no_grad():
        each = [softmax(model(ag.Tensor(IMAGES)).value.astype(float) / 3) for model in models]
    np.testing.assert_allclose(targets[:, 1], np.mean(each, axis=0), atol=1e-6)
    alone = train.DistillationLoss(3.0).targets(models[0], (IMAGES, LABELS))
    np.testing.assert_allclose(alone[:, 1], each[0], atol=1e-6)


def test_labels_alone_are_judged_by_cross_entropy():
    (scores, _), labels = drawn(3)
    assert train.DistillationLoss()(scores, labels) == F.cross_entropy(scores, labels)


def test_a_student_learns_from_its_teacher_alone():
    """The labels are wrong throughout, and count for nothing at weight 1."""
    teacher, student = network(0), network(1)
    trainer_of(teacher).fit((IMAGES, LABELS), epochs=10, batch_size=8, rng=0)
    assert train.evaluate(teacher, (IMAGES, LABELS)).accuracy > 0.9
    wrong = (LABELS + 1) % 3
    history = train.distill(
        teacher,
        student,
        (IMAGES, wrong),
        (IMAGES, LABELS),
        weight=1.0,
        optimizer=ag.optim.Adam(student.parameters(), 0.05),
        epochs=10,
        batch_size=8,
        rng=0,
        early_stopping=10,
    )
    assert len(history.epochs) == 10
    assert history.epochs[-1].validation_accuracy > 0.9
    assert train.evaluate(student, (IMAGES, wrong)).accuracy < 0.1
    again = network(1)
    same = train.distill(teacher, again, (IMAGES, wrong), weight=1.0, epochs=1, rng=0)
    assert len(same.losses) == 1


def test_a_compiled_distillation_is_the_same_one():
    losses = []
    for compile in (False, True):
        student = network(5)
        history = train.distill(
            network(0), student, blobs(), blobs(seed=1), epochs=2, batch_size=20, rng=0, compile=compile
        )
        losses.append([*history.losses, *history.curve("validation_loss")])
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_wrong_use_raises():
    for temperature in (0, -1, np.inf, np.nan, "hot"):
        with pytest.raises(ag.ArgumentError, match=r"temperature=.*, expected a number above 0"):
            train.DistillationLoss(temperature)
        with pytest.raises(ag.ArgumentError, match=r"temperature=.*, expected a number above 0"):
            train.Ensemble([network()]).predict(IMAGES, temperature=temperature)
    for weight in (1.1, -0.1, "much"):
        with pytest.raises(ag.ArgumentError, match=r"weight=.*, expected a number from 0 to 1"):
            train.DistillationLoss(1, weight)
    with pytest.raises(ShapeError, match=r"scores \(5, 4\) and targets \(5, 3, 4\)"):
        train.DistillationLoss()(np.zeros((5, 4)), np.zeros((5, 3, 4)))
    for labels in (LABELS + 1, LABELS - 1):
        with pytest.raises(OutOfRangeError, match="expected labels from 0 to 2, as the teacher knows them"):
            train.DistillationLoss().targets(network(), (IMAGES, labels))


def test_a_distillation_goes_on_and_may_leave_out_the_last_batch(tmp_path):
    whole, stopped = network(5), network(5)
    options = {"batch_size": 12, "drop_last": True, "rng": 0}
    expected = train.distill(network(0), whole, blobs(), epochs=3, **options)
    assert len(expected.losses) == 3 * (40 // 12)
    for epochs in (1, 3):
        found = train.distill(network(0), stopped, blobs(), epochs=epochs, resume=True, checkpoints=tmp_path, **options)
    assert found == expected
    assert same_state(whole, stopped)
