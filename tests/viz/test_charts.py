import itertools
import math
import os
import re
import sys
import types
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import viz
from tests.viz.geometry import SVG, Rectangle, texts
from viz.charts import Axis, Band, Bars, ChartData, Field, Line, Panel, Points, Rule, Zone, chart
from viz.charts.bands import levels_of
from viz.charts.contours import loops
from viz.charts.drawing import svg_of
from viz.charts.lettering import fitted, width_of, wrapped
from viz.charts.scales import Scale, round_numbers, scale, ticks
from viz.charts.words import DASHES, HATCHES, INKS, MARKS, RAMPS
from viz.errors import ChartError, ExchangeError, FormatError, UnknownThemeError
from viz.exchange import decoded, read
from viz.page import PAGE_THEME
from viz.style import DARK, LIGHT, Theme

HOSTILE = [
    "<script>alert(1)</script>",
    "</svg>",
    '"]; --',
    "&lt;&#x3c;",
    "a\nb\x00\u202ec",
    "שלום",
    "漢字" * 40,
    "x" * 10_000,
]
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
LABELS = NAMES.filter(lambda words: words.strip())
NUMBERS = st.one_of(st.floats(-5, 5), st.floats())
FINITE = st.floats(-1e3, 1e3)


@st.composite
def grids(draw: st.DrawFn, heights: st.SearchStrategy[float] = NUMBERS) -> Field:
    x, y = (sorted(draw(st.sets(st.integers(-50, 50), min_size=2, max_size=6))) for _ in "xy")
    rows = [[draw(heights) for _ in x] for _ in y]
    return Field(draw(NAMES), x, y, rows, ramp=draw(st.sampled_from(RAMPS)), strength=draw(st.sampled_from([1.0, 0.4])))


@st.composite
def layers(draw: st.DrawFn) -> object:
    kind, name, ink = (
        draw(st.sampled_from(["field", "line", "points", "zone", "rule", "band", "bars"])),
        draw(NAMES),
        draw(st.sampled_from(INKS)),
    )
    pairs = draw(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8))
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    dash, mark = draw(st.sampled_from(list(DASHES))), draw(st.sampled_from(MARKS))
    if kind == "line":
        return Line(name, x, y, ink, dash, mark=draw(st.sampled_from(["", mark])))
    if kind == "points":
        return Points(name, x, y, ink, mark)
    if kind == "rule":
        return Rule(name, draw(NUMBERS), draw(st.sampled_from("xy")), ink, dash)
    if kind == "zone":
        low, high = sorted(draw(st.tuples(*[st.floats(allow_nan=False)] * 2)))
        return Zone(name, low, high, ink, draw(st.sampled_from(HATCHES)))
    if kind == "band":
        return Band(name, x, y, [draw(NUMBERS) for _ in x], ink)
    if kind == "bars":
        edges = sorted(draw(st.sets(FINITE, min_size=1, max_size=6)))
        heights = [draw(NUMBERS) for _ in edges[1:]]
        return Bars(name, edges, heights, ink, draw(st.sampled_from(HATCHES)), draw(st.sampled_from([0.0, 0.5])))
    return draw(grids())


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    low, high = draw(st.sampled_from([(None, None), (1e-3, None), (None, 5.0), (0.5, 2.0)]))
    marks = draw(st.lists(st.tuples(FINITE, NAMES), max_size=4)) if draw(st.booleans()) else ()
    return Axis(draw(LABELS), low, high, draw(st.booleans()), tuple(marks))


@st.composite
def charts(draw: st.DrawFn) -> ChartData:
    panels = [
        Panel(draw(axes()), draw(axes()), tuple(draw(st.lists(layers(), max_size=3))), draw(NAMES), (draw(NAMES),))
        for _ in range(draw(st.integers(1, 3)))
    ]
    size = draw(st.sampled_from([(300.0, 160.0), (90.0, 60.0), (40.0, 40.0)]))
    return ChartData(draw(NAMES), tuple(panels), draw(NAMES), (draw(NAMES),), draw(st.integers(1, 3)), size)


