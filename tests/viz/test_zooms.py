"""The zoom page: its numbers are the engine's, and every level is reached by clicks, keys and addresses."""

import json
import math
import re
import urllib.parse

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, nn
from autograd_cnn.errors import OutOfRangeError, UnknownNameError
from autograd_cnn.health.network import read_network
from tests.viz.accessibility import faults
from tests.viz.waiting import until
from viz.errors import TooLargeError, UndrawableError
from viz.exchange import decoded, encoded
from viz.flows import shown_report
from viz.labels import plain
from viz.style import number
from viz.zooms.data import Zoom
from viz.zooms.elements import elements_of
from viz.zooms.excerpts import excerpt
from viz.zooms.sections import _key, givers_of, parts_of
from viz.zooms.writing import drawn
from viz.zooms.zooming import _shares, zoom_data


def parts(loss, model=None):
    known = None if model is None else set(model.parameters())
    network, whole = read_network(loss, known), health.inspect(loss, model=model)
    return parts_of(network, whole, shown_report(whole, merge_activations=True)), network.batch


def elements(loss, key, sample=0, most_terms=10**6):
    found, samples = parts(loss)
    part = next(part for part in found if part.key == key)
    made, note = elements_of(part, sample, samples, givers_of(found, samples), most_terms)
    assert made is not None, note
    return made


def summed(made, side):
    """Return the gradients that all terms and steps of a section's elements send to each source."""
    sizes = [math.prod(source.shape) for source in made.sources]
    total = np.zeros(sum(sizes))
    codes, sent = getattr(made, side), getattr(made, f"{side}_gradients")
    np.add.at(total, codes[codes >= 0], sent[codes >= 0])
    inside = made.step_operands >= 0
    if side == "right":
        np.add.at(total, made.step_operands[inside], made.step_operand_gradients[inside])
    ends = np.cumsum(sizes)[:-1]
    return {s.name: part.reshape(s.shape) for s, part in zip(made.sources, np.split(total, ends), strict=True)}


