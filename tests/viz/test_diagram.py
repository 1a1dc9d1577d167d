import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given

import autograd_cnn as ag
from autograd_cnn import Scalar
from tests.viz.test_circuits import expressions
from viz.diagram import Box, Wire, signs_used, to_networkx


@given(expressions())
def test_networkx_has_one_edge_per_input_slot(output: Scalar) -> None:
    graph = to_networkx(output)
    order = ag.topological_order(output)
    assert [data["node"] for _, data in graph.nodes(data=True)] == order
    edges = Counter()
    for user in order:
        for slot, x in enumerate(user.inputs):
            if isinstance(x, ag.Node):
                edges[order.index(x), order.index(user), slot] += 1
    assert Counter(graph.edges(data="slot")) == edges


@given(expressions())
def test_networkx_numbers_inputs_before_users(output: Scalar) -> None:
    assert all(tail < head for tail, head in to_networkx(output).edges())


def test_networkx_carries_what_a_node_knows() -> None:
    x = ag.Parameter(np.ones((2, 3)), name="x")
    with ag.scope("layer"):
        y = x * x
    total = y.sum()
    total.backward()
    graph = to_networkx(total)
    assert list(graph.edges(data="slot")) == [(0, 1, 0), (0, 1, 1), (1, 2, 0)]
    data = graph.nodes[1]
    assert (data["gate"], data["symbol"], data["scope"], data["shape"]) == ("multiply", "×", "layer", (2, 3))
    assert graph.nodes[0]["name"] == "x"
    assert graph.nodes[0]["gate"] is None
    np.testing.assert_array_equal(graph.nodes[0]["grad"], np.full((2, 3), 2.0))


def wire(strength: float | None, **settings: object) -> Wire:
    return Wire("a", "b", "", "", strength, **settings)


@pytest.mark.parametrize(
    ("wires", "signs"),
    [
        ([wire(1.0)], set()),
        ([wire(1.0), wire(0.0)], {"zero"}),
        ([wire(None)], {"none"}),
        ([wire(float("nan"))], {"not finite"}),
        ([wire(float("inf")), wire(None)], {"not finite", "none"}),
        ([wire(1.0, value_finite=False)], {"not finite"}),
        ([wire(1.0, many=True)], {"more"}),
    ],
)
def test_signs_that_wires_use(wires: list[Wire], signs: set[str]) -> None:
    assert set(signs_used((), tuple(wires))) == signs
    assert set(signs_used((Box("x", "input"),), tuple(wires))) == signs | {"input"}


def test_importing_the_viewer_does_not_import_networkx() -> None:
    code = "import sys, viz.circuits; sys.exit('networkx' in sys.modules or 'graphviz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