def check_drawing(svg: str) -> None:
    """It is well-formed and runs nothing; all its text is readable, in the picture, and apart."""
    root = ElementTree.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    known = {"svg", "g", "path", "rect", "circle", "text", "title", "desc", "defs", "pattern", "clipPath"}
    assert tags <= known
    for element in root.iter():
        assert not any(name.startswith("on") or name.endswith("href") for name in element.attrib)
        assert not any(
            "nan" in value or "inf" in value for name, value in element.attrib.items() if name not in ("id", "class")
        )
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert all(float(element.get("font-size")) >= 7 for element in root.iter(f"{SVG}text"))
    assert root.get("width") == f"{root.get('viewBox').split()[2]}pt"  # 100 % is one to one
    width, height = map(float, root.get("viewBox").split()[2:])
    found = texts(svg)
    outside = [text for text in found if not Rectangle(0, 0, width, height).holds(text.box)]
    assert not outside
    assert not [(one, other) for one, other in itertools.combinations(found, 2) if one.box.overlaps(other.box)]


# The first number of the x axis is moved into the picture, and was so close to the next.
SMALLEST = Panel(
    Axis("x", log=True), Axis("y", ticks=((0.0, ""),)), (Line("line", (5e-324, 1.0), (0.0, 0.0), "value"),)
)


@given(charts(), st.sampled_from([LIGHT, DARK, PAGE_THEME]))
@example(ChartData("x", (SMALLEST,), size=(300.0, 160.0)), LIGHT)
def test_any_chart_is_readable_and_safe(data: ChartData, theme: Theme) -> None:
    svg = svg_of(data, theme)
    check_drawing(svg)
    assert svg == svg_of(data, theme)


@given(charts(), st.sampled_from(["light", "dark"]))
def test_a_saved_chart_is_the_same_chart(data: ChartData, theme: str) -> None:
    picture = chart(data, theme=theme)
    kind, named, found = read(picture.json())
    assert (kind, named) == ("chart", theme)
    again = chart(decoded(ChartData, found), theme=theme)
    assert again.json() == picture.json()
    assert again.source == picture.source


@given(charts())
def test_words_and_colours_come_from_data_and_theme(data: ChartData) -> None:
    data = replace(
        data,
        panels=tuple(replace(p, layers=tuple(x for x in p.layers if not isinstance(x, Field))) for p in data.panels),
    )
    for theme in (LIGHT, DARK):
        used = set(re.findall(r'(?:fill|stroke)="(#[^"]*)"', svg_of(data, theme)))
        assert used <= {value for value in vars(theme).values() if isinstance(value, str)}


@given(grids(st.integers(-4, 4).map(float)), st.sampled_from([-2.5, -0.5, 0.5, 1.5]))
def test_contours_part_high_ground_from_low(field: Field, level: float) -> None:
    found = loops(field.x, field.y, field.heights, level)
    for j, i in itertools.product(range(1, len(field.y) - 1), range(1, len(field.x) - 1)):
        turns = sum(_winding(ring, field.x[i], field.y[j]) for ring in found)
        assert turns == (field.heights[j][i] >= level)


def _winding(ring: list[tuple[float, float]], px: float, py: float) -> int:
    """How often a loop turns around a point counter-clockwise."""
    turns = 0
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        turns += (ay <= py < by and side > 0) - (by <= py < ay and side < 0)
    return turns


def test_the_middle_of_a_saddle_decides_whether_two_hills_are_one() -> None:
    hills = ((1.0, 0.0), (0.0, 1.0))
    assert [len(loops((0, 1), (0, 1), hills, level)) for level in (0.4, 0.6)] == [1, 2]


def test_the_contour_of_a_circle_is_a_circle() -> None:
    n = [i / 20 for i in range(-40, 41)]
    rings = loops(n, n, [[x * x + y * y for x in n] for y in n], 1.0)
    inner = min(rings, key=lambda ring: max(abs(x) for x, _ in ring))
    assert all(math.hypot(x, y) == pytest.approx(1, abs=2e-3) for x, y in inner)


@given(FINITE, st.floats(1e-6, 1e3), st.integers(1, 12))
def test_round_numbers_are_few_round_and_inside(low: float, length: float, most: int) -> None:
    high = low + length
    found = round_numbers(low, high, most)
    assert len(found) <= most
    assert all(low <= n <= high for n in found)
    if most >= 5:
        assert len(found) >= 2
        step = found[1] - found[0]
        assert f"{step:.6e}"[0] in "125" or f"{step:.6e}".startswith(("9.99", "4.99", "1.99"))


