"""What stands above a flow: title, facts, and a legend of the signs that the picture uses, no others."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from autograd_cnn.health.report import Finding, Layer, Report, Thresholds
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import counted, share
from viz.cards import WIDTH, fitted, is_slim
from viz.flow_wires import Wire
from viz.labels import block, cell, room_for, row, table, text
from viz.layer_blocks import Block
from viz.ledger import Ledger
from viz.style import LEGEND, LEGEND_EXPONENTS, LONGEST_TITLE, MARKS, Theme, shortened, whole_points
from viz.unit_bars import STATES, segment_look, to_scale, unit_counts

SEPARATOR = "   ·   "
_LONGEST_LINE = 92
_MOST_REMEDIES = 3
_STATE_WORDS = {
    "silent": "silent this batch",
    "starved": "starved: active, gradient exactly 0",
    "dead": "dead on all samples",
}
_VERDICTS = {"ok": "healthy", "warning": "warning", "critical": "critical"}


def signs_of_card(layer: Layer, *, compact: bool) -> set[str]:
    """Return the signs that the card of `layer` uses."""
    signs = {verdict(layer).status}
    signs |= {"parameters"} if layer.parameters else set()
    signs |= {"folded"} if isinstance(layer, Block) else set()
    signs |= {"update"} if layer.update_ratio is not None else set()
    signs |= {"charts"} if not compact and not is_slim(layer) else set()
    if layer.units is not None:
        signs |= {"units"} | {state for state, n in unit_counts(layer.units).items() if n}
    shown = [layer.activation.rms, layer.gradient.rms if layer.gradient else 0.0, layer.update_ratio or 0.0]
    return signs if all(map(math.isfinite, shown)) else signs | {"not finite"}


def signs_of_wire(wire: Wire) -> set[str]:
    """Return the signs that `wire` uses."""
    signs = set()
    if wire.known:
        signs |= {"none"} if wire.gradient is None else {"zero"} if wire.gradient == 0 else set()
    signs |= set() if wire.narrowing is None else {"bottleneck"}
    finite = all(math.isfinite(x) for x in (wire.value, wire.gradient or 0.0))
    return signs if finite else signs | {"not finite"}


@dataclass(frozen=True)
class Heading:
    """The words above a picture: its title, what it was made of, and further facts."""

    title: str = ""
    subtitle: str = ""
    facts: tuple[str, ...] = ()


def header(report: Report, theme: Theme, heading: Heading, signs: set[str], ledger: Ledger | None = None) -> str:
    """Return heading and legend as one table: as the graph's own label it cannot collide with the drawing."""
    rows = [_line(x, theme.ink, 17, bold=True) for x in _wrapped(heading.title, LONGEST_TITLE)[:3]]
    rows += [_line(x, theme.muted, 11) for x in packed(heading.subtitle.split(SEPARATOR), _LONGEST_LINE)[:3]]
    if ledger is not None:
        color = theme.ink if ledger.bottleneck() else theme.muted
        rows += [row(cell(height=2))]
        rows += [_line(x, color, 11) for x in _wrapped(ledger.words(), _LONGEST_LINE)[:3]]
        rows += _strip(theme, ledger)
    if rows:
        rows += [row(cell(height=6)), row(cell(height=1, bgcolor=theme.line)), row(cell(height=5))]
    for finding in report.findings:
        if not finding.layer:
            rows += [row(cell(_banner(theme, finding))), row(cell(height=5))]
    remedies = _remedies(report)
    rows += [_line(words, theme.ink, 10, height=14) for words in remedies]
    rows += [row(cell(height=5))] if remedies else []
    if "units" in signs:
        rows.append(row(cell(_units_key(theme, signs), align="left", height=17)))
    rows.append(row(cell(_widths_key(theme, signs), align="left", height=17)))
    signs = signs | {"ledger"} if _has_strip(ledger) else signs
    for words in (*legend_lines(report, signs), *heading.facts):
        rows += [_line(x, theme.muted, 9, height=13) for x in _wrapped(words, _LONGEST_LINE + 18)[:3]]
    return table(*rows, row(cell(height=12)))


def _has_strip(ledger: Ledger | None) -> bool:
    return ledger is not None and ledger.total < -1


def _strip(theme: Theme, ledger: Ledger) -> list[str]:
    """Return what each layer takes of the gradient as one bar to scale, as it meets them; nothing for little."""
    if not _has_strip(ledger):
        return []
    lost = [entry for entry in reversed(ledger.entries) if entry.decades < 0]
    narrow = set(ledger.bottleneck())
    cells = []
    for entry, width in zip(lost, to_scale([-entry.decades for entry in lost], WIDTH), strict=True):
        words = fitted(entry.name.rpartition("/")[2], width - 6, 9) if width > 30 else ""
        fill = theme.critical_soft if entry in narrow else theme.idle_tint
        ink = theme.ink if entry in narrow else theme.muted
        look = {"bgcolor": fill, "border": 1, "color": theme.page, "valign": "bottom"}
        cells.append(block(width, 16, text(words, ink, 9), **look))
    bar = table(row(*cells), fixedsize="TRUE", width=WIDTH, height=16, align="left")
    return [row(cell(height=3)), row(cell(bar, align="left"))]


