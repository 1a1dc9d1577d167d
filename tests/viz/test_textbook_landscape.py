"""The loss along directions is the engine's loss, and the parameters stay what they are."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from tests.viz.test_charts import check_drawing
from tests.viz.textbook_layers import layers_of
from viz.charts import Line
from viz.errors import TextbookError
from viz.textbook.landscape import section, svm_on_digits


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
        *(({"reach": 0.0}, "reach=0.0"), ({"reach": "far"}, "reach='far'")),
        *(({"steps": 2}, "steps=2"), ({"steps": "many"}, "steps='many'"), ({"steps": 21.5}, "steps=21.5")),
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
