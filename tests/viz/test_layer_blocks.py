"""Blocks as cards: nothing is lost, no circle closes, and any network gets small enough to read."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.health.report import Connection, Distribution, Finding, Layer, Report, Units
from tests.viz.geometry import texts
from viz.errors import UndrawableError
from viz.flows import flow
from viz.layer_blocks import MOST_CARDS, Block, with_folded_blocks

FLOW = Distribution(-8, 1, (3,), 0.0, 1e-3)


def layer(name: str, kind: str = "linear", **settings: object) -> Layer:
    return Layer(name, kind, (3,), (3,), 2, Distribution(0, 1, (1, 2), 0.0, 0.5), FLOW, **settings)


def network(names: list[str], wires: list[tuple[str, str]], **settings: object) -> Report:
    made = tuple(layer(name) for name in names)
    return Report(made, tuple(Connection(a, b, 0.5, 1e-3) for a, b in wires), (3,), 0.25, 7, 4, 100, **settings)


def chain(names: list[str]) -> Report:
    return network(names, list(pairwise(["", *names, ""])))


@st.composite
def networks(draw: st.DrawFn) -> Report:
    """Layers in random nested scopes, each wired to some that come later."""
    part = st.sampled_from(["a", "b", "c"])
    scopes = draw(st.lists(st.lists(part, max_size=3), min_size=1, max_size=30))
    names = ["/".join([*scope, f"layer{i}"]) for i, scope in enumerate(scopes)]
    wires = [("", names[0]), *pairwise(names), (names[-1], "")]
    place = st.integers(0, len(names) - 1)
    wires += [
        (names[min(p)], names[max(p)]) for p in draw(st.lists(st.tuples(place, place), max_size=8)) if p[0] != p[1]
    ]
    return network(names, list(dict.fromkeys(wires)))


def cards(report: Report) -> list[tuple[str, ...]]:
    return [tuple(x.name for x in c.members) if isinstance(c, Block) else (c.name,) for c in report.layers]


@given(networks(), st.sampled_from([True, "auto"]), st.data())
def test_every_layer_is_on_one_card_and_no_circle_closes(report: Report, fold: bool | str, data: st.DataObject) -> None:
    names = [each.name for each in report.layers]
    expand = data.draw(st.lists(st.sampled_from(names).map(lambda name: name.rpartition("/")[0] or name), max_size=2))
    folded = with_folded_blocks(report, fold, expand)
    assert sorted(name for card in cards(folded) for name in card) == sorted(names)
    assert sum(each.parameters for each in folded.layers) == 2 * len(names)
    home = {name: each.name for each, card in zip(folded.layers, cards(folded), strict=True) for name in card}
    ends = {(home.get(w.source, ""), home.get(w.target, "")) for w in report.connections}
    assert {(w.source, w.target) for w in folded.connections} == {(a, b) for a, b in ends if a != b or not a}
    after = {each.name: {w.target for w in folded.connections if w.source == each.name} for each in folded.layers}
    while free := [name for name in after if not any(name in targets for targets in after.values())]:
        for name in free:
            del after[name]
    assert not after  # taken away in forward order, nothing is left: there is no circle
    for scope in expand:
        assert all((name,) in cards(folded) for name in names if name == scope or name.startswith(f"{scope}/"))


def test_a_block_that_a_path_leaves_and_enters_again_stays_open() -> None:
    names = ["a/first", "b/middle", "b/other", "a/last"]
    report = network(names, [("", "a/first"), *pairwise(["a/first", "b/middle", "b/other", "a/last", ""])])
    assert [each.name for each in with_folded_blocks(report, True).layers] == ["a/first", "b", "a/last"]


def test_what_repeats_folds_first_and_the_innermost_before_what_is_around_it() -> None:
    names = [f"stage{s}/block{b}/{x}" for s in (1, 2) for b in range(6) for x in ("conv", "norm", "relu", "add")]
    folded = with_folded_blocks(chain(["stem/conv", "stem/pool", *names, "fc"]))
    assert cards(folded)[:2] == [("stem/conv",), ("stem/pool",)]
    assert len(folded.layers) == 15
    assert folded.layers[2].name == "stage1/block0"
    assert folded.layers[2].kind == "4 linear"


@pytest.mark.parametrize("name", ["layer{}", "net/layer{}", "net/features/{}"])
def test_a_thousand_layers_in_a_row_become_runs(name: str) -> None:
    report = chain([name.format(i) for i in range(1000)])
    svg = flow(report, merge_activations=False).svg()
    folded = with_folded_blocks(report)
    assert len(folded.layers) == MOST_CARDS
    assert svg.count("(25 layers)") == MOST_CARDS
    assert [text.words for text in texts(svg) if text.words.startswith("loss")] == ["loss  0.25"]


def test_few_layers_stay_as_they_are() -> None:
    report = chain([f"block{i // 4}/layer{i}" for i in range(MOST_CARDS)])
    assert with_folded_blocks(report) is report
    assert len(with_folded_blocks(report, True).layers) == MOST_CARDS // 4


def test_a_card_shows_the_worst_of_its_layers() -> None:
    found = Finding("warning", "update", "block/b", "update 3.0e−02", "", "", "")
    worse = Finding("critical", "dead", "block/c", "50% dead", "", "", "")
    members = (
        layer("block/a", units=Units(4, dead=(1,)), update_ratio=1e-3),
        layer("block/b", "relu", findings=(found,), update_ratio=3e-2),
        layer("block/c", "max pool 2×2", findings=(worse,), units=Units(6, dead=(0, 1, 2), saturated=(5,))),
    )
    report = Report(
        (*members, layer("fc")), chain(["block/a", "block/b", "block/c", "fc"]).connections, (3,), 1, 0, 1, 1
    )
    block, fc = with_folded_blocks(report, True).layers
    assert [finding.words for finding in block.findings] == ["50% dead in c", "update 3.0e−02 in b"]
    assert block.units == Units(10, dead=(1, 4, 5, 6), saturated=(9,))
    assert (block.kind, block.parameters, block.update_ratio) == ("linear, relu, max pool", 6, 3e-2)
    assert fc == report.layers[-1]
    words = [text.words for text in texts(flow(report, fold=True, merge_activations=False).svg())]
    assert {"block (3 layers)", "✕ 50% dead in c", "also update 3.0e−02 in b", "5 active"} <= set(words)
    assert any("solid block" in line for line in words)


def test_wires_into_one_block_are_one_with_the_whole_gradient() -> None:
    wires = [("", "stem"), ("stem", "block/a"), ("stem", "block/add"), ("block/a", "block/add"), ("block/add", "")]
    report = network(["stem", "block/a", "block/add"], wires)
    assert len(with_folded_blocks(report, True).connections) == 3
    skip = network(
        ["stem", "block/a", "block/add", "end"], [*wires[:-1], ("block/add", "end"), ("stem", "end"), ("end", "")]
    )
    assert [(w.source, w.target) for w in with_folded_blocks(skip, True).connections].count(("stem", "block")) == 2


def test_wrong_use_says_what_to_pass() -> None:
    report = chain(["features/conv1", "features/conv2", "fc"])
    with pytest.raises(UndrawableError, match="expected True, False or 'auto'"):
        flow(report, fold="all")
    with pytest.raises(UndrawableError, match="no scope of the network; it has features"):
        flow(report, expand="feature")
