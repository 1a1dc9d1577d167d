"""A process that starts trainings and kills them at random moments: python -m tests.train.killed FOLDER KILLS.

It prints how many were killed, and how many checkpoints there were at each kill. All is loaded before the first
fork, so that a training takes milliseconds and a kill may fall anywhere in it.
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
    signal.alarm(50)
    fit(*everything(folder / "warm-up"))
    begin = time.monotonic()
    finish(folder / "whole")
    duration = time.monotonic() - begin
    random, killed, steps = np.random.default_rng(), 0, []
    while killed < wanted:
        child = start(folder / "killed")
        time.sleep(duration * random.uniform() ** 2 / 3)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        steps.append(max((int(file.stem[5:]) for file in (folder / "killed").glob("step-*.npz")), default=0))
        if os.WIFEXITED(status):
            break
    _, status = os.waitpid(start(folder / "killed"), 0)
    print(killed, status, *steps)
