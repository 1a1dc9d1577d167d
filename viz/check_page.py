"""One page with every gradient check of a test session: verdict, relative error against the bands, picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_cnn.errors import AutogradError
from autograd_cnn.health.wording import counted
from autograd_cnn.testing import Report, band_of
from viz.checks import gradient_check, status_of
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.style import CHECK_MARKS, LEGEND, number

_BADGES = {"happy": "ok", "kinks": "warning", "uncomfortable": "warning", "wrong": "critical"}
_DECADES = (-16.0, 0.0)
"""The range of log10 of a relative error that the bars cover."""
_MOST_DRAWN = 3
"""Of each test as many failing checks are drawn at most: the last, which hypothesis has shrunk."""


class Gathered:
    """The checks of one test: the numbers of all of them, the graphs of the few that are drawn.

    Drawn are the last failing ones, or where none failed the one with the largest error.
    """

    def __init__(self) -> None:
        self._numbers: list[dict[str, Any]] = []
        self._drawn: dict[int, Report] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, report: Report) -> bool:
        return any(report is known for known in self._drawn.values())

    def add(self, report: Report) -> None:
        """Remember a check, and its graph only where it may be drawn."""
        failed = {i: known for i, known in self._drawn.items() if not known.ok}
        right = [known for known in self._drawn.values() if known.ok]
        if not report.ok:
            self._drawn = {**dict(list(failed.items())[1 - _MOST_DRAWN :]), len(self): report}
        elif not failed and (not right or report.relative_error > right[0].relative_error):
            self._drawn = {len(self): report}
        self._numbers.append(
            {
                "verdict": str(report.verdict),
                "ok": report.ok,
                "error": report.relative_error,
                "counts": ", ".join(f"{n} {verdict}" for verdict, n in report.counts.items()) or "no coordinates",
                "how": f"oracle {report.oracle}, {report.evaluations} evaluations, seed {report.seed}",
            }
        )

    def entry(self, test: str) -> dict[str, Any]:
        """Return what the page shows of the test of that name, as plain data."""
        checks = [dict(numbers) for numbers in self._numbers]
        for i, report in self._drawn.items():
            try:
                drawn, missing = gradient_check(report, title=test, theme=PAGE_THEME).source, ""
            except Exception as error:  # of any gate's own code: the page shows the numbers all the same
                drawn, missing = "", str(error)
            checks[i] |= {"words": str(report), "source": drawn, "missing": missing}
        return {"test": test, "checks": checks}


def check_page(entries: Sequence[Mapping[str, Any]], title: str = "Gradient checks") -> Page:
    """Make one self-contained page of gradient checks, the tests with failing ones first.

    Parameters
    ----------
    entries : sequence of mapping
        From `Gathered.entry`, one per test.
    title : str
        The heading.
    """
    ordered = sorted(entries, key=lambda entry: _badness(_worst(entry)), reverse=True)
    checks = [check for entry in ordered for check in entry["checks"]]
    failed = sum(not check["ok"] for check in checks)
    right = f"{CHECK_MARKS['happy']} {len(checks) - failed} proved right"
    wrong = f'<span class="badge critical">{CHECK_MARKS["wrong"]} {failed} not proved right</span> '
    ended = f"{(wrong if failed else '')}{right} · {counted(len(ordered), 'test')}"
    parts = {
        "rows": "\n".join(_group(i, entry) for i, entry in enumerate(ordered)),
        "checks": "\n".join(_details(i, entry) for i, entry in enumerate(ordered)),
        "bands": "\n".join(f"<li>{text_of(LEGEND[key])}</li>" for key in _BADGES),
    }
    verdict = ended if checks else "no gradient was checked"
    status = f'<p class="verdict{"" if failed else " ok"}">{verdict}</p>'
    return filled_page("checks", {}, title=title, status=status, **parts)


def _badness(check: Mapping[str, Any]) -> tuple[bool, float]:
    error = check["error"]
    return not check["ok"], error if math.isfinite(error) else math.inf


def _worst(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    worst: Mapping[str, Any] = max(entry["checks"], key=_badness)
    return worst


def _group(i: int, entry: Mapping[str, Any]) -> str:
    """Return a test's rows: one for all its checks, and where there are several one for each."""
    checks = entry["checks"]
    name = f'<a href="#test{i}">{text_of(entry["test"])}</a>'
    if len(checks) == 1:
        return f"<tbody>{_row(f'{name}<small>{_facts(checks[0])}</small>', checks[0])}</tbody>"
    failed = sum(not check["ok"] for check in checks)
    words = f"{len(checks)} checks" + (f", {failed} not proved right" if failed else "")
    rows = [_row(f"{name}<small>{words}; the worst:</small>", _worst(entry), "test")]
    for k, check in enumerate(checks):
        kind = "drawn" if "words" in check and not check["ok"] else "check"  # the page folds the others
        rows.append(_row(f"check {k + 1}<small>{_facts(check)}</small>", check, kind))
    return "<tbody>" + "\n".join(rows) + "</tbody>"


