"""A sheet of images as SVG text: every image a small PNG inside it, whose pixels stay squares at any size."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.health.wording import counted
from viz.charts.lettering import HEADING, NOTE, SUBTITLE, TITLE, fitted, tag, text, wrapped
from viz.labels import plain
from viz.png import data_uri
from viz.style import FONT, Theme, channels, number

if TYPE_CHECKING:
    from viz.image_sheets import ImageGroup, ImageSheet

_MARGIN, _GAP, _BETWEEN, _LEAST_WIDTH = 16.0, 3.0, 26.0, 320.0
_HEADING_ROW, _CAPTION_ROW = 32.0, 13.0
_LEAST_PIXELS = 96
"""PNG pixels of an image's side: pixels are repeated, since viewers blur images that they enlarge."""


def svg_of(data: ImageSheet, theme: Theme) -> str:
    """Return the sheet as SVG, sizes in points; the same text for the same data."""
    across = min(data.across, len(data.groups))
    group_width = max(_across(data, group) for group in data.groups)
    room = max(across * group_width + (across - 1) * _BETWEEN, _LEAST_WIDTH)
    head, top = _header(theme, data, room)
    parts = []
    for first in range(0, len(data.groups), across):
        row = data.groups[first : first + across]
        for column, group in enumerate(row):
            parts.append(_group(theme, data, group, _MARGIN + column * (group_width + _BETWEEN), top, group_width))
        top += _HEADING_ROW + max(_down(data, group) for group in row) + 12
    width, height = room + 2 * _MARGIN, top - 12 + _MARGIN
    ground = tag("rect", x=0.0, y=0.0, width=width, height=height, fill=theme.page)
    size = {"width": f"{width:.2f}pt", "height": f"{height:.2f}pt", "viewBox": f"0 0 {width:.2f} {height:.2f}"}
    content = _spoken(data) + ground + head + "".join(parts)
    return tag("svg", content, xmlns="http://www.w3.org/2000/svg", role="img", **size, font_family=FONT) + "\n"


def _across(data: ImageSheet, group: ImageGroup) -> float:
    return min(data.columns, len(group.images)) * (data.side + _GAP) - _GAP


def _row_height(data: ImageSheet, group: ImageGroup) -> float:
    return _tall(data, group) + _GAP + (_CAPTION_ROW if group.captions else 0)


def _tall(data: ImageSheet, group: ImageGroup) -> float:
    _, _, height, width = group.images.shape
    return float(data.side * height / width)


def _down(data: ImageSheet, group: ImageGroup) -> float:
    return math.ceil(len(group.images) / data.columns) * _row_height(data, group)


def _header(theme: Theme, data: ImageSheet, room: float) -> tuple[str, float]:
    """Return title and facts, and where the groups may begin."""
    parts, y = [], _MARGIN
    for line in wrapped(data.title, TITLE, room, bold=True):
        y += 1.3 * TITLE
        parts.append(text(line, _MARGIN, y, TITLE, theme.ink, bold=True))
    for line in (line for fact in data.facts for line in wrapped(fact, SUBTITLE, room)):
        y += 1.35 * SUBTITLE
        parts.append(text(line, _MARGIN, y, SUBTITLE, theme.muted))
    return tag("g", "".join(parts), class_="header"), y + 12


def _group(theme: Theme, data: ImageSheet, group: ImageGroup, left: float, top: float, room: float) -> str:
    """Return one group: its name, its scale, and its images row by row."""
    scale = {"grey": "black {} to white {}", "signed": "orange {} to blue {}", "colour": "{} to {}"}[group.ramp]
    words = scale.format(number(group.low, ".3g"), number(group.high, ".3g"))
    parts = [
        text(fitted(group.name, HEADING, max(room, 60), bold=True), left, top + 12, HEADING, theme.ink, bold=True),
        text(fitted(words, NOTE, max(room, 100)), left, top + 25, NOTE, theme.muted),
    ]
    tall = _tall(data, group)
    for i, pixels in enumerate(painted(theme, group)):
        row, column = divmod(i, data.columns)
        x, y = left + column * (data.side + _GAP), top + _HEADING_ROW + row * _row_height(data, group)
        box = {"x": x, "y": y, "width": data.side, "height": tall}
        parts.append(tag("image", **box, href=data_uri(pixels), preserveAspectRatio="none"))
        if group.captions:
            words = fitted(group.captions[i], NOTE, data.side)
            parts.append(text(words, x + data.side / 2, y + tall + 10, NOTE, theme.ink, anchor="middle"))
    return tag("g", "".join(parts), class_="images")


def painted(theme: Theme, group: ImageGroup) -> NDArray[np.uint8]:
    """Return images as (N, h, w, 3) pixels of a screen, each of their own pixels a square of several."""
    numbers = np.asarray(group.images, np.float64)
    shares = np.clip((numbers - group.low) / (group.high - group.low), 0, 1)
    missing = np.isnan(numbers).any(1)
    shares = np.nan_to_num(shares)
    if group.ramp == "colour":
        colours = 255 * np.moveaxis(shares, 1, -1)
    else:
        ramp = theme.signed_ramp if group.ramp == "signed" else ("#000000", "#FFFFFF")
        places = np.linspace(0, 1, len(ramp))
        ends = np.array([channels(colour) for colour in ramp])
        colours = np.stack([np.interp(shares[:, 0], places, channel) for channel in ends.T], axis=-1)
    colours[missing] = channels(theme.not_finite)
    times = max(1, math.ceil(_LEAST_PIXELS / min(numbers.shape[2:])))
    return np.rint(colours).astype(np.uint8).repeat(times, 1).repeat(times, 2)


def _spoken(data: ImageSheet) -> str:
    """Return what a reader who does not see the images is told."""
    groups = "; ".join(f"{group.name or 'images'}: {_counted(group)}" for group in data.groups)
    words = " ".join((*data.facts, groups))
    return tag("title", escape(plain(data.title or "images"))) + tag("desc", escape(plain(words)))


def _counted(group: Any) -> str:
    count, _, height, width = group.images.shape
    return f"{counted(count, 'image')} of {height} × {width}"
