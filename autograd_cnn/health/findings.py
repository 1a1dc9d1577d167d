"""Judge a network: which measurements crossed a threshold, why, and what the notes advise.

A fault is told once, where it begins: what merely follows from it is left out. NaN explains
everything; dead, starved or saturated units explain lost gradients; lost gradients explain small updates;
and what is found in the layers explains why the loss does not fall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from autograd_cnn.health.advice import ADVICE, Advice
from autograd_cnn.health.course import Course, is_learning, loss_findings, start_findings
from autograd_cnn.health.measures import decades, median
from autograd_cnn.health.report import Finding, Layer, Severity, Thresholds
from autograd_cnn.health.start import Start
from autograd_cnn.health.wording import decades as decades_words
from autograd_cnn.health.wording import number, share, tiny

_WORTH_TELLING = -0.3
"""Decades that a layer loses, from which on it is named: a factor of two."""


@dataclass(frozen=True)
class Facts:
    """What findings are judged from: measured layers, and what concerns the network as a whole."""

    layers: tuple[Layer, ...]
    non_finite: Finding | None
    disconnected: tuple[str, ...]
    samples: int
    update_ratios: Mapping[str, list[float]]
    onset: Callable[[str, str], int]
    course: Course = field(default_factory=Course)
    start: Start | None = None
    accumulated: Finding | None = None


def judged(facts: Facts, limits: Thresholds) -> tuple[tuple[Finding, ...], float | None]:
    """Return all findings, the worst first, and log10 of the first over the last layer's weight gradient."""
    trained = [layer for layer in facts.layers if layer.weight_gradient is not None]
    ratio = decades(trained[0].weight_gradient, trained[-1].weight_gradient) if len(trained) > 1 else None
    found = [_disconnected(facts, name) for name in facts.disconnected]
    if facts.accumulated is not None:
        found.append(facts.accumulated)
    if facts.non_finite is not None:
        found.append(facts.non_finite)
    else:
        units = [f for layer in facts.layers for f in _units(facts, layer, limits)]
        lost = [] if units else list(_lost(facts, trained, ratio, limits))
        zero = [] if _any_critical(units) else list(_zero(facts, trained))
        blamed = _any_critical([*units, *lost, *zero])
        updates = [f for layer in trained for f in _update(facts, layer, limits)]
        kept = [f for f in updates if not (blamed and _follows_from_lost_gradient(f, lost))]
        found += [*units, *lost, *zero, *kept]
        if not _any_critical(found):
            found += [*start_findings(facts.start, limits), *_same_sign(facts, limits)]
            found += [f for f in loss_findings(facts.course, limits) if f.kind != "loss" or not found]
    return worst_first(found), ratio


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return critical findings before warnings, otherwise in the order given."""
    return tuple(sorted(findings, key=lambda finding: finding.severity != "critical"))


def _units(facts: Facts, layer: Layer, limits: Thresholds) -> Iterator[Finding]:
    units = layer.units
    if units is None:
        return
    everything_blocked = layer.gradient is not None and layer.gradient.zeros == 1.0
    starved = () if everything_blocked else units.starved
    states = (
        ("dead", units.dead, limits.dead, "have local gradient exactly 0"),
        ("starved", starved, limits.dead, "are active, yet receive a gradient of exactly 0,"),
        (
            "saturated",
            units.saturated,
            limits.saturated,
            f"have a slope under {share(limits.saturated_slope)} of the largest on {share(limits.saturated_samples)}",
        ),
    )
    for kind, ids, (warning, critical), words in states:
        part = len(ids) / units.count if units.count else 0.0
        enough = limits.warning_samples if kind != "saturated" and part <= critical else limits.unit_samples
        if part > warning and facts.samples >= enough:
            severity: Severity = "critical" if part > critical else "warning"
            crossed = critical if part > critical else warning
            on = f"of {facts.samples} samples" if kind == "saturated" else f"on all of {facts.samples} samples"
            evidence = f"{len(ids)} of {units.count} units {words} {on}; {severity} above {share(crossed)}"
            if kind == "dead":
                evidence += _proof(ids, layer)
            yield _finding(facts, severity, kind, layer.name, f"{share(part)} {kind}", evidence, units=ids)


def _proof(ids: tuple[int, ...], layer: Layer) -> str:
    proven = len(set(ids) & set(layer.proven))
    words = f"; {proven} of them provably: no input in the range of this batch brings them above"
    return f"{words} {number(layer.highest)}" if proven else ""


def _lost(facts: Facts, trained: list[Layer], ratio: float | None, limits: Thresholds) -> Iterator[Finding]:
    """Vanishing and exploding gradients: of single layers, and of the network from end to end."""
    last = trained[-1].weight_gradient if trained else None
    for layer in trained:
        size = layer.weight_gradient
        if size and last and size < limits.vanished <= last:
            evidence = f"RMS of the weight gradients {tiny(size)}; critical under {tiny(limits.vanished)}"
            yield _finding(facts, "critical", "vanishing", layer.name, "vanishing", evidence)
    if ratio is None:
        return
    quotient = 10**ratio
    times = f"{tiny(trained[0].weight_gradient)} in {trained[0].name}, {tiny(last)} in {trained[-1].name}"
    for kind, (warning, critical), below in (
        ("vanishing", limits.vanishing, True),
        ("exploding", limits.exploding, False),
    ):
        crossed = [limit for limit in (warning, critical) if (quotient < limit if below else quotient > limit)]
        if crossed:
            severity: Severity = "critical" if len(crossed) > 1 else "warning"
            side = "under" if below else "over"
            evidence = (
                f"RMS of the weight gradients {times}: ratio {tiny(quotient)}; {severity} {side} {tiny(crossed[-1])}"
            )
            yield _finding(facts, severity, kind, "", kind, evidence + (_losers(facts) if below else ""))


def _losers(facts: Facts) -> str:
    """Say which layers the gradient loses most in on its way back."""
    lost = [
        (x.attenuation, x.name) for x in facts.layers if x.attenuation is not None and x.attenuation < _WORTH_TELLING
    ]
    worst = sorted(lost, key=itemgetter(0))[:2]
    words = " and ".join(f"{name} ({decades_words(size)} decades)" for size, name in worst)
    return f"; most is lost in {words}" if worst else ""


def _zero(facts: Facts, trained: list[Layer]) -> Iterator[Finding]:
    """Weights whose gradient is exactly 0: told once, for the layer nearest to the loss."""
    zero = [layer for layer in trained if layer.weight_gradient == 0]
    if zero:
        others = f", and so are those of {len(zero) - 1} more layers" if len(zero) > 1 else ""
        evidence = f"all gradients of its weights are exactly 0{others}"
        yield _finding(facts, "critical", "zero", zero[-1].name, "zero gradient", evidence)


def _same_sign(facts: Facts, limits: Thresholds) -> Iterator[Finding]:
    for layer in facts.layers:
        part = layer.same_sign
        if part is not None and part > limits.same_sign:
            evidence = (
                f"all inputs are positive, and in {share(part)} of the units all weight gradients have one sign; "
                f"warning above {share(limits.same_sign)}"
            )
            yield _finding(facts, "warning", "same-sign", layer.name, "same-sign gradients", evidence)


def _update(facts: Facts, layer: Layer, limits: Thresholds) -> Iterator[Finding]:
    """Judge the steps of a layer by their size, and by whether the loss falls.

    Weights that move by more than a tenth in a step are critical whatever the loss does. Otherwise a falling
    loss is the better judge: the notes call 1e-3 a rough heuristic, and small output layers that learn well
    move by some percent; and at the bottom of the loss steps are small because there is nothing left to learn.
    """
    ratios = facts.update_ratios.get(layer.name, [])[-limits.update_steps :]
    if len(ratios) >= limits.unchanged_steps and not any(ratios[-limits.unchanged_steps :]):
        evidence = f"‖Δw‖ exactly 0 in the last {limits.unchanged_steps} steps"
        yield _finding(facts, "critical", "unchanged", layer.name, "unchanged", evidence)
        return
    if not ratios or is_usual_update(ratios, limits) or not median(ratios):
        return
    size = median(ratios)
    (low, high), (lowest, highest) = limits.update_ratio, limits.update_ratio_critical
    critical = not lowest <= size <= highest
    if not critical and len(ratios) < limits.update_steps:
        return  # the first steps are often large, and soon are not
    if size <= highest and is_learning(facts.course.losses, limits.update_steps, limits):
        return
    severity: Severity = "critical" if critical else "warning"
    bounds = f"{tiny(lowest)} to {tiny(highest)}" if critical else f"{tiny(low)} to {tiny(high)}"
    why = "update too small" if size < low else "update too large"
    steps = f"median of the last {len(ratios)} steps" if len(ratios) > 1 else "last step"
    evidence = f"‖Δw‖/‖w‖ {tiny(size)} ({steps}); {severity} outside {bounds}"
    yield _finding(facts, severity, "update", layer.name, f"update {tiny(size)}", evidence, ADVICE[why])


def is_usual_update(ratios: Sequence[float], limits: Thresholds) -> bool:
    """Whether the median update ratio of the last steps is healthy; one step alone may well be unusual."""
    low, high = limits.update_ratio
    return low <= median(ratios[-limits.update_steps :]) <= high


def _follows_from_lost_gradient(finding: Finding, lost: list[Finding]) -> bool:
    """Whether an update is small because little gradient arrives, or large because too much does."""
    large = finding.cause == ADVICE["update too large"].cause
    return not large or any(f.kind == "exploding" for f in lost)


def _disconnected(facts: Facts, name: str) -> Finding:
    words = f"{name} disconnected"
    return _finding(facts, "critical", "disconnected", "", words, f"parameter {name} has no path to the loss")


def _finding(
    facts: Facts,
    severity: Severity,
    kind: str,
    layer: str,
    words: str,
    evidence: str,
    advice: Advice | None = None,
    units: tuple[int, ...] = (),
) -> Finding:
    cause, remedy = advice or ADVICE[kind]
    return Finding(severity, kind, layer, words, evidence, cause, remedy, units, facts.onset(kind, layer))


def _any_critical(findings: list[Finding]) -> bool:
    return any(finding.severity == "critical" for finding in findings)
