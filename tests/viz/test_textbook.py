import inspect
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import functional, nn
from autograd_cnn.registry import GATES, Gate
from tests.viz.accessibility import faults
from tests.viz.legibility import illegible
from tests.viz.test_charts import check_drawing
from tests.viz.test_reports import outline
from viz.charts import Line, Points, Rule, Zone
from viz.errors import TextbookError, UnknownThemeError
from viz.page import Page
from viz.picture import Picture
from viz.style import LIGHT, number
from viz.textbook import binding, rates
from viz.textbook.curves import LEARNED, curve
from viz.textbook.decision import decide, ends_of_line, two_clouds
from viz.textbook.landscape import section, svm_on_digits
from viz.textbook.rates import Run
from viz.textbook.receptive import cone
from viz.textbook.remarks import REMARKS
from viz.textbook.wiring import connected, convolved

WEIGHTS = st.floats(-3, 3).map(lambda w: round(w, 3))


def layers_of(picture: Picture, kind: type, panel: int = 0) -> list[Any]:
    """Return the layers of one kind that a picture was drawn from."""
    return [layer for layer in picture.content.data.panels[panel].layers if isinstance(layer, kind)]


# --- activations -----------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(REMARKS)), st.floats(-6, 6))
def test_a_slope_is_what_the_engine_sends_back(name: str, at: float) -> None:
    found = curve(name)
    nearest = min(range(len(found.x)), key=lambda i: abs(found.x[i] - at))
    x = ag.Scalar(found.x[nearest])
    output = GATES[name](x, *LEARNED.get(name, ()))
    output.backward()
    assert found.y[nearest] == pytest.approx(output.value, abs=1e-12)
    assert found.slope[nearest] == pytest.approx(x.grad, abs=1e-12)


@given(st.sampled_from(sorted(REMARKS)), st.integers(1, 479))
def test_a_slope_is_the_slope_of_the_curve(name: str, i: int) -> None:
    found, step = curve(name), 1e-5
    assume(all(abs(found.x[i] - kink.x) > 1e-3 for kink in found.kinks))
    gate, others = found.gate, LEARNED.get(name, ())
    rise = gate(found.x[i] + step, *others) - gate(found.x[i] - step, *others)
    assert found.slope[i] == pytest.approx(rise / (2 * step), abs=1e-6)


@given(st.sampled_from([n for n in sorted(REMARKS) if GATES[n].saturates]), st.floats(-6, 6))
def test_the_saturated_stretches_are_where_the_slope_is_below_a_twentieth(name: str, at: float) -> None:
    found = curve(name)
    x = ag.Scalar(at)
    GATES[name](x).backward()
    limit = 0.05 * found.gate.saturates
    assume(abs(abs(x.grad) - limit) > 1e-6)
    assert any(low <= at <= high for low, high in found.saturated) == (abs(x.grad) < limit)


def test_known_stretches() -> None:
    sigmoid, tanh = 2 * math.atanh(math.sqrt(0.95)), math.atanh(math.sqrt(0.95))
    assert sigmoid == pytest.approx(4.36, abs=5e-3)  # the numbers of the health rules
    assert tanh == pytest.approx(2.18, abs=5e-3)
    for name, border in (("sigmoid", sigmoid), ("tanh", tanh)):
        [(_, left), (right, _)] = curve(name).saturated
        assert (left, right) == pytest.approx((-border, border), abs=1e-8)
    assert curve("hardtanh").saturated == ((-math.inf, -1.0), (1.0, math.inf))
    assert curve("relu").dead == ((-math.inf, 0.0),)
    assert curve("step").dead == ((-math.inf, math.inf),)
    assert all(curve(name).dead == () for name in REMARKS if name not in ("relu", "step"))


