"""Windows over images for the tests of kernels, and what they see, spelled out with numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import floating_dtype

LANES = instruction_set(np.float32).lanes  # numbers in a vector
LAYOUTS = ("C", "channels last", "backwards", "sliced", "read-only", "big-endian")


@dataclass(frozen=True)
class Case:
    """One set of arguments for a convolution or a pooling."""

    batch: int
    channels: int
    channels_out: int
    input_size: tuple[int, int]
    window: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    dilation: tuple[int, int]
    groups: int
    output_size: tuple[int, int]
    dtype: str
    layout: str
    seed: int

    @property
    def moves(self):
        return self.stride, self.padding, self.dilation, self.groups

    def images(self):
        return self.random((self.batch, self.channels, *self.input_size), 1)

    def weight(self):
        return self.random((self.channels_out, self.channels // self.groups, *self.window), 2)

    def upstream(self):
        return self.random((self.batch, self.channels_out, *self.output_size), 3)

    def random(self, shape, stream):
        values = np.random.default_rng([self.seed, stream]).standard_normal(shape)
        return laid_out(values.astype(self.dtype), self.layout)


def laid_out(array, layout):
    """Return the same numbers in another memory layout."""
    if layout == "channels last":
        return np.ascontiguousarray(np.moveaxis(array, 1, -1)).swapaxes(-1, 1).swapaxes(-1, -2)
    if layout == "backwards":
        return np.ascontiguousarray(array[..., ::-1, ::-1])[..., ::-1, ::-1]
    if layout == "sliced":
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    array.flags.writeable = layout != "read-only"
    return array


@st.composite
def cases(draw, *, pooling=False, most_channels=2, most_filters=5, batches=(0, 1, 2, 3, 5), depthwise=False):
    """Ragged shapes; windows that stick out at the bottom and right, or leave pixels unused.

    ``most_channels`` and ``most_filters`` are those of a group.
    """

    def pair(low, high):
        return st.tuples(st.integers(low, high), st.integers(low, high))

    input_size, window, stride = draw(pair(1, 7)), draw(pair(1, 3)), draw(pair(1, 3))
    dilation = draw(pair(1, 3))
    padding = draw(st.tuples(pair(0, 2), pair(0, 2)))
    groups = 1 if pooling else draw(st.integers(2, most_channels) if depthwise else st.integers(1, 3))
    channels = groups * (1 if depthwise else draw(st.integers(1, most_channels)))
    reach = tuple((taps - 1) * step + 1 for taps, step in zip(window, dilation, strict=True))
    fits = [
        (size + sum(around) - span) // step + 1
        for size, around, span, step in zip(input_size, padding, reach, stride, strict=True)
    ]
    output_size = tuple(max(0, fit + draw(st.sampled_from([0, 0, 1, -1]))) for fit in fits)
    return Case(
        batch=draw(st.sampled_from(batches)),
        channels=channels,
        channels_out=channels if pooling or depthwise else groups * draw(st.integers(1, most_filters)),
        input_size=input_size,
        window=window,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        output_size=output_size,
        dtype=draw(st.sampled_from(["float32", "float64"])),
        layout=draw(st.sampled_from(LAYOUTS)),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


@st.composite
def wide_cases(draw):
    """3 × 3 windows over channels for a vector or more: odd sizes, outputs that stick out, any padding."""
    case, groups = draw(cases(batches=(1, 2, 3, 5))), draw(st.sampled_from([1, 1, 2]))
    around = st.tuples(*[st.integers(0, 4)] * 2)
    padding = draw(st.tuples(around, around))
    fits = [max(1, size + sum(pad) - 2) for size, pad in zip(case.input_size, padding, strict=True)]
    width = st.sampled_from([LANES, LANES + 1, 2 * LANES, 2 * LANES + 5, 3 * LANES + 7])
    return replace(
        case,
        channels=groups * draw(width),
        channels_out=groups * draw(width),
        groups=groups,
        window=(3, 3),
        stride=(1, 1),
        dilation=(1, 1),
        padding=padding,
        output_size=tuple(fit + draw(st.integers(0, 2)) for fit in fits),
    )


class By:
    """The functions of one algorithm's file, called as those of `kernels.convolution` are."""

    def __init__(self, file):
        self.file = file

    def conv2d(self, x, weight, stride, padding, dilation, groups, output_size, **more):
        shapes = x.shape, weight.shape, output_size, floating_dtype("conv2d", x, weight)
        geometry = Convolution("forward", *shapes, stride, padding, dilation, groups)
        return self.file.conv2d(geometry, x, weight, **more)

    def conv2d_input_gradient(self, upstream, weight, input_size, *moves, **more):
        x_shape = len(upstream), weight.shape[1] * moves[-1], *input_size
        shapes = x_shape, weight.shape, upstream.shape[2:], floating_dtype("conv2d_input_gradient", upstream, weight)
        return self.file.conv2d_input_gradient(Convolution("input gradient", *shapes, *moves), upstream, weight, **more)

    def conv2d_weight_gradient(self, upstream, x, window, *moves, **more):
        weight_shape = upstream.shape[1], x.shape[1] // moves[-1], *window
        shapes = x.shape, weight_shape, upstream.shape[2:], floating_dtype("conv2d_weight_gradient", upstream, x)
        return self.file.conv2d_weight_gradient(Convolution("weight gradient", *shapes, *moves), upstream, x, **more)


def all_three(file, case, x, weight, upstream, **more):
    """Return the result of an algorithm's file and both gradients, in that order."""
    by = By(file)
    return (
        by.conv2d(x, weight, *case.moves, case.output_size, **more),
        by.conv2d_input_gradient(upstream, weight, case.input_size, *case.moves, **more),
        by.conv2d_weight_gradient(upstream, x, case.window, *case.moves, **more),
    )


# Several stretches of the long row in one image, for tests of how the row is cut.
LARGE = Case(
    batch=3,
    channels=2,
    channels_out=4,
    input_size=(47, 45),
    window=(3, 3),
    stride=(1, 1),
    padding=((1, 1), (1, 1)),
    dilation=(1, 1),
    groups=1,
    output_size=(47, 45),
    dtype="float32",
    layout="C",
    seed=0,
)
DEPTHWISE = replace(LARGE, channels=4, groups=4, input_size=(9, 8), output_size=(9, 8), dtype="float64")
# Five images of 36 padded pixels: with stretches of 80, two go together and the last is left over.
RAGGED = replace(LARGE, batch=5, input_size=(4, 4), output_size=(4, 4))


def places(case, axis):
    """Return the row (axis 0) or column (axis 1) of the image for each output and tap, (O, K)."""
    outputs = np.arange(case.output_size[axis])[:, None] * case.stride[axis] - case.padding[axis][0]
    return outputs + np.arange(case.window[axis]) * case.dilation[axis]


def patches(case, x, fill=0.0):
    """Return what each window sees, (N, C, OH, OW, KH, KW), in long double; ``fill`` outside the image."""
    rows, columns = places(case, 0), places(case, 1)
    height, width = case.input_size
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[None, :, None, :]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    seen = x[:, :, rows[:, None, :, None], columns[None, :, None, :]].astype(np.longdouble)
    return np.where(inside, seen, fill)
