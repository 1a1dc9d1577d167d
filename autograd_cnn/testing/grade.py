"""``python -m autograd_cnn.testing.grade`` grades `check` itself by the wrong rules and the errors that it misses.

Every mutant of every gate is put in the gate's place and checked at random calls of the gate, at ties too. It is
killed when a check says WRONG; equivalent when it gave the right gradients at every call; and it survived when it
gave wrong ones and no check said so. The table shows this per gate, the smallest relative error of a rule that a
check notices, and whether the gate is blamed by name when its rule is wrong in a random graph of 20 or more nodes.
Names of gates as arguments grade these alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.endings import end_quietly
from autograd_cnn.errors import AutogradError, suggestion
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.testing.checking import check
from autograd_cnn.testing.mutants import Mutant, mutants, scaled
from autograd_cnn.testing.report import Verdict
from autograd_cnn.testing.strategies import Call, calls, drawn, graphs
from autograd_cnn.testing.strategies.gate_calls import tied

COLUMNS = ("gate", "mutants", "killed", "equivalent", "survived", "smallest error", "blamed in a graph")
LEAST_NODES = 20

_SAME = 1e-12
_SMALLEST_EXPONENT = 14
_PATIENCE = 40
_RAISED = (AutogradError, ValueError, IndexError, TypeError)


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    Attributes
    ----------
    mutant : Mutant
        The wrong rule.
    fate : {"killed", "equivalent", "survived"}
        See the module's first lines.
    call : Call or None
        Where it was killed, or where it first gave a wrong gradient that no check noticed.
    """

    mutant: Mutant
    fate: str
    call: Call | None = None


@dataclass(frozen=True)
class Grade:
    """How well checks guard one gate.

    Attributes
    ----------
    gate : str
        Its name.
    outcomes : tuple of Outcome
        One per mutant.
    smallest_error : float or None
        Smallest relative error 10^−n of its whole gradient that a check noticed at its most telling call.
    blamed : bool or None
        Whether `Report.blame` named it in a graph of `LEAST_NODES` nodes; None where its gradient is 0 there.
    """

    gate: str
    outcomes: tuple[Outcome, ...]
    smallest_error: float | None
    blamed: bool | None

    def count(self, fate: str) -> int:
        """Return how many mutants met that fate."""
        return sum(outcome.fate == fate for outcome in self.outcomes)

    def row(self) -> tuple[str, ...]:
        """Return the gate's row of the table."""
        error = "" if self.smallest_error is None else f"{self.smallest_error:.0e}"
        blamed = {True: "yes", False: "no", None: ""}[self.blamed]
        counts = [self.count(fate) for fate in ("killed", "equivalent", "survived")]
        return (f"`{self.gate}`", str(len(self.outcomes)), *map(str, counts), error, blamed)


def grade(gate: str | Gate, examples: int = 150, seed: int = 0) -> Grade:
    """Grade the checks of one gate.

    Parameters
    ----------
    gate : str or Gate
        A gate with a gradient; your own gates need `strategies.CALLS` if their inputs are special.
    examples : int
        Random calls; of a gate with kinks each is tried again with ties.
    seed : int
        Of the calls.

    Examples
    --------
    >>> from autograd_cnn.testing.grade import grade
    >>> result = grade("tanh")
    >>> result.count("survived"), result.blamed
    (0, True)
    """
    name = gate.name if isinstance(gate, Gate) else gate
    at_random = [call for call in drawn(calls(name), examples, seed) if _size(call)]
    at_ties = [tied(call) for call in at_random] if GATES[name].branches is not None else []
    tries = [Try(name, call) for call in at_random] + [Try(name, call, "tie") for call in at_ties]
    return Grade(
        name,
        tuple(judged(mutant, tries) for mutant in mutants(name)),
        smallest_detectable_error(name, at_random),
        blamed(name, seed),
    )


class Try:
    """A call of a gate that is recorded once: each mutant walks back through the same graph.

    Parameters
    ----------
    gate : str
        Its name.
    call : Call
        Its inputs and attributes.
    kinks : str
        How a check shall treat its kinks.
    """

    def __init__(self, gate: str, call: Call, kinks: str = "nudge") -> None:
        self.call, self.kinks = call, kinks
        nodes = [Tensor(x, requires_grad=True) if i in call.differentiable else x for i, x in enumerate(call.inputs)]
        self._wanted = [nodes[slot] for slot in call.differentiable]
        self._output = GATES[gate](*nodes, **call.attributes)
        seed = np.random.default_rng(1).uniform(0.5, 1.5, self._output.shape)
        self._seed = seed * np.random.default_rng(2).choice([-1.0, 1.0], self._output.shape)
        self._right = self._gradients()

    def _gradients(self) -> tuple[Any, ...]:
        with np.errstate(all="ignore"):
            return grad(self._output, self._wanted, self._seed, allow_unused=True)

    def is_changed_by(self, mutant: Mutant) -> bool:
        """Whether a mutant's gradients differ from the right ones, or it raises."""
        try:
            with mutant.applied():
                wrong = self._gradients()
        except _RAISED:
            return True
        for a, b in zip(self._right, wrong, strict=True):
            a, b = (np.zeros(1) if g is None else np.asarray(g) for g in (a, b))
            if np.max(np.abs(a - b), initial=0.0) > _SAME * np.max(np.abs(a), initial=1.0):
                return True
        return False


