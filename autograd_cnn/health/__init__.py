"""Is the network learning? Dead and saturated units, lost gradients, steps too small or too large.

`inspect` looks at one graph, `Monitor` watches a training, `assert_healthy` serves tests. All read the
graph itself: no hooks, nothing to register.
"""

from autograd_cnn.health.checking import UnhealthyError, assert_healthy
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.lives import Spell
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.reading import inspect
from autograd_cnn.health.records import Records
from autograd_cnn.health.report import Connection, Distribution, Finding, Layer, Report, Thresholds, Units
from autograd_cnn.health.timeline import Timeline
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "Connection",
    "Distribution",
    "Finding",
    "Layer",
    "Monitor",
    "Records",
    "Report",
    "Spell",
    "StepRecord",
    "Thresholds",
    "Timeline",
    "UnhealthyError",
    "Units",
    "assert_healthy",
    "inspect",
]

_suggest_names(__name__)
