"""The search tries what its space, seed and sampler say, in one process or several, and loses nothing of it."""

import math
import os
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import train
from autograd_cnn.errors import DataFileError, FileAccessError, MissingExtraError, UnknownNameError
from autograd_cnn.train.progress import Silent
from autograd_cnn.train.tuning.ranges import border, grid, narrowed
from tests.train.networks import blobs, network
from tests.train.networks import trainer as trainer_of

optuna = pytest.importorskip("optuna", reason="optuna is missing: pip install 'autograd-cnn[tune]'")

LR = {"lr": train.LogUniform(1e-6, 10)}
ends = st.tuples(st.floats(1e-6, 1e6), st.floats(1.01, 1e6)).map(lambda pair: (pair[0], pair[0] * pair[1]))
whole = st.tuples(st.integers(1, 1000), st.integers(1, 1000)).map(lambda pair: (pair[0], sum(pair)))
RANGES = st.one_of(
    ends.map(lambda pair: train.Uniform(*pair)),
    ends.map(lambda pair: train.LogUniform(*pair)),
    st.tuples(whole, st.booleans()).map(lambda drawn: train.Integer(*drawn[0], log=drawn[1])),
)


def hill(trial):
    return -((math.log10(trial["lr"]) + 2) ** 2)


@given(RANGES, st.floats(0, 1), st.floats(0.05, 0.95))
def test_a_range_maps_its_scale_and_narrows_around_a_value(values, position, factor):
    value = values.at(position)
    assert values.low <= value <= values.high
    if isinstance(values, train.Integer):
        assert values.at(values.position(value)) == value
    else:
        assert values.position(value) == pytest.approx(position, abs=1e-6)
    finer = narrowed(values, value, factor)
    slack = 1e-9 * value
    assert values.low <= finer.low <= value + slack
    assert value - slack <= finer.high <= values.high
    if not isinstance(values, train.Integer):
        width = values.position(finer.high) - values.position(finer.low)
        assert width == pytest.approx(factor, abs=1e-6)


@given(RANGES, st.floats(0, 1))
def test_the_border_is_five_percent_of_the_scale(values, position):
    value = values.at(position)
    at = values.position(value)
    expected = "lower" if at <= 0.05 else "upper" if at >= 0.95 else ""
    assert border(values, value, 0.05) == expected


@given(st.lists(RANGES, min_size=1, max_size=3), st.integers(1, 3), st.integers(1, 200))
def test_a_grid_has_as_many_values_of_each_range_as_fit(ranges, options, points):
    space = {str(i): values for i, values in enumerate(ranges)} | {"choice": train.Choice(range(options))}
    sizes = [len(values) for values in grid(space, points).values()]
    assert sizes[-1] == options
    assert math.prod(sizes) <= max(points, options)
    reals = [size for size, values in zip(sizes, ranges, strict=False) if not isinstance(values, train.Integer)]
    assert len(set(reals)) <= 1
    for size in reals[:1]:
        assert options * (size + 1) ** len(ranges) > points


def test_random_search_draws_ten_to_the_power_of_a_uniform_number():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", train.SearchBorderWarning)
        found = train.tune(lambda trial: 0.0, LR | {"p": train.Uniform(0, 1)}, trials=200, seed=1)
    exponents = np.sort([math.log10(trial["lr"]) for trial in found.trials])
    # Kolmogorov and Smirnov: 1.63/√200 is exceeded once in a hundred seeds
    assert np.abs((exponents + 6) / 7 - (np.arange(200) + 0.5) / 200).max() < 1.63 / math.sqrt(200)
    correlation = np.corrcoef([[math.log10(t["lr"]), t["p"]] for t in found.trials], rowvar=False)[0, 1]
    assert abs(correlation) < 0.2


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_search_that_goes_on_is_the_same_search(sampler, tmp_path):
    def search(trials, seed, storage=None):
        return train.tune(hill, LR, trials=trials, sampler=sampler, seed=seed, storage=storage)

    one_go = search(24, seed=2)
    part = search(5, seed=2, storage=tmp_path / "study.log")
    assert part.trials == one_go.trials[:5]
    assert search(24, seed=2, storage=tmp_path / "study.log") == one_go
    assert search(24, seed=2, storage=tmp_path / "study.log") == one_go, "there is nothing left to do"
    assert len({trial["lr"] for trial in one_go.trials}) == 24
    assert search(24, seed=3) != one_go


