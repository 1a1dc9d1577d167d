"""The Trainer takes the steps of the notes' loop, and nothing else."""

import io
import math
import os
import signal
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import data, health, nn, optim, train
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from tests.train.networks import blobs, network, same_state, trainer


@given(st.integers(1, 4), st.integers(1, 50), st.integers(0, 9), st.booleans(), st.booleans())
@settings(max_examples=10)
def test_it_is_the_loop_of_the_notes(epochs, batch_size, seed, norm, drop_last):
    batch_size = min(batch_size, 40) if drop_last else batch_size
    norm = norm and batch_size > 1 and (drop_last or 40 % batch_size != 1)  # which needs two samples
    by_hand, by_trainer = (network(seed, dropout=0.3, norm=norm) for _ in range(2))
    optimizer, criterion = optim.Adam(by_hand.parameters(), lr=0.05), nn.CrossEntropyLoss()
    rng = np.random.default_rng(seed)
    losses = []
    for _ in range(epochs):
        for images, labels in data.batches(blobs(), batch_size, rng=rng, drop_last=drop_last):
            loss = criterion(by_hand(ag.Tensor(images)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    history = trainer(by_trainer).fit(blobs(), epochs=epochs, batch_size=batch_size, rng=seed, drop_last=drop_last)
    assert history.losses == losses
    assert same_state(by_hand, by_trainer)
    assert [record.steps for record in history.epochs] == [len(losses) * (i + 1) // epochs for i in range(epochs)]


def test_the_same_seed_gives_the_same_bits_compiled_or_not():
    for compile in (False, True):
        runs = [network(dropout=0.2, norm=True) for _ in range(2)]
        histories = [
            trainer(m, compile=compile).fit(blobs(), blobs(seed=1), epochs=3, batch_size=16, rng=5) for m in runs
        ]
        assert histories[0] == histories[1]
        assert same_state(*runs)


def test_compiled_training_is_training():
    models = [network(norm=True), network(norm=True)]
    losses = [
        trainer(model, compile=compile).fit(blobs(), blobs(seed=1), epochs=3, batch_size=16, rng=5).losses
        for model, compile in zip(models, (False, True), strict=True)
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_an_epoch_is_judged_as_by_evaluate_and_leaves_modes_alone():
    model = network(dropout=0.5, norm=True)
    model.dropout.eval()
    seen = []

    def look(running):
        seen.append(train.evaluate(model, blobs(seed=1), nn.CrossEntropyLoss()))

    history = trainer(model, callbacks=[look]).fit(blobs(), blobs(seed=1), epochs=2, rng=0)
    assert [(found.loss, found.accuracy) for found in seen] == list(
        zip(history.curve("validation_loss"), history.curve("validation_accuracy"), strict=True)
    )
    assert model.norm.training
    assert not model.dropout.training


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    history = trainer(lr=0.0).fit(blobs(), epochs=2, batch_size=16, rng=0)
    found = train.evaluate(network(), blobs(), nn.CrossEntropyLoss())
    for record in history.epochs:
        assert record.loss == pytest.approx(found.loss, rel=1e-6)
        assert record.accuracy == found.accuracy
        assert (record.lr, record.validation_loss) == (0.0, None)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_shows_on_a_terminal_only(monkeypatch):
    for stream, wanted, shown in ((Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        trainer(progress=wanted).fit(blobs(), epochs=2, rng=0)
        assert ("training" in stream.getvalue()) == shown
        assert ("accuracy" in stream.getvalue()) == shown


def test_penalty_and_max_norm_hold():
    free, held = network(), network()
    trainer(free).fit(blobs(), epochs=5, rng=0)
    history = trainer(held, penalty=lambda m: F.l2_penalty(m, 0.1), max_norm=0.5).fit(blobs(), epochs=5, rng=0)
    norms = [np.linalg.norm(p.value, axis=1).max() for p in held.parameters() if p.ndim == 2]
    assert (
        max(norms) <= 0.5 + 1e-6 < max(np.linalg.norm(p.value, axis=1).max() for p in free.parameters() if p.ndim == 2)
    )
    plain = train.evaluate(network(), blobs(), nn.CrossEntropyLoss()).loss
    first = trainer(network(), penalty=lambda m: F.l2_penalty(m, 0.1)).fit(blobs(), epochs=1, batch_size=40, rng=0)
    assert first.losses[0] == pytest.approx(plain + float(F.l2_penalty(network(), 0.1).value), rel=1e-6)
    assert history.epochs[-1].loss > 0


def test_targets_that_are_no_classes_have_no_accuracy():
    points, _ = blobs()
    model = nn.Linear(2, 1, rng=0)
    running = train.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    history = running.fit((points, points[:, :1] * 2), (points, points[:, :1] * 2), epochs=30, rng=0)
    assert history.curve("accuracy") == history.curve("validation_accuracy") == [None] * 30
    assert history.epochs[-1].validation_loss < 0.01 * history.epochs[0].loss


def test_samples_that_do_not_count_leave_no_accuracy():
    points, labels = blobs()
    labels = np.where(labels == 2, -100, labels)
    history = trainer().fit((points, labels), (points, labels), epochs=2, rng=0)
    assert history.curve("accuracy") == history.curve("validation_accuracy") == [None, None]
    assert history.epochs[-1].validation_loss < history.epochs[0].loss


@pytest.mark.parametrize("compile", [False, True])
def test_a_monitor_sees_every_step_and_epoch(compile):
    monitor = health.Monitor(every=1)
    trainer(monitor=monitor, compile=compile).fit(blobs(), blobs(seed=1), epochs=3, batch_size=16, rng=0)
    timeline = monitor.timeline()
    assert len(timeline.steps) == 9
    assert timeline.epochs == (0, 3, 6)
    assert [step for step, _ in timeline.curves["accuracy"]["validation"]] == [2, 5, 8]
    assert timeline.curves.keys() == {"accuracy", "loss"}


def test_the_report_shows_what_the_trainer_noted():
    monitor = health.Monitor()
    trainer(monitor=monitor).fit(blobs(), blobs(seed=1), epochs=2, batch_size=20, rng=0)
    page = viz.report(monitor, title="Blobs").html
    assert "Blobs" in page
    assert "validation" in page


class Falling:
    """A schedule as torch's are."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def step(self):
        self.optimizer.param_groups[0]["lr"] /= 2


@pytest.mark.parametrize(("every", "rates"), [("epoch", [1.0, 0.5]), ("step", [0.25, 0.0625])])
def test_schedules_step_by_epoch_or_by_step(every, rates):
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    running = train.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, scheduler=Falling(optimizer), scheduler_every=every
    )
    assert running.fit(blobs(), epochs=2, batch_size=20, rng=0).curve("lr") == rates


@given(st.floats(0.01, 10))
@settings(max_examples=5)
def test_gradients_are_clipped_together(bound):
    """With SGD at learning rate 1 the step is the gradient."""
    model = network()
    before = model.state_dict()
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    criterion, (points, labels) = nn.CrossEntropyLoss(), blobs()
    train.Trainer(model, criterion, optimizer, clip_norm=bound).fit((points * 9, labels), epochs=1, rng=0)
    moved = math.sqrt(sum(np.sum((value - before[name]) ** 2) for name, value in model.state_dict().items()))
    free = network()
    criterion(free(ag.Tensor(points * 9)), labels).backward()
    norm = math.sqrt(sum(np.sum(parameter.grad**2) for parameter in free.parameters()))
    assert moved == pytest.approx(min(norm, bound), rel=1e-3)


def test_a_plateau_is_told_what_early_stopping_goes_by():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    seen = []
    real = scheduler.step
    scheduler.step = lambda value: (seen.append(value), real(value))
    running = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=scheduler)
    history = running.fit(blobs(), blobs(seed=1), epochs=3, rng=0)
    assert seen == history.curve("validation_loss")


def test_augmented_images_are_learned_from():
    seen = []

    def turned(points):
        seen.append(points)
        return -points

    model, expected = network(), network()
    points, labels = blobs()
    trainer(model, augmentation=turned).fit((points, labels), epochs=2, rng=0)
    trainer(expected).fit((-points, labels), epochs=2, rng=0)
    assert same_state(model, expected)
    assert len(seen) == 2


def test_early_stopping_ends_with_the_best_weights():
    states = []
    model = network()
    running = trainer(model, lr=0.5, early_stopping=2, callbacks=[lambda t: states.append(t.model.state_dict())])
    points, labels = blobs(seed=1)
    history = running.fit(blobs(), (points, (labels + 1) % 3), epochs=50, rng=0)  # what is learned is wrong there
    best = history.best_epoch
    assert len(history.epochs) == best + 2
    assert history.stopped == f"nothing better in 2 epochs than epoch {best}"
    losses = history.curve("validation_loss")
    assert losses[best - 1] == min(losses)
    assert all(np.array_equal(value, states[best - 1][name]) for name, value in model.state_dict().items())


def test_early_stopping_by_accuracy_and_without_end():
    rule = train.EarlyStopping(None, metric="accuracy")
    history = trainer(early_stopping=rule).fit(blobs(), blobs(seed=1), epochs=6, rng=0)
    accuracies = history.curve("validation_accuracy")
    assert len(accuracies) == 6
    assert history.best_epoch == int(np.argmax(accuracies)) + 1


def test_callbacks_see_the_training_and_may_end_it():
    steps, epochs = [], []

    def every_step(running):
        steps.append((running.position.epoch, running.position.batch, len(running.history.losses)))

    def every_epoch(running):
        epochs.append(running.history.epochs[-1].epoch)
        if len(epochs) == 2:
            running.stop("enough")

    history = trainer(callbacks=[every_epoch], step_callbacks=[every_step]).fit(blobs(), epochs=9, batch_size=20, rng=0)
    assert steps == [(0, 1, 1), (0, 2, 2), (1, 1, 3), (1, 2, 4)]
    assert epochs == [1, 2]
    assert history.stopped == "enough"
    assert str(history).endswith("stopped: enough")


@pytest.mark.filterwarnings("ignore:Trainer. the loss is nan")
def test_a_loss_that_is_no_number_ends_the_training_before_the_update():
    points, labels = blobs()
    model = network()
    before = model.state_dict()
    history = trainer(model).fit((points * np.float32("nan"), labels), epochs=3, rng=0)
    assert history.stopped == "the loss is nan at step 0"
    assert history.epochs == history.losses == []
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_warning_names_the_step():
    points, labels = blobs()
    with pytest.warns(RuntimeWarning, match="the loss is nan at step 0; training stops"):
        trainer().fit((points * np.float32("nan"), labels), epochs=3, rng=0)


def pressed_at(step):
    def press(running):
        if len(running.history.losses) == step:
            os.kill(os.getpid(), signal.SIGINT)

    return press


def test_ctrl_c_waits_for_the_step_to_end():
    history = trainer(step_callbacks=[pressed_at(3)]).fit(blobs(), epochs=9, batch_size=20, rng=0)
    assert history.stopped == "Ctrl-C"
    assert (len(history.losses), len(history.epochs)) == (3, 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait():
    def press_twice(running):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trainer(step_callbacks=[press_twice]).fit(blobs(), epochs=2, rng=0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_trains_in_a_thread_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(trainer().fit(blobs(), epochs=1, rng=0)))
    thread.start()
    thread.join()
    assert len(found[0].epochs) == 1


def test_some_parameters_of_the_model_or_the_criterion_are_enough():
    model, centres = network(), nn.HierarchicalSoftmax(3, 3, rng=0)
    for parameters in ([model.output.bias], [model.output.bias, ag.Parameter(np.zeros(3))], centres.parameters()):
        train.Trainer(model, centres, optim.SGD(parameters, lr=0.1)).fit(blobs(), epochs=1, rng=0)
    hidden = train.Trainer(lambda images: model(images), centres, optim.SGD(model.parameters(), lr=0.1))
    assert hidden.fit(blobs(), epochs=1, rng=0).losses  # a function does not say what its parameters are
    train.Trainer(nn.Flatten(), nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1))  # nor does this one


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trainer(scheduler_every="batch"), "scheduler_every='batch', expected 'epoch' or 'step'"),
        (lambda: trainer(scheduler=3), "scheduler=3, expected a schedule such as optim.lr_scheduler.StepLR"),
        (lambda: trainer(scheduler=optim.lr_scheduler.StepLR), "scheduler=<class .*StepLR'>, expected a schedule"),
        (lambda: trainer(penalty=0.1), "penalty=0.1, expected a function of the model"),
        (lambda: trainer(augmentation=3), "augmentation=3, expected a function of images"),
        (lambda: trainer(monitor=3), "monitor=3, expected a health.Monitor"),
        (lambda: trainer(average=0.9), "average=0.9, expected a train.AveragedModel"),
        (lambda: trainer(callbacks=print), "callbacks=.*, expected a list of functions"),
        (lambda: trainer(step_callbacks=[3]), r"step_callbacks=\[3\], expected a list of functions"),
        (lambda: train.Trainer(None, nn.MSELoss(), 3), "model=None, expected a network"),
        (lambda: train.Trainer(network(), nn.MSELoss, 3), "criterion=<class .*, expected a loss of scores and targets"),
        (lambda: train.Trainer(network(), nn.MSELoss(), 3), "optimizer=3, expected an optimizer such as optim.SGD"),
        (
            lambda: train.Trainer(network(), nn.CrossEntropyLoss(), optim.SGD(network().parameters(), lr=0.1)),
            r"none of the SGD's parameters belongs to the model, .*; make it SGD\(model.parameters\(\), ...\)",
        ),
        (lambda: trainer(early_stopping=2).fit(blobs()), "early_stopping goes by validation data, but got none"),
        (lambda: train.EarlyStopping(0), "patience=0, expected at least 1"),
        (lambda: train.EarlyStopping(metric="top5"), "metric='top5', expected one of"),
        (lambda: train.EarlyStopping(min_delta=-1), "min_delta=-1"),
        (lambda: train.EarlyStopping(min_delta="a"), "min_delta='a'"),
        (lambda: train.EarlyStopping(2.5), "patience=2.5"),
        (lambda: trainer(early_stopping="a"), "early_stopping='a', expected the patience or an EarlyStopping"),
        (lambda: trainer(checkpoints=3), "checkpoints=3, expected a folder or Checkpoints"),
        (lambda: trainer().fit(blobs(), epochs="3"), "epochs='3', expected a positive integer"),
        (lambda: trainer().fit(blobs(), epochs=0), "epochs=0"),
        (lambda: train.predict(network(), blobs()[0], batch_size=0), "batch_size=0"),
        (lambda: train.predict(network(), blobs()[0][:0]), "there are no images"),
    ],
)
def test_wrong_use_says_what_is_expected(call, message):
    with pytest.raises(ag.ArgumentError, match=message):
        call()


def test_a_mistyped_option_suggests_the_nearest():
    with pytest.raises(ag.UnknownArgumentError, match=r"Trainer: there is no option 'penalti'.*mean 'penalty'\?"):
        trainer(penalti=None)


def test_it_says_what_it_trains_and_how_far_it_is():
    running = trainer()
    running.fit(blobs(), epochs=2, batch_size=20, rng=0)
    assert repr(running) == "Trainer(Sequential, CrossEntropyLoss, Adam: 2 epochs, 4 steps)"


def test_a_plateau_by_steps_is_told_the_loss_of_the_batch():
    told = []

    class Plateau(optim.lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics):
            told.append(metrics)
            super().step(metrics)

    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    running = train.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, scheduler=Plateau(optimizer), scheduler_every="step"
    )
    assert running.fit(blobs(), epochs=1, batch_size=20, rng=0).losses == told
