"""A report as text: one line per layer, then what is wrong and what helps."""

from __future__ import annotations

import math
import textwrap

from autograd_cnn.health.report import Finding, Layer, Report

WIDTH = 100
MARKS = {"warning": "!", "critical": "✕"}
HEADS = ("layer", "kind", "output", "params", "units", "activ.", "gradient", "atten.", "update", "")
RIGHT = frozenset({"params", "activ.", "gradient", "atten.", "update"})


def table(report: Report) -> str:
    """Return the report as an aligned table of 100 columns, with findings and remedies below."""
    rows = [HEADS, *(_row(layer) for layer in report.layers)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    _shrink(widths)
    lines = [_title(report), ""]
    for i, row in enumerate(rows):
        cells = (_cell(text, head, width) for text, head, width in zip(row, HEADS, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
        if i == 0:
            lines.append("─" * min(WIDTH, sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join([*lines, "", *_legend(report), *_findings(report)])


def _title(report: Report) -> str:
    ends = "" if report.first_to_last is None else f" · first/last weight gradient {_decades(report.first_to_last)}"
    return f"step {report.step} · batch {report.batch} · loss {report.loss:.4g}{ends}"


def _row(layer: Layer) -> tuple[str, ...]:
    worst = layer.findings[0] if layer.findings else None
    return (
        layer.name,
        layer.kind,
        "×".join(map(str, layer.output_shape)) or "1",
        f"{layer.parameters:,}" if layer.parameters else "",
        _units(layer),
        _short(layer.activation.rms),
        "—" if layer.gradient is None else _power(layer.gradient.rms),
        "—" if layer.attenuation is None else f"{layer.attenuation:+.2f}".replace("-", "−"),
        ("—" if layer.parameters else "") if layer.update_ratio is None else _power(layer.update_ratio),
        "✓" if worst is None else f"{MARKS[worst.severity]} {worst.words}",
    )


def _units(layer: Layer) -> str:
    """Return dead/saturated/silent of how many; starved units are in the findings."""
    units = layer.units
    if units is None:
        return ""
    return f"{len(units.dead)}/{len(units.saturated)}/{len(units.silent)} of {units.count}"


def _short(number: float) -> str:
    """Return at most 7 characters, four significant digits where they fit."""
    if not math.isfinite(number):
        return str(number)
    plain = f"{number:.4g}"
    return plain if len(plain) <= 7 else f"{number:.1e}"


def _power(number: float) -> str:
    return "0" if number == 0 else f"{number:.1e}"


def _decades(number: float) -> str:
    return f"{number:+.2f} decades".replace("-", "−")


def _shrink(widths: list[int]) -> None:
    """Cut the kind, then the name, then the verdict, until a line fits."""
    for column, least in ((1, 12), (0, 10), (9, 10)):
        excess = sum(widths) + 2 * (len(widths) - 1) - WIDTH
        if excess > 0:
            widths[column] = max(min(widths[column], least), widths[column] - excess)


def _cell(text: str, head: str, width: int) -> str:
    if len(text) > width:  # the end of a path tells most, the beginning of everything else
        text = "…" + text[-(width - 1) :] if head == "layer" else text[: width - 1] + "…"
    return text.rjust(width) if head in RIGHT else text.ljust(width)


def _legend(report: Report) -> list[str]:
    limits = report.thresholds
    dead, saturated = limits.dead, limits.saturated
    words = (
        f"units: dead/saturated/silent in this batch, counted over {report.samples} samples; dead over {dead[0]:.0%} ! "
        f"{dead[1]:.0%} ✕, saturated over {saturated[0]:.0%} ! {saturated[1]:.0%} ✕. activ., gradient: RMS at the "
        f"output. atten.: log10 of gradient norm in/out. update: ‖Δw‖/‖w‖, healthy {limits.update_ratio[0]:.0e} to "
        f"{limits.update_ratio[1]:.0e}. —: not known."
    )
    return textwrap.wrap(words, WIDTH)


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return ["", "✓ healthy: no finding"]
    lines = []
    for finding in report.findings:
        lines += ["", f"{MARKS[finding.severity]} {_where(finding)}: {finding.words}, since step {finding.since}"]
        for head, words in (("seen", finding.evidence), ("cause", finding.cause), ("try", finding.remedy)):
            first, rest = f"    {head:<6}", " " * 10
            lines += textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=rest)
    return lines


def _where(finding: Finding) -> str:
    return finding.layer or "network"
