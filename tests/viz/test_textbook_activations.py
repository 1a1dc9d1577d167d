"""An activation's chart holds the engine's numbers: output, slope, saturated stretches, kinks."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn.registry import GATES, Gate
from tests.viz.test_charts import check_drawing
from tests.viz.textbook_layers import layers_of
from viz.charts import Line, Zone
from viz.errors import TextbookError
from viz.textbook.curves import LEARNED, curve
from viz.textbook.remarks import REMARKS


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
