"""Trainings that are killed at random moments, a hundred times for instance: python -m tests.train.killed FOLDER 100.

One begins anew when one is done. It prints for each how many checkpoints' steps there were at every kill. All is loaded
before the first fork, so that a training takes milliseconds and a kill may fall anywhere in it.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import autograd_cnn as ag
from autograd_cnn import train
from tests.train.test_resuming import everything, fit


def finish(folder):
    """Train to the end, from wherever the folder's checkpoints are, and keep what came out."""
    running, rng = everything(folder)
    history = fit(running, rng, resume=True)
    train.save_checkpoint(folder / "result", model=running.model, average=running.average, losses=history.losses)


def start(folder):
    pid = os.fork()
    if not pid:
        signal.alarm(30)  # should it hang
        try:
            finish(folder)
            os._exit(0)
        finally:
            os._exit(1)
    return pid


if __name__ == "__main__":
    folder, wanted = Path(sys.argv[1]), int(sys.argv[2])
    ag.set_num_threads(1)
    fit(*everything(folder / "warm-up"))
    begin = time.monotonic()
    finish(folder / "whole")
    duration = time.monotonic() - begin
    random, kills, trainings = np.random.default_rng(), 0, 0
    while kills < wanted:
        place, steps, status = folder / f"killed-{trainings}", [], -1
        while status != 0:
            child = start(place)
            if kills < wanted:
                time.sleep(duration * random.uniform() ** 2 / 3)
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            if os.WIFEXITED(status) and status:
                raise SystemExit(f"{place} failed")
            kills += os.WIFSIGNALED(status)
            steps.append(max((int(file.stem[5:]) for file in place.glob("step-*.npz")), default=0))
        trainings += 1
        print(*steps)
