"""``python -m tests.benchmarks.memory`` prints bytes per node, and the peak memory of a training step, of us and peers.

Everything is measured in a process of its own. Python's own objects are counted by tracemalloc, which does not see what
PyTorch allocates; resident memory, which Linux reports, has all of it. The peak of a step is what the process grows
by, beyond what it had after a step on two images had loaded all code.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.networks import NETWORKS
from tests.benchmarks.work import OURS, has

ITERATIONS = 50_000
MOST_BYTES = 130
"""The target for a node that holds a single number."""
_STATUS = Path("/proc/self/status")
_ARRAY = [1.0] * 16


def resident(field: str = "VmRSS") -> int:
    """Return the bytes that Linux holds in memory for this process; with ``VmHWM`` the most so far."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return 1024 * int(line.split()[1])


def forget_the_peak() -> None:
    """Give free memory back to Linux, and let the peak begin at what is left."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def chain(x: Any, weight: Any) -> Any:
    """Return the last node of a chain of two gates per iteration, which holds on to all of them."""
    y = x
    for _ in range(ITERATIONS):
        y = y * weight + x
    return y


def bytes_per_node(make: Callable[[], tuple[Any, Any]], *, traced: bool) -> float:
    """Return the memory of a chain, per gate that it applies."""
    leaves = make()
    gc.collect()
    if not traced:
        return _growth(leaves, resident)
    tracemalloc.start()
    try:
        return _growth(leaves, lambda: tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


def _growth(leaves: tuple[Any, Any], size: Callable[[], int]) -> float:
    """Return by how much a chain makes the memory of this process larger, per gate."""
    before = size()
    held = chain(*leaves)
    gc.collect()
    after = size()
    del held
    return (after - before) / (2 * ITERATIONS)


def _our_scalars() -> tuple[Any, Any]:
    import autograd_cnn as ag

    return ag.Scalar(1.0), ag.Scalar(0.5)


def _our_tensors() -> tuple[Any, Any]:
    import autograd_cnn as ag

    return ag.Tensor(_ARRAY, requires_grad=True), ag.Tensor([0.5] * 16, requires_grad=True)


def _micrograd_values() -> tuple[Any, Any]:
    from micrograd.engine import Value

    return Value(1.0), Value(0.5)


def _mygrad_tensors(start: Any, weight: Any) -> tuple[Any, Any]:
    import mygrad

    return mygrad.tensor(start), mygrad.tensor(weight)


def _torch_tensors(start: Any, weight: Any) -> tuple[Any, Any]:
    import torch

    return torch.tensor(start, requires_grad=True), torch.tensor(weight, requires_grad=True)


NODES: dict[tuple[str, str], Callable[[], tuple[Any, Any]]] = {
    ("a number", OURS): _our_scalars,
    ("a number", "micrograd"): _micrograd_values,
    ("a number", "MyGrad"): partial(_mygrad_tensors, 1.0, 0.5),
    ("a number", "PyTorch"): partial(_torch_tensors, 1.0, 0.5),
    ("16 numbers", OURS): _our_tensors,
    ("16 numbers", "MyGrad"): partial(_mygrad_tensors, _ARRAY, [0.5] * 16),
    ("16 numbers", "PyTorch"): partial(_torch_tensors, _ARRAY, [0.5] * 16),
}
"""Start and weight of a chain, by what its nodes hold and whose they are."""
STEPS = ("eager", 'eager, retain="leaves"', "compiled", "PyTorch")
IMAGES = tuple(name for name in NETWORKS if name != "three-layer MLP")


def peak_of_a_step(name: str, way: str, threads: int) -> float:
    """Return by how many bytes a process grows for training steps on a full batch."""
    from tests.benchmarks import training_steps
    from tests.benchmarks.peers import set_threads

    if threads:
        set_threads(threads, (way,))
    make: Any = {
        "eager": partial(training_steps.our_training, retain="all"),
        'eager, retain="leaves"': training_steps.our_training,
        "compiled": training_steps.our_compiled_training,
        "PyTorch": training_steps.torch_training,
    }[way]
    make(name, batch=2)()
    forget_the_peak()
    before = resident()
    step = make(name)
    for _ in range(3):
        step()
    return float(resident("VmHWM") - before)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables, as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", choices=("nodes", "steps", []), help="nodes, steps (default: both)")
    parser.add_argument("--threads", type=int, default=0, help="threads of us and of PyTorch")
    options = parser.parse_args(arguments)
    if not _STATUS.exists():
        sys.exit("the resident memory of a process is read from /proc, which only Linux has")
    if not options.what or "nodes" in options.what:
        _print(["a node holds", "library", "Python's bytes", "resident bytes", "target", "met"], _nodes())
    if not options.what or "steps" in options.what:
        columns = ["training step", *STEPS, 'retain="leaves" ÷ PyTorch', "compiled ÷ PyTorch"]
        _print(columns, (_peaks(name, options.threads) for name in IMAGES))


def _nodes() -> Iterable[list[str]]:
    for what, who in NODES:
        if who != OURS and not has(who):
            continue
        python, whole = (_in_a_process("bytes_of", what, who, traced) for traced in (True, False))
        counted = who == OURS and what == "a number"
        met = "" if not counted or python is None else "yes" if python <= MOST_BYTES else "no"
        yield [what, who, _bytes(python if who != "PyTorch" else None), _bytes(whole), f"≤ {MOST_BYTES}" * counted, met]


def bytes_of(what: str, who: str, traced: bool) -> float:
    """Return the bytes per node of one of `NODES`."""
    return bytes_per_node(NODES[what, who], traced=traced)


def _peaks(name: str, threads: int) -> list[str]:
    found = {
        way: _in_a_process("peak_of_a_step", name, way, threads) if way != "PyTorch" or has(way) else None
        for way in STEPS
    }
    theirs = found["PyTorch"]
    ratios = [found[way] / theirs if found[way] and theirs else None for way in STEPS[1:3]]  # type: ignore[operator]
    shown = ["" if peak is None else f"{peak / 1e6:.1f} MB" for peak in found.values()]
    return [name, *shown, *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios)]


def _in_a_process(function: str, *arguments: Any) -> float | None:
    """Call a function of this file in a process of its own; None, and a line, when it fails."""
    program = f"import json; from tests.benchmarks import memory; print(json.dumps(memory.{function}(*{arguments!r})))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if run.returncode:
        print(f"{' '.join(map(str, arguments))}: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return float(json.loads(run.stdout))


def _bytes(number: float | None) -> str:
    return "" if number is None else f"{number:.0f}"


def _print(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    for cells in (columns, ["---"] * len(columns)):
        print("| " + " | ".join(cells) + " |")
    for cells in lines:
        print("| " + " | ".join(cells) + " |", flush=True)
    print()


if __name__ == "__main__":
    main()
