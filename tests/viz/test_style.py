import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.errors import UnknownThemeError
from viz.style import DARK, LEGEND, LIGHT, WIRE_POINTS, number, penwidth, shortened, theme_named, whole_points

STRENGTHS = st.floats(0, 1e30, allow_nan=False)


@given(STRENGTHS, STRENGTHS)
def test_a_larger_gradient_never_has_a_thinner_wire(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert WIRE_POINTS[0] <= penwidth(low) <= penwidth(high) <= WIRE_POINTS[1]
    assert 1 <= whole_points(low) <= whole_points(high) <= 6


@given(st.floats(-7.5, 0.5))
def test_width_is_linear_in_decades(exponent: float) -> None:
    step = penwidth(10 ** (exponent + 0.5)) - penwidth(10**exponent)
    assert step == pytest.approx(5.5 / 9 / 2)


def test_known_widths() -> None:
    assert [penwidth(x) for x in (1e-9, 1e-8, 10.0, 1e5)] == [0.5, 0.5, 6.0, 6.0]
    assert [penwidth(x) for x in (None, 0.0, math.inf, math.nan)] == [0.5, 0.5, 6.0, 6.0]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_with_four_digits_and_read_back(x: float) -> None:
    written = number(x)
    assert "-" not in written
    assert float(written.replace("−", "-")) == float(f"{x:.4g}")


def test_known_numbers() -> None:
    values = (None, 0.0, -0.0, math.nan, math.inf, -math.inf, -0.19661193, 1234567.0)
    assert [number(x) for x in values] == ["—", "0", "0", "NaN", "∞", "−∞", "−0.1966", "1.235e+06"]


@given(st.text(), st.integers(4, 60))
def test_shortened_names_fit_and_keep_both_ends(name: str, longest: int) -> None:
    short = shortened(name, longest)
    assert len(short) <= longest
    if len(name) <= longest:
        assert short == name
    else:
        head, tail = short.split("…", 1) if "…" not in name else (short[0], short[-1])
        assert name.startswith(head)
        assert name.endswith(tail)


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("theme", "ink", "ground"),
    [
        (theme, ink, ground)
        for theme, (ink, ground) in itertools.product(
            (LIGHT, DARK),
            [
                ("ink", "page"),
                ("ink", "idle_tint"),
                ("muted", "page"),
                ("muted", "idle_tint"),
                ("value", "page"),
                ("gradient", "page"),
                ("ok_text", "ok_tint"),
                ("on_warning", "warning"),
                ("on_saturated", "saturated"),
                ("on_not_finite", "not_finite"),
            ],
        )
    ],
)
def test_text_has_the_contrast_that_accessibility_guidelines_ask(theme: object, ink: str, ground: str) -> None:
    """WCAG 2: 4.5 to 1."""
    one, other = sorted((luminance(getattr(theme, ink)), luminance(getattr(theme, ground))))
    assert (other + 0.05) / (one + 0.05) >= 4.5


def test_unknown_themes_are_told_with_the_nearest() -> None:
    assert theme_named("dark") is DARK
    with pytest.raises(UnknownThemeError, match="'lihgt' is unknown; known: light, dark; did you mean 'light'"):
        theme_named("lihgt")


def test_every_legend_entry_says_something_of_its_own() -> None:
    assert len(set(LEGEND.values())) == len(LEGEND)
