"""For which shapes which algorithms are wished for: each condition just met, and just missed."""

import numpy as np
import pytest

from autograd_cnn.kernels import wishes as file
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.instruction_set import InstructionSet

LANES = 8


@pytest.fixture
def wished(monkeypatch):
    """Return the names of what is wished for, where a vector has eight lanes."""
    monkeypatch.setattr(file, "instruction_set", lambda dtype: InstructionSet(LANES, 4, 3, fused=True))

    def names(batch, channels, filters, window, outputs, groups=1, stride=(1, 1), dilation=(1, 1)):
        size = [n - 1 + taps for n, taps in zip(outputs, window, strict=True)]
        x, weight = (batch, groups * channels, *size), (groups * filters, channels, *window)
        moves = np.dtype(np.float32), stride, ((0, 0), (0, 0)), dilation, groups
        return [name for name, _ in file.wishes(Convolution("forward", x, weight, outputs, *moves))]

    return names


@pytest.mark.parametrize(
    ("batch", "channels", "filters", "groups", "expected"),
    [
        (8, 31, 31, 1, True),
        (7, 31, 31, 1, False),  # images that do not fill a vector
        (8, 32, 31, 1, False),
        (8, 31, 32, 1, False),
        (8, 1, 1, 31, True),
        (8, 1, 1, 32, False),  # depthwise: groups are channels
        (8, 2, 1, 32, True),
    ],
)
def test_few_channels_of_many_images_go_batch_last(wished, batch, channels, filters, groups, expected):
    assert ("batch-last" in wished(batch, channels, filters, (1, 1), (4, 4), groups)) == expected


@pytest.mark.parametrize(
    ("batch", "channels", "filters", "outputs", "expected"),
    [
        (9, 128, 128, (4, 4), True),  # 144 outputs of 36 tiles
        (8, 128, 128, (4, 4), False),  # 128 of 32: no more than 64 beyond two of each
        (22, 128, 128, (3, 5), True),  # 330 of 132, of which some stick out
        (21, 128, 128, (3, 5), False),
        (1, 128, 128, (7, 23), True),  # 161 of 48: 65 more
        (100, 32, 32, (4, 4), False),  # 15 million multiplications
        (100, 32, 37, (4, 4), True),  # 17 million
        (1000, 31, 128, (4, 4), False),
        (1000, 128, 31, (4, 4), False),
    ],
)
def test_many_channels_are_transformed_where_that_saves_more_than_it_costs(
    wished, batch, channels, filters, outputs, expected
):
    assert ("winograd" in wished(batch, channels, filters, (3, 3), outputs)) == expected


@pytest.mark.parametrize(
    ("window", "stride", "dilation", "expected"),
    [
        ((3, 3), (1, 1), (1, 1), True),
        ((3, 3), (2, 1), (1, 1), False),
        ((3, 3), (1, 1), (1, 2), False),
        ((5, 3), (1, 1), (1, 1), False),
    ],
)
def test_only_windows_of_nine_places_that_slide_are_transformed(wished, window, stride, dilation, expected):
    found = wished(100, 128, 128, window, (4, 4), stride=stride, dilation=dilation)
    assert ("winograd" in found) == expected


@pytest.mark.parametrize(
    ("batch", "channels", "filters", "window", "outputs", "groups", "expected"),
    [
        (2, 8, 8, (1, 1), (16, 16), 1, False),  # 2¹⁵ multiplications
        (2, 8, 8, (1, 1), (16, 17), 1, True),
        (32, 8, 9, (1, 1), (4, 4), 1, True),
        (32, 7, 7, (3, 3), (4, 4), 1, False),  # neither channels nor filters to fill a vector with
        (32, 7, 8, (3, 3), (4, 4), 1, True),
        (32, 8, 7, (3, 3), (4, 4), 1, True),
        (64, 1, 1, (3, 3), (8, 8), 8, True),
        (64, 1, 1, (3, 3), (8, 8), 7, False),
        (64, 1, 2, (3, 3), (8, 8), 8, False),  # two filters for each channel
    ],
)
def test_vectors_of_channels_are_for_those_that_fill_them_and_have_much_to_do(
    wished, batch, channels, filters, window, outputs, groups, expected
):
    found = wished(batch, channels, filters, window, outputs, groups)
    assert ("direct" in found) == expected
    assert found[-1] == "plain"
