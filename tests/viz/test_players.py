"""The player as its readers meet it: driven by clicks and keys in a real browser, its numbers those of the engine."""

import json
import re
from dataclasses import replace
from html import escape
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from tests.viz.accessibility import faults
from tests.viz.test_tapes import neuron, notes_example
from tests.viz.waiting import stopped
from viz.cli import main
from viz.errors import UndrawableError
from viz.labels import plain
from viz.page import Page
from viz.players import drawn, play_of, player
from viz.style import shortened

SHOWN = """() => wires.map((wire) => ({
  value: getComputedStyle(wire.value).visibility === "hidden" ? null : wire.value.textContent || null,
  gradient: wire.gradient.textContent,
  many: wire.strokes[0].classList.contains("many"),
  width: parseFloat(getComputedStyle(wire.strokes[0]).strokeWidth),
  dashed: getComputedStyle(wire.strokes[0]).strokeDasharray !== "none",
}))"""


def shown(page):
    """Return what each wire of the picture shows: value, gradient, width, dashes."""
    return page.evaluate(SHOWN)


def at(page):
    return int(page.input_value("#slider"))


def words(page):
    """Return the equations of the step as they stand on the page."""
    return page.locator("#words .equation").all_inner_texts()


def still(browser, page, **options):
    """Open a page whose wires change at once."""
    return browser(page, reduced_motion="reduce", **options)


def check_step(page, play, step):
    """Compare the picture with the tape, whose numbers are those of the engine."""
    assert at(page) == step
    for found, track in zip(shown(page), play.tape.tracks, strict=True):
        mark = next((mark for mark in reversed(track.marks) if mark.step <= step), None)
        assert found["value"] == (track.value if track.step <= step else None)
        assert found["gradient"] == (mark.words if mark else "—")
        assert found["dashed"] == (mark is not None and mark.look == "zero")
        if mark and mark.look == "" and not found["many"]:
            assert found["width"] == mark.width


def branching():
    x, y = ag.Scalar(3.0, name="x"), ag.Scalar(-2.0, name="y")
    return ag.maximum(x * x + 2 * x, y) + ag.relu(y) * x


def test_every_step_forth_and_back_shows_the_numbers_of_the_engine(browser):
    play = play_of(branching())
    page, last = still(browser, drawn(play)), len(play.tape.turns) - 1
    for step in range(last):
        check_step(page, play, step)
        page.click("#next")
    check_step(page, play, last)
    for step in range(last - 1, -1, -1):
        page.keyboard.press("ArrowLeft")
        check_step(page, play, step)


def tensors():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3) - 2, requires_grad=True, name="x")
    return (ag.relu(x) * x).sum() + (0 * x).mean()


