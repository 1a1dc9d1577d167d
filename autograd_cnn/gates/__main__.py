"""``python -m autograd_cnn.gates`` prints the table of all gates, read off their definitions.

Below its lesson, a gate's docstring says in one line each what the table shows::

    Formula: max(a, b)
    Local gradient: 1 for the larger input, 0 for the other
    Kink: a = b; the first input takes all, where torch gives half to each
"""

from __future__ import annotations

import argparse
import inspect

from autograd_cnn.endings import end_quietly
from autograd_cnn.gates.facts import fact
from autograd_cnn.registry import GATES, Gate

COLUMNS = ("gate", "symbol", "formula", "local gradient", "tie or kink", "expansion")


def row(gate: Gate) -> tuple[str, ...]:
    """Return one row of the table."""
    local = fact(gate, "Local gradient") if gate.rule is not None else "none"
    expansion = (inspect.getdoc(gate.expand) or "").split("\n")[0].rstrip(".") if gate.expand else ""
    return (f"`{gate.name}`", gate.symbol, fact(gate, "Formula"), local, fact(gate, "Kink"), expansion)


def table() -> str:
    """Return the table of all gates of this package as Markdown, by name."""
    own = [gate for name, gate in sorted(GATES.items()) if gate.forward.__module__.startswith("autograd_cnn.")]
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(row, own)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n" for cells in rows)


if __name__ == "__main__":
    end_quietly()
    argparse.ArgumentParser(
        prog="python -m autograd_cnn.gates",
        description="Print all gates as a Markdown table: symbol, formula, local gradient, rule at a kink, expansion.",
    ).parse_args()
    print(table(), end="")
