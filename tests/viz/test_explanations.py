"""Explain pictures: what is lit, what is written, and the page on which one path lights up alone."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import Scalar
from tests.viz.accessibility import faults
from tests.viz.references import deep, paths, sigmoid_neuron, staged
from tests.viz.test_circuits import check_geometry, expressions
from viz.errors import UndrawableError
from viz.explanations import path_diagram, sum_words
from viz.style import number


def numbers_in(factors: str) -> tuple[list[float], float]:
    """Return the factors and the product of ``2 · (−3) = −6``."""
    left, _, right = factors.replace("(", "").replace(")", "").replace("−", "-").rpartition(" = ")
    return [float(x) for x in left.split(" · ")], float(right)


@given(expressions())
def test_lit_paths_multiply_and_add_up_to_the_gradient(output: Scalar) -> None:
    """On every listed path the wires' local gradients multiply to its product, and products sum to the gradient."""
    leaves = [node for node in ag.nodes(output) if node.gate is None and node.requires_grad]
    found = ag.explain(output, leaves[0], most=50)
    shown = path_diagram(found, limit=1000)
    assert len(shown.paths) == min(found.count, 50)
    for i, path in enumerate(shown.paths, 1):
        mine = [wire for wire in shown.diagram.wires if f"path{i}" in wire.classes]
        assert all(wire.light == "lit" for wire in mine)
        assert mine[-1].head == "out"
        notes = [wire.below.removeprefix("local ").replace("−", "-") for wire in mine if wire.below]
        assert math.prod(map(float, notes)) == pytest.approx(path.product, rel=1e-2, abs=1e-12)
        if " · " in path.factors and "…" not in path.factors:
            factors, product = numbers_in(path.factors)
            assert math.prod(factors) == pytest.approx(product, rel=1e-2, abs=1e-12)
    total = sum(path.product for path in shown.paths) + found.rest
    assert total == pytest.approx(found.gradient, rel=1e-9, abs=1e-12)
    (exact,) = ag.grad(output, leaves[0], allow_unused=True)
    assert found.gradient == (0.0 if exact is None else exact)


@given(expressions())
def test_a_path_is_one_way_from_the_leaf_to_the_output(output: Scalar) -> None:
    leaf = next(node for node in ag.nodes(output) if node.gate is None and node.requires_grad)
    shown = path_diagram(ag.explain(output, leaf), limit=1000).diagram
    classes = {box.name: set(box.classes) for box in shown.boxes}
    for name in {c for box in shown.boxes for c in box.classes}:
        wires = [wire for wire in shown.wires if name in wire.classes]
        heads = {wire.tail: wire.head for wire in wires}
        assert len(heads) == len(wires)  # it never splits
        here, met = next(iter({w.tail for w in wires} - {w.head for w in wires})), set()
        while here != "out":
            met.add(here)
            here = heads[here]
        assert {*met, "out"} == {box for box, own in classes.items() if name in own}
    assert all((box.light == "lit") == bool(box.classes) for box in shown.boxes)


def test_known_numbers_of_the_sigmoid_neuron() -> None:
    picture = paths()
    assert picture.title == "∂loss/∂w0 = 0.203388"
    shown = picture.content.data
    assert shown.sum_words == "2 paths: 0.4 + (−0.1966) = 0.2034"
    assert shown.paths[0].factors == "1 · 0.1 · 4 = 0.4"
    assert shown.paths[1].factors == "1 · (−0.5344) · 1 · 0.3679 · (−1) · 1 · 1 · (−1) = −0.1966"
    assert shown.diagram.subtitle == shown.sum_words
    assert {"lit", "junction"} <= set(shown.diagram.legend)


def test_what_lies_beside_the_paths_is_pale() -> None:
    shown = paths().content.data.diagram
    words = {box.words: box.light for box in shown.boxes if box.words}
    assert (words["w0"], words["exp"], words["loss"]) == ("lit", "lit", "lit")
    assert (words["w1"], words["x0"], words["w2"]) == ("dim", "dim", "dim")


def test_the_svg_says_which_paths_run_through_what() -> None:
    svg = paths().svg()
    for kind in ("node wire path2", "edge path2", "node gate path1", "node parameter path1 path2"):
        assert f'class="{kind}"' in svg
    check_geometry(svg)


def test_closed_paths_and_other_paths_are_counted() -> None:
    x = Scalar(0.5, name="x")
    y = x
    for _ in range(10):
        y = y * y + y
    picture = viz.explain(y, x, most=3)
    words = picture.content.data.sum_words
    assert words.startswith("all paths: ")
    assert "of 59,046 other paths" in words  # three ways through each of ten stages
    assert words.endswith(f"= {number(ag.grad(y, x)[0])}")


def test_terms_on_a_path_are_not_folded_away() -> None:
    leaves = [Scalar(i, name=f"x{i}") for i in range(20)]
    total = leaves[0] * 2
    for leaf in leaves[1:]:
        total = total + leaf * 3
    shown = path_diagram(ag.explain(total, leaves[10])).diagram
    assert next(box for box in shown.boxes if box.words == "x10").light == "lit"
    assert [box.words for box in shown.boxes if box.role == "folded"] == ["+ 7 more products", "+ 6 more products"]


