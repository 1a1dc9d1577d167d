"""Timing several steps by turns, and what is said of it: ratios, their spread, targets met."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.benchmarks.work import OURS, Measured, Step, Steps, Work

Clock = Literal["wall", "process"]
_CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.perf_counter, "process": time.process_time}

# A turn takes so many seconds at least: short steps are repeated in it, so that Python's cycle collector, which
# comes by every few steps, is paid by those who need it.
LEAST_TURN = 0.05


@dataclass(frozen=True)
class Row:
    """What was found for one piece of work and one peer.

    Attributes
    ----------
    work, peer : str
        A peer is "" where we stand alone.
    ratio, low, high : float
        Ours to the peer's, the median of all rounds and the ends of the middle half; seconds, without a peer.
    ours, theirs : float
        Median seconds of one step.
    target : float or None
        The most that the ratio may be.
    """

    work: str
    peer: str
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    target: float | None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.ratio <= self.target


def seconds(step: Step, times: int, clock: Clock) -> float:
    """Return how long one step takes, the mean of so many; rubbish that others left is cleared before."""
    now = _CLOCKS[clock]
    gc.collect()
    start = now()
    result: Any = None
    for _ in range(times):
        result = step()
    return float(getattr(result, clock)) if isinstance(result, Measured) else (now() - start) / times


def turns(steps: Steps, rounds: int, clock: Clock = "wall", patience: float = 60.0) -> list[dict[str, float]]:
    """Return the seconds of every step in every round; in a round each has one turn, in random order.

    Parameters
    ----------
    steps : mapping of str to callable
    rounds : int
    clock : {"wall", "process"}
    patience : float
        No round begins after so many seconds, but five are run in any case, if so many were asked for.
    """
    rng, begun = random.Random(0), time.perf_counter()
    times: dict[str, int] = {}
    for name, step in steps.items():
        first = step()  # it may compile, or fill caches
        times[name] = (
            1 if isinstance(first, Measured) else max(1, round(LEAST_TURN / max(seconds(step, 1, clock), 1e-7)))
        )
    found: list[dict[str, float]] = []
    while len(found) < rounds and (len(found) < 5 or time.perf_counter() - begun < patience):
        names = list(steps)
        rng.shuffle(names)
        found.append({name: seconds(steps[name], times[name], clock) for name in names})
    return found


def rows(name: str, work: Work, rounds: int, clock: Clock = "wall") -> list[Row]:
    """Return the rows of one piece of work: one per installed peer, or one of our own."""
    found = turns(work.steps(), min(rounds, work.rounds), clock)
    ours = [turn[OURS] for turn in found]
    made = []
    if not work.peers:
        made.append(_row(name, "", ours, ours, ours, work.targets.get(OURS)))
    for peer in (peer for peer in work.peers if peer in found[0]):
        theirs = [turn[peer] for turn in found]
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        made.append(_row(name, peer, ratios, ours, theirs, work.targets.get(peer)))
    return made


def _row(
    name: str, peer: str, ratios: list[float], ours: list[float], theirs: list[float], target: float | None
) -> Row:
    ordered = sorted(ratios)
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.25, 0.75))
    median = statistics.median
    return Row(name, peer, median(ratios), low, high, median(ours), median(theirs), target)