def _wrapped(words: str, longest: int) -> list[str]:
    """Return `words` in lines of so many letters, or half as many of the wide ones of East Asia."""
    wide = sum(ord(letter) >= 0x2E80 for letter in words)
    return textwrap.wrap(words, max(longest * len(words) // (len(words) + wide), 1) if words else longest)


def packed(parts: Sequence[str], longest: int) -> list[str]:
    """Return the parts on as few lines as hold them, separated within a line; a long part is wrapped.

    Examples
    --------
    >>> packed(["step 20", "batch 64", "loss 0.1"], 24)
    ['step 20   ·   batch 64', 'loss 0.1']
    """
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(SEPARATOR) + len(part) <= longest:
            lines[-1] += SEPARATOR + part
        else:
            lines += _wrapped(part, longest)
    return lines


def _remedies(report: Report) -> list[str]:
    """Return what helps against the findings of layers, the worst first, each remedy once."""
    told: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.layer and finding.remedy:
            told.setdefault(finding.remedy, []).append(finding)
    lines = []
    for remedy, findings in list(told.items())[:_MOST_REMEDIES]:
        names = list(dict.fromkeys(shortened(finding.layer) for finding in findings))
        where = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        lines += _wrapped(f"{MARKS[findings[0].severity]} {where}: {remedy}", _LONGEST_LINE)[:2]
    more = len(told) - _MOST_REMEDIES
    return [*lines, f"and {more} more remedies: print the report"] if more > 0 else lines


def _banner(theme: Theme, finding: Finding) -> str:
    """Return what is wrong with the network as a whole: it belongs to no card."""
    solid, tint = getattr(theme, finding.severity), getattr(theme, finding.severity + "_tint")
    lines = [fitted(f"{MARKS[finding.severity]} {finding.words}", WIDTH, 11)]
    lines += _wrapped(finding.evidence, _LONGEST_LINE - 12)[:2]
    lines += _wrapped(f"try: {finding.remedy}", _LONGEST_LINE - 12)[:2] if finding.remedy else []
    made = []
    for i, words in enumerate(lines):
        size, bold = (9.5, False) if i else (11, True)
        content = text(words, theme.ink, size, bold=bold)
        made.append(row(cell(content, align="left", width=room_for(words, size, bold=bold))))
    return table(row(cell(table(*made), cellpadding=5)), bgcolor=tint, color=solid, border=2, style="rounded")


def _line(words: str, color: str, size: float, *, bold: bool = False, height: int | None = None) -> str:
    width = room_for(words, size, bold=bold)
    return row(cell(text(words, color, size, bold=bold), align="left", width=width, height=height))


def _units_key(theme: Theme, signs: set[str]) -> str:
    keys = [
        (block(16, 10, **segment_look(theme, state)), _STATE_WORDS.get(state, state))
        for state in STATES
        if state in signs
    ]
    return _keys(theme, "units:", keys)


def _widths_key(theme: Theme, signs: set[str]) -> str:
    keys = [
        (block(26, whole_points(10.0**n), bgcolor=theme.wire), f"1e{n}".replace("-", "−")) for n in LEGEND_EXPONENTS
    ]
    if "zero" in signs:
        keys.append((block(26, 1, border=1, sides="T", style="dashed", color=theme.dead), "exactly 0"))
    if "not finite" in signs:
        keys.append((cell(text("NaN ∞", theme.on_not_finite, 8), bgcolor=theme.not_finite), LEGEND["not finite"]))
    return _keys(theme, "wire width: gradient RMS", keys)


def _keys(theme: Theme, heading: str, keys: list[tuple[str, str]]) -> str:
    """Return a row of samples and their words, kept close: the last cell takes what the header is wider."""
    taken = room_for(heading, 9)
    cells = [cell(text(heading, theme.muted, 9), align="left", width=taken)]
    for sample, words in keys:
        cells += [cell(width=10), cell(table(row(sample)), cellpadding=2), cell(width=3)]
        cells.append(cell(text(words, theme.muted, 9), align="left", width=room_for(words, 9)))
        taken += 43 + room_for(words, 9)
    return table(row(*cells, cell(width=max(0, round(WIDTH - taken)))))


def legend_lines(report: Report, signs: set[str]) -> list[str]:
    """Return what the signs mean, and the thresholds that the verdicts follow."""
    first = [f"{MARKS[status]} {words}" for status, words in _VERDICTS.items() if status in signs]
    first += ["bold border: has parameters"] if "parameters" in signs else []
    first += [LEGEND["none"]] if "none" in signs else []
    lines = ["    ".join(first)] if first else []
    if "charts" in signs:
        lines.append(
            "attenuation: log10 of the gradient's L2 norm at a layer's input over its output; 1 decade = factor 10"
        )
    if "ledger" in signs:
        lines.append("bar: decades that each layer takes of the gradient, to scale, from the loss back to the input")
    if "folded" in signs:
        lines.append("solid block (n layers): a block drawn as one card, with the worst of its findings")
    if "bottleneck" in signs:
        lines.append("bottleneck: the layers in a row in which the gradient loses most decades on its way back")
    if "junction" in signs:
        lines.append("● fan-out: the gradients of its branches add up (as tensors, so their RMS need not)")
    judged = threshold_words(report.thresholds, signs)
    lines += ["thresholds: " + "    ".join(judged)] if judged else []
    if "units" in signs:
        lines.append(f"states of units counted over {counted(report.samples, 'sample')}")
    return lines


def threshold_words(thresholds: Thresholds, signs: set[str]) -> list[str]:
    """Return the thresholds that matter to a picture with these signs, in the words of its legend."""
    words = []
    if "units" in signs:
        for what, (warning, critical) in (("dead", thresholds.dead), ("saturated", thresholds.saturated)):
            words.append(f"{what} > {share(warning)} ! > {share(critical)} ✕")
    if "update" in signs:
        low, high = thresholds.update_ratio
        words.append(f"update ratio healthy {low:.0e} to {high:.0e}".replace("e-0", "e−").replace("e+0", "e"))
    return words
