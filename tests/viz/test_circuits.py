import os
import re
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import Scalar
from tests.viz.geometry import SVG, page, shapes, texts
from tests.viz.references import GOLDEN, PICTURES, sigmoid_neuron
from viz.circuits import circuit, circuit_diagram
from viz.errors import TooLargeError, UndrawableError, UnknownThemeError
from viz.labels import plain
from viz.style import LONGEST_NAME, number, shortened

FOLDER = Path(__file__).parent / "golden"
BOXES = {"gate", "sum", "parameter", "input", "output", "folded"}


def check_geometry(svg: str) -> None:
    """No text touches another, leaves its box, or leaves the page."""
    found = texts(svg)
    assert found
    for i, one in enumerate(found):
        assert page(svg).holds(one.box), f"{one.words!r} leaves the page"
        for other in found[i + 1 :]:
            assert not one.box.overlaps(other.box), f"{one.words!r} overlaps {other.words!r}"
    for kind, outline, inside in shapes(svg, BOXES):
        for text in inside:
            assert outline.holds(text.box), f"{text.words!r} leaves its {kind} box"


def drawn_words(svg: str) -> list[str]:
    return [text.words for text in texts(svg)]


@st.composite
def expressions(draw: st.DrawFn) -> Scalar:
    """Return a random graph of Scalars with fan-out, constants, kinks and zeros, after its backward pass."""
    values = st.floats(-3, 3).map(lambda v: round(v, draw(st.integers(0, 5))))
    nodes = [
        Scalar(
            draw(values), requires_grad=i == 0 or draw(st.booleans()), name=draw(st.sampled_from(["a", None, "weight"]))
        )
        for i in range(draw(st.integers(1, 4)))
    ]
    for _ in range(draw(st.integers(1, 12))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        operation = draw(
            st.sampled_from(
                [
                    lambda a, b: a + b,
                    lambda a, b: a * b,
                    lambda a, b: a - b,
                    lambda a, b: ag.relu(a),
                    lambda a, b: ag.maximum(a, 0),
                    lambda a, b: ag.tanh(a),
                    lambda a, b: a**2,
                    lambda a, b: 1e-5 * a,
                    lambda a, b: 1 / (2 + ag.tanh(a)),
                ]
            )
        )
        nodes.append(operation(a, b))
    output = nodes[0] * nodes[-1] + nodes[-1]
    output.backward()
    return output


@given(expressions(), st.booleans())
def test_no_label_overlaps_or_is_clipped_in_random_circuits(output: Scalar, explain: bool) -> None:
    check_geometry(circuit(output, explain=explain, limit=1000).svg())


@given(expressions())
def test_branches_of_a_fan_out_add_up_to_its_trunk(output: Scalar) -> None:
    diagram = circuit_diagram(output)
    junctions = {box.name for box in diagram.boxes if box.role == "junction"}
    for junction in junctions:
        (trunk,) = (wire for wire in diagram.wires if wire.head == junction)
        branches = [wire for wire in diagram.wires if wire.tail == junction]
        sent = [float(w.gradient.replace("−", "-")) for w in branches if w.gradient != "—"]
        if not sent:
            assert trunk.gradient == "—"
        else:  # numbers are written with four digits
            total = float(trunk.gradient.replace("−", "-"))
            assert total == pytest.approx(sum(sent), rel=1e-3, abs=1e-3 * max(map(abs, sent)))


@given(expressions())
def test_same_graph_gives_the_same_source_and_operands_keep_their_order(output: Scalar) -> None:
    diagram = circuit_diagram(output)
    assert circuit(output).source == circuit(output).source
    names = [box.name for box in diagram.boxes]
    assert len(set(names)) == len(names)
    position = {name: i for i, name in enumerate(names)}
    assert all(position[wire.tail] < position[wire.head] or wire.head.endswith(("j", "m")) for wire in diagram.wires)


@given(st.text(max_size=60))
def test_any_name_is_just_text(name: str) -> None:
    x = Scalar(2.0, name=name)
    y = x * Scalar(3.0, name="other")
    y.name = name
    y.backward()
    picture = circuit(y, title=name, explain=True)
    shown = shortened(plain(name), LONGEST_NAME).replace("\N{NO-BREAK SPACE}", " ")
    words = drawn_words(picture.svg())
    if shown.strip():
        assert words.count(shown) >= 2  # the leaf's box and the output's


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"];',
        r"\N\l\G\\",
        "a&amp;b",
        "a\nb\x00\x1b",
        "ü→語🙂",
        "w" * 400,
        "</TABLE>",
        "]]>",
        "-->",
    ],
)
def test_hostile_names_are_just_text(name: str) -> None:
    x = Scalar(2.0, name=name)
    y = x * x
    y.backward()
    svg = circuit(y, title=name).svg()
    assert shortened(plain(name), LONGEST_NAME) in drawn_words(svg)
    check_geometry(svg)
    assert "<script" not in svg


