"""``python -m autograd_cnn.testing.kinks`` tries `check` where it is hardest: at the kinks of relu, max, abs and pool.

Random graphs are made of gates with kinks, their inputs of eighths and whole numbers, so that many elements stand
on a tie. Of each graph the right gradient is checked with ``kinks="nudge"``, ``"tie"`` and ``"skip"``: none may be
called wrong, and of the first two at most 2 % of the coordinates may stay open. Then wrong rules (`mutants`) are put
in the place of its gates, some of those that change the graph's gradient by more than 10⁻⁶ of it: each must be
called wrong. The same seed gives the same graphs. The status is 0 when all of this held.

``python -m autograd_cnn.testing.kinks relu max_pool2d --examples 500 --mutants 100`` tries every wrong rule of two
gates in 500 graphs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.backward import grad
from autograd_cnn.endings import end_quietly
from autograd_cnn.errors import AutogradError, suggestion
from autograd_cnn.graph import Node
from autograd_cnn.testing.checking import check
from autograd_cnn.testing.mutants import Mutant, mutants
from autograd_cnn.testing.report import INCONCLUSIVE, Verdict
from autograd_cnn.testing.strategies import drawn, graphs
from autograd_cnn.testing.strategies.graph import Graph
from autograd_cnn.testing.ties import DECLARED

KINKED = tuple(name for name in DECLARED if name != "step")
"""Gates with kinks; step is left out, as its gradient is 0 on both sides."""
JUDGING = ("nudge", "tie")
"""How to treat kinks so that something is said of them; ``"skip"`` leaves open what stands on one."""
MOST_OPEN = 0.02
SEEN = 1e-6

_SMOOTH = ("add", "subtract", "multiply")
_BATCH = 50
_SHOWN = 5


@dataclass(frozen=True)
class Found:
    """What was found in some graphs; two of them add up.

    Attributes
    ----------
    graphs : Counter
        In how many graphs each gate stood; of all graphs under the name "".
    verdicts : Counter
        Of coordinates of right gradients, by treatment of kinks and verdict.
    mutants : Counter
        Of wrong rules that changed the graph's gradient, by gate, treatment and whether a check called them wrong.
    failures : tuple of str
        What should not have happened, with the graph as code.
    """

    graphs: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    mutants: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    failures: tuple[str, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(
            self.graphs + other.graphs,
            self.verdicts + other.verdicts,
            self.mutants + other.mutants,
            self.failures + other.failures,
        )

    def open_share(self, kinks: str) -> float:
        """Return the share of coordinates that stayed inconclusive."""
        of_all = {verdict: n for (treatment, verdict), n in self.verdicts.items() if treatment == kinks}
        return sum(of_all.get(verdict, 0) for verdict in INCONCLUSIVE) / max(sum(of_all.values()), 1)

    @property
    def ok(self) -> bool:
        """Whether all held that is said in this module's first lines."""
        return not self.failures and all(self.open_share(kinks) <= MOST_OPEN for kinks in JUDGING)


def try_graph(graph: Graph, rng: np.random.Generator, most_mutants: int = 2) -> Found:
    """Check the right gradient of a graph, and some wrong ones.

    Parameters
    ----------
    graph : Graph
        With kinks.
    rng : Generator
        Chooses among the mutants of its gates with kinks.
    most_mutants : int
        How many of those that change its gradient are tried.
    """
    found = Found(Counter({"", *graph.gates()}))
    function, leaves = recorded_once(graph), graph.leaves()
    for kinks in (*JUDGING, "skip"):
        report = check(function, *leaves, kinks=kinks)
        found.verdicts.update((kinks, c.verdict) for c in report.coordinates)
        if report.wrong:
            found += Found(failures=(f"A right gradient is called wrong with kinks={kinks!r}\n{report}\n{graph!r}",))
    of_its_gates = [m for gate in sorted({*graph.gates()} & {*DECLARED}) for m in mutants(gate)]
    changes = changes_of(graph, of_its_gates)
    telling = [m for m, change in zip(of_its_gates, changes, strict=True) if change > SEEN]
    for i in rng.permutation(len(telling))[:most_mutants]:
        for kinks in JUDGING:
            with telling[i].applied():
                report = check(function, *leaves, kinks=kinks)
            killed = report.verdict is Verdict.WRONG
            found.mutants[telling[i].gate, kinks, killed] += 1
            if not killed:
                words = f"Not called wrong with kinks={kinks!r}: {telling[i]}"
                found += Found(failures=(f"{words}\n{report}\n{graph!r}",))
    return found


def recorded_once(graph: Graph) -> Callable[..., Node]:
    """Return a graph as a function of one set of leaves that is recorded once per point: all checks go to the same."""
    known: dict[bytes, Node] = {}

    def function(*leaves: Node) -> Node:
        point = b"".join(np.asarray(x.value).tobytes() for x in leaves)
        if point not in known:
            known[point] = graph(*leaves)
        return known[point]

    return function


def changes_of(graph: Graph, among: Iterable[Mutant]) -> list[float]:
    """Return by which part of its largest element each wrong rule changes a graph's gradient; infinite if it raises."""
    leaves = graph.leaves()
    output = graph(*leaves)
    right = _gradient(output, leaves)
    largest = float(np.max(np.abs(right), initial=0.0))
    changes = []
    for mutant in among:
        try:
            with mutant.applied(), np.errstate(all="ignore"):
                moved = float(np.max(np.abs(_gradient(output, leaves) - right), initial=0.0))
        except (AutogradError, ValueError, IndexError, TypeError):
            moved = np.inf
        changes.append(moved / largest if largest else np.inf if moved else 0.0)
    return changes


