"""Processes that share one search, one of them killed at a random moment: python -m tests.train.searched FILE.

All is loaded before the first fork. It prints how many trials were tried, ended, and lost, and whether each tried
what its number decides.
"""

import os
import signal
import sys
import time
import warnings

import numpy as np

from autograd_cnn import train

SPACE = {"lr": train.LogUniform(1e-6, 10), "units": train.Integer(8, 64)}
TRIALS = 40


def objective(trial):
    time.sleep(0.004)
    return np.log10(trial["lr"])


def search(file=None):
    warnings.simplefilter("ignore", train.SearchBorderWarning)
    return train.tune(objective, SPACE, trials=TRIALS, seed=5, storage=file)


def start(file):
    pid = os.fork()
    if not pid:
        signal.alarm(30)  # should it hang
        try:
            search(file)
            os._exit(0)
        finally:
            os._exit(1)
    return pid


if __name__ == "__main__":
    file = sys.argv[1]
    signal.alarm(50)
    alone = search()
    kills, random = 0, np.random.default_rng()
    worker = start(file)
    for _ in range(3):
        victim = start(file)
        time.sleep(0.03 + 0.08 * random.uniform())
        os.kill(victim, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(victim, 0)[1])
    _, status = os.waitpid(worker, 0)
    together = search(file)
    states = [trial.state for trial in together.trials]
    first = zip(alone.trials, together.trials, strict=False)
    same = all(b.parameters.items() <= a.parameters.items() for a, b in first)  # fewer where a kill cut them short
    numbers = [trial.number for trial in together.trials] == [*range(len(states))]
    print(kills, status, states.count("complete"), states.count("running"), len(states), same and numbers)
