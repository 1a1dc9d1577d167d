"""Sums, terms alike and blocks in a row drawn as one, up to a hundred thousand nodes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import Scalar, nn
from tests.viz.references import PICTURES, scalar_network, wide_neuron
from tests.viz.test_circuits import check_geometry
from viz.circuits import circuit, circuit_diagram
from viz.errors import TooLargeError
from viz.style import number


@pytest.mark.parametrize("terms", [6, 7, 30])
def test_long_sums_fold_and_nothing_is_lost(terms: int) -> None:
    diagram = circuit_diagram(wide_neuron(terms - 1))
    sums = [box for box in diagram.boxes if box.role == "sum"]
    folds = [box for box in diagram.boxes if box.role == "folded"]
    assert len(sums) == (terms >= 7)
    assert [box.words for box in folds] == ([f"+ {terms - 4} more products"] if terms > 7 else [])


def test_fold_shows_the_sum_and_ranges_of_its_members() -> None:
    y = wide_neuron(30)
    (fold,) = (box for box in circuit_diagram(y).boxes if box.role == "folded")
    assert fold.lines == (
        "w2·x2 … w28·x28",
        "together −0.02853",
        "gradient of w: −0.353 to 0.381",
        "gradient of x: −0.762 to 0.755",
    )


def test_a_scalar_network_stays_readable() -> None:
    diagram = circuit_diagram(scalar_network())
    assert sum(box.role in ("gate", "sum") for box in diagram.boxes) < 60
    hidden = [box.words for box in diagram.boxes if box.role == "more"]
    assert hidden
    assert set(hidden) == {"+ 13 more"}


def folded_box(output: ag.Node) -> tuple[str, tuple[str, ...]]:
    (fold,) = (box for box in circuit_diagram(output).boxes if box.role == "folded")
    return fold.words, fold.lines


def chain(terms: list[ag.Node]) -> ag.Node:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def test_folds_of_leaves_and_of_other_gates() -> None:
    leaves = [Scalar(i, name=f"x{i}") for i in range(10)]
    assert folded_box(chain(leaves)) == ("+ 7 more leaves", ("x2 … x8", "together 35"))
    words, lines = folded_box(chain([ag.tanh(x) for x in leaves]))
    assert (words, lines[0]) == ("+ 7 more terms", "tanh(x2) … tanh(x8)")
    words, lines = folded_box(chain([x * y for x, y in zip(leaves, map(ag.exp, leaves), strict=True)]))
    assert words == "+ 7 more products"
    assert len(lines) == 1  # no name stands for all of exp(x), and there is no gradient yet


def test_folds_of_unnamed_leaves_number_their_operands() -> None:
    y = chain([Scalar(i) * Scalar(2) for i in range(10)])
    y.backward()
    assert folded_box(y)[1] == ("together 70", "gradient of operand 1: 2", "gradient of operand 2: 2 to 8")


def test_folds_show_what_is_not_a_number() -> None:
    y = chain([Scalar(math.inf if i == 5 else 1.0) * Scalar(0.0) for i in range(10)])
    diagram = circuit_diagram(y)
    (bundle,) = (w for w in diagram.wires if w.many)
    assert (bundle.value, bundle.gradient, bundle.value_finite) == ("NaN", "each —", False)
    assert "not finite" in diagram.legend


def test_plain_numbers_in_a_folded_sum_are_kept() -> None:
    y = chain([Scalar(1.0) for _ in range(8)]) + 0.5 + 2
    (total,) = (box for box in circuit_diagram(y).boxes if box.role == "sum")
    assert total.words == "Σ+2.5"


def test_named_sums_are_not_folded_away() -> None:
    terms = [Scalar(i) for i in range(10)]
    inner = chain(terms[:5])
    inner.name = "subtotal"
    wires = circuit_diagram(inner + chain(terms[5:])).wires
    assert "subtotal" in {wire.above for wire in wires}


@given(st.integers(7, 60), st.integers(1, 4))
def test_blocks_in_a_row_fold_to_two_and_the_last(times: int, length: int) -> None:
    gates = [ag.tanh, lambda x: x * Scalar(0.5), ag.sin, lambda x: Scalar(1.0) - x][:length]
    x: ag.Node = Scalar(0.3, name="x")
    for _ in range(times):
        for gate in gates:
            x = gate(x)
    x.backward()
    diagram = circuit_diagram(x)
    (block,) = (box for box in diagram.boxes if box.role == "folded")
    assert block.words == f"… + {times - 3} more {'gates' if length == 1 else 'blocks'}"
    assert sum(box.role == "gate" for box in diagram.boxes) == 3 * length
    (into,) = (wire for wire in diagram.wires if wire.head == block.name)
    (out,) = (wire for wire in diagram.wires if wire.tail == block.name)
    ends = [node for node in ag.nodes(x) if node.gate is not None][length - 1 :: length]
    assert (into.value, into.gradient) == (number(ends[1].value), number(ends[1].grad))
    assert (out.value, out.gradient) == (number(ends[-2].value), number(ends[-2].grad))


def test_few_blocks_in_a_row_are_all_drawn() -> None:
    x = Scalar(0.3)
    for _ in range(6):
        x = ag.tanh(x)
    assert sum(box.role == "gate" for box in circuit_diagram(x).boxes) == 6


def test_a_residual_row_folds_too() -> None:
    x = Scalar(0.3, name="x")
    for i in range(50):
        x = x + ag.relu(x * Scalar(0.1, name=f"w{i}"))
    x.backward()
    diagram = circuit_diagram(x)
    (block,) = (box for box in diagram.boxes if box.role == "folded")
    assert block.lines[0] == "each × → ReLU → +"
    (into,) = (wire for wire in diagram.wires if wire.head == block.name)
    entry = [node for node in ag.nodes(x, gate="add")][2]
    assert into.gradient == number(entry.grad)  # both branches of x go into the block as one


def test_what_is_used_elsewhere_is_not_folded_away() -> None:
    x = Scalar(0.3, name="x")
    for _ in range(25):
        x = ag.tanh(x)
    middle = x
    for _ in range(25):
        x = ag.tanh(x)
    diagram = circuit_diagram(x * middle)
    assert number(middle.value) in [wire.value for wire in diagram.wires]


def test_blocks_with_the_same_parameters_say_how_often_they_are_used() -> None:
    def words(name: str) -> tuple[str, tuple[str, ...]]:
        (block,) = (box for box in PICTURES[name].content.data.boxes if box.role == "folded")
        return block.words, block.lines

    assert words("recurrent")[0] == "… + 97 more blocks (×100)"
    assert "the same b, w" in words("recurrent")[1]
    assert words("deep")[0] == "… + 997 more blocks"
    assert words("samples")[0] == "+ 9 more terms (×12)"
    assert "the same b, w0, w1" in words("samples")[1]
    assert "again" in PICTURES["samples"].content.data.legend
    assert "again" not in PICTURES["deep"].content.data.legend


@pytest.mark.parametrize("name", ["chain", "sum", "network"])
def test_a_hundred_thousand_nodes_give_a_readable_picture(name: str) -> None:
    def network() -> ag.Node:
        return scalar_network((64, 160, 128, 1))

    def row(n: int = 100_000) -> ag.Node:
        x: ag.Node = Scalar(0.3, name="x")
        for _ in range(n):
            x = ag.sin(x)
        x.backward()
        return x

    def total(n: int = 34_000) -> ag.Node:
        x = Scalar(0.3, name="x")
        found = chain([ag.sin(x * i) for i in range(n)])
        found.backward()
        return found

    output = {"chain": row, "sum": total, "network": network}[name]()
    assert len(ag.topological_order(output)) > 90_000
    picture = circuit(output)
    assert len(picture.content.data.boxes) <= 150
    check_geometry(picture.svg())


class Unit(nn.Module):
    def __init__(self, rng: np.random.Generator) -> None:
        self.first = nn.Linear(3, 3, rng=rng)
        self.second = nn.Linear(3, 3, rng=rng)

    def forward(self, x: ag.Node) -> ag.Node:
        return ag.tanh(self.second(ag.relu(self.first(x)))) + x


class Tower(nn.Module):
    """Units of which no two neighbours are alike, so that they do not fold."""

    def __init__(self, units: int) -> None:
        rng = np.random.default_rng(0)
        self.units = nn.Sequential(*(Unit(rng) for _ in range(units)))

    def forward(self, x: ag.Node) -> ag.Node:
        for i, unit in enumerate(self.units.children()):
            with ag.scope(f"unit{i}"):
                x = ag.sin(unit(x)) if i * i % 7 < 3 * (i % 5) else unit(x)
        return x


@pytest.mark.parametrize(("units", "inner"), [(20, True), (80, False)])
def test_layers_collapse_where_all_gates_were_too_many(units: int, inner: bool) -> None:
    model = Tower(units)
    x = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
    diagram = circuit_diagram(model, x, loss=lambda y: (y * y).mean())
    blocks = [box for box in diagram.boxes if box.role == "layer"]
    assert len(blocks) == (2 * units if inner else units)
    assert {box.lines[-1] for box in blocks} == {"12 parameters" if inner else "24 parameters"}
    assert blocks[0].words == ("first" if inner else "layer 0")
    assert diagram.clusters
    assert f"and {len(blocks)} layers as one block each" in diagram.subtitle
    assert "layer" in diagram.legend
    assert not any(box.role == "parameter" for box in diagram.boxes)  # they went with their layers


def test_a_collapsed_layer_has_the_gradients_of_what_goes_in_and_out() -> None:
    with_all = circuit_diagram(Tower(4), [[1.0, 2.0, 3.0]], loss=lambda y: y.sum(), limit=1000)
    few = circuit_diagram(Tower(4), [[1.0, 2.0, 3.0]], loss=lambda y: y.sum(), limit=10)
    numbers = {(wire.value, wire.gradient) for wire in with_all.wires}
    blocks = {box.name for box in few.boxes if box.role == "layer"}
    assert len(blocks) == 4
    assert {(w.value, w.gradient) for w in few.wires if {w.tail, w.head} & blocks} <= numbers


def test_a_layer_with_two_outputs_stays_open() -> None:
    x = Scalar(0.5, name="x")
    with ag.scope("both"):
        one, other = ag.tanh(x) * 2, ag.sin(x) * 3
    with ag.scope("one"):
        y = ag.tanh(one * other) * 2
    diagram = circuit_diagram(y, limit=5)
    assert [box.words for box in diagram.boxes if box.role == "layer"] == ["one"]
    with pytest.raises(TooLargeError):
        circuit_diagram(y, limit=4)