def folded_again(made, at):
    values = made.values[made.starts[at] : made.starts[at + 1]].astype(float)
    return max(values) if made.forms[made.form[at]].fold == "max" else values.sum()


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 2]))
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    span = dilation * (kernel - 1) + 1
    height, width = (span - 2 * padding + stride * draw(st.integers(1, 3)) for _ in range(2))
    channels = groups * draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = ag.Tensor(rng.normal(size=(2, channels, max(height, span), max(width, span))), requires_grad=True, name="image")
    w = ag.Parameter(rng.normal(size=(2 * groups, channels // groups, kernel, kernel)), name="weight")
    b = ag.Parameter(rng.normal(size=2 * groups), name="bias")
    with ag.scope("conv"):
        y = ag.relu(F.conv2d(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, fit="floor"))
    weights = rng.normal(size=y.shape)
    weights[1] = 0  # so that all gradients of the weights come from sample 0
    loss = (y * weights).sum()
    loss.backward()
    return loss, x, w, b, y


@settings(max_examples=25)  # the engine writes out every gate
@given(convolutions())
def test_the_terms_of_a_convolution_are_the_engines(made):
    loss, x, w, b, y = made
    found = elements(loss, "conv")
    assert found.shape == y.shape[1:]
    assert found.forms[0].steps == ("+", "ReLU")
    assert [folded_again(found, i) for i in range(y[0].size)] == pytest.approx(found.folded.tolist(), abs=1e-9)
    np.testing.assert_allclose(found.step_values[:, -1], y.value[0].ravel(), rtol=1e-9, atol=1e-9)
    sent = summed(found, "right")
    np.testing.assert_allclose(sent["weight"], w.grad, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sent["bias"], b.grad, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        summed(found, "left").get("image", np.zeros(x.shape[1:])), x.grad[0], rtol=1e-9, atol=1e-9
    )


@settings(max_examples=25)
@given(st.sampled_from(["max", "avg"]), st.integers(2, 3), st.integers(1, 3), st.integers(0, 1), st.integers(0, 99))
@example("avg", 2, 1, 1, 0)  # a corner of the window's margin holds one element, which others use too
def test_the_terms_of_a_pool_are_the_engines(kind, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.integers(-3, 4, (2, 1, 4, 4)).astype(float), requires_grad=True, name="image")  # with ties
    pool = {"max": F.max_pool2d, "avg": F.avg_pool2d}[kind]
    with ag.scope("pool"):
        y = pool(x, kernel, stride, padding, fit="floor")
    loss = (y * rng.normal(size=y.shape)).sum()
    loss.backward()
    found = elements(loss, "pool", sample=1)
    assert {form.fold for form in found.forms} <= {"max", "Σ", ""}
    result = found.step_values[:, -1] if kind == "avg" else found.folded
    np.testing.assert_allclose(result, y.value[1].ravel(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(summed(found, "left")["image"], x.grad[1], rtol=1e-9, atol=1e-12)
    if kind == "max":  # exactly one wins
        for i in range(len(found.places)):
            sent = found.gradients[found.starts[i] : found.starts[i + 1]]
            assert np.count_nonzero(sent[~np.isnan(sent)]) <= 1


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_the_terms_of_a_linear_layer_are_the_engines(inputs, outputs, transposed, seed):
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.normal(size=(3, inputs)), requires_grad=True, name="x")
    w = ag.Parameter(rng.normal(size=(outputs, inputs) if transposed else (inputs, outputs)), name="w")
    with ag.scope("fc"):
        y = ag.tanh(x @ (w.T if transposed else w))
    only = np.zeros(y.shape)
    only[2] = rng.normal(size=outputs)
    loss = (y * only).sum()
    loss.backward()
    found = elements(loss, "fc", sample=2)
    np.testing.assert_allclose(found.step_values[:, -1], y.value[2], rtol=1e-12)
    np.testing.assert_allclose(summed(found, "left")["x"], x.grad[2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(summed(found, "right")["w"], w.grad, rtol=1e-9, atol=1e-12)


def evaluated_norm(rng):
    norm = nn.BatchNorm2d(2, dtype=np.float64)
    norm(rng.normal(size=(8, 2, 3, 3)))
    return norm.eval()


LAYERS = {
    "batch norm with running statistics": (evaluated_norm, ("−", "÷", "×", "+")),
    "transposed convolution": (lambda rng: nn.ConvTranspose2d(2, 3, 2, stride=2, dtype=np.float64, rng=rng), ("+",)),
    "dropout": (lambda rng: nn.Dropout(0.5, rng=rng), ()),
    "average pool": (lambda rng: nn.AdaptiveAvgPool2d(1), ("÷9",)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_terms_of_other_layers_are_the_engines(name):
    make, steps = LAYERS[name]
    rng = np.random.default_rng(0)
    layer = make(rng)
    x = ag.Tensor(rng.normal(size=(4, 2, 3, 3)), requires_grad=True, name="image")
    with ag.scope("layer"):
        y = layer(x)
    only = np.zeros(y.shape)
    only[1] = rng.normal(size=y.shape[1:])
    loss = (y * only).sum()
    loss.backward()
    found = elements(loss, "layer", sample=1)
    assert {form.steps for form in found.forms} == {steps}
    np.testing.assert_allclose(found.step_values[:, -1] if steps else found.folded, y.value[1].ravel(), rtol=1e-9)
    np.testing.assert_allclose(summed(found, "left")["image"], x.grad[1], rtol=1e-9, atol=1e-12)
    assert {s.role for s in found.sources} <= {"input", "parameter", "constant"}
    sent = summed(found, "right")
    for parameter in layer.parameters():
        np.testing.assert_allclose(sent[parameter.name], parameter.grad, rtol=1e-9, atol=1e-12)


def test_the_terms_of_neurons_are_those_of_the_tape():
    model = nn.NeuronMLP(3, [4, 2], rng=0)
    loss = ag.Scalar(0.0, requires_grad=False)
    for row in np.random.default_rng(0).normal(size=(5, 3)).tolist():
        loss = loss + sum(y * y for y in model(row))
    loss.backward()
    found, samples = parts(loss, model)
    assert samples == 5
    first, second = found[:2]
    hidden, _ = elements_of(first, 3, samples, givers_of(found, samples), 1000)
    output, _ = elements_of(second, 3, samples, givers_of(found, samples), 1000)
    np.testing.assert_allclose(hidden.step_values[:, 0], [node.value for node in first.leaving[12:16]])
    np.testing.assert_allclose(output.folded, [node.value for node in second.leaving[6:8]])
    inputs = [source for source in output.sources if source.role == "input"]
    assert [(source.name, source.section, source.first) for source in inputs] == [
        (f"layer0[{i}]", "layer0", i) for i in range(4)
    ]


def test_an_excerpt_keeps_values_and_gradients_and_leaves_the_graph_alone():
    _, loss = small_network()
    before = [(node, node.value, node.grad, node.inputs) for node in ag.nodes(loss)]
    found, _ = parts(loss)
    part = found[1]
    copied = excerpt(part.output, set(part.nodes), dict.fromkeys(part.entering, "from outside"))
    np.testing.assert_array_equal(copied.value, part.output.value)
    np.testing.assert_array_equal(copied.grad, part.output.grad)
    leaves = [node.name for node in ag.nodes(copied) if node.gate is None]
    assert "from outside" in leaves
    assert "input" not in leaves
    assert [(node, node.inputs) for node in ag.nodes(loss)] == [(node, inputs) for node, _, _, inputs in before]
    for node, value, gradient, _ in before:
        np.testing.assert_array_equal(node.value, value)
        assert node.grad is gradient


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 100), max_size=6), st.integers(0, 300))
def test_terms_are_shared_out_fairly(wanted, most):
    shares = _shares(wanted, most)
    assert sum(shares.values()) <= max(most, 0)
    if sum(wanted.values()) <= most:
        assert shares == wanted
    short = [key for key in wanted if shares[key] < wanted[key]]
    assert all(shares[key] >= min(shares[other], wanted[key]) - 1 for key in short for other in shares)


def small_network(dead=(), dtype=np.float32):
    """Return a network with stride, padding, groups, a pool and a linear layer; units of conv2 can be killed."""
    rng = np.random.default_rng(1)
    model = nn.Sequential(
        {
            "conv1": nn.Conv2d(1, 4, 3, stride=2, padding=1, rng=rng),
            "relu1": nn.ReLU(),
            "conv2": nn.Conv2d(4, 6, 3, padding=1, groups=2, rng=rng),
            "relu2": nn.ReLU(),
            "pool": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(24, 3, rng=rng),
        }
    )
    bias = model.conv2.bias
    value = np.array(bias.value)
    value[list(dead)] = -5
    bias.assign(value)
    x = ag.Tensor(rng.normal(size=(40, 1, 7, 7)).astype(dtype), requires_grad=True, name="input")
    loss = nn.CrossEntropyLoss()(model(x), rng.integers(0, 3, 40))
    loss.backward()
    return model, loss


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
