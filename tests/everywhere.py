"""``python -m tests.everywhere`` runs tests with every algorithm of convolution forced, and on other processors.

Each run is a process of pytest. A processor is named to LLVM, which then uses its instructions alone: haswell has AVX2
but no AVX-512, x86-64 has neither AVX nor a fused multiply-add. Their machine code has caches of its own, which are
deleted afterwards.

``--quick`` runs the few tests that `.ci/run` takes; other arguments go to pytest, instead of the tests below.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from autograd_cnn.kernels.planning import ALGORITHMS, VARIABLE

PROCESSORS = ("haswell", "x86-64")
QUICK = {
    VARIABLE: ["tests/gates/test_convolution.py"],
    "NUMBA_CPU_NAME": ["tests/kernels/test_instruction_set.py", "tests/kernels/test_convolution.py"],
}
FULL = [
    *("tests/kernels", "tests/gates", "tests/nn", "tests/optim", "tests/health", "tests/compilation"),
    *("tests/test_every_gate.py", "tests/test_functional.py", "tests/test_second_order.py", "tests/test_expansion.py"),
    *("tests/test_copies.py", "tests/test_threads.py", "tests/benchmarks/test_agreement.py"),
]


def runs() -> list[dict[str, str]]:
    """Return what the environment of each run has beside this one's."""
    forced = [{VARIABLE: algorithm} for algorithm in ALGORITHMS]
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return forced
    # Without NUMBA_CPU_FEATURES, numba would add this machine's features to those of the processor that is named.
    return [*forced, *({"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""} for name in PROCESSORS)]


def run(changed: dict[str, str], tests: Sequence[str]) -> bool:
    """Run pytest with a changed environment; tell how it went, and return whether all is well."""
    begun, name = time.perf_counter(), " ".join(f"{key}={value}" for key, value in changed.items())
    print(f"{name}: pytest {' '.join(tests)}", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | changed
        if "NUMBA_CPU_NAME" in changed:
            environment["NUMBA_CACHE_DIR"] = cache
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        code = subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], check=False).returncode
    print(f"{name}: {'well' if code == 0 else 'FAILED'}, {time.perf_counter() - begun:.0f} s", flush=True)
    return code == 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all, and exit with an error if one run failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.everywhere", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="run the tests that .ci/run takes")
    options, tests = parser.parse_known_args(arguments)
    failed = 0
    for changed in runs():
        chosen = tests or (QUICK[next(iter(changed))] if options.quick else FULL)
        failed += not run(changed, chosen)
    if failed:
        sys.exit(f"{failed} of {len(runs())} runs failed")


if __name__ == "__main__":
    main()
