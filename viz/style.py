"""Every colour, width, threshold, number format and legend entry of the pictures, once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from viz.errors import UnknownThemeError

FONT = "Helvetica,Arial,sans-serif"
DPI = 110
"""Dots per inch of PNG files: readable on a screen without zooming."""

WIRE_LOG10 = (-8.0, 1.0)
"""The fixed range of log10 |gradient| that widths cover, the same in every picture."""
WIRE_POINTS = (0.5, 6.0)
LEGEND_EXPONENTS = (-8, -5, -2, 1)

LONGEST_NAME = 24
LONGEST_TITLE = 60
LONGEST_LINE = 110
"""Characters after which a name is shortened, and a title or a line of facts wrapped."""


@dataclass(frozen=True)
class Theme:
    """The colours of one look.

    ``ok``, ``warning`` and ``critical`` come as a solid, a tint (large fills), a soft form (bars) and
    the text colour that is readable ``on_`` the solid. Blue means value, orange means gradient.
    """

    name: str
    page: str
    card: str
    ink: str
    muted: str
    line: str
    wire: str
    value: str
    gradient: str
    value_bar: str
    gradient_bar: str
    ok: str
    ok_tint: str
    ok_soft: str
    ok_text: str
    on_ok: str
    warning: str
    warning_tint: str
    warning_soft: str
    on_warning: str
    critical: str
    critical_tint: str
    critical_soft: str
    on_critical: str
    saturated: str
    on_saturated: str
    dead: str
    idle_tint: str
    not_finite: str
    on_not_finite: str
    value_ramp: tuple[str, ...] = ("#EFF3FF", "#BDD7E7", "#6BAED6", "#3182BD", "#08519C")
    gradient_ramp: tuple[str, ...] = ("#FEEDDE", "#FDBE85", "#FD8D3C", "#E6550D", "#A63603")
    signed_ramp: tuple[str, ...] = ("#F59322", "#E8EAEB", "#0877BD")


LIGHT = Theme(
    name="light",
    page="#FFFFFF",
    card="#FFFFFF",
    ink="#1F2328",
    muted="#59636E",
    line="#D1D9E0",
    wire="#9AA4AE",
    value="#0072B2",
    gradient="#BF4F00",
    value_bar="#6BAED6",
    gradient_bar="#FD8D3C",
    ok="#009E73",
    ok_tint="#F1FAF6",
    ok_soft="#8AD0BC",
    ok_text="#00664B",
    on_ok="#FFFFFF",
    warning="#E69F00",
    warning_tint="#FEF6E2",
    warning_soft="#FBE3AC",
    on_warning="#1F2328",
    critical="#D55E00",
    critical_tint="#FEF5EE",
    critical_soft="#F4C3A5",
    on_critical="#000000",
    saturated="#CC79A7",
    on_saturated="#1F2328",
    dead="#999999",
    idle_tint="#F6F8FA",
    not_finite="#000000",
    on_not_finite="#F0E442",
)
DARK = Theme(
    name="dark",
    page="#0D1117",
    card="#151B23",
    ink="#F0F6FC",
    muted="#9198A1",
    line="#3D444D",
    wire="#7D8590",
    value="#56B4E9",
    gradient="#FF9B57",
    value_bar="#3182BD",
    gradient_bar="#E6550D",
    ok="#1FB88A",
    ok_tint="#10251F",
    ok_soft="#16634D",
    ok_text="#4FD1AA",
    on_ok="#0D1117",
    warning="#E69F00",
    warning_tint="#2B230E",
    warning_soft="#5C4510",
    on_warning="#0D1117",
    critical="#FF7B2E",
    critical_tint="#341C0E",
    critical_soft="#6B3416",
    on_critical="#0D1117",
    saturated="#DE9AC2",
    on_saturated="#0D1117",
    dead="#8B949E",
    idle_tint="#151B23",
    not_finite="#F0E442",  # black on a dark page would vanish, so the pair is swapped
    on_not_finite="#000000",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

MARKS = {"ok": "✓", "warning": "!", "critical": "✕"}
"""Every status is said twice: by its colour and by its mark."""

CHECK_MARKS = {"happy": "✓", "kinks": "~", "uncomfortable": "!", "wrong": "✕", "culprit": "✕", "unknown": "?"}
"""The notes' bands of a relative error, said by a mark and by a fill."""

