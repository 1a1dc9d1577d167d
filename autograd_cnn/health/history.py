"""What a training leaves behind, step by step, and since when it shows a finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.findings import is_usual_update
from autograd_cnn.health.report import Thresholds


@dataclass(frozen=True)
class StepRecord:
    """The numbers of one step, by layer.

    Attributes
    ----------
    step : int
    loss : float
    samples : int
        Over how many samples dead, starved and saturated units were counted at this step.
    gradients : dict
        RMS of the gradient at each layer's output, and under ``""`` at the network's input; None where none flows.
    weight_gradients : dict
        RMS of the gradient of each layer's weights.
    activations : dict
        RMS of each layer's output, and under ``""`` of the network's input.
    attenuations : dict
        log10 of the gradient's L2 norm at each layer's input over that at its output; None where it is not known
        without computing the share of single wires: reports know it.
    dead, starved, silent, saturated : dict
        How many units: dead and starved over the window; silent and saturated in this batch.
    silent_units : dict
        Which units were silent in this batch, but not dead over the window.
    same_sign : dict
        Share of units whose weight gradients all have one sign, of layers whose inputs are all positive.
    update_ratios : dict
        ‖Δw‖/‖w‖ of this step; filled in once the step was seen.
    """

    step: int
    loss: float
    gradients: dict[str, float | None]
    weight_gradients: dict[str, float | None]
    samples: int = 0
    activations: dict[str, float] = field(default_factory=dict)
    attenuations: dict[str, float | None] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    starved: dict[str, int] = field(default_factory=dict)
    silent: dict[str, int] = field(default_factory=dict)
    saturated: dict[str, int] = field(default_factory=dict)
    silent_units: dict[str, tuple[int, ...]] = field(default_factory=dict)
    same_sign: dict[str, float] = field(default_factory=dict)
    update_ratios: dict[str, float] = field(default_factory=dict)


def onset(history: Sequence[StepRecord], kind: str, layer: str, limits: Thresholds) -> int:
    """Return the first step of the unbroken run of steps, up to the last, that showed a finding."""
    if kind == "disconnected":
        return history[0].step
    if kind == "update":
        return _onset_of_update(history, layer, limits)
    shows = _SHOWS.get(kind)
    known = [record for record in history if layer in record.update_ratios] if kind == "unchanged" else history
    place = len(known) - 1
    while shows is not None and place > 0 and shows(known[place - 1], layer, limits):
        place -= 1
    return known[place].step


def onset_of_units(since: Array, kind: str, limits: Thresholds, last: int) -> int:
    """Return the step at which the share of such units crossed the first threshold.

    Parameters
    ----------
    since : array of int
        Step since which each unit is so without a break; -1 where it is not.
    kind : str
    limits : Thresholds
    last : int
        The last step, told when the units are so over the window but not in every batch.
    """
    warning, _ = limits.saturated if kind == "saturated" else limits.dead
    steps = np.sort(since[since >= 0])
    place = int(warning * since.size)
    return int(steps[place]) if place < steps.size else last


def _onset_of_update(history: Sequence[StepRecord], layer: str, limits: Thresholds) -> int:
    known = [record for record in history if layer in record.update_ratios]
    ratios = [record.update_ratios[layer] for record in known]
    place = len(known) - 1
    while place > 0 and not is_usual_update(ratios[max(0, place - limits.update_steps) : place], limits):
        place -= 1
    return known[place].step


def _end_to_end(record: StepRecord) -> float | None:
    known = [size for size in record.weight_gradients.values() if size is not None]
    return known[0] / known[-1] if len(known) > 1 and known[-1] else None


def _shows_vanishing(record: StepRecord, layer: str, limits: Thresholds) -> bool:
    size, limit = (
        (record.weight_gradients.get(layer), limits.vanished) if layer else (_end_to_end(record), limits.vanishing[0])
    )
    return size is not None and 0 < size < limit


def _shows_exploding(record: StepRecord, layer: str, limits: Thresholds) -> bool:
    ratio = _end_to_end(record)
    return ratio is not None and ratio > limits.exploding[0]


def _shows_zero(record: StepRecord, layer: str, limits: Thresholds) -> bool:
    return record.weight_gradients.get(layer) == 0


def _shows_same_sign(record: StepRecord, layer: str, limits: Thresholds) -> bool:
    return record.same_sign.get(layer, 0.0) > limits.same_sign


def _shows_unchanged(record: StepRecord, layer: str, limits: Thresholds) -> bool:
    return record.update_ratios.get(layer) == 0


_SHOWS: dict[str, Callable[[StepRecord, str, Thresholds], bool]] = {
    "vanishing": _shows_vanishing,
    "exploding": _shows_exploding,
    "zero": _shows_zero,
    "unchanged": _shows_unchanged,
    "same-sign": _shows_same_sign,
}
