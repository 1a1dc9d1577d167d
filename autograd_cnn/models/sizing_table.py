"""A summary as text, no wider than 100 columns."""

from __future__ import annotations

import math
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING

from autograd_cnn.models.sizing_rows import LayerSummary, row_of
from autograd_cnn.nn.sizes import aligned

if TYPE_CHECKING:
    from autograd_cnn.models.sizing import Summary

WIDTH = 100
_HEADER = ("layer", "kind", "output", "numbers", "parameters", "MiB", "mult-adds", "sees", "every", "has")
_NONE = "–"


def table(summary: Summary, depth: int | None = None) -> str:
    """Return the rows as text; with a depth, layers whose first so many names agree are one row."""
    size = "×".join(map(str, summary.input_shape))
    first = ("input", "", size, f"{math.prod(summary.input_shape):,}", "", _mib(summary.input_bytes), "", "1", "1", "")
    groups = [[row] for row in summary.rows]
    if depth is not None:
        groups = [list(rows) for _, rows in groupby(summary.rows, key=lambda row: row.name.split("/")[:depth])]
    rows = [_cells(group, summary, depth) for group in groups]
    last = ("total", "", "", f"{summary.activations:,}", f"{summary.parameters:,}", _mib(summary.memory))
    return aligned([_HEADER, first, *rows, (*last, short(summary.multiply_adds), "", "", "")], (0, 1, 2, 9), WIDTH)


def totals(summary: Summary) -> str:
    """Return what the whole network takes, in words."""
    forward = summary.activation_bytes // 2 // summary.batch
    kept = "" if summary.optimizer == "sgd" else f" and {summary.optimizer}"
    frozen = f", {summary.frozen:,} of them frozen" if summary.frozen else ""
    images = f"{summary.batch:,} images" if summary.batch > 1 else "1 image"
    lines = [
        f"MiB: memory of a step on {images}, with gradients{kept}",
        "sees: receptive field in pixels · every: pixels from one output to the next",
        "has: p parameters, h hyperparameters · – in place, or none",
        f"layers with weights, on the longest path: {summary.layers}",
        f"activations: {summary.activations:,} numbers per image, {in_bytes(forward)}",
        f"parameters: {summary.parameters:,}{frozen}, {in_bytes(summary.parameters * summary.itemsize)}",
        f"a step of training, {images}: {in_bytes(summary.memory)}",
        f"    activations with gradients {in_bytes(summary.activation_bytes)}, "
        f"parameters with gradients{kept} {in_bytes(summary.parameter_bytes)}",
    ]
    lines += [f"hint: {hint}" for hint in summary.hints]
    return "\n".join(fill(line, WIDTH, subsequent_indent="    ") for line in lines)


def short(number: int) -> str:
    """Write 15,470,264,320 as 15.47 G."""
    for unit, name in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number / unit:.4g} {name}" if number / unit >= 1000 else f"{number / unit:#.4g} {name}"
    return str(number)


def in_bytes(number: float) -> str:
    """Write 60950432 as 58.1 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:#.3g} {unit}".replace(". ", " ")
        number /= 1024
    return f"{number:#.3g} TiB".replace(". ", " ")


def _mib(number: int) -> str:
    """Write 60950432 as 58.1, and nothing as a dash."""
    digits = sum(number < limit * 2**20 for limit in (10, 100))
    return f"{number / 2**20:,.{digits}f}" if number else _NONE


def _cells(rows: list[LayerSummary], summary: Summary, depth: int | None) -> tuple[str, ...]:
    """Return one line of the table for layers that follow each other."""
    name = rows[-1].name if depth is None else "/".join(rows[-1].name.split("/")[:depth])
    block = None if depth is None else summary.way.blocks.get(name)
    end = rows[-1] if block is None else row_of(block, ())
    kept, learned, work = (
        sum(values)
        for values in zip(*((row.activations, row.parameters, row.multiply_adds) for row in rows), strict=True)
    )
    marks = "p" * any(row.has_parameters for row in rows), "h" * any(row.has_hyperparameters for row in rows)
    return (
        name or end.kind,
        end.kind,
        "×".join(map(str, end.output_shape)),
        f"{kept:,}" if kept else _NONE,
        f"{learned:,}" if learned else _NONE,
        _mib(summary.memory_of(*rows)),
        short(work) if work else _NONE,
        *_seen(end, summary.input_shape),
        f"{marks[0]:1} {marks[1]:1}".rstrip(),
    )


def _seen(row: LayerSummary, input_shape: tuple[int, ...]) -> tuple[str, str]:
    """Return the receptive field, and its distance to the next where there is a next one."""
    if not row.output_shape:
        return "", ""
    if math.prod(row.output_shape[1:]) > 1:
        return _both(row.receptive_field), _both(row.jump)
    sees_all = all(seen >= size for seen, size in zip(row.receptive_field[::-1], input_shape[:0:-1], strict=False))
    return "all" if sees_all else _both(row.receptive_field), ""


def _both(pair: tuple[float, float]) -> str:
    """Write (5, 5) as 5 and (5, 3) as 5×3."""
    return f"{pair[0]:g}" if pair[0] == pair[1] else f"{pair[0]:g}×{pair[1]:g}"