LEGEND = {
    "gate": "circle or rounded box: gate",
    "rule": "octagon: gate of the backward pass, made by the rule of the gate that its frame names",
    "parameter": "bold box: trainable leaf",
    "input": "slanted box: leaf without gradient",
    "constant": "bare: unnamed constant",
    "output": "double box: output",
    "junction": "● fan-out: the gradients of the branches add up on the trunk",
    "sum": "Σ: a chain of two-input additions, drawn as one gate; each term receives the same gradient",
    "folded": "solid block: many alike, drawn as one; its numbers are ranges over them",
    "layer": "solid block with a name: layer, drawn as one",
    "again": "(×n): the same parameters, used n times",
    "where": "a if true else b: whether it is true comes in on top, as 1 or 0",
    "more": "triple wire: many wires drawn as one",
    "tensor": "tensors: shape on top, then the RMS of the value and of the gradient",
    "explain": "small grey: local × upstream = the gradient above it; on a trunk, the sum of its branches",
    "explain tensor": "small grey, tensors: growth × RMS of upstream = RMS of the gradient above it",
    "frame": "frame: layer",
    "zero": "dashed: gradient exactly 0",
    "lit": "dark orange: on a path of the gradient, with the local gradients that its product is made of; pale: beside",
    "none": "—: no gradient",
    "not finite": "NaN or infinite",
    "numbers": "numbers: %.4g",
    "happy": "✓ relative error up to 1e−7: happy",
    "kinks": "~ up to 1e−4: okay with kinks, too high without",
    "uncomfortable": "! up to 1e−2: uncomfortable",
    "wrong": "✕ above 1e−2: probably wrong",
    "culprit": "✕ the first wrong gate, from the output backwards",
    "kink": "∧ kink: every step crosses it",
    "unknown": "? no difference could be taken",
}
"""What each sign means; a picture lists only those that it uses."""


def check_look(theme: Theme, status: str) -> tuple[str, str, str]:
    """Return fill, border and ink of what a gradient check found: quiet when right, loud only when wrong."""
    looks = {
        "kinks": (theme.warning_tint, theme.ink, theme.ink),
        "uncomfortable": (theme.warning_soft, theme.ink, theme.ink),
        "wrong": (theme.critical_tint, theme.critical, theme.ink),
        "culprit": (theme.critical, theme.ink, theme.on_critical),
    }
    return looks.get(status, (theme.card, theme.ink, theme.ink))


def theme_named(name: str) -> Theme:
    """Return the theme called `name`; raise UnknownThemeError for any other name."""
    if name not in THEMES:
        raise UnknownThemeError(name, THEMES)
    return THEMES[name]


def channels(colour: str) -> list[int]:
    """Return red, green and blue of a colour, 0 to 255.

    Examples
    --------
    >>> channels("#FF9B57")
    [255, 155, 87]
    """
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def penwidth(rms: float | None) -> float:
    """Return a wire's width in points: linear in log10 of the gradient's RMS over `WIRE_LOG10`.

    Exactly 0 and "no gradient" (None) get the thinnest wire, infinity and NaN the widest.
    """
    thinnest, widest = WIRE_POINTS
    if rms is None or rms == 0:
        return thinnest
    if not math.isfinite(rms):
        return widest
    low, high = WIRE_LOG10
    share = (min(max(math.log10(abs(rms)), low), high) - low) / (high - low)
    return thinnest + share * (widest - thinnest)


def whole_points(rms: float | None) -> int:
    """Return `penwidth` in whole points: where a wire passes through a table cell, whose sizes are integers."""
    return max(1, round(penwidth(rms)))


def number(x: float | None, form: str = ".4g") -> str:
    """Return a number as the pictures write it: four digits, a typographic minus, — for None.

    Examples
    --------
    >>> number(-0.19661193), number(None), number(-0.0), number(float("inf"))
    ('−0.1966', '—', '0', '∞')
    """
    if x is None:
        return "—"
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return format(x + 0.0, form).replace("-", "−")


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Return `name` with its middle replaced by an ellipsis when it has more than `longest` characters.

    The end is kept too, because generated names differ there.
    """
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 3
    return f"{name[: longest - 1 - tail]}…{name[-tail:]}"
