"""The sums of a convolution whose images lie batch last, prepared for many calls with arrays of the same shapes.

What depends on shapes alone is worked out when `Additions` or `Multiplications` are made: once for each instruction of
a compiled program. They also remember the last arrays that they read, and wrote to: while the same ones come again,
nothing is asked of them but their numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograd_cnn.kernels import plain_convolution as plain
from autograd_cnn.kernels.batch_last_loops import add_up_slices, add_up_taps, multiply_by_taps
from autograd_cnn.kernels.channels_last import copy_images
from autograd_cnn.kernels.finiteness import all_finite
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, Reader, delivered, readable
from autograd_cnn.kernels.register_tiles import dots, tiles
from autograd_cnn.kernels.tap_walks import meetings_of_taps, sums_of_outputs, sums_of_pixels, windows_of
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace, aligned

# These kernels do as many multiply-adds in the time in which a plain one does one.
SPEED = 8
# As many bytes stay in the second cache beside what else is there.
FAR = 480_000
# NumPy copies so few numbers before blocks of them are under way.
FEW = 20_000
# A weight gradient is cut into so many jobs, if it can be; more threads than that would find nothing to do.
JOBS = 16


class Additions:
    """A convolution, or its gradient to the images: pixels times weights, added up.

    Parameters
    ----------
    convolution : Convolution
        The shapes; its part is "forward" or "input gradient".
    workspace : Workspace, optional
        Scratch memory.
    """

    def __init__(self, convolution: Convolution, workspace: Workspace | None = None) -> None:
        windows, part = windows_of(convolution), convolution.part
        dtype, groups = convolution.dtype, convolution.groups
        (batch, _, *pixels), output_size = convolution.x_shape, convolution.output_size
        filters, channels, down, right = convolution.weight_shape
        outputs, taps = filters // groups, down * right
        of_images = channels * pixels[0] * pixels[1] * outputs
        of_outputs = outputs * output_size[0] * output_size[1] * channels
        plane: tuple[int, ...]
        if part == "forward":
            sums, inner, outer = sums_of_outputs(windows), taps, channels * taps
            rows, plane = outputs, output_size
        else:
            sums, inner, outer = sums_of_pixels(windows), channels * taps, taps
            rows, plane = channels, windows.pixels
        self._shape = groups * rows, *plane, batch
        meets_padding = part == "forward" and sums.fewest_taps != windows.taps
        self._plain = partial(plain.conv2d, convolution) if meets_padding else None
        self._dtype, self._groups, self._workspace = dtype, groups, workspace or Workspace()
        self._jobs = groups * len(sums.rows)
        self._operations = min(of_images, of_outputs) * groups * batch * taps // SPEED
        strides = outputs * channels * taps, outer, inner, right, 1
        self._walk = strides, sums.rows, sums.columns, sums.steps, tuple(tiles(rows, batch, dtype))
        self._source = Source("images" if part == "forward" else "upstream", groups, dtype, self._workspace)
        self._numbers = Reader(dtype)
        self._out: Floats | None = None

    def __call__(self, given: Floats, weight: Floats, out: Floats | None = None) -> Floats:
        """Return the result for images, or for an upstream gradient, and weights."""
        numbers = self._numbers(weight)
        if self._plain is not None and not all_finite(numbers):
            return self._plain(given, weight, out=out)
        source = self._source(given)
        if out is None or out is not self._out:
            self._write_to(out)
        share_out(add_up_taps, self._jobs, self._operations, source, numbers, *self._walk, self._target)
        return self._result if self._is_there else delivered(self._result, out)

    def _write_to(self, out: Floats | None) -> None:
        """Let the result be written to ``out``, by way of a buffer unless that lies batch last."""
        memory = aligned(np.empty, self._shape, self._dtype) if out is None else out.transpose(1, 2, 3, 0)
        self._is_there = memory.flags.c_contiguous and memory.dtype == self._dtype
        if not self._is_there:
            memory = self._workspace.empty("result", self._shape, self._dtype)
        self._out, self._target = out, _grouped(memory, self._groups)
        images = memory.transpose(3, 0, 1, 2)
        self._result: Floats = out if out is not None and self._is_there else images


class Multiplications:
    """The gradient of a convolution to its weights: upstream gradients times the pixels that they met, added up.

    Parameters
    ----------
    convolution : Convolution
        The shapes.
    workspace : Workspace, optional
        Scratch memory.
    """

    def __init__(self, convolution: Convolution, workspace: Workspace | None = None) -> None:
        self._windows = windows = windows_of(convolution)
        self._plain = partial(plain.conv2d_weight_gradient, convolution)
        self._dtype, self._groups = dtype, groups = convolution.dtype, convolution.groups
        self._shape, batch = convolution.weight_shape, convolution.x_shape[0]
        self._workspace = workspace = workspace or Workspace()
        self._meets_padding = sums_of_outputs(windows).fewest_taps != windows.taps
        self._sent, self._seen = (Source(name, groups, dtype, workspace) for name in ("upstream", "images"))
        lanes = instruction_set(dtype).lanes
        self._rest = batch % lanes
        self._of_all = self._step(batch)
        self._of_rest: Any = self._step(lanes) if self._rest else None

    def __call__(self, upstream: Floats, x: Floats, out: Floats | None = None) -> Floats:
        """Return the gradient for an upstream gradient and images."""
        sent, seen = self._sent(upstream), self._seen(x)
        fits = out is not None and out.flags.c_contiguous and out.dtype == self._dtype
        gradient = out if fits and out is not None else np.empty(self._shape, self._dtype)
        rows = gradient.reshape(self._groups, self._shape[0] // self._groups, -1)
        finite = _multiply(self._of_all, sent, seen, rows, add=False)
        if self._rest:
            sent, seen = self._last_vector(sent, "last upstream"), self._last_vector(seen, "last images")
            finite = _multiply(self._of_rest, sent, seen, rows, add=True)
        if self._meets_padding and not finite:
            return self._plain(upstream, x, out=out)
        return gradient if fits else delivered(gradient, out)

    def _step(self, batch: int) -> Any:
        """Return jobs, operations, sums and what else the loops over so many images need."""
        windows, groups, dtype = self._windows, self._groups, self._dtype
        filters, channels, down, right = self._shape
        outputs, (high, wide) = filters // groups, windows.outputs
        together, kernels = dots(outputs, right, dtype)
        tiles = -(-outputs // kernels.rows)
        block = max(1, min(high, FAR // (kernels.rows * wide * batch * dtype.itemsize)))
        slices = min(-(-high // block), -(-JOBS // (groups * tiles)))
        sums = self._workspace.empty("sums", (slices, groups, tiles, kernels.rows, channels, down, right), dtype)
        walk = meetings_of_taps(windows, together), (*windows.stride, windows.dilation[1]), block, tuple(kernels)
        operations = filters * high * wide * batch * channels * down * right // SPEED
        return slices * groups * tiles, operations, (*walk[0], *walk[1:]), sums, sums.reshape(*sums.shape[:4], -1)

    def _last_vector(self, memory: Floats, name: str) -> Floats:
        """Return the last images, which fill no vector, in one whose other lanes are zero."""
        lanes = instruction_set(self._dtype).lanes
        vector = self._workspace.zeros(name, (*memory.shape[:-1], lanes), self._dtype)
        vector[..., : self._rest] = memory[..., -self._rest :]
        return readable(vector, self._dtype)


def _multiply(step: Any, sent: Floats, seen: Floats, gradient: Floats, *, add: bool) -> bool:
    """Write the sums over all whole vectors into the gradient (G, O/G, terms); return whether they are finite."""
    jobs, operations, walk, sums, by_tile = step
    sums.fill(0)
    share_out(multiply_by_taps, jobs, operations, sent, seen, *walk, sums)
    return bool(add_up_slices(by_tile, gradient, add))


class Source:
    """Images as the loops read them: batch last, read-only, (G, C/G, H, W, N).

    Parameters
    ----------
    name : str
        That of the buffer which takes a copy of images that lie otherwise.
    groups : int
        Of channels.
    dtype : dtype
        That of the numbers.
    workspace : Workspace
        Where the buffer is.
    """

    def __init__(self, name: str, groups: int, dtype: np.dtype[Any], workspace: Workspace) -> None:
        self._name, self._groups, self._dtype, self._workspace = name, groups, dtype, workspace
        self._images: Floats | None = None

    def __call__(self, images: Floats) -> Floats:
        """Return the memory of the images, or of a copy."""
        if images is not self._images:
            memory = images.transpose(1, 2, 3, 0)
            flags = memory.flags
            fits = flags.c_contiguous and flags.aligned and memory.dtype == self._dtype
            self._copied = None if fits else (memory, self._workspace.empty(self._name, memory.shape, self._dtype))
            numbers = readable(memory if self._copied is None else self._copied[1], self._dtype)
            self._images, self._memory = images, _grouped(numbers, self._groups)
        if self._copied is not None:
            _copy(*self._copied)
        return self._memory


def _grouped(memory: Floats, groups: int) -> Floats:
    """Split the channels of batch-last memory: (C, H, W, N) -> (G, C/G, H, W, N)."""
    return memory.reshape(groups, memory.shape[0] // groups, *memory.shape[1:])


def _copy(source: Floats, target: Floats) -> None:
    """Copy images (C, H, W, N) from any order of memory, by blocks that are turned in registers."""
    if source.size < FEW:
        target[...] = source
    elif source.strides[0] == source.itemsize:  # channels side by side
        copy_images(source.transpose(1, 2, 0, 3), target.transpose(1, 2, 0, 3))
    else:
        copy_images(source, target)
