"""``python -m tests.benchmarks.peers`` times us and every installed peer on the same work and prints the ratios.

Each row has a process of its own, so that no library pays for the objects of another. Each round runs all who take
part once, in random order; a ratio is taken within its round, so a slow moment of the machine slows both sides. The
table shows the median over the rounds, and the middle half. Names of rows as arguments time these alone.
``pip install -e '.[peers]'`` installs the peers. README.md beside this file says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from autograd_cnn.errors import suggestion
from autograd_cnn.kernels.threads import set_num_threads
from tests.benchmarks.measuring import Row, rows
from tests.benchmarks.steps import WORK
from tests.benchmarks.work import has

_COLUMNS = ("work", "peer", "ours ÷ peer", "middle half", "target", "met")
_TIMES = ("ours", "peer's")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, row by row."""
    options = _options(arguments)
    if options.list:
        print(*WORK, sep="\n")
        return
    _print(_COLUMNS if options.markdown else (*_COLUMNS, *_TIMES), options.markdown)
    if options.markdown:
        _print(["---"] * len(_COLUMNS), markdown=True)
    failed = False
    for name in options.work or WORK:
        run = subprocess.run(
            [sys.executable, "-c", _CHILD, *_settings(name, options)], stdout=subprocess.PIPE, text=True
        )
        found = [Row(**row) for row in json.loads(run.stdout)] if run.returncode == 0 else []
        failed |= run.returncode != 0
        for row in found:
            _print(cells(row) if options.markdown else (*cells(row), *_times(row)), options.markdown)
        if not found:
            print(f"{name}: {'no peer is installed' if run.returncode == 0 else 'failed'}", file=sys.stderr)
    if failed:
        sys.exit("some rows could not be timed")


_CHILD = "from tests.benchmarks.peers import child; child()"


def _settings(name: str, options: argparse.Namespace) -> tuple[str, ...]:
    return name, str(options.rounds), str(options.threads or 0), options.clock


def child() -> None:
    """Time the row that the command line names, and print what was found as JSON."""
    name, rounds, threads, clock = sys.argv[1:]
    if int(threads):
        set_threads(int(threads), WORK[name].peers)
    try:
        found = rows(name, WORK[name], int(rounds), clock)
    except Exception as error:  # told in a line, below the rows that are well
        sys.exit(f"{type(error).__name__}: {error}")
    json.dump([asdict(row) for row in found], sys.stdout)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__.split("\n")[0])
    parser.add_argument("work", nargs="*", metavar="row", help="names of rows, or beginnings of names (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names of all rows")
    parser.add_argument("--rounds", type=int, default=31, help="rounds per row (default: 31)")
    parser.add_argument("--threads", type=int, help="threads of us and of PyTorch (default: what each would take)")
    parser.add_argument("--markdown", action="store_true", help="print the table for README.md: ratios, no times")
    parser.add_argument(
        "--clock",
        choices=("wall", "process"),
        default="wall",
        help="'process' counts the processor's time: with --threads 1, for a machine that is not quiet",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1 or (options.threads is not None and options.threads < 1):
        parser.error("--rounds and --threads are at least 1")
    asked: list[str] = []
    for name in options.work:
        named = [name] if name in WORK else [known for known in WORK if known.startswith(name)]
        if not named:
            parser.error(f"no row is called {name!r}{suggestion(name, tuple(WORK))}; --list prints all")
        asked += named
    options.work = asked
    return options


def set_threads(count: int, peers: Sequence[str]) -> None:
    """Hold us, and PyTorch where it takes part, to so many threads."""
    set_num_threads(count)
    if "PyTorch" in peers and has("PyTorch"):
        import torch

        torch.set_num_threads(count)


def cells(row: Row) -> tuple[str, ...]:
    """Return what stands in a row of the table."""
    unit = "" if row.peer else " s"
    met = {None: "", True: "yes", False: "no"}[row.is_met]
    target = "" if row.target is None else f"≤ {_short(row.target)}{unit}"
    spread = f"{_short(row.low)} to {_short(row.high)}{unit}"
    return row.work, row.peer, f"{_short(row.ratio)}{unit}", spread, target, met


def _times(row: Row) -> tuple[str, str]:
    return f"{1e3 * row.ours:.3g} ms", f"{1e3 * row.theirs:.3g} ms" if row.peer else ""


def _short(number: float) -> str:
    """Return two places that count, without an exponent or a dot at the end."""
    return f"{number:#.2g}".rstrip(".") if number < 100 else f"{number:.0f}"


_WIDTHS = (61, 13, 12, 18, 9, 4, 10, 10)


def _print(cells_of_row: Sequence[str], markdown: bool) -> None:
    if markdown:
        print("| " + " | ".join(cells_of_row) + " |", flush=True)
    else:
        print(*(f"{cell:{width}}" for cell, width in zip(cells_of_row, _WIDTHS, strict=False)), flush=True)


if __name__ == "__main__":
    main()
