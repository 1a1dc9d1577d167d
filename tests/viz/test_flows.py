import math
import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn
from autograd_cnn.health.report import Connection, Distribution, Finding, Layer, Report, Thresholds, Units
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import brief, decades, extent, number, share, tiny
from tests.viz.geometry import page, shapes, texts
from tests.viz.measured import measured
from viz.cards import card
from viz.errors import UndrawableError, UnknownThemeError
from viz.flow_legend import packed
from viz.flows import flow, shown_report
from viz.labels import plain
from viz.layers import main_line, places, with_merged_activations
from viz.style import DARK, LIGHT, penwidth
from viz.unit_bars import unit_counts

FOLDER = Path(__file__).parent / "golden"
CARDS = {f"card {status}" for status in ("ok", "warning", "critical")}
NETWORKS = ("healthy", "dead", "saturated", "residual")


def layer(name: str, kind: str = "linear", **settings: object) -> Layer:
    bare = Layer(name, kind, (3,), (3,), 0, Distribution(0, 1, (1, 2), 0.0, 0.5), Distribution(-8, 1, (3,), 0.0, 1e-3))
    return replace(bare, **settings)


def chain(*layers: Layer, gradient: float | None = 1e-3, **settings: object) -> Report:
    names = ["", *(each.name for each in layers), ""]
    wires = tuple(Connection(a, b, 0.5, gradient) for a, b in pairwise(names))
    return replace(Report(layers, wires, (3,), 0.25, 7, 4, 100), **settings)


def broken() -> Report:
    """Return a network with every way to be unwell: NaN, infinity, exact zero, no gradient."""
    finding = Finding("critical", "vanishing", "", "vanishing", "ratio 1.0e−05; critical under 1.0e−03", "cause", "try")
    layers = (
        layer("nan", parameters=9, update_ratio=math.nan, activation=Distribution(0, 0, (), 0.0, math.nan)),
        layer("infinite", gradient=Distribution(-8, 1, (), 0.0, math.inf), update_ratio=math.inf),
        layer("cut", gradient=None, units=Units(4, dead=(0,), silent=(1,), starved=(2,), saturated=(3,))),
        layer("zero", gradient=Distribution(-8, 1, (0, 0), 1.0, 0.0), update_ratio=0.0, attenuation=-2.0),
    )
    values = ((math.nan, math.nan), (0.5, math.inf), (0.5, None), (0.5, 0.0), (math.inf, 1e-3))
    names = ["", "nan", "infinite", "cut", "zero", ""]
    wires = tuple(Connection(*ends, *v) for ends, v in zip(pairwise(names), values, strict=True))
    return Report(layers, wires, (3,), math.nan, 7, 4, 100, findings=(finding,))


def check_geometry(svg: str) -> None:
    """No text touches another, leaves its card, or leaves the page."""
    found = sorted(texts(svg), key=lambda text: text.box.top)
    assert found
    paper = page(svg)
    for i, one in enumerate(found):
        assert paper.holds(one.box), f"{one.words!r} leaves the page"
        for other in found[i + 1 :]:
            if other.box.top > one.box.bottom:
                break
            assert not one.box.overlaps(other.box), f"{one.words!r} overlaps {other.words!r}"
    for kind, outline, inside in shapes(svg, CARDS | {"input", "loss"}):
        for text in inside:
            assert outline.holds(text.box), f"{text.words!r} leaves its {kind}"


def words_of(report: Report, **settings: object) -> list[str]:
    return [text.words for text in texts(flow(report, **settings).svg())]


NUMBERS = st.one_of(
    st.sampled_from([0.0, math.nan, math.inf, 1e-300, 1e300, 1e-9]), st.floats(0, 1e3, allow_subnormal=False)
)
DECADES = st.one_of(st.sampled_from([math.nan, -math.inf]), st.floats(-617, 617))  # log10 of a ratio of two floats
NAMES = st.one_of(st.text(max_size=12), st.sampled_from(["a/b", "a/b/c", "a", "b/c", "<b>&amp;", '"];', "w" * 300]))
KINDS = st.one_of(st.sampled_from(["relu", "linear", "add", "max pool 2×2", "tanh"]), st.text(max_size=60))


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    counts = tuple(draw(st.lists(st.integers(0, 10**9), max_size=100)))
    ends = draw(NUMBERS), draw(NUMBERS)
    return Distribution(*ends, counts, draw(st.one_of(st.just(math.nan), st.floats(0, 1))), draw(NUMBERS))


