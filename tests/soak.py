"""A long training in which neither memory nor time per step may grow: python -m tests.soak [STEPS], 100,000 by default.

Four tiny networks take so many steps each, in ten rounds: one as it is, one compiled, one of Scalars, and one watched
by a monitor that looks at every hundredth step, and keeps what it saw. For every round stands what the process holds
and the processor time of a step; and at the end, how many bytes more Python holds after 200 further steps.
"""

import argparse
import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim

ROUNDS = 10
Step = Callable[[], None]


def batches() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((4, 1, 6, 6)).astype(np.float32), rng.integers(0, 3, 4)


def network() -> nn.Module:
    rng = np.random.default_rng(0)
    return nn.Sequential(
        conv=nn.Conv2d(1, 2, 3, rng=rng), relu=nn.ReLU(), flat=nn.Flatten(), fc=nn.Linear(32, 3, rng=rng)
    )


def trained(model: nn.Module, forward: Callable[..., ag.Node], watch: Callable[[ag.Node], None] | None = None) -> Step:
    """Return a step of training a network."""
    images, labels = batches()
    optimizer = optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step() -> None:
        loss = forward(images, labels)
        optimizer.zero_grad()
        if watch is None:
            loss.backward(retain="leaves")
        else:
            loss.backward()
            watch(loss)
        optimizer.step()

    return step


def eager() -> Step:
    model = network()
    return trained(model, lambda x, y: F.cross_entropy(model(x), y))


def compiled() -> Step:
    model = network()
    return trained(model, ag.compile(lambda x, y: F.cross_entropy(model(x), y)))


def monitored() -> Step:
    model = network()
    monitor = health.Monitor(model, every=100)
    monitor.begin_epoch()
    forward = lambda x, y: F.cross_entropy(model(ag.Tensor(x, requires_grad=True)), y)  # noqa: E731
    return trained(model, forward, monitor.observe)


def of_scalars() -> Step:
    weights = [ag.Scalar(0.1 * (i + 1)) for i in range(3)]
    optimizer = optim.SGD(weights, lr=0.01)

    def step() -> None:
        loss = (ag.tanh(weights[0] * 2.0 + weights[1]) * weights[2] - 1.0) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


MADE: dict[str, Callable[[], Step]] = {
    "eager": eager, "compiled": compiled, "scalars": of_scalars, "monitored": monitored
}  # fmt: skip


@dataclass(frozen=True)
class Round:
    """What was measured after a round."""

    resident: int
    """Bytes that the process holds."""
    seconds: float
    """Processor time of a step, the median over parts of the round."""


def resident_bytes() -> int:
    """Return what the process holds in memory; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


def grown(step: Step, steps: int = 200) -> int:
    """Return how many bytes more Python holds after so many steps: the least of five times.

    What grows, grows every time; the small caches of Python and NumPy fill once.
    """
    found = []
    tracemalloc.start()
    try:
        for _ in range(5):
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(steps):
                step()
            gc.collect()
            found.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()
    return min(found)


def soaked(step: Step, steps: int, rounds: int = ROUNDS) -> list[Round]:
    """Take steps in rounds; return what each round left behind."""
    for _ in range(50):  # kernels, buffers, caches
        step()
    part = max(1, steps // rounds // 10)
    found = []
    for _ in range(rounds):
        times = []
        for _ in range(10):
            start = time.process_time()
            for _ in range(part):
                step()
            times.append((time.process_time() - start) / part)
        found.append(Round(resident_bytes(), median(times)))
    return found


def main(steps: int) -> None:
    """Print a table for each network."""
    for name, made in MADE.items():
        step = made()
        rounds = soaked(step, steps)
        print(f"{name}: {steps:,} steps")
        print("  process, MB:        ", *(f"{r.resident / 1e6:.1f}" for r in rounds))
        print("  processor time, µs: ", *(f"{r.seconds * 1e6:.0f}" for r in rounds))
        print(f"  200 steps more:      {grown(step):,} bytes", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("steps", nargs="?", type=int, default=100_000, help="of each network (default: 100000)")
    ag.set_num_threads(1)
    main(parser.parse_args().steps)
