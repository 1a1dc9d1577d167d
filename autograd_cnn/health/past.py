"""What a report of one step has to know of the steps before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from autograd_cnn.health.course import Course
from autograd_cnn.health.report import Finding, Units
from autograd_cnn.health.start import Start

Onset: TypeAlias = Callable[[str, str], int]


@dataclass(frozen=True)
class Past:
    """What is known from earlier steps; for a single look, nothing.

    Attributes
    ----------
    step, samples : int
        The last step looked at, and over how many samples units were counted (0: this batch).
    batch : int
        How many samples that step had, if it is another than that of the network.
    now : int
        The last step, looked at or not: what parameters hold is of then.
    units : mapping
        State of the units per layer, if counted over several batches.
    updates : mapping
        Update ratios per layer, the last step last.
    weight_gradients : mapping or None
        RMS per layer at the time of the backward pass, where `grad` may have been cleared since.
    onset : callable or None
        First step that showed a finding, given its kind and layer.
    non_finite : Finding or None
        NaN or infinity met at an earlier step.
    accumulated : Finding or None
        Gradients that add up over steps.
    course : Course
        The losses so far.
    start : Start or None
        What the first step showed.
    same_sign : mapping or None
        `Layer.same_sign` per layer at the time of the backward pass.
    """

    step: int = 0
    samples: int = 0
    batch: int = 0
    now: int = 0
    units: Mapping[str, Units | None] | None = None
    updates: Mapping[str, list[float]] = field(default_factory=dict)
    weight_gradients: Mapping[str, float | None] | None = None
    onset: Onset | None = None
    non_finite: Finding | None = None
    accumulated: Finding | None = None
    course: Course = field(default_factory=Course)
    start: Start | None = None
    same_sign: Mapping[str, float] | None = None