@pytest.mark.parametrize("name", PICTURES)
def test_reference_pictures_have_no_overlap_and_no_clipping(name: str) -> None:
    check_geometry(PICTURES[name].svg())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_dot(name: str) -> None:
    """UPDATE_GOLDEN=1 rewrites the files; look at the pictures before you commit them."""
    path = FOLDER / f"{name}.dot"
    if os.environ.get("UPDATE_GOLDEN"):
        PICTURES[name].save(path)
    assert PICTURES[name].source == path.read_text(encoding="utf-8")


def test_known_numbers_of_the_sigmoid_neuron() -> None:
    diagram = circuit_diagram(sigmoid_neuron(), explain=True)
    words = {box.name: box.words for box in diagram.boxes}
    by_end = {(words[w.tail], words[w.head]): w for w in diagram.wires}
    trunk = by_end["w0", ""]
    assert (trunk.value, trunk.gradient, trunk.below) == ("2", "0.2034", "0.4 − 0.1966")
    assert by_end["", "x²"].gradient == "0.4"
    assert (by_end["", "×"].gradient, by_end["", "×"].below) == ("−0.1966", "−1 × 0.1966")
    assert by_end["w1", "×"].gradient == "−0.3932"
    assert by_end["x1", "×"].gradient == "—"
    assert (by_end["exp", "+1"].value, by_end["exp", "+1"].gradient) == ("0.3679", "−0.5344")
    assert by_end["1/x", "+"].value == "0.7311"


def test_operands_stand_in_written_order_from_top_to_bottom() -> None:
    a, b, c = (Scalar(1.0, name=n) for n in "abc")
    svg = circuit(ag.where(a, b, c)).svg()
    tops = {t.words: t.box.top for t in texts(svg)}
    assert tops["a"] < tops["b"] < tops["c"]


def test_wires_meet_their_bars_without_a_step() -> None:
    """Every bar inside a label is centred on the wire that ends there."""
    svg = PICTURES["add_multiply"].svg()
    ends = [float(y) for y in re.findall(r'd="M[^"]*,([-\d.]+)" ?/>', svg)]
    bars = [outline for kind, outline, _ in shapes(svg, {"wire"}) if kind]
    assert len(bars) == 5
    for bar in bars:
        assert min(abs((bar.top + bar.bottom) / 2 - end) for end in ends) < 0.01


def test_a_value_used_twice_by_one_gate_has_two_wires() -> None:
    a = Scalar(3.0, name="a")
    y = a * a
    y.backward()
    diagram = circuit_diagram(y)
    assert [w.gradient for w in diagram.wires] == ["6", "3", "3", "1"]
    assert "junction" in diagram.legend


def test_zero_and_none_are_told_apart() -> None:
    x = Scalar(-1.0, name="x")
    y = ag.relu(x)
    assert {w.gradient for w in circuit_diagram(y).wires} == {"—"}
    assert "no gradients yet" in circuit_diagram(y).subtitle
    y.backward()
    assert circuit_diagram(y).wires[0].gradient == "0"
    assert "dashed" in circuit(y).source


def test_not_a_number_is_black_and_yellow() -> None:
    source = PICTURES["broken"].source
    assert "#F0E442" in source
    assert "not finite" in circuit_diagram(Scalar(np.inf) * 1).legend


def test_tensors_show_shape_and_rms() -> None:
    x = ag.Parameter(np.array([[3.0, -4.0]]), name="x")
    y = (x * 2).sum()
    y.backward()
    wire = circuit_diagram(y).wires[0]
    assert (wire.above, wire.value, wire.gradient) == ("1×2", number(np.sqrt(12.5)), "2")


def test_too_many_gates_say_how_to_draw_less() -> None:
    y = Scalar(0.5)
    for i in range(151):
        y = ag.tanh(y) if i * i % 7 < 3 * (i % 5) else ag.sin(y)  # a row without repetition
    with pytest.raises(TooLargeError, match=r"151 gates.*150.*viz\.flow.*scope.*limit="):
        circuit(y)
    assert circuit(y, limit=151).source


def test_wrong_use_is_told() -> None:
    with pytest.raises(UndrawableError, match="got int, expected a Scalar or Tensor"):
        circuit(3)
    x = Scalar(1.0)
    y = x * x
    y.backward(retain="leaves")
    with pytest.raises(UndrawableError, match="freed"):
        circuit(y)
    with pytest.raises(UnknownThemeError, match="did you mean 'dark'"):
        circuit(x * x, theme="drak")


