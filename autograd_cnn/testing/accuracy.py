"""``python -m autograd_cnn.testing.accuracy [graphs]`` measures the oracles on random graphs of all gates.

Right gradients stand for the truth: what is measured is how far each oracle is from them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from autograd_cnn.endings import end_quietly
from autograd_cnn.registry import GATES
from autograd_cnn.testing.checking import check
from autograd_cnn.testing.report import INCONCLUSIVE
from autograd_cnn.testing.strategies import drawn, graphs
from autograd_cnn.testing.strategies.graph import Graph

ORACLES = ("one-sided", "central", "ridders")
_GRAPHS = 300
_LARGE = 1e-3


@dataclass(frozen=True)
class Accuracy:
    """How good an oracle was.

    Attributes
    ----------
    oracle : str
        Its name.
    coordinates : int
        How many numbers were compared; those below a thousandth of the largest gradient of their graph are left
        out, as a relative error says nothing of them.
    median, p99, largest : float
        Of their relative errors.
    inconclusive : float
        Share of all coordinates of which the oracle could say nothing.
    """

    oracle: str
    coordinates: int
    median: float
    p99: float
    largest: float
    inconclusive: float


def random_graphs(count: int = _GRAPHS) -> list[Graph]:
    """Return random graphs off their kinks; each gate with a gradient stands in some of them."""
    names = sorted(name for name, gate in GATES.items() if gate.has_gradient)
    each = max(count // len(names), 1)
    return [g for name in names for g in drawn(graphs(gates=[name, "multiply", "tanh", "sin"], max_nodes=8), each)]


def measure(oracle: str, among: Iterable[Graph]) -> Accuracy:
    """Return the relative errors of an oracle against right gradients."""
    errors, open_, seen = [], 0, 0
    for graph in among:
        report = check(graph, *graph.leaves(), oracle=oracle)
        largest = max((abs(c.analytic) for c in report.coordinates), default=0.0)
        for c in report.coordinates:
            seen += 1
            if c.verdict in INCONCLUSIVE:
                open_ += 1
            elif abs(c.analytic) > _LARGE * largest:
                errors.append(c.relative_error)
    median, p99 = np.quantile(errors, [0.5, 0.99])
    return Accuracy(oracle, len(errors), float(median), float(p99), max(errors), open_ / max(seen, 1))


def table(found: Iterable[Accuracy]) -> str:
    """Return measurements as text."""
    lines = ["oracle     coordinates  median   99 %     largest  inconclusive"]
    lines += [
        f"{a.oracle:<10} {a.coordinates:<12} {a.median:.1e}  {a.p99:.1e}  {a.largest:.1e}  {a.inconclusive:.1%}"
        for a in found
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Print the table for as many random graphs as the first argument says."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd_cnn.testing.accuracy",
        description="Compare the numeric derivatives of every oracle with right gradients, in random graphs.",
    )
    parser.add_argument("graphs", nargs="?", type=int, default=_GRAPHS, help=f"how many (default: {_GRAPHS})")
    among = random_graphs(parser.parse_args(arguments).graphs)
    print(table(measure(oracle, among) for oracle in ORACLES))


if __name__ == "__main__":
    end_quietly()
    main(sys.argv[1:])