def test_a_grid_tries_every_point_once(tmp_path):
    space = {"a": train.Uniform(0, 1), "b": train.LogUniform(1, 100), "c": train.Choice([math.sin, math.cos])}
    seen = []

    def objective(trial):
        seen.append((trial["a"], trial["b"], trial["c"]))
        return -((trial["a"] - 0.5) ** 2) - math.log10(trial["b"] / 10) ** 2

    for _ in range(2):
        found = train.tune(objective, space, trials=20, sampler="grid", storage=tmp_path / "study.log")
    wanted = {(a, b, c) for a in (0.0, 0.5, 1.0) for b in (1.0, 10.0, 100.0) for c in (math.sin, math.cos)}
    assert len(seen) == len(found.trials) == len(wanted) == 18
    assert {(a, round(b, 9), c) for a, b, c in seen} == wanted
    assert found.best.parameters["a"] == 0.5


def test_coarse_to_fine_comes_closer():
    coarse = train.tune(hill, LR, trials=8, seed=0)
    fine = train.tune(hill, coarse.narrowed(0.2), trials=8, seed=1)
    assert fine.best.value > coarse.best.value
    assert fine.space["lr"].low <= coarse.best["lr"] <= fine.space["lr"].high


@pytest.mark.parametrize(("exponent", "word"), [(-6, "lower"), (1, "upper")])
def test_a_best_value_on_the_border_is_warned_of(exponent, word):
    with pytest.warns(train.SearchBorderWarning, match=rf"lr = .* lies on the {word} border of LogUniform.*widen"):
        found = train.tune(lambda t: -abs(math.log10(t["lr"]) - exponent), LR, trials=90, seed=0)
    assert found.on_border == {"lr": word}


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_trial_that_is_worse_than_others_is_pruned(pruner):
    epochs = []

    def objective(trial):
        for epoch in range(1, 10):
            epochs.append((trial.number, epoch))
            trial.report(hill(trial) * (1 + 1 / epoch), epoch)
        return hill(trial)

    found = train.tune(objective, LR, trials=20, pruner=pruner, seed=0)
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert 3 < len(pruned) < 20
    assert found.best.number == max(found.trials, key=hill).number, "the best is not among them"
    for trial in pruned:
        count = sum(number == trial.number for number, _ in epochs)
        assert count == len(trial.reported) < 9
        assert trial.value == trial.reported[-1]
    assert f"{len(pruned)} pruned" in str(found)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_trainer_reports_its_epochs(direction):
    histories = []

    def objective(trial):
        running = trainer_of(network(trial.seed), lr=trial["lr"], callbacks=[trial.watch])
        histories.append(running.fit(blobs(), blobs(seed=1), epochs=3, rng=trial.seed))
        last = histories[-1].epochs[-1]
        return last.validation_accuracy if direction == "maximize" else last.validation_loss

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", train.SearchBorderWarning)
        found = train.tune(objective, {"lr": train.LogUniform(1e-3, 0.1)}, trials=3, direction=direction, seed=0)
    name = "validation_accuracy" if direction == "maximize" else "validation_loss"
    assert [trial.reported for trial in found.trials] == [tuple(history.curve(name)) for history in histories]
    values = [trial.value for trial in found.trials]
    assert found.best.value == (max if direction == "maximize" else min)(values)


@pytest.mark.parametrize("epochs", [(0,), (1, 1), (2, 1)])
def test_every_epoch_is_reported_once_and_in_order(epochs):
    def objective(trial):
        for epoch in epochs:
            trial.report(0.5, epoch)

    with pytest.raises(ag.ArgumentError, match=rf"epoch {epochs[-1]} after epoch {(0, *epochs)[-2]}, expected a later"):
        train.tune(objective, LR, trials=1)


def test_the_bar_counts_trials(monkeypatch, tmp_path):
    told = []

    class Bar(Silent):
        def update(self):
            told.append("one")

    def bar(title, **numbers):
        told.append(numbers)
        return Bar()

    monkeypatch.setattr("autograd_cnn.train.tuning.searching.progress_bar", bar)
    for trials in (2, 5):
        train.tune(hill, LR, trials=trials, seed=0, storage=tmp_path / "study.log", progress=False)
    common = {"wanted": False, "unit": "trial"}
    assert told == [
        {"total": 2, "done": 0, **common}, "one", "one", {"total": 5, "done": 2, **common}, "one", "one", "one"
    ]  # fmt: skip


