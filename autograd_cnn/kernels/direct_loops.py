"""The loops of the direct convolution around its micro-kernels.

They are given numbers only, addresses among them, so that one compiled form serves every dtype, order of memory and
read-only arrays. Addresses count bytes, all other distances count numbers. Lengths and distances come as tuples.
"""

from __future__ import annotations

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.microkernel import call_tile

# fmt: off


@jit
def convolve(first, last, x, weight, y, blocking, loops, x_walk, y_walk):  # type: ignore[no-untyped-def]
    """Sum up tiles of ``rows`` output pixels and a block of channels; a job is ``per_job`` lines of an image.

    The last tile of a line overlaps the one before it, as does the last block: both give the same numbers.
    """
    rows, main, last_one, blocks, width, last_width, last_start = blocking
    item, lines, per_job, length, groups, k1, k2, k3 = loops
    x_image, x_line, x_pixel, x_group, x_channel, x1, x2, x3 = x_walk
    y_image, y_line, y_pixel, y_group = y_walk
    terms, panels = k1 * k2 * k3, (blocks - 1) * width + last_width
    chunks = -(-lines // per_job)
    for job in range(first, last):
        image, line = job // chunks, job % chunks * per_job
        for group in range(groups):
            for block in range(blocks):
                at, wide, start = main, width, block * width
                panel = weight + item * terms * (group * panels + start)
                if block == blocks - 1:
                    at, wide, start = last_one, last_width, last_start
                x_at = image * x_image + group * x_group + start * x_channel
                y_at = image * y_image + group * y_group + start
                for i in range(line, min(line + per_job, lines)):
                    for p in range(0, length, rows):
                        pixel = min(p, length - rows)
                        call_tile(
                            at, x + item * (x_at + i * x_line + pixel * x_pixel),
                            panel, y + item * (y_at + i * y_line + pixel * y_pixel),
                            k1, k2, k3, x1, x2, x3, x_pixel, k2 * k3 * wide, k3 * wide, wide, y_pixel,
                        )


@jit
def pack(first, last, weight, taps, packed, blocking, walk):  # type: ignore[no-untyped-def]
    """Bring weights into panels: for each block of channels all taps and terms, the block's channels side by side.

    A job is a block of a group. Channels that a last vector lacks are zero.
    """
    _, _, _, blocks, width, last_width, last_start = blocking
    terms, term, channels, channel, group_apart = walk
    panels = (blocks - 1) * width + last_width
    for job in range(first, last):
        group, block = job // blocks, job % blocks
        wide, start = width, block * width
        panel = terms * len(taps) * (group * panels + start)
        if block == blocks - 1:
            wide, start = last_width, last_start
        there = min(wide, channels - start)
        for k in range(terms):
            for tap in range(len(taps)):
                read = group * group_apart + start * channel + k * term + taps[tap]
                write = panel + (tap * terms + k) * wide
                for lane in range(there):
                    packed[write + lane] = weight[read + lane * channel]
                for lane in range(there, wide):
                    packed[write + lane] = 0


@jit
def correlate(first, last, x, upstream, sums, blocking, loops, x_walk, y_walk):  # type: ignore[no-untyped-def]
    """Add up pixels times upstream gradients for each weight; a job is a slice of the images and a block of channels.

    A slice is cut into units of a few images or lines, small enough to stay in the first cache while all weights
    meet them. A tile is ``rows`` neighbouring weights and a block of channels; what is left has a smaller tile.
    """
    rows, main, last_one, rest_main, rest_last, blocks, width, last_width = blocking
    item, slices, images, together, lines, per_unit, length, groups, down, across, weights = loops
    x_image, x_line, x_pixel, x_group, x_channel, x_down, x_across, x_weight = x_walk
    y_image, y_line, y_pixel = y_walk
    channels, chunks = (blocks - 1) * width + last_width, -(-lines // per_unit)
    units = -(-images // together) * chunks
    for job in range(first, last):
        part, group, block = job // (groups * blocks), job // blocks % groups, job % blocks
        at, at_rest, start = main, rest_main, block * width
        if block == blocks - 1:
            at, at_rest = last_one, rest_last
        target = (part * groups + group) * down * across * weights * channels + start
        for unit in range(part * units // slices, (part + 1) * units // slices):
            image, line = unit // chunks * together, unit % chunks * per_unit
            k1, k2 = min(together, images - image), min(per_unit, lines - line)
            x_at = image * x_image + line * x_line + group * x_group + start * x_channel
            y_at = image * y_image + line * y_line + group * channels + start
            for r in range(down):
                for s in range(across):
                    tap = x_at + r * x_down + s * x_across
                    for p in range(0, weights, rows):
                        weight = ((r * across + s) * weights + p) * channels
                        call_tile(
                            at if weights - p >= rows else at_rest,
                            x + item * (tap + p * x_weight), upstream + item * y_at, sums + item * (target + weight),
                            k1, k2, length, x_image, x_line, x_pixel, x_weight, y_image, y_line, y_pixel, channels,
                        )


@jit
def unpack(first, last, sums, gradient, side):  # type: ignore[no-untyped-def]
    """Add the slices up, in their order, and bring each weight where it belongs; a job is some filters of a group.

    Squares of filters and terms are done tap by tap, so that what is written stays in the first cache.
    """
    slices, _, taps, terms, _ = sums.shape
    filters = gradient.shape[1]
    chunks = -(-filters // side)
    for job in range(first, last):
        group, start = job // chunks, job % chunks * side
        end = min(start + side, filters)
        for some in range(0, terms, side):
            for tap in range(taps):
                for term in range(some, min(some + side, terms)):
                    for channel in range(start, end):
                        gradient[group, channel, term, tap] = sums[0, group, tap, term, channel]
                    for part in range(1, slices):
                        for channel in range(start, end):
                            gradient[group, channel, term, tap] += sums[part, group, tap, term, channel]
