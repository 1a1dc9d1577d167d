"""Layers as frames, the order of operands within them, and the gates of backward passes."""

import random
import re
from contextlib import ExitStack, nullcontext
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import autograd_cnn as ag
from autograd_cnn import Scalar
from tests.viz.geometry import SVG
from tests.viz.references import PICTURES
from tests.viz.test_circuits import check_geometry
from viz.circuits import circuit, circuit_diagram, drawn
from viz.diagram import Cluster
from viz.style import LIGHT


def scoped(seed: int) -> ag.Node:
    """Return a random graph of gates in nested layers."""
    rng = random.Random(seed)
    nodes: list[ag.Node] = [Scalar(rng.uniform(-1, 1), name=f"x{i}") for i in range(rng.randint(1, 4))]
    for path in ["", *rng.sample(["a", "a/b", "a/c", "d", "d/e", "f"], rng.randint(0, 4))]:
        with ag.scope(path) if path else nullcontext():
            for _ in range(rng.randint(1, 5)):
                a, b, c = (rng.choice(nodes[-6:]) for _ in range(3))
                gate = rng.choice([ag.add, ag.multiply, ag.subtract, ag.maximum, None])
                nodes.append(gate(a, b) if gate else ag.where(a, b, c))
    output = nodes[0] * nodes[-1]
    output.backward()
    return output


def places(svg: str) -> dict[str, tuple[float, float]]:
    """Return the middle of every label of a wire."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        if re.fullmatch(r"w\d+", name := group.get("id", "")):
            words = [(float(t.get("x", 0)), float(t.get("y", 0))) for t in group.iter(f"{SVG}text")]
            found[name] = words[0][0], sum(y for _, y in words) / len(words)
    return found


def test_operands_keep_their_order_also_within_frames() -> None:
    """Graphviz promises nothing of the kind; of a thousand neighbours one may be swapped."""
    right = wrong = framed = 0
    for seed in range(40):
        diagram = circuit_diagram(scoped(seed), limit=1000)
        framed += bool(diagram.clusters)
        at = places(drawn(diagram, LIGHT).svg())
        into: dict[str, list[str]] = {}
        for i, wire in enumerate(diagram.wires):
            into.setdefault(wire.head, []).append(f"w{i}")
        for one, other in (pair for names in into.values() for pair in pairwise(names)):
            right += at[one][1] < at[other][1]
            wrong += at[one][1] >= at[other][1]
    assert framed > 20
    assert right > 200
    assert wrong <= right / 100


def frames(clusters: tuple[Cluster, ...]) -> dict[str, Any]:
    return {cluster.words: frames(cluster.clusters) for cluster in clusters}


def test_layers_are_frames_within_frames() -> None:
    diagram = PICTURES["network"].content.data
    inner = {"layer 0": {}, "layer 1": {}, "layer 2": {}, "layer 3": {}}
    assert frames(diagram.clusters) == {"features": inner, "mix": {}, "head": {}}
    (mix,) = (cluster for cluster in diagram.clusters if cluster.words == "mix")
    words = {box.name: box.words for box in diagram.boxes}
    assert {words[name] for name in mix.boxes} == {"weight", "bias", "conv2d", "+", "reshape"}
    assert "frame" in diagram.legend


def test_one_layer_needs_no_frame() -> None:
    with ag.scope("neuron"):
        y = ag.tanh(Scalar(2.0) * 3 + 1)
    assert circuit_diagram(y).clusters == ()


def test_a_frame_that_holds_only_another_is_left_out() -> None:
    x = Scalar(2.0, name="x")
    with ag.scope("model"), ag.scope("encoder"), ag.scope("first"):
        y = ag.tanh(x)
    with ag.scope("model"), ag.scope("encoder"), ag.scope("second"):
        y = ag.tanh(y)
    (outer,) = circuit_diagram(y).clusters
    assert frames((outer,)) == {"model/encoder": {"first": {}, "second": {}}}


def test_deep_scopes_nest_four_frames_at_most() -> None:
    x = Scalar(2.0, name="x")
    with ExitStack() as stack:
        for i in range(300):
            stack.enter_context(ag.scope(f"s{i}"))
            x = ag.tanh(x) if i % 2 else ag.sin(x)
    inner, depth = circuit_diagram(x).clusters, 0
    while inner:
        inner, depth = inner[0].clusters, depth + 1
    assert depth <= 4


def test_gates_of_a_backward_pass_are_told_apart() -> None:
    diagram = PICTURES["second_order"].content.data
    roles = {(box.words, box.role) for box in diagram.boxes}
    assert {("σ", "gate"), ("1−x", "rule"), ("0 if true else x", "rule"), ("seed 1", "constant")} <= roles
    inner = {"gradient of sigmoid": {}, "gradient of multiply": {}, "gradient of relu": {}}
    assert frames(diagram.clusters) == {"backward pass": inner}
    assert {"rule", "where"} <= set(diagram.legend)
    assert 'shape="octagon"' in PICTURES["second_order"].source


def test_a_second_order_graph_has_two_passes() -> None:
    x = Scalar(2.0, name="x")
    (first,) = ag.grad(ag.sin(x) * x, x, create_graph=True)
    (second,) = ag.grad(first, x, create_graph=True)
    assert {cluster.words for cluster in circuit_diagram(second).clusters} == {"backward pass", "backward pass 2"}
    check_geometry(circuit(second).svg())