def test_a_deep_path_runs_through_the_folded_block() -> None:
    output = deep(300)
    leaf = next(node for node in ag.nodes(output) if node.name == "x")
    shown = path_diagram(ag.explain(output, leaf))
    (block,) = (box for box in shown.diagram.boxes if box.role == "folded")
    assert (block.light, block.classes) == ("lit", ("path1",))
    assert "…" in shown.paths[0].factors


def test_one_element_of_a_tensor() -> None:
    weight = ag.Parameter(np.array([[1.0, -2.0], [0.5, 3.0]]), name="w")
    x = ag.Tensor(np.array([[2.0, 1.0]]))
    loss = ag.relu(x @ weight).sum() * 2
    picture = viz.explain(loss, weight, (0, 1))
    assert picture.title == "∂f/∂w[0,1] = 0"
    assert viz.explain(loss, weight, (1, 0)).title == "∂f/∂w[1,0] = 2"


def test_an_explanation_is_drawn_as_it_is() -> None:
    x, y = Scalar(3, name="x"), Scalar(-4, name="y")
    found = ag.explain(staged(x, y), x, most=2)
    assert viz.explain(found).source == viz.explain(found.output, x, most=2).source
    assert sum_words(found).startswith("all paths")


def test_no_gradient_is_written() -> None:
    x = Scalar(3, name="x")
    y = x * x
    viz.explain(y, x)
    assert x.grad is None
    assert y.grad is None


def test_the_output_explained_by_itself() -> None:
    x = Scalar(3, name="x")
    picture = viz.explain(x, x)
    assert picture.content.data.paths[0].product == 1
    check_geometry(picture.svg())


def test_wrong_use_is_told() -> None:
    x = Scalar(3, name="x")
    with pytest.raises(UndrawableError, match="with respect to what"):
        viz.explain(x * x)
    with pytest.raises(UndrawableError, match="alone"):
        viz.explain(ag.explain(x * x, x), x)
    with pytest.raises(ag.errors.GradientError, match="does not depend"):
        viz.explain(x * x, Scalar(1))


@given(st.text(max_size=40))
def test_any_name_is_just_text(name: str) -> None:
    x = Scalar(2.0, name=name)
    y = x * x + x
    y.name = name
    page = viz.explain(y, x).page().html
    assert page.count("<script") == 2  # the data and the script of the page itself


def test_saved_and_loaded_again(tmp_path: Path) -> None:
    picture = paths()
    again = viz.load(picture.save(tmp_path / "paths.json"))
    assert again.source == picture.source
    assert again.page().html == picture.page().html
    assert json.loads((tmp_path / "paths.json").read_text(encoding="utf-8"))["kind"] == "explanation"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes(theme: str) -> None:
    check_geometry(paths(theme).svg())


def lit(page: Any) -> list[str]:
    """Return the words of the boxes at full strength."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.stage g.node:not(.wire):not(.junction)')]"
        ".filter(g => getComputedStyle(g).opacity === '1').map(g => g.querySelector('text')?.textContent)"
    )


def test_a_path_lights_up_alone(browser: Callable[..., Any]) -> None:
    page = browser(paths().page(), reduced_motion="reduce")
    buttons = page.locator("button[data-path]")
    assert buttons.all_inner_texts() == [path.factors for path in paths().content.data.paths]
    everything = lit(page)
    buttons.nth(0).hover()
    assert sorted(lit(page)) == sorted(["w0", "x²", "×0.1", "+", "loss"])
    buttons.nth(1).hover()
    assert "exp" in lit(page)
    assert "x²" not in lit(page)
    page.mouse.move(0, 0)
    assert lit(page) == everything


def test_a_path_lights_up_by_keys_and_is_kept(browser: Callable[..., Any]) -> None:
    page = browser(paths().page(), reduced_motion="reduce")
    first, second = (page.locator("button[data-path]").nth(i) for i in (0, 1))
    first.focus()
    assert "x²" in lit(page)
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")
    assert "exp" in lit(page)  # while it has the focus
    second.blur()
    assert "exp" not in lit(page)
    assert "x²" in lit(page)  # kept
    page.keyboard.press("Escape")
    assert {"exp", "x²", "w1"} <= set(lit(page))
    assert first.get_attribute("aria-pressed") == "false"


def test_the_page_is_accessible(browser: Callable[..., Any]) -> None:
    assert not faults(browser(paths().page()))


def test_an_explanation_of_a_loss(browser: Callable[..., Any]) -> None:
    loss = sigmoid_neuron()
    leaf = next(node for node in ag.nodes(loss) if node.name == "w1")
    page = browser(viz.explain(loss, leaf).page(), color_scheme="dark")
    assert page.locator("h1").inner_text() == "∂loss/∂w1 = −0.393224"
    assert page.locator(".verdict").inner_text() == "one path: −0.3932"