def test_a_leaf_that_was_written_into_since_is_told_below_the_picture() -> None:
    names = [f"x{i}" for i in range(6)]
    leaves = [Scalar(1.0, name=name) for name in names]
    y = sum(x * 2.0 for x in leaves)
    assert circuit_diagram(y).facts == ()
    for x in leaves[:5]:
        x.assign(3.0)
    (told,) = circuit_diagram(y).facts
    assert told.startswith("! written into since this graph was computed: x0, x1, x2, x3 …; ")
    assert "written into since" in " ".join(drawn_words(circuit(y).svg()))
    assert circuit_diagram(leaves[0] * 2.0).facts == ()


@pytest.mark.parametrize("viewer", ["circuit", "player", "explain", "flow", "to_networkx"])
def test_errors_of_a_backward_pass_begin_with_what_was_called(viewer: str) -> None:
    x = Scalar(3.0, name="x")
    y = x * x
    if viewer in ("circuit", "to_networkx"):  # the others take a pass of their own
        y.backward()
    x.assign(4.0)
    with pytest.raises(ag.GradientError, match=rf"^{viewer}: Scalar 'x' 4 was assigned a new value after .* used it"):
        getattr(viz, viewer)(y, *([x] if viewer == "explain" else []))


def test_a_function_that_goes_backward_itself_is_told_so() -> None:
    def function(x: ag.Tensor) -> ag.Tensor:
        (x * 2).backward()
        return x

    with pytest.raises(ag.GradientError, match=r"^backward: .* needs a seed"):
        circuit(function, [1.0, 2.0])

    def freeing(x: Scalar) -> Scalar:
        y = x * x
        y.backward(retain="leaves")
        return y

    with pytest.raises(ag.GradientError, match=r"^circuit: .* was freed"):
        circuit(freeing, 2.0)


def test_a_lone_leaf_is_a_circuit() -> None:
    assert drawn_words(circuit(Scalar(1.5, name="x")).svg()).count("1.5") == 1


def test_drawing_changes_no_gradient() -> None:
    y = sigmoid_neuron()
    before = [(n, n.grad) for n in ag.topological_order(y)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        circuit(y, explain=True).svg()
    assert [(n, n.grad) for n in ag.topological_order(y)] == before


def test_a_trunk_of_many_branches_says_how_many() -> None:
    x = Scalar(1.0, name="x")
    y = ag.maximum(x * x, ag.minimum(x, x))
    y.backward()
    assert circuit_diagram(y, explain=True).wires[0].below == "sum of 4 branches"


NOTES = {  # CS231n, optimization-2: what stands on each leaf's wire
    "notes_neuron": {"w0": "−0.1966", "x0": "0.3932", "w1": "−0.3932", "x1": "−0.5898", "w2": "0.1966"},
    "notes_patterns": {"x": "−8", "y": "6", "z": "2", "w": "0"},
    "notes_staged": {"x": "2.06", "y": "1.592"},
}


@pytest.mark.parametrize("name", NOTES)
def test_the_notes_worked_examples(name: str) -> None:
    diagram = PICTURES[name].content.data
    leaves = {box.name: box.words for box in diagram.boxes if box.role == "parameter"}
    assert {leaves[wire.tail]: wire.gradient for wire in diagram.wires if wire.tail in leaves} == NOTES[name]
    output = next(wire for wire in diagram.wires if wire.head == "out")
    assert output.value == {"notes_neuron": "0.7311", "notes_patterns": "−20", "notes_staged": "1.546"}[name]


def test_local_gradients_of_tensors_are_growths_of_their_rms() -> None:
    diagram = PICTURES["tensors"].content.data
    told = [wire for wire in diagram.wires if "RMS" in wire.below]
    assert told
    for wire in told:
        growth, upstream = wire.below.split(" × RMS ")
        assert float(growth) * float(upstream) == pytest.approx(wire.strength, rel=2e-3)
    assert "explain tensor" in diagram.legend
    assert "explain" not in diagram.legend


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            '"];}<B>&amp;',
            "</TABLE></svg><script>alert(1)</script>",
            "a/b//c/",
            "\\N\\G\\l\\",
            "\u202eabc\u2066",
            "語" * 50,
            "x" * 10_000,
            "a\r\nb\tc\0d",
            "{rank=same; a -> b}",
        ]
    ),
)


SCOPES = HOSTILE.filter(lambda name: "" not in name.split("/"))


@settings(max_examples=20)
@given(HOSTILE, SCOPES, SCOPES)
def test_hostile_names_of_nodes_layers_and_models_are_just_text(leaf: str, layer: str, title: str) -> None:
    x = Scalar(0.5, name=leaf)
    with ag.scope(layer):
        y = ag.tanh(x * x)
    y.name = title
    with ag.scope(layer), ag.scope(title):
        z = ag.sin(y * 2)
    z.backward()
    svg = circuit(z, title=title, subtitle=leaf, explain=True).svg()
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "g", "title", "polygon", "path", "ellipse", "text", "a", "polyline"}
    sizes = [float(t.get("font-size", 14)) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert min(sizes) >= 7
    check_geometry(svg)
