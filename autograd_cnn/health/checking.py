"""Health as a test: raise when a network is not healthy."""

from __future__ import annotations

from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Node
from autograd_cnn.health.reading import inspect
from autograd_cnn.health.report import Finding, Report


class UnhealthyError(AutogradError, AssertionError):
    """A network that is not healthy; `findings` holds why."""

    def __init__(self, message: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(message)
        self.findings = findings


def assert_healthy(subject: Report | Node) -> None:
    """Raise unless a report, or the graph of a loss, has no finding.

    Parameters
    ----------
    subject : Report or Node
        What `inspect` or `Monitor.report` returned, or a loss to inspect.

    Raises
    ------
    UnhealthyError
        With one line per finding; its `findings` holds them all.
    """
    report = subject if isinstance(subject, Report) else inspect(subject)
    if report.findings:
        lines = (f"{f.layer or 'network'}: {f.words} ({f.evidence}); {f.remedy}" for f in report.findings)
        raise UnhealthyError("\n".join(lines), report.findings)
