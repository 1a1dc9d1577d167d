"""How the numbers of a report are written, so that its table and its pictures say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(x: float | None, form: str = ".4g") -> str:
    """Return four significant digits with a typographic minus; — for None, since no number is not 0.

    Examples
    --------
    >>> number(0.98123456), number(-0.0), number(None), number(float("nan"))
    ('0.9812', '0', '—', 'NaN')
    """
    if x is None:
        return "—"
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return format(x + 0.0, form).replace("-", "−")


def tiny(x: float | None) -> str:
    """Return a gradient or an update ratio: two digits and the exponent, which is the message.

    Examples
    --------
    >>> tiny(2.44e-3), tiny(0), tiny(None)
    ('2.4e−03', '0', '—')
    """
    return "0" if x == 0 else number(x, ".1e")


def brief(x: float | None) -> str:
    """Return an activation or a value: four digits, or two and an exponent where that would be too long.

    Examples
    --------
    >>> brief(0.98123456), brief(0.000688912), brief(None)
    ('0.9812', '6.9e−04', '—')
    """
    words = number(x)
    return words if len(words) <= 8 else tiny(x)


def decades(x: float | None) -> str:
    """Return a difference of log10 with its sign.

    Examples
    --------
    >>> decades(-1.434), decades(0.9056), decades(None)
    ('−1.43', '+0.91', '—')
    """
    return number(x, "+.2f")


def counted(count: int, word: str) -> str:
    """Return how many there are of what a word names.

    Examples
    --------
    >>> counted(1, "epoch"), counted(0, "epoch"), counted(4096, "unit")
    ('1 epoch', '0 epochs', '4,096 units')
    """
    return f"{count:,} {word}" + "s" * (count != 1)


def share(x: float) -> str:
    """Return a share in whole percent that is 0% or 100% only when it is exactly that.

    Examples
    --------
    >>> share(0.875), share(0.001), share(0.9999), share(1)
    ('88%', '< 1%', '> 99%', '100%')
    """
    if not math.isfinite(x):
        return number(x)
    if 0.995 <= x < 1:
        return "> 99%"
    return "< 1%" if 0 < x <= 0.005 else f"{x:.0%}"


def extent(shape: Sequence[int]) -> str:
    """Return a shape as it is spoken.

    Examples
    --------
    >>> extent((8, 4, 4)), extent(())
    ('8×4×4', 'scalar')
    """
    return "×".join(map(str, shape)) or "scalar"
