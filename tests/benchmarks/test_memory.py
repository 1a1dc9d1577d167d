"""Bytes per node, and the memory that a training step needs."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.benchmarks import memory
from tests.benchmarks.memory import NODES, STEPS, bytes_per_node, chain
from tests.benchmarks.work import OURS, has


def test_the_chain_applies_two_gates_per_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    import autograd_cnn as ag

    monkeypatch.setattr(memory, "ITERATIONS", 10)
    made = chain(ag.Scalar(1.0), ag.Scalar(0.5))
    assert len(ag.nodes(made)) == 20 + 2


def test_what_nodes_hold_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each iteration makes two objects of a known size, and nothing else that stays."""

    class Link:
        __slots__ = ("before",)

        def __init__(self, before: Any) -> None:
            self.before = before

        def __mul__(self, other: Any) -> Any:
            return Link(self)

        __add__ = __mul__

    monkeypatch.setattr(memory, "ITERATIONS", 1000)
    size = sys.getsizeof(Link(None))
    found = bytes_per_node(lambda: (Link(None), Link(None)), traced=True)
    assert found == pytest.approx(size, rel=0.05)


def test_a_node_takes_some_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ITERATIONS", 1000)
    (number, array) = (bytes_per_node(NODES[what, OURS], traced=True) for what in ("a number", "16 numbers"))
    assert 50 < number < array - 16 * 8


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_a_step_needs_at_least_its_images() -> None:
    found = memory._in_a_process("peak_of_a_step", "LeNet-5", STEPS[1], 1)
    assert found is not None
    assert found > 64 * 6 * 28 * 28 * 4, "the first layer's output alone"


def test_a_way_that_fails_leaves_its_cell_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert memory._in_a_process("bytes_of", "a number", "nobody", True) is None
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_the_table_of_nodes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(memory, "_in_a_process", lambda function, what, who, traced: 100.0 if traced else 120.0)
    memory.main(["nodes"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == f"| a number | {OURS} | 100 | 120 | ≤ 130 | yes |"
    assert ("| a number | PyTorch |  | 120 |  |  |" in lines) == has("PyTorch")