def test_kinks_are_where_the_slope_jumps() -> None:
    kinks = {name: [kink.x for kink in curve(name).kinks] for name in REMARKS}
    at_zero = {"relu", "leaky_relu", "prelu", "selu", "step"}
    assert {name for name, found in kinks.items() if found == [0.0]} == at_zero
    assert kinks["hardtanh"] == [-1.0, 1.0]
    assert all(found == [] for name, found in kinks.items() if name not in {*at_zero, "hardtanh"})
    assert [kink.x for kink in curve("elu", alpha=2.0).kinks] == [0.0]
    [kink] = curve("relu").kinks
    assert (kink.slope_before, kink.slope, kink.slope_after) == (0, 0, 1)


def test_every_activation_of_the_package_is_on_the_page() -> None:
    homes = {"autograd_cnn.gates.activation", "autograd_cnn.gates.rectifier"}
    gates = {name for name, gate in GATES.items() if gate.forward.__module__ in homes}
    assert gates - {"normal_cdf"} == set(REMARKS)  # a distribution, part of GELU
    picture = viz.textbook.activations()
    assert [panel.title for panel in picture.content.data.panels] == list(REMARKS)


def test_the_chart_is_drawn_from_the_curve() -> None:
    found = curve("tanh")
    picture = viz.textbook.activation("tanh")
    output, slope = layers_of(picture, Line)
    assert (output.x, output.y, slope.x, slope.y) == (found.x, found.y, found.x, found.slope)
    assert [(zone.low, zone.high) for zone in layers_of(picture, Zone)] == list(found.saturated)
    words = " ".join(picture.content.data.panels[0].notes)
    assert "below x = −2.178 and above x = 2.178" in words
    assert "Local gradient: 1 − tanh²x." in words


def own_gate(slope: float, **settings: Any) -> Gate:
    """Return a gate outside of the table, whose rule claims a slope that need not be its own."""
    options = {"broadcasts": False, "scalar": None, "saves": (), "saturates": None, "dead_side": False}
    gate = Gate(lambda x: 3 * x, "3x", **options | settings)
    gate.name = "<b>threefold</b>"
    gate.vjp(lambda upstream, output, x: upstream * slope)
    return gate


def test_the_slope_is_read_off_the_rule_even_where_the_rule_is_wrong() -> None:
    assert set(curve(own_gate(7.0)).slope) == {7.0}
    assert curve(own_gate(0.25, saturates=100.0)).saturated == ((-math.inf, math.inf),)
    check_drawing(viz.textbook.activation(own_gate(3.0)).source)


@pytest.mark.parametrize(
    ("gate", "settings", "words"),
    [
        ("sigmiod", {}, "did you mean 'sigmoid'"),
        ("softmax", {}, "does not turn one number into one"),
        ("add", {}, "does not turn one number into one"),
        ("sum", {}, "does not turn one number into one"),
        ("concatenate", {}, "does not turn one number into one"),
        ("greater", {}, "does not turn one number into one"),
        ("tanh", {"low": 1.0, "high": 1.0}, "the range from 1.0 to 1.0 is empty"),
        ("tanh", {"low": -math.inf}, "is empty"),
    ],
)
def test_what_is_no_activation_is_told(gate: str, settings: dict[str, float], words: str) -> None:
    with pytest.raises(TextbookError, match=words):
        viz.textbook.activation(gate, **settings)


def test_a_gate_without_a_rule_is_told() -> None:
    gate = own_gate(1.0)
    gate.rule = None
    with pytest.raises(TextbookError, match="no gradient rule"):
        viz.textbook.activation(gate)


# --- connectivity ----------------------------------------------------------------------------------------------------


