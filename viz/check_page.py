"""One page with every gradient check of a test session: verdict, relative error against the bands, picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_cnn.errors import AutogradError
from autograd_cnn.testing import Report, band_of
from viz.checks import gradient_check, status_of
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.style import CHECK_MARKS, LEGEND, number

_BADGES = {"happy": "ok", "kinks": "warning", "uncomfortable": "warning", "wrong": "critical"}
_DECADES = (-16.0, 0.0)
"""The range of log10 of a relative error that the bars cover."""


def entry_of(test: str, report: Report, checks: int) -> dict[str, Any]:
    """Return what the page shows of one test, as plain data.

    Parameters
    ----------
    test : str
        Its name.
    report : Report
        The one to show.
    checks : int
        How many there were.
    """
    try:
        drawn, missing = gradient_check(report, title=test, theme=PAGE_THEME).source, ""
    except Exception as error:  # of any gate's own code: the page shows the numbers all the same
        drawn, missing = "", str(error)
    return {
        "test": test,
        "verdict": str(report.verdict),
        "ok": report.ok,
        "error": report.relative_error,
        "checks": checks,
        "words": str(report),
        "source": drawn,
        "missing": missing,
    }


def check_page(entries: Sequence[Mapping[str, Any]], title: str = "Gradient checks") -> Page:
    """Make one self-contained page of gradient checks, the failing ones first.

    Parameters
    ----------
    entries : sequence of mapping
        From `entry_of`.
    title : str
        The heading.
    """
    ordered = sorted(entries, key=lambda e: (e["ok"], -e["error"] if math.isfinite(e["error"]) else -math.inf))
    failed = sum(not e["ok"] for e in ordered)
    right = f"{CHECK_MARKS['happy']} {len(ordered) - failed} proved right"
    wrong = f'<span class="badge critical">{CHECK_MARKS["wrong"]} {failed} not proved right</span> '
    verdict = (wrong if failed else "") + (right if ordered else "no gradient was checked")
    parts = {
        "rows": "\n".join(_row(i, entry) for i, entry in enumerate(ordered)),
        "checks": "\n".join(_check(i, entry) for i, entry in enumerate(ordered)),
        "bands": "\n".join(f"<li>{text_of(LEGEND[key])}</li>" for key in _BADGES),
    }
    status = f'<p class="verdict{"" if failed else " ok"}">{verdict}</p>'
    return filled_page("checks", {}, title=title, status=status, **parts)


def _row(i: int, entry: Mapping[str, Any]) -> str:
    error = entry["error"]
    status = status_of(error)
    badge = "ok" if entry["ok"] else "critical"
    mark = CHECK_MARKS["happy" if entry["ok"] else "wrong"]
    return (
        f'<tr><th scope="row"><a href="#check{i}">{text_of(entry["test"])}</a></th>'
        f'<td><span class="badge {badge}">{mark} {text_of(entry["verdict"])}</span></td>'
        f'<td class="figure">{number(error, ".1e")}</td>'
        f'<td>{_bar(error, _BADGES[status])}</td><td class="band">{text_of(band_of(error))}</td>'
        f'<td class="figure">{entry["checks"]}</td></tr>'
    )


def _bar(error: float, badge: str) -> str:
    """Return the error on a log scale, with ticks at the notes' bands."""
    low, high = _DECADES
    exponent = math.log10(error) if error > 0 and math.isfinite(error) else low if error == 0 else high
    share = (min(max(exponent, low), high) - low) / (high - low)
    ticks = "".join(f'<path class="tick" d="M{100 * (x - low) / (high - low):.4g} 0v12"/>' for x in (-7, -4, -2))
    bar = f'<rect class="{badge}" y="3" width="{max(100 * share, 1):.4g}" height="6"/>'
    return f'<svg class="bar" viewBox="0 0 100 12" aria-hidden="true">{bar}{ticks}</svg>'


def _check(i: int, entry: Mapping[str, Any]) -> str:
    return (
        f'<details id="check{i}"{"" if entry["ok"] else " open"}><summary>{text_of(entry["test"])}</summary>\n'
        f"<pre>{'<br>'.join(map(text_of, entry['words'].splitlines()))}</pre>\n"
        f'<div class="picture">{_picture(i, entry)}</div></details>'
    )


def _picture(i: int, entry: Mapping[str, Any]) -> str:
    if not entry["source"]:
        return f"<p>No picture: {text_of(entry['missing'])}</p>"
    try:
        return with_variables(Picture(entry["source"]).svg(prefix=f"check{i}-"))
    except AutogradError as error:
        return f"<p>! The picture could not be drawn: {text_of(error)}</p>"
