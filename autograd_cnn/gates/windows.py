"""Where the windows of convolution and pooling stand, and whether they fit."""

from __future__ import annotations

from typing import Any, TypeAlias

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.gates.shape import getitem, pad, scatter_add
from autograd_cnn.registry import Value
from autograd_cnn.settings import LARGEST_INTEGER, is_whole, whole, written

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[Pair, Pair]

_AXES = ("height", "width")
_ALL = slice(None)


def pair(gate: str, name: str, value: Any, least: int) -> Pair:
    """Return an integer or a pair of them as (height, width); each at least `least`.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if type(value) is int and least <= value <= LARGEST_INTEGER:
        return value, value
    both = (value, value) if not isinstance(value, tuple | list) else tuple(value)
    if len(both) != 2 or not all(is_whole(v, least) for v in both):
        raise ArgumentError(
            f"{gate}: {name}={written(value)}, expected an integer of at least {least}, "
            "or a pair (height, width) of them"
        )
    return int(both[0]), int(both[1])


def padding_pairs(gate: str, value: Any, window: Pair, stride: Pair, dilation: Pair) -> Padding:
    """Return a padding as ((top, bottom), (left, right)).

    Parameters
    ----------
    value : int, pair, ((top, bottom), (left, right)), (top, bottom, left, right), "valid" or "same"
        A pair is (height, width). "same" keeps the size, for stride 1: P = (F − 1)/2 on each side; an odd
        amount puts the extra row at the bottom or right.
    """
    word = value if isinstance(value, str) else None  # an array would be compared element by element
    if word == "valid":
        return (0, 0), (0, 0)
    if word == "same":
        if stride != (1, 1):
            raise ArgumentError(f"{gate}: padding='same' needs stride 1, got {stride}; give the padding as numbers")
        totals = [d * (f - 1) for f, d in zip(window, dilation, strict=True)]
        return (totals[0] // 2, totals[0] - totals[0] // 2), (totals[1] // 2, totals[1] - totals[1] // 2)
    if isinstance(value, tuple | list) and len(value) == 4:
        value = (tuple(value[:2]), tuple(value[2:]))
    if isinstance(value, tuple | list) and len(value) == 2 and all(isinstance(v, tuple | list) for v in value):
        rows, columns = (pair(gate, "padding", tuple(v), 0) for v in value)
        return rows, columns
    height, width = pair(gate, "padding", value, 0)
    return (height, height), (width, width)


def along_row(gate: str, name: str, value: Any, least: int) -> Pair:
    """Return an integer, or a tuple of one, as the pair (1, value): a sequence is an image of height 1."""
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    return 1, whole(gate, name, value, least)


def row_padding(gate: str, value: Any, window: Pair, stride: Pair, dilation: Pair) -> Padding:
    """Return the padding of a sequence, an integer, (left, right), "valid" or "same", as that of an image."""
    if isinstance(value, str):
        return padding_pairs(gate, value, window, stride, dilation)
    both = (value, value) if not isinstance(value, tuple | list) else tuple(value) * (3 - len(value))
    if len(both) != 2 or not all(is_whole(v, 0) for v in both):
        raise ArgumentError(
            f"{gate}: padding={written(value)}, expected an integer of at least 0, or a pair (left, right)"
        )
    return (0, 0), (int(both[0]), int(both[1]))


def output_size(gate: str, size: Pair, window: Pair, stride: Pair, padding: Padding, dilation: Pair, fit: str) -> Pair:
    """Return how many windows stand below and beside each other: (W − F + 2P)/S + 1 for each axis.

    Parameters
    ----------
    fit : {"exact", "floor", "ceil"}
        When (W − F + 2P)/S is not whole: raise, leave the rest unread, or let the last window
        stick out into zeros (pooling ignores what sticks out).

    Raises
    ------
    ShapeError
        When the window is larger than the padded input, or does not fit exactly; the message names
        strides and paddings that fit.
    """
    if fit not in ("exact", "floor", "ceil"):
        raise ArgumentError(f"{gate}: fit={fit!r}, expected 'exact', 'floor' or 'ceil'")
    heights_widths = [
        _count(gate, axis, size[axis], dilation[axis] * (window[axis] - 1) + 1, stride[axis], padding[axis], fit)
        for axis in (0, 1)
    ]
    return heights_widths[0], heights_widths[1]


def transposed_size(
    gate: str, size: Pair, window: Pair, stride: Pair, padding: Padding, output_padding: Pair, dilation: Pair
) -> Pair:
    """Return the size that a transposed convolution makes: (W − 1)·S − 2P + dilation·(F − 1) + extra + 1.

    Raises
    ------
    ShapeError
        When the padding cuts everything away.
    """
    made = [
        (size[a] - 1) * stride[a] - sum(padding[a]) + dilation[a] * (window[a] - 1) + output_padding[a] + 1
        for a in (0, 1)
    ]
    if min(made) < 1:
        axis = 0 if made[0] < 1 else 1
        raise ShapeError(
            f"{gate}: padding {padding[axis][0]}+{padding[axis][1]} leaves no {_AXES[axis]} of input {tuple(size)}; "
            f"use {1 - made[axis]} less"
        )
    return made[0], made[1]


def cut_windows(
    x: Value, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair, *, margin: float = 0.0
) -> list[Value]:
    """Return every window of the images, row by row; outside of an image stands `margin`.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images.

    Returns
    -------
    list of (N, C, height, width) array or node
        As many as `output_size` says.
    """
    margins, places = _places((x.shape[2], x.shape[3]), window, stride, padding, dilation, output_size)
    padded = pad(x, pad_width=((0, 0), (0, 0), *margins), constant_values=margin)
    return [getitem(padded, index=place) for place in places]


def paste_windows(
    patches: list[Value],
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    output_size: Pair,
) -> Value:
    """Add every window up where it was cut: the gradient of `cut_windows`; the margin is dropped.

    Parameters
    ----------
    patches : list of (N, C, height, width) array or node
        Row by row, as many as `output_size` says.

    Returns
    -------
    (N, C, H, W) array or node
    """
    margins, places = _places(input_size, window, stride, padding, dilation, output_size)
    (top, bottom), (left, right) = margins
    height, width = input_size
    shape = (*patches[0].shape[:2], top + height + bottom, left + width + right)
    total = scatter_add(patches[0], index=places[0], shape=shape)
    for patch, place in zip(patches[1:], places[1:], strict=True):
        total = total + scatter_add(patch, index=place, shape=shape)
    return getitem(total, index=(_ALL, _ALL, slice(top, top + height), slice(left, left + width)))


def _places(
    size: Pair, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair
) -> tuple[Padding, list[Any]]:
    """Return the margins that hold all windows, and the index of each window in the padded images."""
    axes = list(zip(output_size, stride, window, dilation, strict=True))
    reach = [(count - 1) * s + (f - 1) * d + 1 for count, s, f, d in axes]
    beyond = [max(0, end - n - sum(p)) for end, n, p in zip(reach, size, padding, strict=True)]
    (top, bottom), (left, right) = padding
    rows, columns = ([slice(k * s, k * s + (f - 1) * d + 1, d) for k in range(count)] for count, s, f, d in axes)
    margins = (top, bottom + beyond[0]), (left, right + beyond[1])
    return margins, [(_ALL, _ALL, r, c) for r in rows for c in columns]


def _count(gate: str, axis: int, size: int, extent: int, stride: int, padding: Pair, fit: str) -> int:
    room = size + sum(padding) - extent
    if room < 0:
        raise ShapeError(
            f"{gate}: a window of extent {extent} is larger than the {_AXES[axis]} {size} with padding "
            f"{padding[0]}+{padding[1]}; use a smaller window, or padding of at least {extent - size} in all"
        )
    if room % stride == 0 or fit == "floor":
        return room // stride + 1
    if fit == "ceil":
        count = -(-room // stride) + 1
        return count - ((count - 1) * stride >= size + padding[0])  # as torch: no window starts in the margin
    strides = [s for s in range(1, min(stride + 1, room) + 1) if room % s == 0]
    paddings = [p for p in range(extent) if size + 2 * p >= extent and (size + 2 * p - extent) % stride == 0]
    offer = f" or padding {' or '.join(map(str, paddings[:3]))}" if paddings else ""
    raise ShapeError(
        f"{gate}: windows of extent {extent} with stride {stride} do not fit {_AXES[axis]} {size} with padding "
        f"{padding[0]}+{padding[1]}: ({size} − {extent} + {sum(padding)})/{stride} is not whole.\n"
        f"Use stride {' or '.join(map(str, strides))}{offer}, or fit='floor' (leaves the rest unread) or 'ceil'."
    )
