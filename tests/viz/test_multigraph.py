import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx
import numpy as np
import pytest
from hypothesis import given, settings

import autograd_cnn as ag
from autograd_cnn import Scalar
from tests.viz.test_circuits import expressions
from viz.errors import FormatError, UndrawableError
from viz.multigraph import to_networkx, write_graphml


@given(expressions())
def test_one_edge_per_input_slot_with_what_it_carries_back(output: Scalar) -> None:
    output.backward()
    graph = to_networkx(output)
    order = ag.topological_order(output)
    assert [data["node"] for _, data in graph.nodes(data=True)] == order
    sent = {step.node: step.downstream for step in ag.backward_steps(output)}  # of nodes that a gradient reaches
    edges = Counter()
    for user in order:
        for slot, x in enumerate(user.inputs or ()):
            if isinstance(x, ag.Node):
                edges[order.index(x), order.index(user), slot, sent[user][slot] if user in sent else None] += 1
    assert Counter((a, b, d["slot"], d["gradient"]) for a, b, d in graph.edges(data=True)) == edges


@given(expressions())
def test_inputs_come_before_their_users(output: Scalar) -> None:
    assert all(tail < head for tail, head in to_networkx(output).edges())


def layer() -> ag.Tensor:
    x = ag.Parameter(np.ones((2, 3)), name="x")
    with ag.scope("layer"):
        y = x * x
    return (y * 2).sum(axis=0, keepdims=True).sum()


def test_what_a_node_knows() -> None:
    total = layer()
    total.backward()
    graph = to_networkx(total)
    data = graph.nodes[1]
    assert (data["gate"], data["symbol"], data["scope"], data["shape"]) == ("multiply", "×", "layer", (2, 3))
    assert (data["role"], data["dtype"], data["attributes"]) == ("gate", "float64", {})
    assert graph.nodes[3]["attributes"] == {"axis": 0, "keepdims": True}
    assert graph.nodes[0]["name"] == "x"
    assert graph.nodes[0]["gate"] is None
    np.testing.assert_array_equal(graph.nodes[0]["grad"], np.full((2, 3), 4.0))


def test_before_backward_no_edge_carries_a_gradient() -> None:
    assert {gradient for *_, gradient in to_networkx(layer()).edges(data="gradient")} == {None}


@settings(max_examples=15)
@given(expressions())
def test_graphml_is_read_by_networkx(tmp_path_factory: pytest.TempPathFactory, output: Scalar) -> None:
    output.backward()
    path = write_graphml(output, tmp_path_factory.mktemp("graphml") / "x.graphml")
    found, graph = networkx.read_graphml(path, node_type=int), to_networkx(output)
    assert list(found.nodes) == list(graph.nodes)
    for i, data in graph.nodes(data=True):
        assert found.nodes[i]["value"] == pytest.approx(data["value"], nan_ok=True, rel=1e-15)
        assert found.nodes[i].get("gate") == data["gate"]
    carried = Counter((a, b, d["slot"]) for a, b, d in graph.edges(data=True))
    assert Counter((a, b, d["slot"]) for a, b, d in found.edges(data=True)) == carried


def test_graphml_of_tensors_holds_their_size(tmp_path: Path) -> None:
    total = layer()
    total.backward()
    found = networkx.read_graphml(write_graphml(total, tmp_path / "x.graphml"))
    assert (found.nodes["0"]["shape"], found.nodes["0"]["grad"]) == ("2×3", 4.0)
    assert found.nodes["3"]["attributes"] == "axis=0, keepdims=True"


@pytest.mark.parametrize("name", ["<script>&", '"]; x', "a\nb\x00", "\u202eabc", "模型", "x" * 10_000])
def test_graphml_escapes_names(tmp_path: Path, name: str) -> None:
    path = write_graphml(ag.Scalar(1.0, name=name) * 2, tmp_path / "x.graphml")
    assert networkx.read_graphml(path).nodes["0"]["name"].startswith(name[0].replace("\u202e", "\ufffd"))


def test_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UndrawableError, match="got int"):
        to_networkx(3)
    with pytest.raises(FormatError, match=r"expected \.graphml"):
        write_graphml(layer(), tmp_path / "x.xml")


def test_importing_the_viewer_does_not_import_networkx() -> None:
    code = "import sys, viz.multigraph, viz.circuits; sys.exit('networkx' in sys.modules or 'graphviz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
