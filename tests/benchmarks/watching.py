"""What watching costs: one step of the digits CNN without and with ``Monitor.observe``, by turns.

Run ``python -m tests.benchmarks.watching [relu|sigmoid]``. Both halves of each step are timed in the same loop, so
that a busy machine slows both; medians are printed, and means, which hold the full reports kept now and then.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, health, nn, optim
from viz.demo import network

EPOCHS = 20


def main(activation: str = "relu") -> None:
    """Train, time, print."""
    rng = np.random.default_rng(0)
    digits = data.digits()
    model = network(activation, None, rng)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    monitor = health.Monitor()
    steps, watched = [], []
    for _ in range(EPOCHS):
        for images, labels in data.batches(digits.train, 64, rng=rng):
            begun = time.perf_counter()
            loss = criterion(model(ag.Tensor(images, requires_grad=True)), labels)
            optimizer.zero_grad()
            loss.backward()
            before = time.perf_counter()
            monitor.observe(loss)
            after = time.perf_counter()
            optimizer.step()
            steps.append(time.perf_counter() - after + before - begun)
            watched.append(after - before)
    begun = time.perf_counter()
    monitor.timeline()
    print(f"{len(steps)} steps of the digits CNN with {activation}, batch 64")
    for name, of in (("median", np.median), ("mean", np.mean)):
        step, observe = float(of(steps)), float(of(watched))
        print(f"{name}: step {step * 1e3:.2f} ms, observe {observe * 1e3:.3f} ms = {observe / step:.1%} of it")
    print(f"timeline() {1e3 * (time.perf_counter() - begun):.1f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:2])