def _facts(check: Mapping[str, Any]) -> str:
    return text_of(f"{check['counts']}; {check['how']}")


def _row(name: str, check: Mapping[str, Any], kind: str = "") -> str:
    error = check["error"]
    badge = "ok" if check["ok"] else "critical"
    mark = CHECK_MARKS["happy" if check["ok"] else "wrong"]
    return (
        f'<tr class="{kind}"><th scope="row">{name}</th>'
        f'<td><span class="badge {badge}">{mark} {text_of(check["verdict"])}</span></td>'
        f'<td class="figure">{number(error, ".1e")}</td>'
        f'<td>{_bar(error, _BADGES[status_of(error)])}</td><td class="band">{text_of(band_of(error))}</td></tr>'
    )


def _bar(error: float, badge: str) -> str:
    """Return the error on a log scale, with ticks at the notes' bands."""
    low, high = _DECADES
    exponent = math.log10(error) if error > 0 and math.isfinite(error) else low if error == 0 else high
    share = (min(max(exponent, low), high) - low) / (high - low)
    ticks = "".join(f'<path class="tick" d="M{100 * (x - low) / (high - low):.4g} 0v12"/>' for x in (-7, -4, -2))
    bar = f'<rect class="{badge}" y="3" width="{max(100 * share, 1):.4g}" height="6"/>'
    return f'<svg class="bar" viewBox="0 0 100 12" aria-hidden="true">{bar}{ticks}</svg>'


def _details(i: int, entry: Mapping[str, Any]) -> str:
    """Return reports and pictures of a test's drawn checks."""
    checks = entry["checks"]
    drawn = [(k, check) for k, check in enumerate(checks) if "words" in check]
    parts = []
    for k, check in drawn:
        title = f"<h3>check {k + 1} of {len(checks)}</h3>\n" if len(checks) > 1 else ""
        words = "<br>".join(map(text_of, check["words"].splitlines()))
        parts.append(f'{title}<pre>{words}</pre>\n<div class="picture">{_picture(f"check{i}-{k}-", check)}</div>')
    undrawn = sum(not check["ok"] and "words" not in check for check in checks)
    if undrawn:
        parts.append(f'<p class="note">{undrawn} earlier failing checks of this test are not drawn</p>')
    opened = " open" if any(not check["ok"] for check in checks) else ""
    body = "\n".join(parts)
    return f'<details id="test{i}"{opened}><summary>{text_of(entry["test"])}</summary>\n{body}</details>'


def _picture(prefix: str, check: Mapping[str, Any]) -> str:
    if not check["source"]:
        return f"<p>No picture: {text_of(check['missing'])}</p>"
    try:
        return with_variables(Picture(check["source"]).svg(prefix=prefix))
    except AutogradError as error:
        return f"<p>! The picture could not be drawn: {text_of(error)}</p>"