@st.composite
def units(draw: st.DrawFn) -> Units:
    states = draw(st.lists(st.integers(0, 4), max_size=200))
    lists = (tuple(i for i, state in enumerate(states) if state == k) for k in (1, 2, 3, 4))
    return Units(len(states), *lists)


@st.composite
def findings(draw: st.DrawFn, name: str) -> Finding:
    words = [draw(st.text(max_size=80)) for _ in range(4)]
    severity = draw(st.sampled_from(["warning", "critical"]))
    kind = draw(st.sampled_from(["dead", "non-finite", "update"]))
    return Finding(severity, kind, name, *words, units=tuple(range(draw(st.integers(0, 40)))))


@st.composite
def layers(draw: st.DrawFn, name: str) -> Layer:
    shape = tuple(draw(st.lists(st.integers(0, 10**6), max_size=4)))
    optional = [draw(st.one_of(st.none(), kind)) for kind in (DECADES, NUMBERS, NUMBERS)]
    found = tuple(draw(st.lists(findings(name), max_size=3)))
    return Layer(
        name,
        draw(KINDS),
        shape,
        shape[1:],
        draw(st.integers(0, 10**8)),
        draw(distributions()),
        draw(st.one_of(st.none(), distributions())),
        *optional,
        draw(st.one_of(st.none(), units())),
        tuple(sorted(found, key=lambda f: f.severity)),
    )


@st.composite
def reports(draw: st.DrawFn, longest: int = 6) -> Report:
    names = [name for name in draw(st.lists(NAMES, max_size=longest, unique=True)) if name]
    made = tuple(draw(layers(name)) for name in names)
    ends = st.sampled_from(["", *names])
    wires = draw(
        st.lists(st.builds(Connection, ends, ends, NUMBERS, st.one_of(st.none(), NUMBERS)), max_size=2 * longest)
    )
    worst = tuple(finding for each in made for finding in each.findings) + tuple(
        draw(st.lists(findings(""), max_size=1))
    )
    sizes = [draw(st.integers(0, 10**6)) for _ in range(3)]
    return Report(made, tuple(wires), (1, 8, 8), draw(NUMBERS), *sizes, findings=worst, first_to_last=draw(DECADES))


@given(reports(), st.sampled_from([True, False, "auto"]), st.text(max_size=90))
def test_any_report_gives_a_picture_and_always_the_same(report: Report, merge: bool | str, title: str) -> None:
    picture = flow(report, title=title, subtitle=title, facts=[title], merge_activations=merge)
    again = flow(report, title=title, subtitle=title, facts=[title], merge_activations=merge)
    assert picture.source == again.source
    svg = picture.svg()
    ids = re.findall(r'<g id="(layer\d+)" class="node card', svg)
    assert len(ids) == len(shown_report(report, merge).layers)
    paper = page(svg)
    assert all(paper.holds(text.box) for text in texts(svg))


@settings(max_examples=15)
@given(st.data())
def test_any_chain_of_layers_has_no_overlapping_words(data: st.DataObject) -> None:
    names = data.draw(st.lists(NAMES.filter(bool), min_size=1, max_size=4, unique=True))
    check_geometry(flow(chain(*(data.draw(layers(name)) for name in names)), merge_activations=False).svg())