def judged(mutant: Mutant, tries: Iterable[Try]) -> Outcome:
    """Return what becomes of a mutant."""
    missed: list[Call] = []
    for one in tries:
        if not one.is_changed_by(mutant):
            continue
        with mutant.applied():
            if is_wrong(mutant.gate, one.call, one.kinks):
                return Outcome(mutant, "killed", one.call)
        missed.append(one.call)
        if len(missed) == _PATIENCE:
            break
    return Outcome(mutant, "survived", missed[0]) if missed else Outcome(mutant, "equivalent")


def differs(mutant: Mutant, call: Call) -> bool:
    """Whether a mutant's gradients differ from the right ones at a call, or it raises."""
    return Try(mutant.gate, call).is_changed_by(mutant)


def is_wrong(gate: str, call: Call, kinks: str) -> bool:
    """Whether a check of one call says WRONG, or its backward pass raises."""
    function, inputs = as_function(gate, call)
    try:
        return check(function, *inputs, kinks=kinks).verdict is Verdict.WRONG
    except _RAISED:
        return True


def as_function(gate: str, call: Call) -> tuple[Callable[..., Node], list[Any]]:
    """Return a call as a function of its differentiable inputs, and these."""

    def function(*moving: Any) -> Any:
        inputs = list(call.inputs)
        for slot, x in zip(call.differentiable, moving, strict=True):
            inputs[slot] = x
        return GATES[gate](*inputs, **call.attributes)

    return function, [np.asarray(call.inputs[slot]) for slot in call.differentiable]


def smallest_detectable_error(gate: str, at: list[Call]) -> float | None:
    """Return the smallest 10^−n such that a gradient wrong by this part is called WRONG at one of two calls."""
    function = partial(is_wrong, gate, kinks="nudge")
    telling = [call for call in at if differs(scaled(gate, 2.0), call)][:2]
    found = None
    for n in range(1, _SMALLEST_EXPONENT + 1):
        with scaled(gate, 1 + 10.0**-n).applied():
            if not any(function(call) for call in telling):
                return found
        found = 10.0**-n
    return found


def blamed(gate: str, seed: int = 0, graphs_tried: int = 5) -> bool | None:
    """Return whether a wrong rule in a random graph is blamed on its gate by name."""
    for graph in drawn(graphs(gates=[gate], max_nodes=4, min_nodes=LEAST_NODES), graphs_tried, seed):
        with scaled(gate, 1.5).applied():
            report = check(graph, *graph.values)
        if report.verdict is Verdict.WRONG:
            return report.blame().gate == gate
    return None


def table(grades: Iterable[Grade]) -> str:
    """Return grades as a Markdown table with the sum below, and what survived or is equivalent in words."""
    grades = list(grades)
    total = [sum(g.count(fate) for g in grades) for fate in ("killed", "equivalent", "survived")]
    real = total[0] + total[2]
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(g.row() for g in grades)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines += ["", f"{total[0]} of {real} mutants killed ({total[0] / max(real, 1):.1%}); {total[1]} equivalent."]
    for fate in ("survived", "equivalent"):
        of: dict[str, list[str]] = {}
        for outcome in (o for g in grades for o in g.outcomes if o.fate == fate):
            of.setdefault(outcome.mutant.name, []).append(outcome.mutant.gate)
        lines += ["", f"{fate.capitalize()}:{'' if of else ' none'}"]
        lines += [f"- {name}: {', '.join(gates)}" for name, gates in of.items()]
    return "\n".join(lines)


def _size(call: Call) -> int:
    return sum(np.size(call.inputs[slot]) for slot in call.differentiable)


def main(arguments: Sequence[str]) -> int:
    """Print the table; return how many mutants survived."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd_cnn.testing.grade",
        description="Put every wrong rule in the place of each gate's own, and say how many of them check finds.",
    )
    parser.add_argument("gates", nargs="*", help="their names (default: all gates with a gradient)")
    every = sorted(name for name, gate in GATES.items() if gate.has_gradient)
    chosen = parser.parse_args(arguments).gates or every
    for name in chosen:
        if name not in every:
            parser.error(f"no gate with a gradient is called {name!r}{suggestion(name, every)}")
    from tqdm import tqdm

    grades = [grade(name) for name in tqdm(chosen, unit=" gates")]
    print(table(grades))
    return sum(g.count("survived") + (g.blamed is False) for g in grades)


if __name__ == "__main__":
    end_quietly()
    sys.exit(min(main(sys.argv[1:]), 1))