@given(st.floats(-300, 300), st.floats(0.01, 100), st.integers(1, 12))
def test_log_axes_are_marked_by_round_numbers(exponent: float, decades: float, most: int) -> None:
    low, high = 10**exponent, 10 ** min(exponent + decades, 307.0)
    assume(low < high)
    axis = Axis("x", low, high, log=True)
    found = [n for n, _ in ticks(axis, scale(axis, (), 0, 100), most)]
    assert len(found) <= most
    assert all(low <= n <= high for n in found)
    if decades >= 1.1 and most >= 5:
        assert len(found) >= 2
    if len(found) >= 2 and decades > 2:
        assert all(f"{n:e}"[0] in "125" for n in found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.booleans())
def test_scales_keep_order_and_hold_all_data(data: list[float], log: bool) -> None:
    laid = scale(Axis("x", log=log), data, 0, 100)
    places = [laid.place(n) for n in sorted(data) if n > 0 or not log]
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in places)
    assert places == sorted(places)


@pytest.mark.parametrize("log", [False, True])
def test_a_line_goes_through_its_numbers(log: bool) -> None:
    """Read the path back: it is the data, to the last hundredth of a point."""
    x, y = (1.0, 2.0, 5.0), (0.1, 10.0, 3.0)
    panel = Panel(Axis("x", 0.5, 6.0), Axis("y", 0.05, 20.0, log=log), (Line("curve", x, y),))
    svg = svg_of(ChartData("t", (panel,), size=(300, 200)), LIGHT)
    group = next(g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.get("class") == "line")
    drawn = [float(n) for n in re.findall(r"[-\d.]+", group.find(f"{SVG}path").get("d"))]
    frame = next(ElementTree.fromstring(svg).iter(f"{SVG}clipPath")).find(f"{SVG}rect")
    left, top, width, height = (float(frame.get(key)) for key in ("x", "y", "width", "height"))
    across, up = Scale(0.5, 6, left, left + width), Scale(0.05, 20, top + height, top, log)
    assert drawn == pytest.approx(
        [c for a, b in zip(x, y, strict=True) for c in (across.place(a), up.place(b))], abs=0.01
    )


def test_a_line_breaks_where_there_is_no_number() -> None:
    panel = Panel(Axis("x"), Axis("y"), (Line("curve", range(7), (1, 2, math.nan, 3, 4, math.inf, 5)),))
    group = next(
        g
        for g in ElementTree.fromstring(svg_of(ChartData("t", (panel,)), LIGHT)).iter(f"{SVG}g")
        if g.get("class") == "line"
    )
    assert re.sub(r"[-\d. ]", "", group.find(f"{SVG}path").get("d")) == "MLMLM"


def _drawn(layer: object, kind: str) -> tuple[list[list[float]], Scale, Scale]:
    """Return the outlines that a layer is drawn with, ring by ring, on a plot up to (4, 10), and its scales."""
    panel = Panel(Axis("x", 0, 4), Axis("y", 0, 10), (layer,))
    root = ElementTree.fromstring(svg_of(ChartData("t", (panel,), size=(300, 200)), LIGHT))
    frame = next(root.iter(f"{SVG}clipPath")).find(f"{SVG}rect")
    left, top, width, height = (float(frame.get(key)) for key in ("x", "y", "width", "height"))
    path = next(g for g in root.iter(f"{SVG}g") if g.get("class") == kind).find(f"{SVG}path").get("d")
    rings = [[float(n) for n in re.findall(r"[-\d.]+", ring)] for ring in path.split("Z")[:-1]]
    return rings, Scale(0, 4, left, left + width), Scale(0, 10, top + height, top)


def test_bars_stand_on_zero_between_their_edges() -> None:
    rings, x, y = _drawn(Bars("count", (0, 1, 2, 4), (5, 0, 8), gap=0.5), "bars")  # no bar where nothing was counted
    assert rings == [
        pytest.approx([x.place(left), y.place(0), y.place(top), x.place(right), y.place(0)], abs=0.01)
        for left, right, top in ((0.25, 0.75, 5), (2.5, 3.5, 8))
    ]


def test_a_band_lies_between_its_edges_and_breaks_where_there_is_no_number() -> None:
    rings, x, y = _drawn(Band("runs", (0, 1, 2, 3, 4), (1, 2, math.nan, 3, 4), (5, 6, 7, 8, 9)), "band")
    around = [((0, 5), (1, 6), (1, 2), (0, 1)), ((3, 8), (4, 9), (4, 4), (3, 3))]
    assert rings == [pytest.approx([n for a, b in r for n in (x.place(a), y.place(b))], abs=0.01) for r in around]


