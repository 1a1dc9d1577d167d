"""The rule by which a convolution chooses its algorithm, with the measurements that it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd_cnn.kernels.instruction_set import instruction_set

if TYPE_CHECKING:
    from autograd_cnn.kernels.geometry import Convolution

# From so many channels on, measured with vectors of 16 and of 8 numbers, they fill vectors as well as images do.
MANY = 32


def wishes(convolution: Convolution) -> Iterator[tuple[str, str]]:
    """Yield algorithms and what speaks for them, the best first; the same for all parts, so that layouts agree."""
    lanes = instruction_set(convolution.dtype).lanes
    filters, channels, *window = convolution.weight_shape
    filters //= convolution.groups
    depthwise = convolution.groups if channels == 1 else 1  # to the direct algorithm its groups are channels
    if max(channels, filters, depthwise) < MANY and convolution.x_shape[0] >= lanes:
        yield "batch-last", f"few channels would leave lanes of vectors empty, and the images fill all {lanes}"
    slides = (convolution.stride, convolution.dilation) == ((1, 1), (1, 1))
    if window == [3, 3] and slides and min(channels, filters) >= MANY and _transforming_pays(convolution):
        yield "winograd", "3 × 3 windows at stride 1 over many channels take 16 multiplications for 36"
    beside = convolution.groups if channels == filters == 1 else max(channels, filters)
    if beside >= lanes and _preparing_pays(convolution):
        yield "direct", "vectors of channels, for any window and stride"
    yield "plain", "few channels, few images or little to do leave nothing to gain from vectors"


def _preparing_pays(convolution: Convolution) -> bool:
    """Whether there are so many multiplications that a call of "direct", as measured, costs no more than the loops'."""
    outputs = convolution.x_shape[0] * math.prod(convolution.output_size)
    return outputs * math.prod(convolution.weight_shape) > 1 << 15


def _transforming_pays(convolution: Convolution) -> bool:
    """Whether Winograd's transforms cost less than the multiplications that they save, as measured against "direct".

    The 2 × 2 outputs of most tiles are inside of their image, and these are enough to share the cost of transforming
    the weights, and of a call.
    """
    images, (height, width) = convolution.x_shape[0], convolution.output_size
    outputs, tiles = images * height * width, images * -(-height // 2) * -(-width // 2)
    return outputs > 2 * tiles + 64 and outputs * math.prod(convolution.weight_shape) > 1 << 24
