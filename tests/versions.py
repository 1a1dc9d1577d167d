"""The wheel works with other versions of Python and of its libraries: ``python -m tests.versions --python python3.12``.

The wheel is installed into a new environment of any interpreter, with the newest versions of all libraries, or with
``--lowest`` of each the lowest that pyproject.toml states. There the commands of a newcomer run, and then tests, from
the sdist: the packages themselves are nowhere but in the environment. Some minutes, in which all kernels are compiled.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

from tests.packaging import PACKAGES, ROOT, built, environment_of, run, use

TESTS = (
    *("test_backward.py", "test_documents.py", "test_errors.py", "test_examples.py", "test_every_gate.py"),
    *("test_expansion.py", "test_explanation.py", "test_functional.py", "test_graph.py", "test_init.py"),
    *("test_newcomer.py", "test_notes.py", "test_numpy_protocols.py", "test_second_order.py", "test_threads.py"),
    *("attack/test_threads_and_processes.py", "compilation", "data", "gates", "nn", "optim"),
    *("testing/test_checking.py", "train/test_checkpoints.py", "train/test_trainer.py", "viz/test_circuits.py"),
    *("viz/test_cli.py", "viz/test_reports.py", "viz/test_rendering.py", "viz/test_pytest_plugin.py"),
)
UNFIT = "tests/test_documents.py::test_links_point_to_files"  # some point to files of the packages
SHOWN = (
    *("numpy", "numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm", "threadpoolctl"),
    *("pillow", "pooch", "safetensors", "pytest", "hypothesis"),
)
EXTRA = "test"


def main(arguments: list[str] | None = None) -> None:
    """Build, install, use, test; the first thing that is wrong ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter (default: this one)")
    parser.add_argument("--lowest", action="store_true", help="the lowest versions that pyproject.toml states")
    parser.add_argument("tests", nargs="*", help="paths below tests/ (default: most of what an environment can change)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored: tests press Ctrl-C
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = built(folder / "dist")
        programs = environment_of(options.python, folder / "environment")
        install(programs, wheel, lowest() if options.lowest else ())
        print(*versions(programs), sep="\n", flush=True)
        use(programs, folder)
        print("the commands of a newcomer run", flush=True)
        test(programs, sources(sdist, folder / "sources"), options.tests or TESTS)
    print(f"all of it passed, in {time.monotonic() - began:.0f} s")


def lowest() -> Iterator[str]:
    """Yield each library that the wheel or its tests need, at the lowest version that is stated."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    yield from pinned(project["dependencies"])
    for stated in extras[EXTRA]:
        own = Requirement(stated)
        if own.name == project["name"]:
            for extra in sorted(own.extras):
                yield from pinned(extras[extra])
        else:
            yield from pinned([stated])


def pinned(requirements: Iterable[str]) -> Iterator[str]:
    """Yield requirements at the lowest versions that they admit."""
    for stated in requirements:
        requirement = Requirement(stated)
        (bound,) = (each for each in requirement.specifier if each.operator in (">=", "~="))
        yield f"{requirement.name}=={bound.version}"


def install(programs: Path, wheel: Path, constraints: Iterable[str]) -> None:
    """Install the wheel and what its tests need, from wheels alone."""
    wanted = (f"autograd-cnn[{EXTRA}] @ {wheel.as_uri()}", *constraints)
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary")
    run(*pip, *wanted, cwd=programs.parent)


def versions(programs: Path) -> Iterator[str]:
    """Yield the version of Python and those of the libraries that matter."""
    yield run(programs / "python", "--version", cwd=programs.parent).strip()
    listed = run(programs / "python", "-m", "pip", "list", "--format=freeze", cwd=programs.parent)
    yield ", ".join(line for line in listed.split() if line.partition("==")[0].lower() in SHOWN)


def sources(sdist: Path, folder: Path) -> Path:
    """Unpack the sdist without the packages: its tests find those that are installed."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (home,) = folder.iterdir()
    for package in PACKAGES:
        shutil.rmtree(home / package)
    return home


def test(programs: Path, home: Path, paths: Iterable[str]) -> None:
    """Run tests; show the line that counts them, or all that pytest says of failures."""
    pytest = (programs / "python", "-m", "pytest", "-q", "--no-header", "--deselect", UNFIT)
    words = (*pytest, *(home / "tests" / path for path in paths))
    ran = subprocess.run(words, cwd=home, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
    print(ran.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
