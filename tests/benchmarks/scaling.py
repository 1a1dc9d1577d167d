"""``python -m tests.benchmarks.scaling FOLDER`` measures how time grows with the work, and draws it.

Nodes, batch, pixels, channels and threads: one curve each, ours and PyTorch's, every point the median of several
rounds by turns. The exponent is the slope over the larger half of the sizes, where fixed costs no longer hide it: 1
means that twice the work takes twice the time. FOLDER receives scaling.svg and scaling.html.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn.kernels.cores import default_num_threads
from tests.benchmarks.array_steps import Convolution, convolution
from tests.benchmarks.measuring import Clock, turns
from tests.benchmarks.peers import set_threads
from tests.benchmarks.training_steps import our_training, torch_training
from tests.benchmarks.work import OURS, Step, Steps, installed
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.picture import Picture

SCALARS = f"{OURS}, Scalars"


@dataclass(frozen=True)
class Curve:
    """What grows, how far, and who does the work at each size.

    Attributes
    ----------
    axis : str
        What is counted.
    sizes : tuple of int
        Of the work, rising.
    steps : callable
        The step of each library at a size.
    expected : float
        The exponent of work itself.
    title : str
        What is done.
    """

    axis: str
    sizes: tuple[int, ...]
    steps: Callable[[int], Steps]
    expected: float
    title: str


@dataclass(frozen=True)
class Measured:
    """The curve of one library: median seconds, size by size."""

    curve: Curve
    who: str
    seconds: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """Return the slope over the larger half of the sizes, both axes logarithmic."""
        first = (len(self.seconds) - 1) // 2
        return slope(self.curve.sizes[first:], self.seconds[first:])


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the exponent that fits best, by least squares of the logarithms."""
    return statistics.linear_regression([math.log(n) for n in sizes], [math.log(s) for s in seconds]).slope


def graph_steps(nodes: int) -> Steps:
    """Build a chain of so many gates and go back: of Scalars, and of arrays of 16 numbers."""
    made = {
        SCALARS: lambda: _chain(lambda: (ag.Scalar(1.0), ag.Scalar(0.5)), nodes),
        OURS: lambda: _chain(partial(_arrays, partial(ag.Tensor, requires_grad=True)), nodes),
        "PyTorch": lambda: _torch_chain(nodes),
    }
    return {who: step for who, step in installed(made).items() if step is not None}


def _arrays(leaf: Callable[[Any], Any]) -> tuple[Any, Any]:
    return leaf(np.linspace(0.5, 1.5, 16)), leaf(np.full(16, 0.5))


def _torch_chain(nodes: int) -> Step:
    import torch

    return _chain(partial(_arrays, lambda array: torch.tensor(array, requires_grad=True)), nodes)


