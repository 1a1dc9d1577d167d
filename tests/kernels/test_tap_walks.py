"""Walks along the taps of a window against all meetings of outputs, taps and pixels, one by one."""

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.kernels.tap_walks import Axis, Windows, meetings_of_taps, sums_of_outputs, sums_of_pixels

AXES = st.builds(
    Axis,
    pixels=st.integers(1, 9),
    outputs=st.integers(1, 9),
    taps=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 4),
    before=st.integers(0, 6),
)
PADDED = Axis(pixels=8, outputs=8, taps=3, stride=1, dilation=1, before=1)
BLIND = Axis(pixels=2, outputs=9, taps=3, stride=2, dilation=1, before=6)  # some windows see padding alone


def meetings(axis):
    """Every (output, tap, pixel) of a convolution, by its definition."""
    every = itertools.product(range(axis.outputs), range(axis.taps))
    places = [(output, tap, output * axis.stride + tap * axis.dilation - axis.before) for output, tap in every]
    return sorted(place for place in places if 0 <= place[2] < axis.pixels)


def walked(walk):
    """Every (position, tap, source) that a kernel comes by."""
    return [
        (start + i, tap + k * walk.tap_step, source + i + k * walk.source_step)
        for start, length, tap, taps, source in walk.runs.tolist()
        for i in range(length)
        for k in range(taps)
    ]


@given(AXES, st.booleans())
@example(PADDED, True)
@example(BLIND, True)
def test_walks_over_outputs_and_over_pixels_come_by_every_meeting_once(axis, merge):
    outputs, pixels = axis.walk_over_outputs(merge=merge), axis.walk_over_pixels(merge=merge)
    assert sorted(walked(outputs)) == meetings(axis)
    assert sorted((output, tap, pixel) for pixel, tap, output in walked(pixels)) == meetings(axis)
    for walk, positions in ((outputs, axis.outputs), (pixels, axis.pixels)):
        covered = [start + i for start, length, *_ in walk.runs.tolist() for i in range(length)]
        assert covered == list(range(positions))
        assert walk.runs[:, 3].min() >= 0


@given(AXES, st.integers(1, 5))
@example(PADDED, 3)
@example(BLIND, 2)
def test_walks_over_taps_come_by_every_meeting_once(axis, together):
    every = [
        (output + i, tap + q, pixel + i * axis.stride + q * axis.dilation)
        for tap, taps, output, outputs, pixel in axis.walk_over_taps(together).tolist()
        for i in range(outputs)
        for q in range(taps)
    ]
    assert sorted(every) == meetings(axis)
    assert set(axis.walk_over_taps(together)[:, 1]) <= {1, together}


@given(AXES)
def test_outputs_of_a_tap_are_those_that_meet_a_pixel(axis):
    for tap in range(axis.taps):
        assert list(axis.outputs_of(tap)) == [output for output, other, _ in meetings(axis) if other == tap]


def test_the_middle_of_a_padded_row_is_one_run():
    runs = PADDED.walk_over_outputs(merge=True).runs
    np.testing.assert_array_equal(runs, [[0, 1, 1, 2, 0], [1, 6, 0, 3, 0], [7, 1, 0, 2, 6]])
    assert not runs.flags.writeable
    assert [len(PADDED.walk_over_pixels(merge=merge).runs) for merge in (True, False)] == [3, 8]


def test_taps_go_together_where_all_of_them_see_the_image():
    expected = [[0, 3, 1, 6, 0], [0, 1, 7, 1, 6], [1, 1, 0, 1, 0], [1, 1, 7, 1, 7], [2, 1, 0, 1, 1]]
    np.testing.assert_array_equal(PADDED.walk_over_taps(3), expected)
    np.testing.assert_array_equal(PADDED.walk_over_taps(2)[0], [0, 2, 1, 7, 0])


WINDOWS = Windows((8, 5), (8, 2), (3, 2), (1, 2), (1, 3), ((1, 1), (0, 0)))


def test_windows_are_walked_along_both_axes():
    down, right = WINDOWS.axes()
    assert down == PADDED
    assert right == Axis(pixels=5, outputs=2, taps=2, stride=2, dilation=3, before=0)
    outputs, pixels = sums_of_outputs(WINDOWS), sums_of_pixels(WINDOWS)
    np.testing.assert_array_equal(outputs.rows, down.walk_over_outputs(merge=False).runs)
    np.testing.assert_array_equal(outputs.columns, right.walk_over_outputs(merge=True).runs)
    np.testing.assert_array_equal(pixels.rows, down.walk_over_pixels(merge=False).runs)
    np.testing.assert_array_equal(pixels.columns, right.walk_over_pixels(merge=True).runs)
    assert (outputs.steps, pixels.steps) == ((1, 1, 1, 3), (1, -1, 2, -3))
    square = Windows((8, 8), (8, 8), (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)))
    for sums in (sums_of_outputs(square), sums_of_pixels(square)):
        assert (len(sums.rows), len(sums.columns)) == (8, 3)  # both ends of a row, and all between them at once


def test_windows_that_stand_in_the_padding_meet_fewer_taps():
    assert sums_of_outputs(WINDOWS).fewest_taps == (2, 1)  # the last window sticks out by a pixel
    assert sums_of_outputs(WINDOWS._replace(padding=((0, 0), (0, 0)), outputs=(6, 1))).fewest_taps == (3, 2)
    assert sums_of_pixels(WINDOWS).fewest_taps == (2, 0)  # an odd pixel is seen by no even step


def test_rows_of_taps_say_which_outputs_they_meet():
    rows, columns = meetings_of_taps(WINDOWS, 1)
    np.testing.assert_array_equal(rows, [[1, 7, 0], [0, 8, 0], [0, 7, 1]])
    np.testing.assert_array_equal(columns, WINDOWS.axes()[1].walk_over_taps(1))
    assert not rows.flags.writeable