def _gradient(output: Node, leaves: list[Node]) -> NDArray[np.float64]:
    """Return the gradient at all leaves, flat."""
    parts = grad(output, leaves, allow_unused=True)
    return np.concatenate([np.zeros(x.size) if g is None else np.ravel(g) for g, x in zip(parts, leaves, strict=True)])


def try_batch(number: int, *, gates: Sequence[str], examples: int, seed: int, most_mutants: int) -> Found:
    """Try the graphs of one batch; batches of one seed differ."""
    strategy = graphs(gates=[*gates, *_SMOOTH], max_nodes=8, kinks=True)
    rng = np.random.default_rng((seed, number))
    found = Found()
    for graph in drawn(strategy, min(_BATCH, examples - number * _BATCH), seed=int(rng.integers(2**32))):
        found += try_graph(graph, rng, most_mutants)
    return found


def try_graphs(
    examples: int = 10_000, seed: int = 0, gates: Sequence[str] = KINKED, most_mutants: int = 2, jobs: int = 1
) -> Iterator[Found]:
    """Yield what is found, batch by batch.

    Parameters
    ----------
    examples : int
        How many graphs.
    seed : int
        Of graphs and mutants.
    gates : sequence of str
        Gates with kinks; add, subtract and multiply join them.
    most_mutants : int
        See `try_graph`.
    jobs : int
        How many processes share the work; with 1 it is done in this one.
    """
    batch = partial(try_batch, gates=tuple(gates), examples=examples, seed=seed, most_mutants=most_mutants)
    numbers = range(-(-examples // _BATCH))
    if jobs == 1:
        yield from map(batch, numbers)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    try:
        yield from pool.map(batch, numbers)
    finally:  # who stops early does not wait for what has not begun
        pool.shutdown(cancel_futures=True)


def table(found: Found) -> str:
    """Return what was found as two Markdown tables: right gradients by treatment of kinks, wrong ones by gate."""
    lines = ["| right gradients, kinks= | coordinates | OK | WRONG | open |", "| --- | ---: | ---: | ---: | ---: |"]
    for kinks in (*JUDGING, "skip"):
        n = sum(count for (treatment, _), count in found.verdicts.items() if treatment == kinks)
        ok, wrong = (found.verdicts[kinks, verdict] for verdict in (Verdict.OK, Verdict.WRONG))
        lines.append(f"| {kinks} | {n} | {ok} | {wrong} | {found.open_share(kinks):.2%} |")
    lines += ["", "| wrong rules of | in graphs | tried | WRONG by nudge | WRONG by tie | missed |"]
    lines += ["| --- " + "| ---: " * 5 + "|"]
    for gate in sorted({gate for gate, _, _ in found.mutants}):
        lines.append(f"| `{gate}` | {found.graphs[gate]} | {_counts(found, [gate])} |")
    every = _counts(found, {gate for gate, _, _ in found.mutants})
    return "\n".join([*lines, f"| all | {found.graphs['']} | {every} |"])


def _counts(found: Found, gates: Iterable[str]) -> str:
    gates = list(gates)
    killed = [sum(found.mutants[gate, kinks, True] for gate in gates) for kinks in JUDGING]
    missed = sum(found.mutants[gate, kinks, False] for gate in gates for kinks in JUDGING)
    tried = sum(found.mutants[gate, JUDGING[0], seen] for gate in gates for seen in (True, False))
    return " | ".join(map(str, (tried, *killed, missed)))


def main(arguments: Sequence[str]) -> int:
    """Try graphs; print the first failures as they come, then the tables; return 0 when nothing failed, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd_cnn.testing.kinks", description="Try check on ties of random graphs."
    )
    parser.add_argument("gates", nargs="*", help=f"gates with kinks; by default {', '.join(KINKED)}")
    parser.add_argument("--examples", type=int, default=10_000, metavar="N", help="graphs (default: 10000)")
    parser.add_argument("--mutants", type=int, default=2, metavar="N", help="most wrong rules per graph (default: 2)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (default: 0)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: 1)")
    options = parser.parse_args(arguments)
    if unknown := set(options.gates) - set(KINKED):
        near = suggestion(min(unknown), KINKED)
        parser.error(f"no gates with kinks: {', '.join(sorted(unknown))}; choose from {', '.join(KINKED)}{near}")
    from tqdm import tqdm

    total = Found()
    trials = try_graphs(options.examples, options.seed, options.gates or KINKED, options.mutants, options.jobs)
    with tqdm(total=options.examples, unit=" graphs") as progress:
        for found in trials:
            for failure in found.failures[: max(_SHOWN - len(total.failures), 0)]:
                progress.write(f"{failure}\n")
            total += found
            progress.update(found.graphs[""])
            progress.set_postfix_str(f"{len(total.failures)} failures")
    print(table(total))
    print(f"\n{len(total.failures)} failures" if total.failures else "\nno failures")
    return 0 if total.ok else 1


if __name__ == "__main__":
    end_quietly()
    sys.exit(main(sys.argv[1:]))
