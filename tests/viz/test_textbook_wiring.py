"""Wires, shared weights and receptive fields are those of the engine's own graphs."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd_cnn as ag
import viz
from autograd_cnn import functional
from tests.viz.textbook_layers import layers_of
from viz.charts import Line
from viz.errors import TextbookError
from viz.textbook.receptive import cone
from viz.textbook.wiring import connected, convolved

WEIGHTS = st.floats(-3, 3).map(lambda w: round(w, 3))


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
