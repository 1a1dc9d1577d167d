"""A field as bands of colour: which levels part them, which colours they have, and their outlines on paper."""

from __future__ import annotations

import math

from viz.charts.areas import Field
from viz.charts.contours import loops
from viz.charts.lettering import tag
from viz.charts.scales import Scale, round_numbers
from viz.style import Theme, channels

_MOST_LEVELS = 8


def levels_of(field: Field) -> tuple[float, ...]:
    """Return the field's levels: its own, or round numbers between its lowest and its highest height."""
    if field.levels:
        return field.levels
    heights = [h for row in field.heights for h in row if math.isfinite(h)]
    if not heights or min(heights) == max(heights):
        return ()
    low, high = max(min(heights), -8e307), min(max(heights), 8e307)
    return tuple(n for n in round_numbers(low, high, _MOST_LEVELS) if low < n <= high)


def band_colours(theme: Theme, field: Field) -> list[str]:
    """Return one colour for each band, from the lowest to the highest, along the field's ramp."""
    ramp: tuple[str, ...] = getattr(theme, f"{field.ramp}_ramp")
    steps = len(levels_of(field))
    return [_along(ramp, band / steps if steps else 0.0) for band in range(steps + 1)]


def _along(ramp: tuple[str, ...], share: float) -> str:
    place = share * (len(ramp) - 1)
    first = min(int(place), len(ramp) - 2)
    pairs = zip(channels(ramp[first]), channels(ramp[first + 1]), strict=True)
    return "#" + "".join(f"{round(one + (place - first) * (other - one)):02X}" for one, other in pairs)


def bands(theme: Theme, field: Field, x: Scale, y: Scale) -> str:
    """Return the bands of a field, each drawn over the lower ones, with a contour along its border.

    Outlines are found on paper, so that they are right on log axes too.
    """
    colours = band_colours(theme, field)
    columns, rows = ([scale.inside(n) for n in numbers] for scale, numbers in ((x, field.x), (y, field.y)))
    left, right, top, bottom = min(columns), max(columns), min(rows), max(rows)
    ground = tag("rect", x=left, y=top, width=right - left, height=bottom - top, fill=colours[0])
    contour = {"stroke": theme.muted, "stroke_width": 0.7}
    above = [
        tag("path", d=_path(loops(columns, rows, field.heights, level)), fill=fill, **contour)
        for level, fill in zip(levels_of(field), colours[1:], strict=True)
    ]
    above.append(tag("path", d=_path(_holes(field, columns, rows)), fill=theme.not_finite) if has_holes(field) else "")
    return tag("g", ground + "".join(above), opacity=field.strength if field.strength < 1 else None)


def has_holes(field: Field) -> bool:
    """Return whether some height is not a number."""
    return any(math.isnan(h) for row in field.heights for h in row)


def _holes(field: Field, columns: list[float], rows: list[float]) -> list[list[tuple[float, float]]]:
    return loops(columns, rows, [[float(math.isnan(h)) for h in row] for row in field.heights], 0.5)


def _path(rings: list[list[tuple[float, float]]]) -> str:
    return "".join("M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in ring) + "Z" for ring in rings)
