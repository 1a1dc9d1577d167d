"""``python -m tests.mutations [FILES]``: is there a test for every line? Each is changed, and some test must fail.

Without files, all gates, plain kernels, backward/ and health/ are taken: ten thousand mutants, hours of one core.
First the tests run as they are, which tells those that reach a line; then they run again for each mutant of it. The
mutants that survive are printed, and make the command fail; those that survivors.toml explains are not tried.

For gates and kernels numba is switched off: they run as Python, in which they can be changed without being compiled.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from tests.mutations.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
GATE_TESTS = [
    *("tests/gates", "tests/test_every_gate.py", "tests/test_functional.py", "tests/test_graph.py"),
    *("tests/test_gate_table.py", "tests/test_loss_classification.py", "tests/test_loss_margin.py"),
    "tests/test_expansion.py",
]
TESTS = {
    "autograd_cnn/gates": GATE_TESTS,
    "autograd_cnn/kernels": [*GATE_TESTS, "tests/kernels"],
    "autograd_cnn/backward": [
        *("tests/test_backward.py", "tests/test_graph.py", "tests/test_second_order.py", "tests/test_anomaly.py"),
        *("tests/test_walks.py", "tests/test_memory.py", "tests/test_copies.py", "tests/test_layouts.py"),
        *("tests/test_functional.py", "tests/test_errors.py", "tests/test_outside_gate.py", "tests/test_threads.py"),
    ],
    "autograd_cnn/health": ["tests/health", "tests/compilation/test_watched.py"],
}
"""What is changed, and the tests that must find it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Try all mutants of some files, and exit with an error if one survives that is not explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="files or folders; if none, all packages, one after the other")
    parser.add_argument("--some", type=int, default=1, help="take only every mutant whose number this divides")
    parser.add_argument("--tests", nargs="+", help="the tests to run, instead of all that are there for the files")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at the same time")
    parser.add_argument("--record", help="a file that keeps which tests reach which lines; if it exists, it is read")
    parser.add_argument("--explained", action="store_true", help="try those, too, of which is said why none finds them")
    parser.add_argument("--survivors", help="a file to write the survivors to, as JSON; if it exists, only these run")
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    if not options.files:
        if options.record or options.survivors:
            parser.error("--record and --survivors are of one package or some files: name them")
        given = sys.argv[1:] if arguments is None else arguments
        sys.exit(max([_of_package(package, given) for package in TESTS]))
    files = sources(options.files)
    os.environ.update(HYPOTHESIS_PROFILE="mutations")
    if any(file.parent.name in ("gates", "kernels") for file in files):
        os.environ.update(NUMBA_DISABLE_JIT="1")

    import pytest

    from tests.mutations.trial import OPTIONS, Trials  # reads the environment

    tests = options.tests or list(dict.fromkeys(test for file in files for test in tests_of(file)))
    only = None
    if options.survivors and os.path.exists(options.survivors):
        only = {tuple(name) for name in json.loads(Path(options.survivors).read_text())}
    why, begun = explanations(), time.monotonic()
    made = (mutant for file in files for mutant in mutants(ROOT, file) if only is None or mutant.name in only)
    taken: Iterator[Mutant] = islice(made, 0, None, options.some)
    passed_over: list[Mutant] = []
    if not options.explained:
        taken = _unexplained(taken, why, passed_over)
    trials = Trials([str(file) for file in files], taken, options.workers, options.record)
    if (ended := pytest.main([*OPTIONS, *tests], plugins=[trials])) != pytest.ExitCode.OK:
        sys.exit(f"pytest ended with {ended!r} before all mutants were tried")
    trials.finish()

    survivors = [mutant for mutant, survived in trials.results if survived]
    if options.survivors:
        Path(options.survivors).write_text(json.dumps([mutant.name for mutant in survivors], indent=1))
    unexplained = [mutant for mutant in survivors if mutant.name not in why]
    print(*unexplained, sep="\n")
    tried, explained = len(trials.results), len(passed_over) + len(survivors) - len(unexplained)
    print(
        f"{tried + len(passed_over)} mutants of {len(files)} files: {tried - len(survivors)} found by tests, "
        f"{explained} explained, {len(unexplained)} neither; {time.monotonic() - begun:.0f} s"
    )
    sys.exit(bool(unexplained))


def _of_package(package: str, options: Sequence[str]) -> int:
    """Try the mutants of one package in a process of its own: those of gates and kernels go without numba."""
    print(package, flush=True)
    return subprocess.run([sys.executable, "-m", "tests.mutations", package, *options], check=False).returncode


def _unexplained(made: Iterable[Mutant], why: Container[object], passed_over: list[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants that are to be tried, and list those of which is said why no test finds them."""
    for mutant in made:
        if mutant.name in why:
            passed_over.append(mutant)
        else:
            yield mutant


def sources(named: Sequence[str]) -> list[Path]:
    """Return the files that are named, and those in folders that are; but none that is for LLVM alone."""
    omitted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]["omit"]
    found = (ROOT / name for name in named)
    files = (file for path in found for file in (sorted(path.glob("*.py")) if path.is_dir() else [path]))
    return [file for file in files if file.relative_to(ROOT).as_posix() not in omitted]


def tests_of(file: Path) -> list[str]:
    """Return the tests that must find the mutants of a file."""
    return TESTS[file.parent.relative_to(ROOT).as_posix()]


def explanations() -> dict[tuple[str, str, str], str]:
    """Return why no test can find some mutants, by their names."""
    listed = tomllib.loads((ROOT / "tests/mutations/survivors.toml").read_text())["survivors"]
    return {(entry["file"], *change): entry["why"] for entry in listed for change in entry["changes"]}


if __name__ == "__main__":
    main()