def test_bars_and_bands_are_told_hatched_and_in_the_legend() -> None:
    layers = (Bars("before", (0, 1, 2), (3, 1), hatch="rising"), Band("runs", (0, 2), (1, 1), (2, 2.5), "gradient"))
    svg = svg_of(ChartData("t", (Panel(Axis("x"), Axis("y"), layers),)), LIGHT)
    told = ElementTree.fromstring(svg).find(f"{SVG}desc").text
    assert "before: 2 bars, from 3 to 1, lowest 1, highest 3; runs: at the end from 1 to 2.5" in told
    assert {"before", "runs"} <= {text.words for text in texts(svg)}
    assert re.findall(r'<pattern id="([^"]*)"', svg) == ["hatch-rising-value"]
    assert svg.count("url(#hatch-rising-value)") == 2  # of the bars, and of their sample in the legend


def test_golden_svg() -> None:
    """UPDATE_GOLDEN=1 rewrites the file; look at the picture before you commit it."""
    steps = tuple(float(step) for step in range(11))
    curves = Panel(
        Axis("step"),
        Axis("loss (nats)", log=True),
        (
            Line("train", steps, tuple(2.3 * 0.7**step for step in steps)),
            Line(
                "validation", steps, tuple(0.4 + 1.9 * 0.6**step for step in steps), "gradient", "dashed", mark="square"
            ),
            Zone("overfitting", 6, math.inf),
            Rule("chance", 2.3, "y"),
        ),
        "curves",
        ("Both fall, then one of them stops.",),
    )
    bowl = Field("loss", steps, steps, tuple(tuple((x - 4) ** 2 + (y - 6) ** 2 / 2 for x in steps) for y in steps))
    plane = Panel(Axis("a"), Axis("b"), (bowl, Points("here", (2,), (2,), "critical", "cross", 9.0)), "a bowl")
    drawn = svg_of(ChartData("Two charts", (curves, plane), "of one run", ("seed 0",), 2, (240.0, 160.0)), LIGHT)
    path = Path(__file__).parent / "golden" / "chart.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn
    check_drawing(drawn)


def test_the_legend_names_each_look_once() -> None:
    panels = [
        Panel(Axis("x"), Axis("y"), (Line("f", (0, 1), (0, 1)), Line("g", (0, 1), (1, 0), "gradient", "dashed")))
        for _ in range(3)
    ]
    words = [text.words for text in texts(svg_of(ChartData("t", tuple(panels), columns=3), LIGHT))]
    assert (words.count("f"), words.count("g"), words.count("x"), words.count("y")) == (1, 1, 3, 3)


def test_the_bands_of_a_field_are_in_the_legend_with_their_numbers() -> None:
    field = Field("loss", (0, 1, 2), (0, 1), ((0, 1, 2), (2, 3, 4)), levels=(1, 2.5))
    words = [text.words for text in texts(svg_of(ChartData("t", (Panel(Axis("x"), Axis("y"), (field,)),)), LIGHT))]
    assert {"loss, up to", "1", "2.5", "above"} <= set(words)
    assert levels_of(replace(field, levels=())) == (1.0, 2.0, 3.0, 4.0)
    holes = replace(field, heights=((math.nan, 1, 2), (2, 3, 4)))
    assert "NaN" in [
        text.words for text in texts(svg_of(ChartData("t", (Panel(Axis("x"), Axis("y"), (holes,)),)), LIGHT))
    ]


def test_what_is_drawn_is_also_told() -> None:
    panel = Panel(
        Axis("step"), Axis("loss (nats)"), (Line("run", (0, 1), (2, 0.5)), Zone("late", 0.5, math.inf)), "curves"
    )
    root = ElementTree.fromstring(svg_of(ChartData("Training", (panel,)), LIGHT))
    assert root.find(f"{SVG}title").text == "Training"
    told = root.find(f"{SVG}desc").text
    assert told == "curves: loss (nats) over step. run: from 2 to 0.5, lowest 0.5, highest 2; late from 0.5 to ∞."


@given(st.text(), st.floats(20, 400), st.sampled_from([9.0, 12.0]))
def test_words_are_shortened_until_they_fit(words: str, room: float, size: float) -> None:
    short = fitted(words, size, room)
    assert width_of(short, size) <= room
    assert len(short) <= max(len(words), 1)
    lines = wrapped(words, size, room)
    assert len(lines) <= 3
    assert all(width_of(line, size) <= room for line in lines)


