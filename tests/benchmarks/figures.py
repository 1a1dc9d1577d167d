"""``python -m tests.benchmarks.figures`` measures everything and writes it into the documents: for a quiet machine.

The table of peers in one thread and on all cores, memory, and the exponents of scaling replace what stands between
``<!-- figures: NAME -->`` and ``<!-- end of figures -->`` in README.md and in tests/benchmarks/README.md. Names of
sections as arguments measure these alone; ``--rounds`` is handed on.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.work import DISTRIBUTIONS, has

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "tests" / "benchmarks" / "README.md")
_END = "<!-- end of figures -->"


def sections(rounds: int) -> dict[str, list[str]]:
    """Return the command of each section, by its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    peers = ["peers", "--markdown", "--rounds", str(rounds), "--threads"]
    return {
        # in one thread the processor's time says the same as the wall's, and other work on the machine does not count
        "peers, one thread": [*peers, "1", "--clock", "process"],
        "peers, all cores": [*peers, str(cores)],
        "memory": ["memory", "--threads", "1"],
        "scaling": ["scaling", tempfile.mkdtemp(), "--rounds", str(min(rounds, 7)), "--threads", "1"],
    }


def machine() -> str:
    """Return the processor and the versions that figures hold for."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else []
    processor = names[0] if names else platform.processor() or platform.machine()
    peers = [DISTRIBUTIONS[peer] for peer in DISTRIBUTIONS if has(peer)]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "numba", *peers))
    return f"{processor}, {len(names) or os.cpu_count()} cores; Python {platform.python_version()}, {versions}."


def replaced(text: str, name: str, body: str) -> str:
    """Return a document with new figures in one of its sections, which it may not have."""
    begin = f"<!-- figures: {name} -->"
    head, found, tail = text.partition(begin)
    if not found:
        return text
    _, end, rest = tail.partition(_END)
    if not end:
        raise ValueError(f"{begin} has no {_END}")
    return f"{head}{begin}\n{body.strip()}\n{end}{rest}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.figures", description=__doc__.split("\n")[0])
    parser.add_argument("section", nargs="*", help="names of sections (default: all)")
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args(arguments)
    known = sections(options.rounds)
    if unknown := [name for name in options.section if name not in known]:
        parser.error(f"no section is called {unknown[0]!r}; there are {', '.join(map(repr, known))}")
    for name in options.section or known:
        print(f"measuring {name} ...", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{known[name][0]}", *known[name][1:]]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
        if run.returncode:
            print(f"{name}: some of it could not be measured", file=sys.stderr)
        for document in DOCUMENTS:
            text = document.read_text(encoding="utf-8")
            document.write_text(replaced(text, name, f"{run.stdout.strip()}\n\n{machine()}"), encoding="utf-8")


if __name__ == "__main__":
    main()