@given(
    st.lists(WEIGHTS, min_size=1, max_size=9),
    st.lists(WEIGHTS, min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_wires_are_where_the_filter_lies(inputs: list[float], weight: list[float], stride: int, padding: int) -> None:
    room = len(inputs) + 2 * padding - len(weight)
    assume(room >= 0)
    assume(room % stride == 0)
    found = convolved(inputs, weight, stride=stride, padding=padding)
    places = [(o * stride + k - padding, o, k) for o in range(room // stride + 1) for k in range(len(weight))]
    wanted = sorted(place for place in places if 0 <= place[0] < len(inputs))
    assert list(found.wires) == wanted
    row = np.pad(inputs, padding)
    assert found.outputs == pytest.approx(np.correlate(row, weight, "valid")[::stride].tolist())


@given(st.lists(WEIGHTS, min_size=1, max_size=8), st.integers(1, 6))
def test_a_fully_connected_layer_has_every_wire_once(inputs: list[float], outputs: int) -> None:
    found = connected(inputs, outputs)
    assert {(i, o) for i, o, _ in found.wires} == set(itertools.product(range(len(inputs)), range(outputs)))
    assert sorted(w for _, _, w in found.wires) == list(range(len(found.weights)))
    assert (found.fan_out, found.fan_in) == (outputs, len(inputs))


def test_a_shared_weight_has_as_many_wires_as_its_gradient_has_terms() -> None:
    x, weight = ag.Tensor(np.ones((1, 1, 7))), ag.Parameter(np.ones((1, 1, 3)))
    functional.conv1d(x, weight, padding=1).sum().backward()
    found = convolved((1,) * 7, (1, 1, 1), padding=1)
    assert [sum(w == k for *_, w in found.wires) for k in range(3)] == weight.grad.ravel().tolist() == [6, 7, 6]


def test_the_example_of_the_notes() -> None:
    """CS231n, convolutional networks: weights 1, 0, −1 on 1, 2, −1, 1, −3 with a margin of zeros."""
    assert convolved((1, 2, -1, 1, -3), (1, 0, -1), padding=1).outputs == (-2, 2, 1, 2, 1)
    assert convolved((1, 2, -1, 1, -3), (1, 0, -1), padding=1, stride=2).outputs == (-2, 1, 1)
    picture = viz.textbook.connectivity()
    assert [panel.title for panel in picture.content.data.panels] == [
        "convolution: 3 weights",
        "fully connected: 25 weights",
    ]
    names = [line.name for line in layers_of(picture, Line)]
    assert names == ["weight 0: 1, on 4 wires", "weight 1: 0, on 5 wires", "weight 2: −1, on 4 wires"]
    drawn = [len([n for n in line.x if math.isfinite(n)]) // 2 for line in layers_of(picture, Line)]
    assert drawn == [4, 5, 4]


@given(st.integers(3, 9), st.sampled_from([1, 3]), st.integers(1, 2))
def test_the_receptive_field_is_where_the_gradient_arrives(inputs: int, kernel: int, layers: int) -> None:
    assume(kernel <= inputs)
    found = cone(inputs, kernel, layers=layers)
    x: Any = ag.Tensor(np.ones((1, 1, inputs)), requires_grad=True)
    output = x
    for _ in range(layers):
        output = functional.conv1d(output, np.ones((1, 1, kernel)), padding=(kernel - 1) // 2)
    output[0, 0, found.seen[-1][0]].backward()
    assert list(found.seen[0]) == np.flatnonzero(x.grad).tolist()


def test_two_filters_of_three_see_five_inputs() -> None:
    assert [len(cone(11, 3, layers=layers).seen[0]) for layers in (1, 2, 3)] == [3, 5, 7]
    titles = [panel.title for panel in viz.textbook.receptive_field().content.data.panels]
    assert titles == ["1 layer: 3 of 11 inputs", "2 layers: 5 of 11 inputs"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: viz.textbook.connectivity([]),
        lambda: viz.textbook.connectivity([1] * 41),
        lambda: viz.textbook.connectivity([1, 2], [1, 1, 1], padding=0),
        lambda: viz.textbook.connectivity([1, 2, 3, 4], [1, 1], stride=4, padding=0),
        lambda: viz.textbook.receptive_field(3, 5),
        lambda: viz.textbook.receptive_field(layers=0),
        lambda: viz.textbook.receptive_field(10, 3, stride=2),
    ],
)
def test_layers_that_do_not_fit_are_told(draw: Callable[[], Any]) -> None:
    with pytest.raises(TextbookError, match=r"connectivity|receptive_field"):
        draw()


# --- the loss along directions ---------------------------------------------------------------------------------------


def bowl(*start: float) -> tuple[Callable[[], Any], list[Any]]:
    """Return half the squared length of some numbers, as a loss."""
    weight = ag.Parameter(np.array(start))
    return lambda: (weight * weight).sum() * 0.5, [weight]


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5), st.integers(0, 99))
def test_a_quadratic_loss_is_a_parabola_with_the_slope_of_its_gradient(start: list[float], seed: int) -> None:
    loss, parameters = bowl(*start)
    found = section(loss, parameters, rng=seed, steps=21)
    assert found.length == pytest.approx(np.linalg.norm(start))
    length = found.length or 1.0  # directions are as long as the parameters
    [losses] = found.losses
    wanted = [0.5 * found.length**2 + a * found.slopes[0] + 0.5 * (a * length) ** 2 for a in found.steps]
    assert losses == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(st.integers(0, 99))
def test_the_parameters_hold_what_they_held_to_the_last_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    single, double = (ag.Parameter(rng.normal(size=(2, 3)).astype(kind)) for kind in ("float32", "float64"))
    number = ag.Scalar(rng.normal())
    before = single.value.tobytes(), double.value.tobytes(), number.value.hex()

    def loss() -> Any:
        return (single.astype("float64") * double).sum() + number * number

    section(loss, [single, double, number], 2, rng=seed, steps=5)
    assert (single.value.tobytes(), double.value.tobytes(), number.value.hex()) == before
    calls = itertools.count()

    def failing() -> Any:
        if next(calls) == 3:
            raise ZeroDivisionError
        return loss()

    with pytest.raises(ZeroDivisionError):
        section(failing, [single, double, number], rng=seed, steps=5)
    assert (single.value.tobytes(), double.value.tobytes(), number.value.hex()) == before


def test_the_middle_row_of_a_plane_is_the_line() -> None:
    loss, parameters = svm_on_digits(10)
    line, plane = (section(loss, parameters, n, rng=4, steps=9) for n in (1, 2))
    assert plane.losses[4] == line.losses[0]
    assert plane.losses[4][4] == loss().item()
    assert plane.slopes[0] == line.slopes[0]


def test_the_svm_loss_of_one_image_is_in_straight_pieces_and_a_mean_is_a_bowl() -> None:
    """CS231n, optimization 1: piecewise linear, and convex; many images round it."""
    bends = {}
    for images in (1, 100):
        [losses] = section(*svm_on_digits(images), rng=3, reach=3.0).losses
        second = np.diff(losses, 2)
        assert (second > -1e-9).all()
        bends[images] = int((second > 1e-9).sum())
    assert 1 <= bends[1] <= 18  # nine hinges, each between two readings or on one
    assert bends[100] > 100
    one = section(*svm_on_digits(1), rng=3)
    middle, step = one.losses[0][59:62], one.steps[61] - one.steps[60]
    assert (middle[2] - middle[0]) / (2 * step) == pytest.approx(one.slopes[0], rel=1e-6)


def test_the_pictures_of_the_loss_are_drawn_from_the_section() -> None:
    loss, parameters = bowl(1.0, -2.0)
    found = section(loss, parameters, 2, rng=1)
    picture = viz.textbook.loss_along(loss, parameters, 2, rng=1)
    field, *_ = picture.content.data.panels[0].layers
    assert (field.x, field.heights) == (found.steps, found.losses)
    [down] = layers_of(picture, Line)
    assert down.x[1] * found.slopes[1] == pytest.approx(down.y[1] * found.slopes[0])
    line = section(loss, parameters, rng=1)
    curve_drawn, tangent = layers_of(viz.textbook.loss_along(loss, parameters, rng=1), Line)
    assert curve_drawn.y == line.losses[0]
    rise = (tangent.y[-1] - tangent.y[0]) / (tangent.x[-1] - tangent.x[0])
    assert rise == pytest.approx(line.slopes[0])


def test_a_loss_that_overflows_is_drawn_all_the_same() -> None:
    weight = ag.Parameter([1.0])
    picture = viz.textbook.loss_along(
        lambda: ag.exp(ag.exp(weight * weight * 8.0)).sum() - 1.0, [weight], 2, reach=2.0, rng=0
    )
    check_drawing(picture.source)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"parameters": []}, "0 parameters"),
        ({"directions": 3}, "directions=3"),
        ({"reach": 0.0}, "reach=0.0"),
        ({"steps": 2}, "steps=2"),
        ({"loss_fn": lambda: ag.Parameter([1.0, 2.0]) * 2.0}, r"shape \(2,\); expected one number"),
        ({"loss_fn": lambda: 1.0}, "returned float, expected a node"),
    ],
)
def test_a_section_that_cannot_be_taken_is_told(settings: dict[str, Any], words: str) -> None:
    loss, parameters = bowl(1.0)
    with pytest.raises(TextbookError, match=words):
        viz.textbook.loss_along(**{"loss_fn": loss, "parameters": parameters} | settings)
    with pytest.raises(TextbookError, match="images=0"):
        svm_on_digits(0)


