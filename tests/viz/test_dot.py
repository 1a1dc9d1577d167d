from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.geometry import texts
from viz.diagram import Box, Cluster, Diagram, Wire
from viz.dot import document, frame, straight_lines, written_order
from viz.errors import LabelError
from viz.labels import attributes, block, cell, check_labels, histogram, html_labels, plain, row, statement, table, text
from viz.picture import Picture
from viz.style import DARK, LIGHT, Theme

ANYTHING = st.text(max_size=40)
TRICKY = st.text(alphabet='\\"<>&;NlGn{}[]|\n\t -', max_size=20)


def one_box(words: str, **settings: object) -> str:
    return frame(LIGHT, "", [statement("a", text(words) or "empty", **settings)])


@given(ANYTHING | TRICKY)
def test_text_shows_what_it_was_given(words: str) -> None:
    found = [t.words for t in texts(Picture(one_box(words)).svg())]
    shown = plain(words).replace("\N{NO-BREAK SPACE}", " ")
    assert found == ([shown] if shown else ["empty"]) or not shown.strip()


@given(TRICKY)
def test_tooltips_show_what_they_were_given(words: str) -> None:
    svg = Picture(one_box("x", tooltip=f"<{words}>")).svg()
    titles = [
        (e.text or "").replace("\N{NO-BREAK SPACE}", " ")
        for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")
    ]
    assert titles == [f"<{plain(words)}>"]  # Graphviz keeps repeated spaces as no-break spaces


@given(ANYTHING | TRICKY)
def test_every_label_is_well_formed_and_found(words: str) -> None:
    label = table(row(cell(text(words, "#123456", 9, bold=True), tooltip=words)))
    dot = one_box(words, tooltip=words) + statement("b", label, color=words)
    check_labels(dot)
    assert label in list(html_labels(dot))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_histogram_columns_stand_on_the_base(counts: list[int]) -> None:
    drawn = histogram(counts, 6, 30, "#000000", "#FFFFFF")
    assert drawn.count('BGCOLOR="#000000"') == sum(count > 0 for count in counts)
    check_labels(statement("a", drawn))


@pytest.mark.parametrize("label", ["<B>x", "x</B>", "a & b", "<B><I>x</B></I>", "x <"])
def test_malformed_labels_are_told(label: str) -> None:
    with pytest.raises(LabelError, match="HTML-like label"):
        check_labels(f'digraph {{ a [label=<{label}> tooltip="<not a label"]; }}')


def test_strings_and_arrows_are_no_labels() -> None:
    dot = 'digraph { a -> b [tooltip="< \\" <B>" label=<x<BR/>y>]; "<q>" -> c }'
    assert list(html_labels(dot)) == ["x<BR/>y"]


def test_invisible_characters_are_made_visible() -> None:
    assert plain("a\nb\x00\x1b\x7f\u202e\ud800") == "a↵b␀␛␡\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


def test_primitives() -> None:
    assert attributes({"align": "left", "class_": 'a"b', "none": None}) == ' ALIGN="left" CLASS="a&quot;b"'
    assert text("") == ""
    assert text("a  b", "#000", 9) == '<FONT COLOR="#000" POINT-SIZE="9">a&#160; b</FONT>'
    assert block(3, 4) == '<TD FIXEDSIZE="TRUE" WIDTH="3" HEIGHT="4"></TD>'
    assert statement("a") == "a;"
    assert statement("a -> b", class_="x", color=None) == 'a -> b [class="x"];'


def test_a_box_shares_its_line_with_its_deepest_operand() -> None:
    boxes = (Box("x", "input"), Box("y", "input"), Box("a", "gate"), Box("b", "gate"))
    wires = (Wire("y", "b", "", "", 1.0), Wire("x", "a", "", "", 1.0), Wire("a", "b", "", "", 1.0))
    assert straight_lines(Diagram("", "", boxes, wires)) == {"b": "b", "a": "b", "x": "b", "y": "y"}


def test_clusters_nest_and_frame_their_boxes() -> None:
    boxes = (Box("x", "input", "x"), Box("a", "gate", "+"))
    inner = Cluster("s1", "inner <block>", ("a",))
    diagram = Diagram("title", "", boxes, (Wire("x", "a", "1", "2", 1.0),), (Cluster("s0", "outer", ("x",), (inner,)),))
    words = {t.words for t in texts(Picture(document(diagram, DARK)).svg())}
    assert {"title", "outer", "inner <block>", "1", "2"} <= words


def test_legend_lists_only_what_is_asked() -> None:
    diagram = Diagram("t", "", (Box("x", "input", "x"),), (), legend=("input", "zero"), facts=("step 3",))
    source = document(diagram, LIGHT)
    assert "slanted box" in source
    assert "dashed" in source
    assert "step 3" in source
    assert "double box" not in source
    assert "NaN" not in source


def test_colours_come_from_the_theme() -> None:
    diagram = Diagram("t", "s", (Box("x", "input", "x"),), ())
    assert LIGHT.ink in document(diagram, LIGHT)
    assert LIGHT.ink not in document(diagram, DARK)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_lies_on_a_path_is_lit_and_what_lies_beside_is_pale(theme: Theme) -> None:
    boxes = (
        Box("a", "parameter", "a", light="lit", classes=("path1", "path2")),
        Box("b", "parameter", "b", light="dim"),
        Box("g", "gate", "+", light="lit", classes=("path1",)),
    )
    wires = (
        Wire("a", "g", "1", "2", 1.0, light="lit", classes=("path1",)),
        Wire("b", "g", "1", "2", 1.0, light="dim"),
    )
    lines = {line.split(" [")[0]: line for line in document(Diagram("t", "", boxes, wires), theme).splitlines()}
    assert 'class="parameter path1 path2"' in lines["a"]
    assert f'color="{theme.gradient}"' in lines["a"]
    assert f'color="{theme.muted}"' in lines["b"]
    assert 'class="path1"' in lines["a -> w0:w:w"]
    assert f'color="{theme.gradient}"' in lines["a -> w0:w:w"]
    assert f'color="{theme.line}"' in lines["b -> w1:w:w"]
    assert theme.value in lines["w0"]
    assert theme.value not in lines["w1"]


def test_wires_into_a_framed_box_are_written_last_one_first() -> None:
    boxes = (Box("a", "input", "a"), Box("b", "input", "b"), Box("g", "gate", "+"), Box("h", "gate", "×"))
    wires = tuple(Wire(tail, head, "1", "2", 1.0) for head in "gh" for tail in "ab")
    framed = Diagram("t", "", boxes, wires, (Cluster("s0", "layer", ("g",)),))
    assert [i for i, _ in written_order(framed, {"g"})] == [1, 0, 2, 3]
    source = document(framed, LIGHT)
    assert 'remincross="false"' in source
    assert source.count("{rank=same;") == 2
    assert "group=" not in source  # Graphviz 2 crashes on some graphs with both
    assert "group=" in document(Diagram("t", "", boxes, wires), LIGHT)


def test_gates_of_a_rule_are_octagons_and_layers_solid_blocks() -> None:
    boxes = (Box("r", "rule", "×"), Box("s", "rule", "0 if true else x"), Box("l", "layer", "conv1", ("3 gates",)))
    lines = {line.split(" [")[0]: line for line in document(Diagram("t", "", boxes, ()), LIGHT).splitlines()}
    assert 'shape="octagon"' in lines["r"]
    assert 'shape="octagon"' in lines["s"]
    assert 'shape="box3d"' in lines["l"]
    assert 'class="layer"' in lines["l"]
