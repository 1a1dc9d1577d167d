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
    ``columns`` are walks over the target; ``steps`` are those of their taps and sources. ``tiles``: rows of a
    tile, and the kernel and row length of a wide one and of one that is no longer than N.
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
                        inner,
                        taps_down,
                        taps_right,
                        inner_stride,
                        tap_down * down_stride,
                        tap_right * right_stride,
                        outer_stride,
                        plane,
                        source_down * row,
                        source_right * batch,
                        target_plane,
                    )


@jit
def multiply_by_taps(
    first: int,
    last: int,
    upstream: Floats,
    source: Floats,
    rows: NDArray[Any],
    columns: NDArray[Any],
    steps: tuple[int, int, int],
    dots: Numbers4,
    sums: Floats,
    gradient: Floats,
) -> None:
    """Multiply upstream rows with what they met through row ``i`` of the window and sum: job ``(g, o's tile, c, i)``.

    ``upstream`` (G, O, OH, OW, N), ``source`` (G, C, H, W, N), ``gradient`` (G, O, C, KH, KW); ``sums`` has a place
    (tile rows, KW) for each job. ``rows`` are the outputs that each tap down meets: first, how many, and the first
    one's pixel; ``columns`` a walk over the taps right. ``steps``: strides down and right, and the dilation to the
    right. ``dots``: rows of a tile, lanes, and the kernels for several taps and for one. The images that fill no
    vector are left out.
    """
    _, outer, high, wide, batch = upstream.shape
    _, inner, height, width, _ = source.shape
    taps_down, taps_right = gradient.shape[3], gradient.shape[4]
    stride_down, stride_right, dilation = steps
    tile_rows, lanes, several, one = dots
    size = upstream.itemsize
    row, plane = width * batch, height * width * batch
    upstream_row, upstream_plane = wide * batch, high * wide * batch
    tiles = -(-outer // tile_rows)
    a, b, c = address(upstream), address(source), address(sums)
    for job in range(first, last):
        i, channel = job % taps_down, job // taps_down % inner
        tile, g = job // (taps_down * inner) % tiles, job // (taps_down * inner * tiles)
        o = min(tile * tile_rows, outer - tile_rows)
        y, lines, line = rows[i]
        sums[job] = 0
        a_tile = a + size * ((g * outer + o) * upstream_plane + y * upstream_row)
        b_tile = b + size * ((g * inner + channel) * plane + line * row)
        for piece in range(len(columns)):
            tap, together, x, length, column = columns[piece]
            call_dot(
                several if together > 1 else one,
                a_tile + size * x * batch,
                b_tile + size * column * batch,
                c + size * (job * tile_rows * taps_right + tap),
                lines,
                length,
                batch // lanes,
                upstream_row,
                batch,
                lanes,
                upstream_plane,
                stride_down * row,
                stride_right * batch,
                lanes,
                dilation * batch,
                taps_right,
                1,
            )
        for p in range(tile_rows):
            for j in range(taps_right):
                gradient[g, o + p, channel, i, j] = sums[job, p, j]
