"""Trainings that are killed at random moments, a hundred times for instance: python -m tests.train.killed FOLDER 100.

One begins anew when one is done, by turns gate by gate and compiled. All is loaded before the first fork, so that a
training takes milliseconds and a kill may fall anywhere in it. Through a pipe a training tells which step it ended and
which it kept, so that after every kill can be said what was lost; the last line sums up. The command fails where
more than the step under way was lost, a checkpoint is not whole, or the end differs in one byte from that of a
training that nobody killed.
"""

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import autograd_cnn as ag
from autograd_cnn import train
from tests.train.test_resuming import everything, fit

SAID = {"ended": "while a checkpoint was written", "kept": "in a step or between epochs"}
"""What the last word of a training means for the kill after it."""


@dataclass(frozen=True)
class Told(train.Checkpoints):
    """Checkpoints after every step; each that is written is told to the parent."""

    every_steps: int = 1
    to: int = -1

    def save(self, step, content):
        path = super().save(step, content)
        os.write(self.to, f"kept {step}\n".encode())
        return path


def finish(folder, to, *, compile=False):
    """Train to the end, from wherever the folder's checkpoints are, and keep all that came out."""

    def tell(running):
        os.write(to, f"ended {len(running.history.losses)}\n".encode())

    running, rng = everything(None, compile=compile, step_callbacks=[tell])
    running.checkpoints = Told(folder, to=to)
    history = fit(running, rng, resume=True)
    parts = {name: getattr(running, name) for name in ("model", "average", "optimizer", "scheduler")}
    train.save_checkpoint(folder / "result", **parts, history=history, rng=rng)


def start(folder, compile):
    """Return a training in a process of its own, and the pipe by which it tells how far it is."""
    told, to = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(30)  # should it hang
        try:
            finish(folder, to, compile=compile)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(to)
    return pid, told


def lost(folder, lines):
    """Return what is wrong with the checkpoints of a training that was killed after it told this; "" for nothing."""
    steps = []
    for path in folder.glob("*.npz"):
        try:
            saved = train.load_checkpoint(path)
        except ag.AutogradError as error:
            return f"{path.name} is not whole: {error}"
        if path.name != "best.npz":
            steps.append(len(saved["history"]["losses"]))
    told = {word: max((int(line.split()[1]) for line in lines if line.startswith(word)), default=0) for word in SAID}
    newest = max(steps, default=0)
    if newest < told["kept"]:
        return f"step {told['kept']} was kept, the newest checkpoint is of step {newest}"
    if newest < told["ended"] - 1:
        return f"step {told['ended']} was ended, the newest checkpoint is of step {newest}"
    if len(steps) < min(2, newest):
        return f"of step {newest} and the one before {len(steps)} checkpoints are left"
    return ""


def killed_and_resumed(place, delays, compile):
    """Train in this folder, killed after these delays as long as there are any; yield when each kill fell."""
    for delay in delays:
        child, told = start(place, compile)
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(told) as file:
            lines = file.read().splitlines()
        if wrong := lost(place, lines):
            raise SystemExit(f"{place}: {wrong}")
        if not os.WIFSIGNALED(status):
            if status:
                raise SystemExit(f"{place} failed")
            return
        yield SAID[lines[-1].split()[0]] if lines else "while it began or resumed"


def main(folder, wanted):
    """Kill as often as wanted; print a line for each training, and what came of all."""
    ag.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=folder))  # the command may be given twice
    with open(os.devnull, "wb") as nobody:
        fit(*everything(folder / "warm-up"))
        begin = time.monotonic()
        for compile in (False, True):
            finish(folder / f"whole-{compile:d}", nobody.fileno(), compile=compile)
        duration = (time.monotonic() - begin) / 2
    random, moments, trainings = np.random.default_rng(), Counter(), 0
    while moments.total() < wanted:
        place, compile = folder / f"killed-{trainings}", bool(trainings % 2)
        rest = wanted - moments.total()
        delays = (duration * random.uniform(0, 0.6) for _ in range(rest))
        fell = list(killed_and_resumed(place, delays, compile))
        if not (place / "result").exists():  # the last kill was one too few for its end
            with open(os.devnull, "wb") as nobody:
                finish(place, nobody.fileno(), compile=compile)
        if (place / "result").read_bytes() != (folder / f"whole-{compile:d}" / "result").read_bytes():
            raise SystemExit(f"{place} ended otherwise than a training that was not killed")
        moments.update(fell)
        trainings += 1
        print(f"training {trainings}, {'compiled' if compile else 'gate by gate'}, kills: {len(fell)}")
    when = ", ".join(f"{number} {moment}" for moment, number in sorted(moments.items()))
    print(
        f"{moments.total()} kills in {trainings} trainings ({when}): each lost the step under way at most, every "
        "checkpoint was whole, and every training ended with the bytes of one that was not killed"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.train.killed", description=__doc__)
    parser.add_argument("folder", type=Path, help="for their checkpoints; a new one is made inside")
    parser.add_argument("kills", type=int, help="how many")
    options = parser.parse_args()
    main(options.folder, options.kills)