# --- learning rates --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained() -> dict[str, Run]:
    return {run.name: run for run in rates.runs()}


def test_the_four_curves_have_the_shapes_of_the_notes(trained: dict[str, Run]) -> None:
    """CS231n, neural networks part 3: very high diverges, high falls fast and gets stuck, low is slow."""
    very_high, high, good, low = (trained[name].losses for name in ("very high", "high", "good", "low"))
    assert very_high[0] == high[0] == good[0] == low[0]
    assert not very_high[-1] < 1e20
    early, late = slice(4, 9), slice(-12, None)
    assert np.mean(high[early]) < 0.9 * np.mean(good[early])
    assert np.mean(high[late]) > 1.15 * np.mean(good[late])
    assert abs(np.mean(high[-16:-8]) / np.mean(high[-8:]) - 1) < 0.1  # stuck
    assert np.mean(low[late]) > 1.8 * np.mean(good[late])
    assert (np.diff(low) < 0).all()
    assert max(high[1:]) < high[0]


def test_the_chart_shows_these_runs(trained: dict[str, Run]) -> None:
    picture = viz.textbook.learning_rates({"good": 0.1, "very high": 0.9}, epochs=1)
    for panel in (0, 1):
        drawn = {line.name.split(":")[0]: line for line in layers_of(picture, Line, panel)}
        for name, line in drawn.items():
            count = len(line.x)
            assert line.y == trained[name].losses[:count]  # the same seed, the same run
            assert line.x == trained[name].epochs[:count]
        [cross] = layers_of(picture, Points, panel)
        gone = next(
            i for i, loss in enumerate(trained["very high"].losses) if loss > picture.content.data.panels[panel].y.high
        )
        assert cross.x == (trained["very high"].epochs[gone],)


