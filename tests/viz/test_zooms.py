"""The zoom page: its numbers are the engine's, and every level is reached by clicks, keys and addresses."""

import json
import re
import urllib.parse

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import health, nn
from autograd_cnn.errors import OutOfRangeError, UnknownNameError
from tests.viz.accessibility import faults
from tests.viz.test_zoom_terms import elements, parts, small_network
from tests.viz.waiting import until
from viz.errors import TooLargeError, UndrawableError
from viz.exchange import decoded, encoded
from viz.labels import plain
from viz.style import number
from viz.zooms.data import Zoom
from viz.zooms.sections import _key
from viz.zooms.writing import drawn
from viz.zooms.zooming import zoom_data


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.DOTALL)[1])


@pytest.fixture(scope="module")
def network():
    _, loss = small_network(dead=(1, 4))
    return loss, viz.zoom(loss, sample=7, title="A network")


def shown(x):
    """Return a number as the page writes what it holds in single precision."""
    return "—" if x is None else number(float(np.float32(x)))


def rows(page, kind="table.terms"):
    return page.eval_on_selector_all(
        f"{kind} tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )


def show_all(page):
    if page.get_by_role("button", name="Show all").count():
        page.get_by_role("button", name="Show all").click()


def element_of(loss, section, index, sample):
    """Return the engine's expansion of one element, with its gradients."""
    part = next(part for part in parts(loss)[0] if part.key == section)
    whole = ag.expand(part.output, level="scalar", index=(sample, *index), inputs=part.entering)
    whole.backward()
    return whole, part


@pytest.mark.parametrize(
    ("section", "entering", "terms"), [("conv1", "input", 9), ("conv2", "conv1", 18), ("fc", "flatten", 24)]
)
def test_shown_products_are_those_of_expand(network, browser, section, entering, terms):
    loss, made = network
    shape = next(s for s in data_of(made)["sections"] if s["key"] == section)["value"]["shape"]
    page = browser(made)
    for index in np.random.default_rng(0).integers(0, shape, (5, len(shape))).tolist():
        go(page, f"{section}/unit/{index[0]}/element/{','.join(map(str, index))}")
        assert page.locator("#here").text_content() == f"Element ({', '.join(map(str, index))}) of {section}"
        show_all(page)
        expected = expanded_products(loss, section, index, entering)
        assert sorted(row[1:] for row in rows(page)) == sorted(expected)
        assert len(expected) == terms


def expanded_products(loss, section, index, entering):
    """Return what the table of an element should say, from the engine's own expansion of it."""
    whole, part = element_of(loss, section, index, 7)
    place = {}
    for (leaf, at), scalar in whole.scalars.items():
        trained = leaf in part.parameters
        place[scalar] = f"{'weight' if trained else entering}[{','.join(map(str, at if trained else at[1:]))}]"
    expected = []
    for product in ag.nodes(whole.output, gate="multiply"):
        ends = [x for x in product.inputs if isinstance(x, ag.Scalar)]
        weight = next(x for x in ends if place[x].startswith("weight"))
        data = next((x for x in ends if x is not weight), None)
        input_words = ["padding", "0"] if data is None else [place[data], shown(data.value)]
        gradients = ["—" if data is None else shown(data.grad), shown(weight.grad)]
        middle = [place[weight], shown(weight.value), shown(product.value), shown(product.grad)]
        expected.append([*input_words, *middle, *gradients])
    return expected


def go(page, place):
    """Go to a place of the page by its address."""
    page.evaluate("hash => goTo(hash)", place)


def test_the_circuit_shows_the_bias_the_activation_and_the_gradient(network, browser):
    loss, made = network
    whole, part = element_of(loss, "conv2", (0, 1, 1), 7)
    page = browser(made)
    go(page, "conv2/unit/0/element/0,1,1")
    relu = whole.output
    bias = next(s for (leaf, _), s in whole.scalars.items() if leaf.name == "bias")
    drawn = page.locator("svg.circuit text").all_text_contents()
    for words in ("Σ", "+", "ReLU", "×", "bias[0]", "+ 15 more products"):
        assert words in drawn
    before = relu.inputs[0]
    for x in (relu, before, next(x for x in before.inputs if x is not bias)):
        assert shown(x.value) in drawn
        assert shown(x.grad) in drawn
    assert shown(bias.value) in drawn
    assert shown(part.output.grad[7, 0, 1, 1]) in page.locator("dl.about").first.text_content()


def test_a_pool_shows_which_input_won(network, browser):
    loss, made = network
    whole, part = element_of(loss, "pool", (2, 1, 0), 7)
    page = browser(made)
    go(page, "pool/unit/2/element/2,1,0")
    expected = [[shown(scalar.value), shown(scalar.grad)] for scalar in whole.scalars.values()]
    found = rows(page)
    assert sorted(row[2:4] for row in found) == sorted(expected)
    winners = [row for row in found if "wins" in row[4]]
    assert len(winners) == 1
    assert winners[0][2] == shown(part.output.value[7, 2, 1, 0])
    assert winners[0][3] == shown(part.output.grad[7, 2, 1, 0])


def test_a_unit_shows_its_weights_and_their_gradients(network, browser):
    loss, made = network
    part = next(part for part in parts(loss)[0] if part.key == "conv2")
    weight = next(p for p in part.parameters if p.ndim == 4)
    page = browser(made)
    go(page, "conv2/unit/5")
    titles = page.eval_on_selector_all("svg.map[aria-label] title", "all => all.map(title => title.textContent)")
    expected = [shown(x) for x in (*weight.value[5].ravel(), *weight.grad[5].ravel())]
    assert titles == expected
    bars = page.eval_on_selector_all("svg.bars", "all => all.map(svg => svg.getAttribute('aria-label'))")
    rms = np.sqrt(np.mean(np.square(part.output.grad[:, 5].astype(float)), axis=(1, 2)))
    assert any(shown(rms.max()) in words and words.startswith("Arrives") for words in bars)
    labels = page.eval_on_selector_all(".pick button", "all => all.map(button => button.getAttribute('aria-label'))")
    assert labels == [
        f"element (5, {y}, {x}): {shown(part.output.value[7, 5, y, x])}" for y in range(4) for x in range(4)
    ]


def test_a_dead_unit_and_its_gates_are_four_clicks_away(network, browser):
    loss, made = network
    part = next(part for part in parts(loss)[0] if part.key == "conv2")
    before = part.activations[-1].inputs[0].value[:, 4]
    page = browser(made)
    page.locator("#network g.card[aria-label^=conv2]").click()
    page.get_by_role("button", name="channel 4: dead on all samples").click()
    assert (
        f"Dead: pre-activation at most {number(float(before.max()))} on all 40 samples"
        in page.locator(".reason").text_content()
    )
    page.get_by_role("button", name="element (4, 1, 1): 0").click()
    assert page.locator("svg.circuit").count() == 1
    assert set(row[6] for row in rows(page)) == {"0"}  # the gradient on each product
    assert page.locator("#crumbs").text_content() == "networkconv2unit 4element (4, 1, 1)"
    page.locator("svg.circuit a, table.terms a").first.click()
    assert "conv1" in page.locator("#crumbs").text_content()


def test_back_forward_escape_and_deep_links(network, browser, tmp_path):
    _, made = network
    page = browser(made)
    page.get_by_role("link", name="conv1", exact=True).last.click()
    page.get_by_role("button", name="channel 2: active").click()
    page.keyboard.press("Tab")
    page.go_back()
    until(lambda: page.locator("#here").text_content() == "conv1")
    page.go_forward()
    until(lambda: page.locator("#here").text_content() == "Unit 2 of conv1")
    assert page.title() == "A network › conv1 › unit 2"  # noqa: RUF001
    go(page, "conv1/unit/3/element/3,1,2")
    assert page.locator("svg.circuit").count() == 1
    seen = []
    for _ in range(3):
        page.keyboard.press("Escape")
        seen.append(page.evaluate("location.hash"))
    assert seen == ["#conv1/unit/3", "#conv1", ""]
    assert page.locator("#network").is_visible()
    for nowhere in ("#nothing", "#conv1/unit/99", "#conv1/unit/1/element/9,9,9", "#%E0%A4%A", "#conv1/element/1"):
        go(page, nowhere)
        assert page.locator("h2:visible").count() > 0


def test_keys_alone_reach_an_element(network, browser):
    _, made = network
    page = browser(made)
    page.locator("#network g.card").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "here"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#here").text_content() == "Unit 2 of conv2"
    grid = page.get_by_role("group", name="Elements of unit 2").locator("button")
    grid.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#here").text_content() == "Element (2, 1, 1) of conv2"


PLACES_AT_ONCE = """() => {
  const card = document.querySelectorAll("#network g.card")[1], told = [];
  const tell = () => told.push([document.activeElement.id, document.getElementById("here")?.textContent ?? "network"]);
  card.focus();
  card.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  tell();
  document.querySelectorAll("#view .units button")[2].click();
  tell();
  document.querySelectorAll("#crumbs a")[1].click();
  tell();
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  tell();
  return told;
}"""


def test_a_place_is_shown_at_once_so_that_no_key_of_a_fast_typist_goes_astray(network, browser):
    _, made = network
    page = browser(made)
    assert page.evaluate(PLACES_AT_ONCE) == [
        ["here", "conv2"],
        ["here", "Unit 2 of conv2"],
        ["here", "conv2"],
        ["network-title", "network"],
    ]


@pytest.mark.parametrize("place", ["", "conv2", "conv2/unit/4", "conv2/unit/0/element/0,1,1", "pool/unit/0", "loss"])
def test_every_level_is_accessible(network, browser, place):
    _, made = network
    page = browser(made, reduced_motion="reduce")
    go(page, place)
    assert faults(page) == []


@pytest.mark.parametrize("width", [400, 800])
def test_a_small_window_needs_no_scrolling_sideways(network, browser, width):
    _, made = network
    page = browser(made, viewport={"width": width, "height": 800})
    for place in ("", "conv2", "conv2/unit/4", "conv2/unit/0/element/0,1,1"):
        go(page, place)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_notebook_shows_it_in_a_frame_without_an_address(network, browser, tmp_path):
    _, made = network
    path = tmp_path / "notebook.html"
    path.write_text(f'<!DOCTYPE html><html lang="en"><title>notebook</title>{made._repr_html_()}', encoding="utf-8")
    frame = browser(path).frames[1]
    frame.locator("#network g.card[aria-label^=conv2]").click()
    frame.get_by_role("button", name="channel 0: active").click()
    assert frame.locator("#here").text_content() == "Unit 0 of conv2"
    frame.locator("#crumbs a").first.click()
    assert frame.locator("#network").is_visible()


def test_printing_shows_what_is_open(network, browser):
    _, made = network
    page = browser(made)
    go(page, "conv2/unit/4")
    page.emulate_media(media="print")
    assert page.locator("#view svg.bars").first.is_visible()
    assert not page.locator("#network").is_visible()


HOSTILE = [
    "<script>alert(1)</script>",
    '"];x[label="',
    "&lt;b&gt; \\N \\G",
    "two\nlines",
    "\u202eright to left",
    "שלום 日本語",
    "a/unit/3/element/0",
    "__proto__",
    "x" * 10_000,
]


@given(st.lists(st.text(max_size=300), max_size=8))
def test_keys_of_sections_are_unique_and_fit_an_address(names):
    taken = set()
    keys = [_key(name, taken) for name in names]
    assert len(set(keys)) == len(names)
    for key in keys:
        assert key == plain(key) != ""
        assert urllib.parse.unquote(urllib.parse.quote(key, safe="")) == key  # fails for half a surrogate pair


def test_hostile_names_are_text(browser):
    rng = np.random.default_rng(0)
    x = ag.Tensor(rng.normal(size=(4, 3)), name="<img src=x onerror=alert(1)>")
    for name in HOSTILE:
        with ag.scope(name):
            x = ag.relu(x @ ag.Parameter(np.abs(rng.normal(size=(3, 3))), name=f"{name}</script>"[:300]))
    loss = (x * x).sum()
    loss.backward()
    page = browser(viz.zoom(loss, title="<b>bold</b>"))
    keys = page.evaluate("data.sections.map(section => section.key)")
    assert len(set(keys)) == len(HOSTILE) + 1
    for key in keys[:-1]:
        go(page, page.evaluate("key => address({ section: key, unit: 1, element: [1] })", key))
        assert page.evaluate("placeOf(location.hash)") == {"section": key, "unit": 1, "element": [1]}
        assert page.locator("svg.circuit").count() == 1
    assert page.locator("h1 b, img, #view script").count() == 0


def test_a_dropout_mask_has_no_gradient(browser):
    rng = np.random.default_rng(0)
    model = nn.Sequential({"fc": nn.Linear(3, 4, rng=rng), "drop": nn.Dropout(0.5, rng=rng)})
    loss = model(ag.Tensor(rng.normal(size=(5, 3)).astype(np.float32))).sum()
    loss.backward()
    page = browser(viz.zoom(loss))
    for unit in range(4):
        go(page, f"drop/unit/{unit}/element/{unit}")
        ((_, name, _, mask, kept, _, _, to_input, to_mask),) = rows(page)
        assert (name, mask, to_mask) == (f"fc[{unit}]", f"constant[0,{unit}]", "—")
        assert kept in ("0", "2")
        assert to_input == kept  # the gradient of the sum is 1


def test_residual_networks_and_training_batch_norm(browser):
    class Block(nn.Module):
        def __init__(self, rng):
            self.conv = nn.Conv2d(2, 2, 3, padding=1, rng=rng)
            self.norm = nn.BatchNorm2d(2)
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(x + self.norm(self.conv(x)))

    rng = np.random.default_rng(0)
    model = nn.Sequential({"one": Block(rng), "two": Block(rng), "flat": nn.Flatten(), "fc": nn.Linear(32, 2, rng=rng)})
    x = ag.Tensor(rng.normal(size=(6, 2, 4, 4)).astype(np.float32), name="x")
    loss = nn.CrossEntropyLoss()(model(x), rng.integers(0, 2, 6))
    loss.backward()
    made = viz.zoom(loss)
    found = {section["key"]: section for section in data_of(made)["sections"]}
    assert "mix the samples" in found["one/norm"]["elements_note"]
    assert found["one/conv"]["elements"] is not None
    assert found["two/add_1"]["elements"]["forms"] == [{"fold": "Σ", "steps": []}]
    page = browser(made)
    go(page, "one/conv/unit/1/element/1,2,2")  # slashes as they are
    assert page.locator("#here").text_content() == "Element (1, 2, 2) of one/conv"
    go(page, "one%2Fnorm/unit/0")
    assert "mix the samples" in page.locator("#view").text_content()


def test_neurons_can_be_zoomed_through(browser):
    model = nn.NeuronMLP(2, [3, 1], rng=1)
    loss = ag.Scalar(0.0, requires_grad=False)
    for row in ([1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]):
        loss = loss + model(row) ** 2
    loss.backward()
    page = browser(viz.zoom(loss, model=model, sample=1))
    go(page, "layer1/unit/0/element/0")
    assert [row[1] for row in rows(page)][-3:] == ["layer0[0]", "layer0[1]", "layer0[2]"]
    page.locator("table.terms a", has_text="layer0[2]").click()
    assert page.locator("#here").text_content() == "Element (2) of layer0"
    shown_rows = {row[3]: row[1:] for row in rows(page)}
    neuron = model.layer0.neuron2
    assert shown_rows["w1"][3] == number(neuron.w1.value)
    assert shown_rows["w1"][1] == "3"


def test_a_loss_without_layers_goes_straight_to_its_gates(browser):
    x, y, z = ag.Scalar(-2, name="x"), ag.Scalar(5, name="y"), ag.Scalar(-4, name="z")
    f = (x + y) * z
    f.backward()
    page = browser(viz.zoom(f))
    words = page.locator("#network svg").text_content()
    assert all(w in words for w in ("x", "−12", "−4", "3"))
    assert page.locator("#crumbs").text_content() == "network"


def test_a_report_of_the_training_gives_units_and_findings():
    _, loss = small_network(dead=(1, 4))
    own = health.inspect(loss)
    past = ag_report_with_all_silent(own)
    found = next(s for s in data_of(viz.zoom(loss, report=past))["sections"] if s["key"] == "conv2")
    assert found["units"]["states"] == ["silent"] * 6
    assert found["units"]["reasons"][0].startswith("Silent when it was watched; on this batch")


def ag_report_with_all_silent(report):
    from dataclasses import replace

    layers = tuple(
        replace(layer, units=replace(layer.units, dead=(), silent=tuple(range(layer.units.count))))
        if layer.units
        else layer
        for layer in report.layers
    )
    return replace(report, layers=layers, samples=4000)


def test_layers_and_terms_keep_a_page_small():
    _, loss = small_network()
    some, few = viz.zoom(loss, layers=["fc"]), viz.zoom(loss, layers=["conv2"], most_terms=100)
    found = {section["key"]: section for section in data_of(some)["sections"]}
    assert found["fc"]["elements"] is not None
    assert found["conv1"]["units"] is None
    assert found["conv1"]["elements_note"] == "this layer was left out by layers="
    note = next(s for s in data_of(few)["sections"] if s["key"] == "conv2")["elements_note"]
    assert "of 96 elements are here, those with the largest gradient; pass most_terms= for more" in note


def test_the_elements_kept_have_the_largest_gradients():
    _, loss = small_network()
    part = next(part for part in parts(loss)[0] if part.key == "conv2")
    found = elements(loss, "conv2", sample=3, most_terms=18 * 10)
    sizes = np.abs(part.output.grad[3].ravel())
    assert len(found.places) == 10
    assert sizes[found.places].min() >= np.delete(sizes, found.places).max()


def test_the_sample_is_the_one_with_the_largest_gradient():
    _, loss = small_network()
    scores = next(part for part in parts(loss)[0] if part.key == "fc").output
    assert data_of(viz.zoom(loss))["sample"] == int(np.argmax(np.square(scores.grad).sum(axis=1)))


def test_what_cannot_be_zoomed_says_why():
    model, loss = small_network()
    with pytest.raises(OutOfRangeError, match=r"sample=40, but the batch has samples 0 to 39"):
        viz.zoom(loss, sample=40)
    with pytest.raises(OutOfRangeError, match=r"sample='one'"):
        viz.zoom(loss, sample="one")
    with pytest.raises(OutOfRangeError, match=r"sample=True"):
        viz.zoom(loss, sample=True)
    with pytest.raises(UnknownNameError, match=r"no layer 'conv9'.*did you mean"):
        viz.zoom(loss, layers=["conv9"])
    with pytest.raises(UndrawableError, match=r"got list, expected a loss"):
        viz.zoom([loss])
    with pytest.raises(UndrawableError, match=r"expected the loss: a node of one element"):
        viz.zoom(loss.inputs[0])
    next(iter(model.parameters())).assign(np.zeros((4, 1, 3, 3)))
    with pytest.raises(UndrawableError, match=r"zoom before optimizer.step\(\)"):
        viz.zoom(loss)


def test_a_loss_without_gradients_or_freed_says_why():
    x, w = ag.Tensor([[1.0, 2.0]]), ag.Parameter([[3.0], [4.0]])
    loss = ag.relu(x @ w).sum()
    with pytest.raises(UndrawableError, match=r"no gradients yet; call loss.backward\(\) first"):
        viz.zoom(loss)
    loss.backward(retain="leaves")
    with pytest.raises(UndrawableError, match=r"was freed by backward\(retain='leaves'\)"):
        viz.zoom(loss)


def test_too_many_gates_without_layers_say_how_to_make_some():
    loss = ag.Scalar(0.0)
    for x in map(ag.Scalar, range(80)):
        loss = loss + (ag.exp(x) * ag.sin(x) + ag.cos(x))
    loss.backward()
    with pytest.raises(TooLargeError, match=r"^zoom: \d+ gates to draw.* no layers to choose from; make its parts in"):
        viz.zoom(loss)


def test_too_large_a_network_says_which_option_makes_it_smaller():
    x = ag.Tensor(np.ones((2, 1200), np.float32))
    with ag.scope("wide"):
        h = ag.relu(x @ ag.Parameter(np.full((1200, 900), 1e-3, np.float32)))
    with ag.scope("narrow"):
        y = h @ ag.Parameter(np.full((900, 2), 1e-3, np.float32))
    loss = y.sum()
    loss.backward()
    with pytest.raises(TooLargeError, match=r"open some layers only, such as layers=\['narrow'\]"):
        viz.zoom(loss)
    assert viz.zoom(loss, layers="narrow").html


def test_not_a_number_is_shown_as_such(browser):
    x, w = ag.Tensor([[1.0, np.inf], [0.5, 1.0]]), ag.Parameter([[1.0, 2.0], [-1.0, 0.0]], name="w")
    with ag.scope("fc"), np.errstate(all="ignore"):
        y = ag.relu(x @ w)
    loss = y.sum()
    with np.errstate(all="ignore"):
        loss.backward()
        made = viz.zoom(loss, sample=0)
    page = browser(made)
    go(page, "fc/unit/1/element/1")
    assert "NaN" in page.locator("#view").text_content()
    assert "∞" in page.locator("#view").text_content()


def test_the_page_is_made_from_plain_data_and_always_the_same():
    _, loss = small_network()
    shown = zoom_data(loss, title="A network")
    again = decoded(Zoom, json.loads(json.dumps(encoded(shown))))
    assert drawn(again).html == viz.zoom(loss, title="A network").html


def test_a_thousand_layers_are_not_opened_all_at_once():
    model = nn.Sequential(*[layer for _ in range(101) for layer in (nn.Linear(2, 2), nn.Flatten())])
    loss = model(ag.Tensor(np.ones((1, 2), np.float32))).sum()
    loss.backward()
    with pytest.raises(TooLargeError, match=r"202 layers to open.*at most 200.*layers=\['200', '201'\]"):
        viz.zoom(loss)
    assert viz.zoom(loss, layers=["200", "201"]).html
