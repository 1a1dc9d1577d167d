"""How long a circuit takes before its layout: ``pytest tests/benchmarks/test_circuits.py``."""

import random
from typing import Any

import pytest

import autograd_cnn as ag
from autograd_cnn import Scalar
from tests.viz.references import deep
from viz.circuits import circuit_diagram
from viz.dot import document
from viz.style import LIGHT

pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is missing: pip install pytest-benchmark")


def irregular(gates: int = 1000) -> Scalar:
    """Return a graph in which nothing folds, after its backward pass: every gate is drawn."""
    rng = random.Random(0)
    nodes = [Scalar(rng.uniform(-1, 1), name=f"x{i}") for i in range(20)]
    unused = list(nodes)
    while len(nodes) < 20 + gates:
        a = unused.pop(0) if len(unused) > 1 else rng.choice(nodes)
        b = unused.pop(0) if 20 + gates - len(nodes) <= len(unused) else rng.choice(nodes[-40:])
        node = rng.choice([lambda a, b: a * b, lambda a, b: a - b, ag.maximum])(a, b)
        nodes.append(node)
        unused.append(node)
    output = nodes[-1]
    output.backward()
    return output


def test_a_thousand_gates_as_drawing_data(benchmark: Any) -> None:
    output = irregular()
    diagram = benchmark(circuit_diagram, output, limit=2000)
    assert sum(box.role == "gate" for box in diagram.boxes) == 1000


def test_a_thousand_gates_as_dot(benchmark: Any) -> None:
    diagram = circuit_diagram(irregular(), limit=2000)
    source = benchmark(document, diagram, LIGHT)
    assert source.count('shape="circle"') > 1000


def test_a_thousand_layers_folded(benchmark: Any) -> None:
    diagram = benchmark(circuit_diagram, deep())
    assert len(diagram.boxes) < 20
