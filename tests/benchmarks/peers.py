"""``python -m tests.benchmarks.peers`` times us and every installed peer on the same work and prints the ratios.

Each round runs all of them once, in random order, in this process; a ratio is taken within its round, so a slow
moment of the machine slows both sides. The table shows the median over the rounds, and the middle half. Names of
rows as arguments time these alone. ``pip install -e '.[peers]'`` installs the peers.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.steps import OURS, WORK, Steps

COLUMNS = ("work", "peer", "ours ÷ peer", "middle half", "ours (ms)", "peer (ms)")


def timed(step: Callable[[], Any]) -> float:
    """Return how long one step takes, in seconds."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def interleaved(steps: Steps, rounds: int, seed: int = 0) -> list[dict[str, float]]:
    """Return the seconds of every step in every round."""
    rng = random.Random(seed)
    for step in steps.values():
        for _ in range(3):
            step()
    gc.collect()
    found = []
    for _ in range(rounds):
        names = list(steps)
        rng.shuffle(names)
        found.append({name: timed(steps[name]) for name in names})
    return found


def rows(name: str, rounds: int) -> list[tuple[str, ...]]:
    """Return the lines of the table for one kind of work: one per peer."""
    times = interleaved(WORK[name](), rounds)
    made = []
    for peer in [p for p in times[0] if p != OURS] or [OURS]:
        ratios = sorted(round_[OURS] / round_[peer] for round_ in times)
        low, high = (ratios[int(share * (len(ratios) - 1))] for share in (0.25, 0.75))
        ours, theirs = (1e3 * statistics.median(round_[x] for round_ in times) for x in (OURS, peer))
        ratio = f"{statistics.median(ratios):#.2g}" if peer != OURS else ""
        spread = f"{low:#.2g} to {high:#.2g}" if peer != OURS else "no peer installed"
        made.append((name, peer, ratio, spread, f"{ours:.3g}", f"{theirs:.3g}"))
    return made


def line(cells: tuple[str, ...]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def main(arguments: list[str] | None = None) -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__.split("\n")[0])
    parser.add_argument("work", nargs="*", help=f"rows to time: {', '.join(WORK)} (default: all)")
    parser.add_argument("--rounds", type=int, default=31, help="rounds per row (default: 31)")
    parser.add_argument("--threads", type=int, help="threads of PyTorch and of our kernels (default: theirs)")
    options = parser.parse_args(arguments)
    unknown = set(options.work) - set(WORK)
    if unknown or options.rounds < 1:
        parser.error(f"no row is called {', '.join(unknown)}" if unknown else "--rounds is at least 1")
    if options.threads:
        _set_threads(options.threads)
    print(line(COLUMNS), line(("---",) * len(COLUMNS)), sep="\n")
    for name in options.work or WORK:
        for cells in rows(name, options.rounds):
            print(line(cells), flush=True)


def _set_threads(count: int) -> None:
    from autograd_cnn.kernels import threads
    from tests.benchmarks.steps import has

    threads.set_num_threads(count)
    if has("torch"):
        import torch

        torch.set_num_threads(count)


if __name__ == "__main__":
    main()