@pytest.mark.parametrize("output", [lambda: neuron(12)[0], tensors], ids=["folded", "tensors"])
def test_jumps_show_what_steps_show(browser, output):
    play = play_of(output())
    page, last = still(browser, drawn(play)), len(play.tape.turns) - 1
    for step in (last, 1, last // 2, 0, last - 1, last // 2 + 1):
        page.locator("#slider").fill(str(step))
        check_step(page, play, step)


def test_the_gradients_on_the_last_page_are_those_of_backward(browser):
    output = notes_example()
    page = still(browser, player(output, title="(x + y) · z"))
    page.keyboard.press("End")
    output.backward()
    rows = [row.split("\t") for row in page.locator("#leaf-table tbody tr").all_inner_texts()]
    leaves = [node for node in ag.nodes(output) if node.gate is None]
    assert rows == [
        [leaf.name, f"{leaf.value:g}".replace("-", "−"), f"{leaf.grad:g}".replace("-", "−")] for leaf in leaves
    ]


def test_the_chain_rule_is_written_out_with_its_numbers(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.keyboard.press("ArrowRight")
    assert words(page) == ["v1 = x + y = (−2) + 5 = 3"]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#step-title") == "Backward: × multiply"
    assert "Switcher" in page.inner_text("#words")
    assert "local gradient: b and a" in page.inner_text("#words")
    assert words(page) == [
        "upstream: ∂f/∂f = 1",
        "∂f/∂v1 = ∂f/∂f · ∂f/∂v1 = 1 · (−4) = −4",
        "∂f/∂z = ∂f/∂f · ∂f/∂z = 1 · 3 = 3",
    ]
    assert "1 · (−4) = −4" in page.inner_text("#said")


def test_branches_add_up_before_the_eye(browser):
    x = ag.Scalar(3.0, name="x")
    page = still(browser, player(x * x + 2 * x, title="t"))
    page.keyboard.press("End")
    trunk = []
    sums = []
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
        trunk.insert(0, shown(page)[0]["gradient"])
        sums = page.locator(".sum").all_inner_texts() + sums
    assert sums == ["∂f/∂x so far: 2", "∂f/∂x adds up: 2 + 3 = 5", "∂f/∂x adds up: 5 + 3 = 8"]
    assert trunk == ["—", "2", "8"]


def test_keys_buttons_and_slider_move(browser):
    page = still(browser, player(notes_example(), title="t"))
    for key, step in (("ArrowRight", 1), ("End", 6), ("ArrowLeft", 5), ("Home", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert at(page) == step
    for button, step in (("#last", 6), ("#previous", 5), ("#first", 0), ("#next", 1)):
        page.click(button)
        assert at(page) == step
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert at(page) == 2
    assert page.inner_text("#place") == "2 of 6"
    page.keyboard.press("End")
    assert page.inner_text("#step-title") == "The gradients of the leaves"


def test_play_runs_to_the_end_and_pauses(browser):
    page = browser(player(notes_example(), title="t"))
    clock = stopped(page)
    page.select_option("#speed", "10")
    page.keyboard.press("Tab")  # out of the list of speeds
    page.locator(".stage").focus()
    page.keyboard.press(" ")
    for step in range(6):
        assert (page.inner_text("#place"), page.inner_text("#play")) == (f"{step} of 6", "Pause")
        clock.run_for(100)
    assert (page.inner_text("#place"), page.inner_text("#play")) == ("6 of 6", "Play")
    page.click("#play")  # from the start again
    clock.run_for(100)
    assert (page.inner_text("#place"), page.inner_text("#play")) == ("1 of 6", "Pause")
    page.keyboard.press("ArrowLeft")
    clock.run_for(1000)
    assert (page.inner_text("#place"), page.inner_text("#play")) == ("0 of 6", "Play")


def test_a_click_on_a_gate_goes_to_its_step(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.click("#n4 text")
    assert page.inner_text("#step-title") == "Forward: × multiply"
    page.keyboard.press("End")
    page.click("#n3 text")
    assert page.inner_text("#step-title") == "Backward: + add"
    assert page.evaluate("boxes.get('n3').classList.contains('now')")


def test_gates_are_chosen_by_keys_alone_and_light_their_path(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.keyboard.press("End")
    page.locator("#n0").focus()
    assert page.inner_text("#about") == "x, a leaf: value −2, gradient −4"
    lit = page.evaluate("[...svg.querySelectorAll('.node.lit:not(.wire)')].map((part) => part.id)")
    assert lit == ["n0", "n3", "n4", "out"]
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "n3"
    assert page.evaluate("svg.querySelectorAll('[tabindex=\"0\"]').length") == 1
    page.keyboard.press("Enter")
    assert page.inner_text("#step-title") == "Backward: + add"
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    assert page.inner_text("#step-title") == "Backward: × multiply"
    page.keyboard.press("ArrowRight")  # the step goes on, the focus stays
    assert (page.evaluate("document.activeElement.id"), at(page)) == ("n4", 5)


def test_hovering_lights_the_path_of_a_gradient(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.hover("#n2 text")
    assert page.evaluate("[...svg.querySelectorAll('.node.lit:not(.wire)')].map((part) => part.id)") == [
        "n2",
        "n4",
        "out",
    ]
    page.hover("h1")
    assert page.locator(".stage .lit").count() == 0


def test_search_and_enlarging_come_from_the_stage(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.fill("input[type=search]", "z")
    assert page.evaluate("[...svg.querySelectorAll('.found')].map((part) => part.id)") == ["n2"]
    before = page.get_attribute(".stage svg", "viewBox")
    page.locator(".stage").focus()
    page.keyboard.press("+")
    assert page.get_attribute(".stage svg", "viewBox") != before


def exercise(browser, output, mode="gradients"):
    page = still(browser, player(output, title="t"))
    page.select_option("#exercise", mode)
    page.locator(".stage").focus()
    return page


def answer(page, typed):
    """Type into the field that has the focus, or the first one; return what is said."""
    field = page.locator("#words .question input").first
    field.fill(typed)
    field.press("Enter")
    told = page.locator("#words .told").first
    return told.inner_text() if told.count() and told.inner_text() else page.inner_text("#said")


def test_the_exercise_hides_gradients_judges_answers_and_keeps_the_score(browser):
    page = exercise(browser, notes_example())
    page.evaluate("go(4)")
    assert {wire["gradient"] for wire in shown(page)} == {"—", "?", "1"}
    assert words(page)[1].startswith("∂f/∂v1 = ∂f/∂f · ∂f/∂v1 =")
    assert "(−4)" not in page.inner_text("#words")
    assert answer(page, "4").startswith("✕ not 4. Only the sign is wrong. Switcher")
    assert "Local gradient: b and a" in page.inner_text("#words")
    assert "no number" in answer(page, "four")
    assert answer(page, "−4.00") == "✓ right: −4"
    assert shown(page)[2]["gradient"] == "−4"
    assert answer(page, "9/3") == "✓ right: 3"
    assert page.evaluate("document.activeElement.id") == "next"
    page.keyboard.press("Enter")
    assert answer(page, "-4") == "✓ right: −4"
    page.click("#words button:has-text('Show')")
    assert page.inner_text("#score") == "3 of 4 right, 2 at the first try, 1 shown"
    page.click("#last")
    assert "Exercise: 3 of 4 right" in page.inner_text("#words")
    page.select_option("#exercise", "")
    assert page.inner_text("#score") == ""
    assert "?" not in {wire["gradient"] for wire in shown(page)}


def test_an_answer_asked_for_earlier_does_not_show_later(browser):
    page = exercise(browser, notes_example())
    page.keyboard.press("End")
    assert {wire["gradient"] for wire in shown(page)} == {"?", "1"}
    assert page.locator("#leaf-table td:last-child").all_inner_texts() == ["?", "?", "?"]
    page.keyboard.press("ArrowLeft")
    assert words(page)[0] == "upstream: ∂f/∂v1 = ? asked for in an earlier step"


def test_the_exercise_may_hide_values_too(browser):
    page = exercise(browser, notes_example(), "all")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert words(page)[0].startswith("f = v1 × z = ? =")
    assert [wire["value"] for wire in shown(page)] == ["−2", "5", "?", "−4", "?"]
    page.keyboard.press("ArrowLeft")
    assert answer(page, "3") == "✓ right: 3"
    page.click("#next")
    assert words(page)[0].startswith("f = v1 × z = 3 × (−4) =")
    assert "0 of" not in page.inner_text("#score")


@pytest.mark.parametrize(
    ("typed", "right", "answer"),
    [
        ("1/3", True, 1 / 3),
        ("0.333", True, 1 / 3),
        ("0.33", False, 1 / 3),
        ("−0.197", True, -0.19661193),
        ("-.1966", True, -0.19661193),
        ("–0,197", True, -0.19661193),
        ("−0.196", False, -0.19661193),
        ("2e−3", True, 0.002),
        (" 1 234 ", True, 1234.4),
        ("1230", True, 1234.4),
        ("1240", False, 1234.4),
        ("0", True, 0.0),
        ("0.001", False, 0.0),
        ("0", False, 1e-12),
        ("-1/-2", True, 0.5),
        ("1/0", False, 1.0),
        ("", False, 0.0),
        ("0x10", False, 16.0),
        ("1/2/3", False, 1 / 6),
    ],
)
def test_answers_count_to_three_digits_however_they_are_written(judge, typed, right, answer):
    assert judge.evaluate("([typed, answer]) => judged(typed, { answer, hint: '' })[0]", [typed, answer]) is right


@pytest.fixture(scope="module")
def judge(chromium, tmp_path_factory):
    """A page whose script judges answers."""
    path = player(notes_example(), title="t").save(tmp_path_factory.mktemp("judge") / "page.html")
    page = chromium.new_page()
    page.goto(path.as_uri())
    yield page
    page.close()


def layers():
    x = ag.Scalar(0.5, requires_grad=False, name="x")
    w, v = ag.Scalar(1.5, name="w"), ag.Scalar(-0.5, name="v")
    with ag.scope("hidden"):
        h = ag.tanh(w * x)
    with ag.scope("head"):
        return ag.sigmoid(v * h)


def test_a_layer_folds_into_one_step_and_opens_again(browser):
    page = still(browser, player(layers(), title="t"))
    last, first_gate = page.evaluate("[LAST, turns[1].box]")
    visible = f"getComputedStyle(boxes.get('{first_gate}').querySelector('text')).visibility"
    frame = page.locator(".stage g.cluster").first
    frame.focus()
    page.keyboard.press("Enter")
    assert frame.get_attribute("aria-expanded") == "false"
    assert page.evaluate(visible) == "hidden"
    assert "2 gates, folded" in frame.text_content()
    visited = [at(page)]
    while visited[-1] < last:
        page.keyboard.press("ArrowRight")
        visited.append(at(page))
    assert visited == [0, 2, 3, 4, 5, 6, 7, 9, 10]
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#step-title") == "Backward: hidden, 2 gates"
    assert [line.split(" = ")[0] for line in words(page)] == ["∂f/∂w"]
    page.keyboard.press("ArrowLeft")
    assert at(page) == 7
    frame.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(visible) == "visible"


def test_tensors_show_small_arrays_whole_and_large_ones_as_a_strip(browser):
    x = ag.Tensor([[1.0, -2.0], [0.0, 4.0]], requires_grad=True, name="x")
    w = ag.Parameter([[float(i * j % 5) for j in range(20)] for i in range(2)], name="w")
    page = still(browser, player((x @ w).sum(), title="t"))
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    cells = page.locator(".array td").all_inner_texts()
    assert cells == [f"{v:g}" for v in (w.value.sum(1)[None] * [[1], [1]]).reshape(-1)]
    assert page.locator(".strip rect").count() == 2 * 24  # upstream and ∂f/∂w, two rows of twelve
    assert "shape 2×20" in page.inner_text("#words")
    assert "local gradient: u·bᵀ and aᵀ·u" in page.inner_text("#words")


def test_what_is_not_finite_stands_out_and_folds_play(browser):
    total, _, _ = neuron(12)
    with np.errstate(all="ignore"):
        output = ag.log(total - total)
    page = still(browser, player(output, title="t"))
    page.keyboard.press("End")
    assert {"NaN", "each NaN"} <= {wire["gradient"] for wire in shown(page)}
    assert page.locator(".stage .ground").count() > 3
    assert "Σ sum of 12 terms" in page.evaluate("turns.map((turn) => turn.title)")
    page.keyboard.press("Home")
    assert page.evaluate("getComputedStyle(svg.querySelector('.folded text:last-of-type')).visibility") == "hidden"


HOSTILE = [
    "<script>document.title='taken'</script>",
    '"];}</g><img src=x onerror="document.title=1">',
    "$main ${title} \\N &amp; </script>\nnew line \u202e right to left",
    "名前" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_just_text(browser, name):
    x = ag.Scalar(2.0, name=name)
    with ag.scope(name[:60]):
        y = ag.exp(x)
        y.name = name
    page = still(browser, player(y * x, title=name))
    page.keyboard.press("End")
    assert page.title() not in ("taken", "1")
    assert page.locator("#words img, #words script, .stage script, .stage image").count() == 0
    assert page.locator("#leaf-table tbody th").count() == 1
    page.locator("#n0").focus()
    assert "gradient" in page.inner_text("#about")


@settings(max_examples=15)
@given(
    name=st.text(max_size=40),
    layer=st.text(max_size=40).filter(lambda layer: "" not in layer.split("/")),
    title=st.text(max_size=40),
)
def test_any_name_and_title_leave_the_page_well_formed(name, layer, title):
    with ag.scope(layer):
        output = ag.sin(ag.Scalar(1.0, name=name)) * 2
    page = player(output, title=title)
    marked = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)
    assert len(marked) == 1
    assert page.html.count("<script") == 2
    data = json.loads(marked[0])
    if name:
        assert data["leaves"][0]["name"] == shortened(plain(name))
    assert f"<h1>{escape(plain(title))}</h1>" in page.html
    ElementTree.fromstring(re.search(r"<svg.*?</svg>", page.html, re.S)[0])


@pytest.mark.parametrize("output", [notes_example, layers], ids=["notes", "layers"])
def test_the_page_is_accessible_in_every_state(browser, output):
    page = still(browser, player(output(), title="Accessible"))
    for mode in ("", "gradients", "all"):
        page.select_option("#exercise", mode)
        for step in (1, page.evaluate("SEED + 1"), page.evaluate("LAST")):
            page.evaluate("to => go(to)", step)
            if step == 1 or mode == "gradients":
                assert faults(page) == []


def test_motion_is_only_where_it_is_wanted(browser):
    moving = """() => {
      go(SEED + 1);
      return [...svg.querySelectorAll(".back path")].map((path) => getComputedStyle(path).transitionDuration);
    }"""
    page = player(notes_example(), title="t")
    assert set(browser(page, reduced_motion="no-preference").evaluate(moving)) == {"0.25s"}
    assert set(browser(page, reduced_motion="reduce").evaluate(moving)) == {"0s"}


def test_print_shows_the_last_state(browser):
    page = still(browser, player(notes_example(), title="t"))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert at(page) == 6
    assert not page.is_visible("#controls")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert at(page) == 0


def test_a_narrow_window_scrolls_down_and_not_sideways(browser):
    page = still(browser, player(layers(), title="t"), viewport={"width": 360, "height": 700})
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_inputs_that_do_not_fit_are_told_by_the_player():
    with pytest.raises(UndrawableError, match=r"^player: missing a required argument: 'y'.*player\(f, x, y\)"):
        player(lambda x, y: x * y, 1.0)


def test_in_a_notebook_numbers_stand_where_they_belong_though_it_was_hidden(browser, tmp_path):
    page = player(layers(), title="t")
    places = """() => [...svg.querySelectorAll("g[id] text, g[id] line")].map((part) =>
      ["x", "y", "x1", "x2", "y1"].map((name) => part.getAttribute(name)).join())"""
    notebook = tmp_path / "notebook.html"
    output = f'<div id="output" style="display: none">{page._repr_html_()}</div>'
    notebook.write_text(f'<!DOCTYPE html><html lang="en"><title>notebook</title>{output}', encoding="utf-8")
    opened = browser(notebook)
    opened.evaluate("document.getElementById('output').style.display = ''")
    frame = opened.frames[1]
    frame.locator(".stage svg").wait_for(state="visible")
    assert frame.evaluate(places) == browser(page).evaluate(places)


def test_a_player_of_a_function_and_a_page_made_from_its_data(browser):
    page = player(lambda a, b: ag.sin(a) * b, 0.5, 2.0, title="f")
    assert isinstance(page, Page)
    assert page.title == "f"
    play = play_of(notes_example(), title="data")
    again = drawn(replace(play))
    assert again.html == drawn(play).html
    assert re.search(r"<h1>data</h1>", again.html)


def test_the_command_writes_a_page_that_plays(browser, tmp_path, capsys):
    file = tmp_path / "play.html"
    assert main(["play", "(x + y) * z", "x=-2", "y=5", "z=-4", "-o", str(file)]) == 0
    out = capsys.readouterr().out
    assert f"written: {file}" in out
    assert "space plays" in out
    page = still(browser, file)
    page.keyboard.press("End")
    assert "z\t−4\t3" in page.locator("#leaf-table tbody").inner_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["(x + y) * z", "x=-2"], "'y' has no value"),
        (["x * ", "x=2"], "syntax error"),
        (["2 * 3"], "no name in it"),
    ],
)
def test_wrong_use_of_the_command_exits_with_2_and_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["play", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