def test_words_that_fit_are_left_alone_and_wrapped_at_blanks() -> None:
    assert fitted("loss (nats)", 10, 100) == "loss (nats)"
    assert " ".join(wrapped("one two three four five six", 10, 70)) == "one two three four five six"


CURVE = Line("f", (0, 1), (0, 1))
SMALL = ChartData("two points", (Panel(Axis("x"), Axis("y"), (CURVE,)),))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Axis(" "), "label is empty"),
        (lambda: Axis("x", 2, 1), "low=2 is not below high=1"),
        (lambda: Axis("x", 0, 1, log=True), "positive and finite on a log axis"),
        (lambda: Axis("x", math.nan), "expected ends that are finite"),
        (lambda: Line("f", (1, 2), (1,)), "Line 'f': 2 x and 1 y"),
        (lambda: Line("f", (), (), ink="vlaue"), "did you mean 'value'"),
        (lambda: Points("p", (), (), mark="cirle"), "did you mean 'circle'"),
        (lambda: Zone("z", 1, 0), "low=1 is above high=0"),
        (lambda: Zone("z", math.nan, 0), "low=nan"),
        (lambda: Rule("r", 1, "z"), "axis='z' is unknown"),
        (lambda: Field("h", (0, 1), (0, 1), ((0, 1),)), "1 rows of .2. heights, expected 2 of 2"),
        (lambda: Field("h", (1, 0), (0, 1), ((0, 1), (0, 1))), "two rising, finite numbers"),
        (lambda: Field("h", (0, 1), (0, 1), ((0, 1), (0, 1)), levels=(1, 0)), r"levels=\(1, 0\)"),
        (lambda: Band("b", (0, 1), (0, 1), (1,)), "Band 'b': 2 x and 1 high"),
        (lambda: Bars("b", (0, 1), (1, 2)), "2 edges for 2 heights"),
        (lambda: Bars("b", (1, 0), (1,)), "expected rising, finite edges"),
        (lambda: Bars("b", (0, 1), (1,), gap=1.0), "gap=1.0, expected a share"),
        (lambda: Bars("b", (0, 1), (1,), hatch="risign"), "did you mean 'rising'"),
        (lambda: ChartData("t", ()), "there are no panels"),
        (lambda: replace(SMALL, size=(10, 10)), "sides of 40 to 4,000"),
    ],
)
def test_what_does_not_fit_is_told(make: object, words: str) -> None:
    with pytest.raises(ChartError, match=words):
        make()


def test_a_chart_is_saved_in_every_format_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = chart(SMALL, theme="dark")
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg() == picture.source
    loaded = viz.load(picture.save(tmp_path / "a.json"))
    assert (loaded.source, loaded.title) == (picture.source, "two points")
    page = picture.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "two points" in page
    assert "var(--value)" in page
    converted = types.SimpleNamespace(svg2png=lambda bytestring, dpi: bytestring[:4] + b"%d" % dpi, svg2pdf=None)
    monkeypatch.setitem(sys.modules, "cairosvg", converted)
    assert picture.save(tmp_path / "a.png", dpi=50).read_bytes() == b"<svg50"
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(FormatError, match=r"only SVG, not PDF.*autograd-cnn\[png\]"):
        picture.save(tmp_path / "a.pdf")
    with pytest.raises(FormatError, match=r"a chart .* save it as \.svg"):
        picture.save(tmp_path / "a.dot")
    with pytest.raises(UnknownThemeError):
        chart(SMALL, theme="drak")


def test_a_damaged_chart_is_told(tmp_path: Path) -> None:
    path = chart(SMALL).save(tmp_path / "a.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"x":[0.0,1.0]', '"x":[0.0]'), encoding="utf-8")
    with pytest.raises(ExchangeError, match="1 x and 2 y"):
        viz.load(path)


def test_pages_can_hold_several_charts() -> None:
    picture = chart(replace(SMALL, panels=(replace(SMALL.panels[0], layers=(CURVE, Zone("z", 0, 1))),)))
    assert picture._repr_mimebundle_()["image/svg+xml"] == picture.source
    svg = picture.svg("first-")
    assert re.findall(r' id="([^"]*)"', svg) == ["first-hatch-rising-saturated", "first-plot0"]
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) == {"first-hatch-rising-saturated", "first-plot0"}
    check_drawing(svg)