@pytest.mark.parametrize(
    "settings", [{"rates": {}}, {"rates": {"none": 0.0}}, {"rates": {"x": math.nan}}, {"epochs": 0}]
)
def test_runs_that_cannot_be_made_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(TextbookError, match="learning_rates"):
        viz.textbook.learning_rates(**settings)


# --- a neuron's decision line ----------------------------------------------------------------------------------------


@given(WEIGHTS, WEIGHTS, WEIGHTS, st.integers(0, 99))
def test_a_neuron_decides_as_its_forward_pass_does(w0: float, w1: float, b: float, seed: int) -> None:
    neuron = nn.Neuron(2, None)
    for parameter, value in zip(neuron.parameters(), (w0, w1, b), strict=True):
        parameter.assign(value)
    points, labels = two_clouds(12, rng=seed)
    found = decide((w0, w1, b), points, labels)
    scores = [neuron(list(point)).value for point in points]
    assert found.scores == pytest.approx(scores, abs=1e-12)
    wrong = [i for i, (score, label) in enumerate(zip(scores, labels, strict=True)) if score * label <= 0]
    assume(all(abs(score) > 1e-9 for score in scores))
    assert list(found.wrong) == wrong
    assert found.loss == pytest.approx(np.mean(np.maximum(0, 1 - np.array(scores) * labels)))
    violating = 1 - np.array(scores) * labels > 0
    pull = [-(labels * violating * column).mean() for column in (*points.T, np.ones(12))]
    assert found.gradient == pytest.approx(pull, abs=1e-12)


