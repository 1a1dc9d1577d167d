"""Phases, tiles and blocks of the direct convolution, against what they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.direct_walks import blocks, even, phases

small = st.integers(1, 9)


@given(pixels=small, window=small, stride=st.integers(1, 5), padding=st.integers(0, 9), dilation=st.integers(1, 4))
def test_phases_name_every_pair_of_pixel_and_tap_once(pixels, window, stride, padding, dilation):
    """And the upstream gradient i that they share: pixel = i·stride + tap·dilation − padding."""
    found = [
        (phase.first + t * stride, tap, phase.offset + t + k * phase.apart)
        for phase in phases(pixels, window, stride, padding, dilation)
        for t in range(phase.count)
        for k, tap in enumerate(phase.taps)
    ]
    expected = [
        (pixel, tap, (pixel + padding - tap * dilation) // stride)
        for pixel in range(pixels)
        for tap in range(window)
        if (pixel + padding - tap * dilation) % stride == 0
    ]
    assert sorted(found) == expected
    assert all(
        phase.end == max(i for pixel, _, i in expected if pixel % stride == phase.first) + 1
        for phase in phases(pixels, window, stride, padding, dilation)
        if phase.taps
    )


@given(pixels=small, window=small, stride=st.integers(1, 5), padding=st.integers(0, 9), dilation=st.integers(1, 4))
def test_phases_share_the_pixels_out(pixels, window, stride, padding, dilation):
    parts = phases(pixels, window, stride, padding, dilation)
    shared = [pixel for phase in parts for pixel in range(phase.first, pixels, stride)]
    assert sorted(shared) == list(range(pixels))
    assert [len(range(phase.first, pixels, stride)) for phase in parts] == [phase.count for phase in parts]


@given(length=st.integers(1, 100), most=st.integers(1, 8))
def test_tiles_are_few_and_of_even_length(length, most):
    tile = even(length, most)
    number = -(-length // tile)
    assert 1 <= tile <= min(most, length)
    assert number == -(-length // most)
    assert number * tile - length < number


@given(lanes=st.sampled_from([2, 4, 8, 16]), vectors=st.integers(1, 3), channels=st.integers(1, 200))
def test_blocks_cover_the_channels_and_stay_inside(lanes, vectors, channels):
    cut = blocks(lanes, vectors, channels)
    covered = set()
    for number, (first, width) in enumerate(cut):
        assert 1 <= width <= vectors
        assert width == cut[0][1] or number == len(cut) - 1
        assert first == number * cut[0][1] * lanes or number == len(cut) - 1
        covered.update(range(first, first + width * lanes))
    assert covered == set(range(max(channels, lanes)))
    assert sum(width for _, width in cut) == -(-channels // lanes)  # no vector is worked out in vain
