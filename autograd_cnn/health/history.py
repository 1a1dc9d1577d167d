"""What a training leaves behind of each step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


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

    @property
    def is_finite(self) -> bool:
        """Whether neither the loss nor a gradient is NaN or infinite."""
        numbers = (self.loss, *self.gradients.values(), *self.weight_gradients.values())
        return all([number is None or math.isfinite(number) for number in numbers])
