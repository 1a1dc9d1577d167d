"""A training that was stopped, or killed, ends with the bits of one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn import health, nn, optim, train
from tests.train.networks import blobs, network, same_state


class Noise:
    """An augmentation with a generator of its own."""

    def __init__(self):
        self.rng = np.random.default_rng(11)

    def __call__(self, points):
        return points + self.rng.normal(0, 0.1, points.shape).astype(np.float32)


def everything(folder, *, shared=False, compile=False, **options):
    """Return a trainer with all that a checkpoint must not forget, and the generator of its order."""
    rng = np.random.default_rng(4)
    model = network(dropout=0.2, norm=True)
    if shared:
        model.dropout.rng = rng
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    running = train.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20),
        scheduler_every="step",
        augmentation=Noise(),
        early_stopping=train.EarlyStopping(3),
        average=train.AveragedModel(model, decay=0.9),
        checkpoints=None if folder is None else train.Checkpoints(folder, every_steps=1),
        compile=compile,
        **options,
    )
    return running, rng


def fit(running, rng, **options):
    return running.fit(blobs(), blobs(seed=1), epochs=4, batch_size=12, rng=rng, drop_last=True, **options)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.booleans(), st.booleans())
@settings(max_examples=5)
def test_stopped_at_any_step_it_ends_with_the_same_bits(tmp_path_factory, stops, shared, compile):
    whole, rng = everything(None, shared=shared, compile=compile)
    expected = fit(whole, rng)
    folder = tmp_path_factory.mktemp("checkpoints")
    for stop in sorted(stops):

        def stop_there(running, stop=stop):
            if len(running.history.losses) == stop:
                running.stop("here")

        fit(*everything(folder, shared=shared, compile=compile, step_callbacks=[stop_there]), resume=True)
    running, rng = everything(folder, shared=shared, compile=compile)
    assert fit(running, rng, resume=True) == expected
    assert same_state(running.model, whole.model)
    assert same_state(running.average, whole.average)


def test_a_training_that_is_over_stays_over(tmp_path):
    running, rng = everything(tmp_path)
    expected = fit(running, rng)
    again, rng = everything(tmp_path)
    assert fit(again, rng, resume=True) == expected
    assert same_state(again.model, running.model)


def test_watching_now_and_then_changes_no_bits_of_a_resumed_training(tmp_path):
    whole, rng = everything(None, compile=True, monitor=health.Monitor(every=5))
    expected = fit(whole, rng)
    stopping = [lambda running: running.stop("here") if len(running.history.losses) == 7 else None]
    fit(*everything(tmp_path, compile=True, monitor=health.Monitor(every=5), step_callbacks=stopping))
    running, rng = everything(tmp_path, compile=True, monitor=health.Monitor(every=5))
    assert fit(running, rng, resume=True) == expected
    assert same_state(running.model, whole.model)
    assert [record.step for record in running.monitor.history] == [10]


def test_ctrl_c_keeps_a_checkpoint_and_says_so(tmp_path, capsys):
    whole, rng = everything(None)
    expected = fit(whole, rng)

    def press(running):
        if len(running.history.losses) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    model = network(dropout=0.2)
    optimizer = optim.Adam(model.parameters())
    running = train.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, checkpoints=tmp_path / "other", step_callbacks=[press]
    )
    running.fit(blobs(), epochs=9, batch_size=20, rng=0)
    said = capsys.readouterr().err
    assert "Ctrl-C: training stopped after 5 steps; fit(..., resume=True) goes on from " in said
    assert "step-00000005.npz" in said

    fit(*everything(tmp_path / "folder", step_callbacks=[press]))
    again, rng = everything(tmp_path / "folder")
    assert fit(again, rng, resume=True) == expected


def test_killed_at_random_moments_it_ends_with_the_same_bits(tmp_path):
    """SIGKILL may fall into a step, into writing a file, between two files: the weights must not know."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.train.killed", tmp_path, "15"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    *trainings, summary = result.stdout.splitlines()
    assert sum(int(line.split()[-1]) for line in trainings) == 15
    assert summary.startswith(f"15 kills in {len(trainings)} trainings (")
    assert not list(tmp_path.glob("*/killed-*/.step-*.tmp")), "drafts are swept by who goes on"


def test_what_a_kill_must_not_take_is_seen(tmp_path):
    """The judge of the test above: of a training that ended step 5 and kept 4, or less, what is lost?"""
    from tests.train.killed import lost

    running, rng = everything(tmp_path)
    running.step_callbacks = (lambda running: running.stop("here") if len(running.history.losses) == 4 else None,)
    fit(running, rng)
    assert lost(tmp_path, ["kept 3", "ended 4", "kept 4", "ended 5"]) == ""
    assert "step 5 was kept, the newest checkpoint is of step 4" in lost(tmp_path, ["kept 5"])
    assert "step 6 was ended, the newest checkpoint is of step 4" in lost(tmp_path, ["kept 4", "ended 6"])
    (tmp_path / "step-00000003.npz").unlink()
    assert "of step 4 and the one before 1 checkpoints are left" in lost(tmp_path, [])
    newest = tmp_path / "step-00000004.npz"
    newest.write_bytes(newest.read_bytes()[:-1])
    assert "step-00000004.npz is not whole" in lost(tmp_path, [])
