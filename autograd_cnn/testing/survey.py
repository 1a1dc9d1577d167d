"""Every gate of a checked graph beside its own oracle: what a drawing of a check shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import backward_steps
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, topological_order
from autograd_cnn.testing.judging import Obstacle, judge
from autograd_cnn.testing.local import Local, directions
from autograd_cnn.testing.oracles import relative_error
from autograd_cnn.testing.report import INCONCLUSIVE, Blame, Report
from autograd_cnn.testing.run import Run

_EPS = float(np.finfo(np.float64).eps)
_UNRESOLVED = 1e4
"""A number below this many error bars says nothing of a relative error by which the notes would worry."""


@dataclass(frozen=True)
class Finding:
    """What is known of one node.

    Attributes
    ----------
    relative_error : float or None
        The notes' relative error: of a gate's own rule, its worst input; of a leaf, its whole gradient. None where
        no difference could be taken.
    kink : bool
        Whether every step crossed a kink there, so that some of it could not be judged.
    input : str
        What the report calls a leaf.
    """

    relative_error: float | None
    kink: bool
    input: str = ""


@dataclass(frozen=True, eq=False)
class Survey:
    """A checked graph, one finding per node.

    Attributes
    ----------
    output : Node
        The output whose graph it is: the one with the wrong gate, of several.
    outputs : int
        How many outputs the function has.
    findings : dict
        For every node that a gradient reached.
    culprit : Node or None
        What the first wrong gate made.
    blame : Blame or None
        What is wrong with it, when the report failed.
    """

    output: Node
    outputs: int
    findings: dict[Node, Finding]
    culprit: Node | None
    blame: Blame | None


@contextmanager
def surveyed(report: Report) -> Iterator[Survey]:
    """Look at every gate of the graph that a report is about.

    Inside the ``with`` block the nodes hold the values of the failing run, and in ``grad`` the gradients that
    arrived in it; afterwards everything is as it was.

    Parameters
    ----------
    report : Report
        From `check`.

    Raises
    ------
    ArgumentError
        When the report holds no graph: it was made by hand.
    """
    evidence = report.evidence
    if evidence is None:
        raise ArgumentError("surveyed: the report holds no graph; it was not made by check()")
    run = evidence.run
    blame = None if report.ok or (not report.wrong and not report.notes) else report.blame()
    blame = blame if blame is not None and blame.gate is not None else None
    with evidence.as_it_was():
        chosen = _chosen(run, blame)
        output, order = run.outputs[chosen], topological_order(run.outputs[chosen])
        before = [(node, node.grad) for node in order]
        findings = _leaf_findings(report, run)
        try:
            for node in order:
                node.grad = None
            try:
                for step in backward_steps(output, evidence.weights[chosen]) if output.requires_grad else ():
                    step.node.grad = step.upstream
                    if step.node.gate is not None:
                        findings[step.node] = _finding(step.node, step.upstream)
            except Exception:  # a rule may fail in any way it likes; what lies before it has no gradient then
                pass
            culprit = order[blame.position] if blame is not None and blame.position >= 0 else None
            yield Survey(output, len(run.outputs), findings, culprit, blame)
        finally:
            for node, grad in before:
                node.grad = grad


def _chosen(run: Run, blame: Blame | None) -> int:
    """Return the place of the output whose graph holds the wrong gate, else of the first with a gradient."""
    for place, output in enumerate(run.outputs):
        if blame is None and output.requires_grad:
            return place
        if blame is not None and output.requires_grad:
            order = topological_order(output)
            gate = order[blame.position].gate if blame.position < len(order) else None
            if gate is not None and gate.name == blame.gate:
                return place
    return 0


def _finding(node: Node, upstream: Any) -> Finding:
    """Hold a gate's rule against differences of its forward, input by input."""
    worst: float | None = None
    kink = False
    try:
        local = Local(node, upstream)
        parts, _ = next(local.gradients())
    except Exception:  # a gate may fail in any way it likes
        return Finding(None, kink)
    if local.here.dtype != np.float64:
        return Finding(None, kink)  # it narrows by itself, as astype does: there are no differences to trust
    for slot, part in enumerate(parts):
        for _, direction in () if part is None else directions(np.shape(part)):
            analytic = float(np.sum(np.asarray(part, np.float64) * direction))
            scale = float(np.max(np.abs(part), initial=0.0))
            try:
                found = judge(local.line(slot, direction), analytic, scale, lambda: 0.0, _EPS, "ridders")
            except Obstacle as obstacle:
                kink = kink or obstacle.kink
                continue
            except Exception:
                continue
            if found.verdict not in INCONCLUSIVE:
                error = _error(analytic, found.estimate.value, found.estimate.bar)
                worst = error if worst is None else max(worst, error)
    return Finding(worst, kink)


def _error(analytic: float, numeric: float, bar: float) -> float:
    """Return the relative error; 0 where both lie within an error bar that is not small beside them."""
    if abs(analytic - numeric) <= bar and max(abs(analytic), abs(numeric)) <= _UNRESOLVED * bar:
        return 0.0
    return float(relative_error(analytic, numeric))


def _leaf_findings(report: Report, run: Run) -> dict[Node, Finding]:
    """Return the findings of the leaves that were checked: those of their coordinates."""
    leaves = [leaf for leaf, _ in run.settings if leaf.size]
    names = list(dict.fromkeys(c.input for c in report.coordinates if c.index is not None))
    if len(leaves) != len(names):  # directions through all leaves, or two leaves of one name
        return {}
    found = {}
    for leaf, name in zip(leaves, names, strict=True):
        of_leaf = [c for c in report.coordinates if c.input == name]
        errors = [_error(c.analytic, c.numeric, c.bar) for c in of_leaf if c.verdict not in INCONCLUSIVE]
        found[leaf] = Finding(max(errors, default=None), len(errors) < len(of_leaf), name)
    return found