@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_the_line_is_where_the_score_is_zero(w0: float, w1: float, b: float) -> None:
    low, high = (-2.0, -1.0), (3.0, 1.5)
    ends = ends_of_line((w0, w1, b), low, high)
    for x, y in ends:
        assert w0 * x + w1 * y + b == pytest.approx(0, abs=1e-6)
        assert low[0] - 1e-6 <= x <= high[0] + 1e-6
        assert low[1] - 1e-6 <= y <= high[1] + 1e-6
    corners = [w0 * x + w1 * y + b for x, y in itertools.product((low[0], high[0]), (low[1], high[1]))]
    if min(corners) < -1e-6 and max(corners) > 1e-6:
        assert len(ends) == 2


def test_the_picture_of_a_neuron_holds_its_numbers() -> None:
    points, labels = two_clouds(30, rng=2)
    neuron = nn.Neuron(2, "tanh", rng=1)
    weights = tuple(parameter.item() for parameter in neuron.parameters())
    picture = viz.textbook.decision_line(neuron, points, (labels + 1) / 2, push=0.1)
    found = decide(weights, points, labels)
    marks = {layer.name: layer for layer in layers_of(picture, Points)}
    assert list(zip(marks["class 1"].x, marks["class 1"].y, strict=True)) == [
        tuple(p) for p in points[labels > 0].tolist()
    ]
    assert len(marks["on the wrong side"].x) == len(found.wrong) > 0
    facts = picture.content.data.facts[0]
    assert f"{len(found.wrong)} of 30 points on the wrong side" in facts
    assert f"mean hinge loss {number(found.loss)}" in facts
    moved = [w - 0.1 * g for w, g in zip(found.weights, found.gradient, strict=True)]
    pushed = next(line for line in layers_of(picture, Line) if line.name.startswith("after one step"))
    assert [moved[0] * x + moved[1] * y + moved[2] for x, y in zip(pushed.x, pushed.y, strict=True)] == pytest.approx(
        [0, 0], abs=1e-9
    )
    assert decide(moved, points, labels).loss < found.loss
    field = picture.content.data.panels[0].layers[0]
    assert field.heights[3][5] == pytest.approx(weights[0] * field.x[5] + weights[1] * field.y[3] + weights[2])


def test_a_neuron_that_decides_nothing_has_no_line() -> None:
    points, labels = two_clouds(4)
    picture = viz.textbook.decision_line((0.0, 0.0, 0.0), points, labels)
    assert layers_of(picture, Line) == []
    assert "4 of 4 points on the wrong side" in picture.content.data.facts[0]
    check_drawing(picture.source)