def test_without_locks_of_the_system_optunas_own_serves(tmp_path, monkeypatch):
    monkeypatch.setattr("autograd_cnn.train.tuning.study_files.fcntl", None)
    for trials in (2, 4):
        found = train.tune(hill, LR, trials=trials, seed=0, storage=tmp_path / "study.log")
    assert found == train.tune(hill, LR, trials=4, seed=0)


def test_a_trainer_without_validation_has_nothing_to_report():
    def objective(trial):
        trainer_of(callbacks=[trial.watch]).fit(blobs(), epochs=1)

    with pytest.raises(ag.ArgumentError, match=r"trial\.watch: there is nothing to judge by; give fit"):
        train.tune(objective, LR, trials=1)


def test_processes_share_a_search_and_a_killed_one_loses_its_trial(tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.train.searched", str(tmp_path / "study.log")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    kills, status, complete, lost, tried, same = result.stdout.split()
    assert status == "0", result.stderr
    assert same == "True", "what a trial tries follows from its number, whoever makes it"
    assert int(lost) <= int(kills)
    assert int(tried) == int(complete) + int(lost)
    assert 40 <= int(complete) <= 41, "two workers may each end the trial they have begun"


def test_ctrl_c_keeps_what_was_found(tmp_path, capsys):
    def objective(trial):
        if trial.number == 3:
            raise KeyboardInterrupt
        return hill(trial)

    file = tmp_path / "study.log"
    found = train.tune(objective, LR, trials=6, seed=0, storage=file)
    assert [trial.state for trial in found.trials] == ["complete"] * 3 + ["failed"]
    assert "Ctrl-C: search stopped after 4 of 6 trials; the same call goes on from" in capsys.readouterr().err
    assert len(train.tune(objective, LR, trials=6, seed=0, storage=file).trials) == 6


def test_ctrl_c_in_a_training_ends_the_search_too(capsys):
    def interrupt(trainer):
        os.kill(os.getpid(), signal.SIGINT)

    def objective(trial):
        history = trainer_of(step_callbacks=[interrupt] if trial.number else []).fit(blobs(), blobs(), epochs=1)
        return history.epochs[-1].validation_accuracy if history.epochs else 1.0

    space = {"p": train.Choice([0])}
    found = train.tune(objective, space, trials=5)
    assert [trial.state for trial in found.trials] == ["complete", "failed"], "half a training is no result"
    assert "Ctrl-C: search stopped after 2 of 5 trials" in capsys.readouterr().err


def test_a_failed_trial_is_told_apart(tmp_path):
    found = train.tune(lambda trial: hill(trial) if trial.number % 2 else math.nan, LR, trials=6, seed=0)
    assert [trial.state for trial in found.trials] == ["failed", "complete"] * 3
    nothing = train.tune(lambda trial: math.nan, LR, trials=2, seed=0)
    with pytest.raises(ag.ArgumentError, match=r"best 1 of 0 finished trials were asked for \(2 failed\)"):
        _ = nothing.best
    with pytest.raises(ZeroDivisionError):
        train.tune(lambda trial: 1 / 0, LR, trials=2)
    with pytest.raises(ag.ArgumentError, match=r"the objective: got None, expected a number"):
        train.tune(lambda trial: None, LR, trials=2)


def test_optuna_is_quiet_and_left_as_it_was(capfd):
    before = optuna.logging.get_verbosity()
    train.tune(hill, LR, trials=3, seed=0)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


def test_half_a_line_of_a_killed_writer_is_removed(tmp_path):
    file = tmp_path / "study.log"
    whole = train.tune(hill, LR, trials=4, seed=0)
    train.tune(hill, LR, trials=3, seed=0, storage=file)
    with file.open("ab") as journal:
        journal.write(b'{"op_code":5,"worker_id":"' + b"x" * 9000)
    assert train.tune(hill, LR, trials=4, seed=0, storage=file) == whole
    assert b"xxx" not in file.read_bytes()


@given(st.data())
@settings(max_examples=25)
def test_a_damaged_study_is_told(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("study") / "study.log"
    train.tune(hill, LR, trials=2, seed=0, storage=file)
    content = bytearray(file.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[at] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", train.SearchBorderWarning)
            found = train.tune(lambda trial: 0.0, LR, trials=2, seed=0, storage=file)
    except (DataFileError, ag.ArgumentError):
        return
    assert all(trial.number == i for i, trial in enumerate(found.trials))


@pytest.mark.parametrize("line", [b"", b'"param_value_internal":-3.0,"distribution"'])
def test_a_trial_without_a_parameter_or_with_another_is_told(line, tmp_path):
    file = tmp_path / "study.log"
    train.tune(hill, LR, trials=2, seed=0, storage=file)
    lines = file.read_bytes().splitlines(keepends=True)
    at = next(i for i, text in enumerate(lines) if b'"param_name":"lr"' in text)
    lines[at] = re.sub(rb'"param_value_internal":[^,]*,"distribution"', line, lines[at]) if line else b""
    file.write_bytes(b"".join(lines))
    with pytest.raises(DataFileError, match="trial 0 tried"):
        train.tune(hill, LR, trials=2, storage=file)


@pytest.mark.parametrize("content", [b"Dear diary", b"\0" * 99, b'{"op_code":true}\n{"op_code":0}\n', b"{"])
def test_another_file_is_never_written(content, tmp_path):
    file = tmp_path / "diary"
    file.write_bytes(content)
    if content == b"{":  # of a study that was killed while it began
        assert len(train.tune(hill, LR, trials=1, seed=0, storage=file).trials) == 1
        return
    with pytest.raises(DataFileError, match=r"diary' is .*give another file"):
        train.tune(hill, LR, trials=2, storage=file)
    assert file.read_bytes() == content


def test_a_storage_of_another_search_or_place_raises(tmp_path):
    train.tune(hill, LR, trials=1, seed=0, storage=tmp_path / "study.log")
    other = {"lr": train.LogUniform(1e-3, 1)}
    with pytest.raises(ag.ArgumentError, match=r"holds a search of .*1e-06.* not of .*0\.001.*give another file"):
        train.tune(hill, other, trials=1, storage=tmp_path / "study.log")
    with pytest.raises(ag.ArgumentError, match=r"maximize.* not of .*minimize"):
        train.tune(hill, LR, trials=1, direction="minimize", storage=tmp_path / "study.log")
    with pytest.raises(ag.ArgumentError, match=r"not of .*'points of the grid': 2"):
        train.tune(hill, LR, trials=2, sampler="grid", storage=tmp_path / "study.log")
    with pytest.raises(FileAccessError, match="No such file"):
        train.tune(hill, LR, trials=1, storage=tmp_path / "nowhere" / "study.log")
    with pytest.raises(FileAccessError, match=r"folder, expected a file"):
        train.tune(hill, LR, trials=1, storage=tmp_path)


def test_a_full_disk_leaves_the_study_whole(tmp_path, monkeypatch):
    file = tmp_path / "study.log"
    train.tune(hill, LR, trials=2, seed=0, storage=file)
    before = file.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(FileAccessError, match=r"cannot write the study .*No space left on device"):
            train.tune(hill, LR, trials=4, seed=0, storage=file)
    assert file.read_bytes() == before
    assert train.tune(hill, LR, trials=4, seed=0, storage=file) == train.tune(hill, LR, trials=4, seed=0)


def test_a_missing_library_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"train\.tune needs optuna, .*pip install 'autograd-cnn\[tune\]'"):
        train.tune(hill, LR)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"space": {}}, r"expected a range for each name, such as \{'lr'"),
        ({"space": {"lr": (1, 2)}}, "expected a range for each name"),
        ({"trials": 0}, "trials=0, expected an integer of at least 1"),
        ({"seed": -1}, "seed=-1, expected an integer of at least 0"),
        ({"sampler": "randm"}, "sampler='randm', expected one of .*did you mean 'random'"),
        ({"pruner": "mean"}, "pruner='mean', expected one of"),
        ({"direction": "up"}, "direction='up', expected one of"),
    ],
)
def test_wrong_arguments_raise(changed, message):
    with pytest.raises(ag.ArgumentError, match=message):
        train.tune(**({"objective": hill, "space": LR} | changed))


@pytest.mark.parametrize(
    "make",
    [
        lambda: train.LogUniform(0, 1),
        lambda: train.LogUniform(1, 1),
        lambda: train.Uniform(2, 1),
        lambda: train.Uniform(0, math.inf),
        lambda: train.Uniform("a", "b"),
        lambda: train.Integer(1.5, 2),
        lambda: train.Integer(0, 5, log=True),
        lambda: train.Choice([]),
        lambda: train.Choice("relu"),
        lambda: train.SearchResult(LR, (train.TrialRecord(0, {"lr": 1.0}, 1.0),)).narrowed(1.0),
    ],
)
def test_wrong_ranges_raise(make):
    with pytest.raises(ag.ArgumentError, match="expected"):
        make()


def test_a_mistyped_parameter_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"there is no 'lrr'; did you mean 'lr'"):
        train.tune(lambda trial: trial["lrr"], LR, trials=1)
