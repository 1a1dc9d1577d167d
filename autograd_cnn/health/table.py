"""A report as text: one line per layer, then what is wrong and what helps."""

from __future__ import annotations

import textwrap

from autograd_cnn.health.report import Finding, Layer, Report
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import brief, counted, decades, extent, number, share, tiny

WIDTH = 100
MARKS = {"ok": "✓", "warning": "!", "critical": "✕"}
HEADS = ("layer", "kind", "output", "params", "units", "activ.", "gradient", "atten.", "update", "health")
MOST_UNITS = 24
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
    return "\n".join([*lines, "", *_legend(report), *_proofs(report), *_findings(report)])


def _title(report: Report) -> str:
    ends = (
        "" if report.first_to_last is None else f" · first/last weight gradient {decades(report.first_to_last)} decades"
    )
    return f"step {report.step} · batch {report.batch} · loss {number(report.loss)}{ends}"


def _row(layer: Layer) -> tuple[str, ...]:
    said = verdict(layer)
    return (
        layer.name,
        layer.kind,
        extent(layer.output_shape),
        f"{layer.parameters:,}" if layer.parameters else "",
        _units(layer),
        brief(layer.activation.rms),
        tiny(None if layer.gradient is None else layer.gradient.rms),
        decades(layer.attenuation),
        tiny(layer.update_ratio) if layer.parameters else "",
        MARKS["ok"] if said.status == "ok" else f"{MARKS[said.status]} {said.words}",
    )


def _units(layer: Layer) -> str:
    """Return dead/saturated/silent of how many; starved units are in the findings."""
    units = layer.units
    if units is None:
        return ""
    return f"{len(units.dead)}/{len(units.saturated)}/{len(units.silent)} of {units.count}"


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
    words = (
        f"units: dead/saturated/silent in this batch, counted over {counted(report.samples, 'sample')}; "
        f"dead over {share(limits.dead[0])} ! {share(limits.dead[1])} ✕, "
        f"saturated over {share(limits.saturated[0])} ! {share(limits.saturated[1])} ✕. "
        "activ., gradient: RMS at the output. atten.: log10 of the gradient's norm at the input over that at the "
        f"output. update: ‖Δw‖/‖w‖, healthy {tiny(limits.update_ratio[0])} to {tiny(limits.update_ratio[1])}; up to "
        f"{tiny(limits.update_ratio_critical[1])} is no finding while the loss falls. "
        "—: not known."
    )
    return textwrap.wrap(words, WIDTH)


def _proofs(report: Report) -> list[str]:
    """Return the units that are provably dead, with the bound: listed, whether there is alarm or not."""
    lines = []
    for layer in report.layers:
        if layer.proven:
            ids = ", ".join(map(str, layer.proven[:MOST_UNITS])) + (" …" if len(layer.proven) > MOST_UNITS else "")
            words = f"provably dead in {layer.name}: {ids}; the pre-activation is at most {number(layer.highest)}"
            lines += textwrap.wrap(f"{words} for any input in the range of this batch.", WIDTH)
    return lines


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return ["", f"{MARKS['ok']} healthy: no finding"]
    lines, told = [], {(f.cause, f.remedy): f for f in report.findings}
    for finding in report.findings:
        lines += ["", f"{MARKS[finding.severity]} {_where(finding)}: {finding.words}, since step {finding.since}"]
        lines += _paragraph("seen", finding.evidence)
        if told[finding.cause, finding.remedy] is finding:  # advice stands once, under the last that it serves
            lines += _paragraph("cause", finding.cause) + _paragraph("try", finding.remedy)
    return lines


def _paragraph(head: str, words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=f"    {head:<6}", subsequent_indent=" " * 10)


def _where(finding: Finding) -> str:
    return finding.layer or "network"