@pytest.mark.parametrize("name", [*NETWORKS, "broken"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_have_no_overlap_and_no_clipping(name: str, theme: str) -> None:
    report = broken() if name == "broken" else measured(name)
    check_geometry(flow(report, title=f"Digits: {name}", subtitle="test accuracy 92%", theme=theme).svg())


@pytest.mark.parametrize("name", ["dead", "saturated", "residual", "broken"])
def test_golden_dot(name: str) -> None:
    """UPDATE_GOLDEN=1 rewrites the files; look at the pictures before you commit them."""
    picture = flow(broken() if name == "broken" else measured(name), title=f"Digits: {name}")
    path = FOLDER / f"flow_{name}.dot"
    if os.environ.get("UPDATE_GOLDEN"):
        picture.save(path)
    assert picture.source == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["healthy", "dead"])
def test_the_numbers_of_a_card_are_those_of_the_report(name: str) -> None:
    report = measured(name)
    svg = flow(report).svg()
    cards = [(kind, [text.words for text in inside]) for kind, _, inside in shapes(svg, CARDS)]
    assert len(cards) == len(report.layers)
    for each, (kind, words) in zip(report.layers, cards, strict=True):
        assert kind == f"card {each.findings[0].severity if each.findings else 'ok'}"
        assert words[0] == each.name
        assert f"{extent(each.input_shape)} → {extent(each.output_shape)}" in words[2]
        if each.parameters:
            assert f"{each.parameters:,} parameters" in words[2]
            assert f"update {tiny(each.update_ratio)}" in words
        if each.parameters or each.units:
            numbers = (tiny(each.gradient.rms), f"{decades(each.attenuation)} dec", brief(each.activation.rms))
            assert set(numbers) <= set(words)


def test_dead_units_are_counted_in_their_bar_and_said_in_the_pill() -> None:
    words = words_of(measured("dead"))
    assert {"3 active", "5 dead", "✕ 62% dead", "14 dead", "✕ 88% dead"} <= set(words)
    assert "◀ bottleneck" in words
    assert "−1.43 decades in relu2" in words


def test_a_healthy_network_is_quiet() -> None:
    source = flow(measured("healthy")).source
    assert LIGHT.critical not in source
    assert LIGHT.warning not in source
    assert "bottleneck" not in source
    assert "dead on all samples" not in source
    assert "✓ healthy" in source


def test_deep_networks_merge_activations() -> None:
    report = measured("saturated")
    merged = shown_report(report)
    assert [each.name for each in merged.layers] == ["flatten", *(f"fc{i}" for i in range(1, 8))]
    first, sigmoid, both = report.layers[1], report.layers[2], merged.layers[1]
    assert both.kind == "linear + sigmoid"
    assert both.parameters == first.parameters
    assert both.units == sigmoid.units
    assert both.gradient == sigmoid.gradient
    assert both.attenuation == first.attenuation + sigmoid.attenuation
    assert shown_report(report, False) == report
    assert len(merged.connections) == len(merged.layers) + 1


def test_an_activation_stays_apart_where_its_layer_is_used_twice() -> None:
    report = chain(layer("fc", parameters=9), layer("relu", "relu"))
    assert [each.name for each in with_merged_activations(report).layers] == ["fc"]
    forked = replace(report, connections=(*report.connections, Connection("fc", "", 0.5, 1e-3)))
    assert with_merged_activations(forked) == forked


def test_a_skip_leaves_a_junction_and_enters_a_gate() -> None:
    source = flow(measured("residual")).source
    assert "layer0 -> wire1:lower:n" in source
    assert re.search(r"layer0_out -> layer7 \[.*gradient 3\.6e−05", source)  # the identity path
    assert re.search(r"layer0_out -> layer1 \[.*gradient 4\.0e−04", source)  # the residual path
    assert source.count("subgraph cluster_") == 2
    assert main_line(shown_report(measured("residual")))[:3] == ("stem", "block/conv1", "block/conv2")


def test_scopes_with_siblings_become_clusters() -> None:
    names = ("net/features/conv1", "net/features/conv2", "net/classifier/fc", "net")
    found = places([layer(name) for name in names])
    assert [found[name].path for name in names] == [("features",), ("features",), (), ()]
    assert [found[name].shown for name in names] == ["conv1", "conv2", "classifier/fc", "net"]


def test_wires_are_as_wide_as_their_gradient_dashed_at_zero_and_say_when_there_is_none() -> None:
    source = flow(chain(layer("a"), gradient=1e-3)).source
    assert source.count(f'penwidth="{penwidth(1e-3):.2f}"') == 4
    zero = flow(chain(layer("a"), gradient=0.0))
    assert zero.source.count('style="dashed"') == 4
    assert "gradient 0" in words_of(chain(layer("a"), gradient=0.0))
    assert "exactly 0" in words_of(chain(layer("a"), gradient=0.0))
    assert words_of(chain(layer("a"), gradient=None)).count("gradient —") == 2


def test_nan_is_black_and_said_in_words() -> None:
    words = words_of(broken())
    assert {"✕ NaN in value", "✕ ∞ in gradient", "update NaN", "loss  NaN", "gradient NaN", "value ∞"} <= set(words)
    assert "✕ vanishing" in words
    assert "no gradient" in words
    source = flow(broken()).source
    assert LIGHT.not_finite in source
    assert LIGHT.on_not_finite in source


def test_the_legend_lists_the_thresholds_in_use_and_only_signs_in_use() -> None:
    strict = Thresholds(dead=(0.05, 0.3))
    words = " ".join(words_of(replace(measured("dead"), thresholds=strict)))
    assert "dead > 5% ! > 30% ✕" in words
    assert "saturated" not in " ".join(words_of(chain(layer("a"))))
    assert "fan-out" in " ".join(words_of(measured("residual")))
    assert "fan-out" not in words


@pytest.mark.parametrize("count", [1, 7, 333, 10**6])
def test_one_dead_unit_of_many_still_shows(count: int) -> None:
    html = card(LIGHT, layer("a", units=Units(count, dead=(0,))), "a", Thresholds())
    dashed = re.findall(r'WIDTH="(\d+)" HEIGHT="16"[^>]*STYLE="dashed"', html)
    assert len(dashed) == 1
    assert int(dashed[0]) >= 3


@given(units())
def test_every_unit_is_in_one_state(found: Units) -> None:
    assert sum(unit_counts(found).values()) == found.count


@given(st.text(max_size=60))
def test_any_name_is_just_text(name: str) -> None:
    svg = flow(chain(layer(f"x{name}"), layer("other")), title=name, facts=[name]).svg()
    check_geometry(svg)
    assert "<script" not in svg


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"];', r"\N\l\G", "a&amp;b", "a\nb\x00", "ü→語🙂"])
def test_hostile_names_are_just_text(name: str) -> None:
    svg = flow(chain(layer(name)), merge_activations=False).svg()
    assert plain(name) in [text.words for text in texts(svg)]
    assert "<script" not in svg


@pytest.mark.parametrize("letter", ["w", "層", "&", '"', "\\", "🙂"])
def test_a_name_of_ten_thousand_letters_is_drawn(letter: str) -> None:
    """Graphviz reads at most 16,384 bytes of a quoted string, such as a tooltip."""
    svg = flow(chain(layer(letter * 10_000), layer("b")), merge_activations=False).svg()
    check_geometry(svg)
    assert "layer1" in svg


def test_wide_letters_make_short_lines() -> None:
    svg = flow(chain(layer("a")), title="題" * 100, subtitle="字" * 200, facts=["説" * 200]).svg()
    assert page(svg).right < 800
    check_geometry(svg)


def test_remedies_stand_in_the_header_once_each() -> None:
    advice = [("a", "lower the learning rate"), ("b", "lower the learning rate"), ("c", "use ReLU")]
    found = [Finding("critical", "dead", name, "9% dead", "", "", remedy) for name, remedy in advice]
    report = chain(*(layer(f.layer, findings=(f,)) for f in found), findings=tuple(found))
    words = words_of(report, merge_activations=False)
    assert {"✕ a, b: lower the learning rate", "✕ c: use ReLU"} <= set(words)
    whole = Finding("warning", "exploding", "", "exploding", "ratio 200", "", "batch norm")
    assert "try: batch norm" in words_of(replace(report, findings=(whole,)))


def test_the_bottleneck_is_marked_as_a_path_with_what_each_layer_loses() -> None:
    words = words_of(measured("saturated"))
    assert words.count("◀ bottleneck") == 1
    assert "−6.53 decades in fc2 … fc6" in words
    assert [w for w in words if w.startswith("◀ −")] == [f"◀ −1.{n} decades" for n in (36, 37, 38, 52)]
    source = flow(measured("saturated")).source
    assert sum(LIGHT.critical in line and "->" in line for line in source.splitlines()) == 10
    assert "gradient, fc7 back to flatten: lost 6.93 decades, 1.52 of them at fc6, 1.38 at fc5" in words


def test_finding_words_and_their_severity_are_the_verdict() -> None:
    found = tuple(Finding(s, "dead", "a", w, "", "", "") for s, w in (("critical", "9% dead"), ("warning", "slow")))
    said = verdict(layer("a", findings=found))
    assert (said.status, said.words, said.also) == ("critical", "9% dead", ("slow",))
    words = words_of(chain(layer("a", findings=found)))
    assert {"✕ 9% dead", "also slow"} <= set(words)


def test_a_loss_is_inspected() -> None:
    with ag.scope("fc"):
        hidden = ag.Tensor([[1.0, 2.0]], requires_grad=True) @ ag.Parameter([[1.0], [2.0]], name="weight")
    loss = (hidden * hidden).sum()
    loss.backward()
    words = words_of(loss)
    assert "fc" in words
    assert f"loss  {number(25.0)}" in words


def test_plain_numbers_fed_to_neurons_leave_no_loose_input_box() -> None:
    output = nn.NeuronMLP(2, [3, 1], rng=0)([1.0, -2.0])
    output.backward()
    source = flow(output).source
    assert 'id="loss"' in source
    assert 'id="input"' not in source


def test_dark_uses_only_colours_of_the_dark_theme() -> None:
    used = set(re.findall(r"#[0-9A-F]{6}", flow(measured("dead"), theme="dark").source))
    assert used <= {value for value in vars(DARK).values() if isinstance(value, str)}


def test_parts_are_packed_into_lines() -> None:
    assert packed(["one", "two", "three"], 14) == ["one   ·   two", "three"]
    assert packed([""], 10) == []


def test_share_never_rounds_to_all_or_nothing() -> None:
    assert [share(x) for x in (0.0, 0.001, 0.62, 0.9999, 1.0)] == ["0%", "< 1%", "62%", "> 99%", "100%"]


def test_wrong_use_says_what_to_pass() -> None:
    with pytest.raises(UndrawableError, match="got int, expected a health Report"):
        flow(3)
    with pytest.raises(UndrawableError, match=r"flow: missing .* 'x'; give one input .* as in flow\(f, x, y\)"):
        flow(nn.ReLU())
    with pytest.raises(UndrawableError, match="has no layer 'b'"):
        flow(Report((layer("a"),), (Connection("a", "b", 1.0, None),), (1,), 0.0, 0, 1, 1))
    with pytest.raises(UndrawableError, match="share one name"):
        flow(chain(layer("a"), layer("a")))
    with pytest.raises(UndrawableError, match="expected True, False or 'auto'"):
        flow(measured("dead"), merge_activations="always")
    with pytest.raises(UnknownThemeError, match="known: light, dark"):
        flow(measured("dead"), theme="drak")


@pytest.mark.parametrize("name", ["healthy", "dead", "saturated"])
def test_table_and_picture_write_every_number_alike(name: str) -> None:
    report = measured(name)
    drawn = set(words_of(report, merge_activations=False))
    lines = {line.split()[0]: line for line in report.table().splitlines() if line}
    for each in report.layers:
        for words in (tiny(each.gradient.rms), brief(each.activation.rms), decades(each.attenuation)):
            assert words in lines[each.name]
            assert not (each.parameters or each.units) or words in drawn or f"{words} dec" in drawn
