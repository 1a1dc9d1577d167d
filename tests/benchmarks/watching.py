"""What watching costs: one step of the digits CNN without and with ``Monitor.observe``, by turns.

Run ``python -m tests.benchmarks.watching [relu|sigmoid] [part]``; `part` is that of ``Monitor``. Both halves of each
step are timed in the same loop, on one thread and by its own clock, so that a busy machine slows both and counts for
neither; medians are printed, and means, which hold the full reports kept now and then.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, health, nn, optim
from viz.demo import network

EPOCHS = 20


def main(activation: str, part: int | None) -> None:
    """Train, time, print."""
    ag.set_num_threads(1)
    rng = np.random.default_rng(0)
    digits = data.digits()
    model = network(activation, None, rng)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    monitor = health.Monitor(part=part)
    steps, watched = [], []
    for _ in range(EPOCHS):
        for images, labels in data.batches(digits.train, 64, rng=rng):
            begun = time.thread_time()
            loss = criterion(model(ag.Tensor(images, requires_grad=True)), labels)
            optimizer.zero_grad()
            loss.backward()
            before = time.thread_time()
            monitor.observe(loss)
            after = time.thread_time()
            optimizer.step()
            steps.append(time.thread_time() - after + before - begun)
            watched.append(after - before)
    begun = time.thread_time()
    monitor.timeline()
    print(f"{len(steps)} steps of the digits CNN with {activation}, batch 64")
    for name, of in (("median", np.median), ("mean", np.mean)):
        step, observe = float(of(steps)), float(of(watched))
        print(f"{name}: step {step * 1e3:.2f} ms, observe {observe * 1e3:.3f} ms = {observe / step:.1%} of it")
    print(f"timeline() {1e3 * (time.thread_time() - begun):.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.watching", description=__doc__)
    parser.add_argument("activation", nargs="?", default="relu", help="of the digits CNN (default: relu)")
    parser.add_argument("part", nargs="?", type=int, help="how many numbers of large arrays it reads (default: all)")
    options = parser.parse_args()
    main(options.activation, options.part)
