"""The loops of a convolution whose images stand side by side in memory, around the kernels of :mod:`.microkernel`.

Arrays are (G, C/G, H, W, N): the same pixel of all images is one row of N numbers, its vectors. Where the window
moves by one pixel, the vectors of neighbouring pixels follow each other in the source and in the result alike, so
a stretch of an image row is one long row of numbers, and a tile may begin anywhere in it: the last tile of a row
and the last one of the channels overlap the ones before, and write the same numbers once more.

The loops walk as :mod:`.tap_walks` says, one kernel call over all channels and taps that a piece of row meets.
They run under LLVM only; with ``NUMBA_DISABLE_JIT=1`` the plain loops of convolution serve.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats
from autograd_cnn.kernels.microkernel import address, call_dot, call_tile

Numbers5 = tuple[int, int, int, int, int]
Numbers4 = tuple[int, int, int, int]
# `Tiles` and `Dots` come as plain tuples: numba takes a microsecond to see what a named one is.


@jit
def add_up_taps(
    first: int,
    last: int,
    source: Floats,
    weight: Floats,
    weight_strides: Numbers5,
    rows: NDArray[Any],
    columns: NDArray[Any],
    steps: Numbers4,
    tiles: Numbers5,
    target: Floats,
) -> None:
    """Add up what row ``y`` of the target meets through the taps of the window: job ``(g, y)``.

    ``source`` (G, K, H, W, N), ``weight`` in its own memory, with strides along the groups, the channels of the
    target, those of the source, and the taps down and right; ``target`` (G, P, OH, OW, N). ``rows`` and
    ``columns`` are walks over the target; ``steps`` are those of their taps and sources.
    """
    _, inner, height, width, batch = source.shape
    _, outer, high, wide, _ = target.shape
    group_stride, outer_stride, inner_stride, down_stride, right_stride = weight_strides
    tap_down, source_down, tap_right, source_right = steps
    tile_rows, wide_tile, wide_length, narrow_tile, narrow_length = tiles
    size = source.itemsize
    row, plane = width * batch, height * width * batch
    target_row, target_plane = wide * batch, high * wide * batch
    a, b, c = address(weight), address(source), address(target)
    for job in range(first, last):
        g, y = job // high, job % high
        _, _, tap, taps_down, line = rows[y]
        a_row = a + size * (g * group_stride + tap * down_stride)
        b_row = b + size * (g * inner * plane + line * row)
        c_row = c + size * (g * outer * target_plane + y * target_row)
        for piece in range(len(columns)):
            begin, length, tap, taps_right, column = columns[piece]
            length *= batch
            kernel, step = (wide_tile, wide_length) if length >= wide_length else (narrow_tile, narrow_length)
            for start in range(0, length, step):
                here = min(start, length - step)
                for channel in range(0, outer, tile_rows):
                    p = min(channel, outer - tile_rows)
                    call_tile(
                        kernel,
                        a_row + size * (p * outer_stride + tap * right_stride),
                        b_row + size * (column * batch + here),
                        c_row + size * (p * target_plane + begin * batch + here),
                        inner, taps_down, taps_right,
                        inner_stride, tap_down * down_stride, tap_right * right_stride, outer_stride,
                        plane, source_down * row, source_right * batch, target_plane,
                    )  # fmt: skip


@jit
def multiply_by_taps(
    first: int,
    last: int,
    upstream: Floats,
    source: Floats,
    rows: NDArray[Any],
    columns: NDArray[Any],
    steps: tuple[int, int, int],
    block: int,
    dots: Numbers4,
    sums: Floats,
) -> None:
    """Multiply a slice of the upstream rows with what they met, and sum: job ``(slice, g, tile of o)``.

    ``upstream`` (G, O, OH, OW, N), ``source`` (G, C, H, W, N), ``sums`` (slices, G, tiles, rows of a tile, C, KH, KW).
    ``rows`` are the outputs that each tap down meets: first, how many, and the first one's pixel; ``columns`` a walk
    over the taps right. ``steps``: strides down and right, and the dilation to the right. ``block`` rows at a time
    meet all channels and taps, and stay in the second cache meanwhile. Images that fill no vector are left out.
    """
    _, outer, high, wide, batch = upstream.shape
    _, inner, height, width, _ = source.shape
    slices, groups, tiles, tile_rows, _, taps_down, taps_right = sums.shape
    stride_down, stride_right, dilation = steps
    _, lanes, several, one = dots
    size = upstream.itemsize
    row, plane = width * batch, height * width * batch
    upstream_row, upstream_plane = wide * batch, high * wide * batch
    window = taps_down * taps_right
    blocks = -(-high // block)
    a, b, c = address(upstream), address(source), address(sums)
    for job in range(first, last):
        tile, g, part = job % tiles, job // tiles % groups, job // (tiles * groups)
        a_tile = a + size * (g * outer + min(tile * tile_rows, outer - tile_rows)) * upstream_plane
        c_tile = c + size * job * tile_rows * inner * window
        for y in range(part * blocks // slices * block, (part + 1) * blocks // slices * block, block):
            for channel in range(inner):
                b_channel = b + size * (g * inner + channel) * plane
                for i in range(taps_down):
                    start, stop = max(y, rows[i, 0]), min(y + block, rows[i, 0] + rows[i, 1])
                    a_rows = a_tile + size * start * upstream_row
                    b_rows = b_channel + size * (rows[i, 2] + (start - rows[i, 0]) * stride_down) * row
                    c_row = c_tile + size * (channel * window + i * taps_right)
                    for piece in range(len(columns)):
                        tap, together, x, length, column = columns[piece]
                        call_dot(
                            several if together > 1 else one,
                            a_rows + size * x * batch,
                            b_rows + size * column * batch,
                            c_row + size * tap,
                            max(0, stop - start), length, batch // lanes,
                            upstream_row, batch, lanes, upstream_plane,
                            stride_down * row, stride_right * batch, lanes, dilation * batch,
                            inner * window, 1,
                        )  # fmt: skip


@jit
def add_up_slices(sums: Floats, gradient: Floats, add: bool) -> bool:
    """Write the sums of all slices, or add them to what is there; return whether the result is finite.

    ``sums`` (slices, G, tiles, rows of a tile, terms), ``gradient`` (G, O, terms). The last tile begins with the last
    sums of the one before it.
    """
    slices, groups, _, rows, terms = sums.shape
    outputs = gradient.shape[1]
    bad = 0
    for g in range(groups):
        for o in range(outputs):
            tile = o // rows
            row = o - min(tile * rows, outputs - rows)
            total = sums[0, g, tile, row]
            for part in range(1, slices):
                more = sums[part, g, tile, row]
                for k in range(terms):
                    total[k] += more[k]
            target = gradient[g, o]
            for k in range(terms):
                number = target[k] + total[k] if add else total[k]
                target[k] = number
                bad += number - number != 0  # infinite, or NaN
    return bad == 0