def _chain(leaves: Callable[[], tuple[Any, Any]], nodes: int) -> Step:
    x, weight = leaves()

    def step() -> None:
        y = x
        for _ in range(nodes // 2):
            y = y * weight + x
        (y.sum() if getattr(y, "shape", ()) else y).backward()

    return step


def batch_steps(batch: int) -> Steps:
    """Train LeNet-5 for a step on so many images."""
    makers = {OURS: our_training, "PyTorch": torch_training}
    return installed({who: partial(maker, "LeNet-5", batch=batch) for who, maker in makers.items()})


def pixel_steps(pixels: int) -> Steps:
    """One 3×3 convolution of 64 channels on images of so many pixels."""
    return convolution(Convolution(4, 64, 64, math.isqrt(pixels)))


def channel_steps(channels: int) -> Steps:
    """One 3×3 convolution of 28×28 pixels with so many channels in and out."""
    return convolution(Convolution(4, channels, channels, 28))


def thread_steps(threads: int) -> Steps:
    """One convolution in so many threads."""
    set_threads(threads, ("PyTorch",))
    return convolution(Convolution(64, 32, 32, 32))


def curves(most_nodes: int) -> dict[str, Curve]:
    """Return all curves, by name."""
    nodes = tuple(10**k for k in range(3, 7) if 10**k <= most_nodes)
    cores = default_num_threads()
    return {
        "nodes": Curve("gates", nodes, graph_steps, 1, "chain of gates, built and differentiated"),
        "batch": Curve("images", (1, 2, 4, 8, 16, 32, 64, 128, 256), batch_steps, 1, "LeNet-5 training step"),
        "pixels": Curve("pixels", tuple(4**k for k in range(3, 8)), pixel_steps, 1, "3×3 convolution, 64 channels"),
        "channels": Curve("channels", (8, 16, 32, 64, 128, 256), channel_steps, 2, "3×3 convolution, 28×28 pixels"),
        "threads": Curve("threads", tuple(range(1, cores + 1)), thread_steps, -1, "3×3 convolution, 64 images"),
    }


def measured(curve: Curve, rounds: int, clock: Clock) -> list[Measured]:
    """Measure all sizes of a curve; return a curve of seconds for each library."""
    points: dict[str, list[float]] = {}
    for size in curve.sizes:
        found = turns(curve.steps(size), rounds, clock)
        for who in found[0]:
            points.setdefault(who, []).append(statistics.median(turn[who] for turn in found))
    return [Measured(curve, who, tuple(seconds)) for who, seconds in points.items()]


_STYLES = {
    OURS: {"ink": "value", "dash": "solid", "mark": "circle"},
    SCALARS: {"ink": "ok_text", "dash": "long", "mark": "square"},
    "PyTorch": {"ink": "gradient", "dash": "dashed", "mark": "triangle"},
}


def picture(results: Sequence[Sequence[Measured]], facts: tuple[str, ...]) -> Picture:
    """Draw all curves, a panel each; both axes are logarithmic, and a dotted line shows growth as it should be."""
    panels = tuple(_panel(lines) for lines in results)
    return chart(ChartData("How time grows with the work", panels, facts=facts, columns=2, size=(320.0, 220.0)))


def _panel(lines: Sequence[Measured]) -> Panel:
    curve = lines[0].curve
    milliseconds = [Line(line.who, curve.sizes, [1e3 * s for s in line.seconds], **_STYLES[line.who]) for line in lines]
    last = 1e3 * lines[0].seconds[-1]
    ideal = [last * (size / curve.sizes[-1]) ** curve.expected for size in curve.sizes]
    guide = Line("time in proportion to the work", curve.sizes, ideal, ink="muted", dash="dotted", width=1.0)
    every = len(curve.sizes) <= 6
    ticks = tuple((float(n), f"{n:,}") for n in (curve.sizes if every else curve.sizes[::2]))
    notes = tuple(f"{line.who}: exponent {line.exponent:.2f}" for line in lines) if len(curve.sizes) > 1 else ()
    axis = Axis(curve.axis, log=len(curve.sizes) > 1, ticks=ticks)
    return Panel(axis, Axis("time (ms)", log=True), (guide, *milliseconds), curve.title, notes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the exponents, draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scaling", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where scaling.svg and scaling.html go")
    parser.add_argument("curve", nargs="*", help="nodes, batch, pixels, channels, threads (default: all)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per point (default: 7)")
    parser.add_argument("--most-nodes", type=int, default=10**6, help="the longest chain (default: a million gates)")
    parser.add_argument("--threads", type=int, help="threads of us and of PyTorch in all curves but the last")
    parser.add_argument("--clock", choices=("wall", "process"), default="wall", help="as for the table of peers")
    options = parser.parse_args(arguments)
    known = curves(options.most_nodes)
    if unknown := [name for name in options.curve if name not in known]:
        parser.error(f"no curve is called {unknown[0]!r}; there are {', '.join(known)}")
    if options.threads:
        set_threads(options.threads, ("PyTorch",))
    print("| time against | library | exponent | work's own |\n| --- | --- | --- | --- |")
    results = []
    for name in options.curve or known:
        clock: Clock = "wall" if name == "threads" else options.clock  # threads share the time of the processor
        results.append(measured(known[name], options.rounds, clock))
        for line in results[-1]:
            if len(known[name].sizes) > 1:
                print(f"| {name} | {line.who} | {line.exponent:.2f} | {known[name].expected} |", flush=True)
    _save(results, options)


def _save(results: Sequence[Sequence[Measured]], options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    threads = f"{options.threads} thread{'s' * (options.threads > 1)} each" if options.threads else "all cores"
    facts = (f"Medians of {options.rounds} rounds by turns, {options.clock} clock, {threads}.",)
    drawn = picture(results, facts)
    for suffix in ("svg", "html"):
        print(drawn.save(options.folder / f"scaling.{suffix}"), file=sys.stderr)


if __name__ == "__main__":
    main()