@pytest.mark.parametrize(
    ("neuron", "points", "labels", "words"),
    [
        ((1, 2), [[0, 0]], [1], "expected a neuron of two inputs"),
        (nn.Neuron(3), [[0, 0]], [1], "expected a neuron of two inputs"),
        (nn.Linear(2, 1), [[0, 0]], [1], "got Linear, expected a Neuron"),
        (5, [[0, 0]], [1], "got int"),
        ((1, 1, math.nan), [[0, 0]], [1], "three finite numbers"),
        ((1, 1, 1), [[0, 0, 0]], [1], r"points of shape \(1, 3\)"),
        ((1, 1, 1), [[0, 0]], [1, 0], r"classes of \(2,\)"),
        ((1, 1, 1), [[0, math.inf]], [1], "not finite"),
        ((1, 1, 1), [[0, 0], [1, 1]], [1, 2], "classes .*expected −1 and 1, or 0 and 1"),
    ],
)
def test_points_that_do_not_fit_are_told(neuron: Any, points: Any, labels: Any, words: str) -> None:
    with pytest.raises(TextbookError, match=words):
        viz.textbook.decision_line(neuron, points, labels)


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chapters(trained: dict[str, Run]) -> tuple[binding.Chapter, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "runs", lambda *_, **settings: tuple(trained.values()))  # trained once is enough
        return binding.chapters()


@pytest.fixture(scope="module")
def bound(chapters: tuple[binding.Chapter, ...]) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binding, "chapters", lambda seed: chapters)
        return viz.textbook.page()


def test_every_chart_is_readable_in_black_and_white(chapters: tuple[binding.Chapter, ...]) -> None:
    for picture in itertools.chain(*((*chapter.pictures, *chapter.more) for chapter in chapters)):
        check_drawing(picture.source)
        for panel in picture.content.data.panels:
            lines = {layer.name: (layer.dash, layer.mark) for layer in panel.layers if isinstance(layer, Line | Rule)}
            marks = {layer.name: layer.mark for layer in panel.layers if isinstance(layer, Points)}
            zones = {layer.name: layer.hatch for layer in panel.layers if isinstance(layer, Zone)}
            for looks in (lines, marks, zones):
                assert len(set(looks.values())) == len(looks)


def test_the_page_is_one_well_formed_file(bound: Page, chapters: tuple[binding.Chapter, ...]) -> None:
    page = outline(bound.html)
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a" and attributes["href"] != "#main"]
    assert links == [f"#{chapter.key}" for chapter in chapters]
    assert [tag for tag, _ in page.elements].count("svg") == sum(len(c.pictures) + len(c.more) for c in chapters)
    assert {paragraph for chapter in chapters for paragraph in chapter.words} <= set(page.words)
    assert len(bound.html) < 1_500_000


def test_the_page_can_be_read_by_everyone(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound)
    page.locator("summary").press("Enter")
    assert faults(page) == []
    for i in range(page.locator(".picture svg").count()):
        assert illegible(page, i) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_small_screen_scrolls_charts_not_the_page(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chart = page.locator(".picture").first
    chart.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(200):  # wait_for_function would need eval, which the page's policy forbids
        if page.evaluate("document.querySelector('.picture').scrollLeft > 0"):
            break
        page.wait_for_timeout(20)
    else:
        pytest.fail("the arrow key did not scroll the chart")


def test_names_that_look_like_markup_are_words(browser: Callable[..., Any]) -> None:
    picture = viz.textbook.decision_line((1, 1, 0), [[0, 1], [1, 0]], [0, 1], title="</svg><script>alert(1)</script>")
    page = browser(picture.page())
    assert "</svg><script>alert(1)</script>" in page.locator("svg title").first.text_content()


def test_every_function_draws_both_themes() -> None:
    light, dark = (viz.textbook.activation("relu", theme=theme) for theme in ("light", "dark"))
    assert light.content.data == dark.content.data
    assert LIGHT.page in light.source
    assert LIGHT.page not in dark.source
    with pytest.raises(UnknownThemeError):
        viz.textbook.receptive_field(theme="blue")
    assert replace(light.content.data, title="x") != light.content.data
    drawn = [getattr(viz.textbook, name) for name in viz.textbook.__all__]
    assert all(
        "theme" in inspect.signature(f).parameters
        for f in drawn
        if "Picture" in str(inspect.signature(f).return_annotation)
    )
