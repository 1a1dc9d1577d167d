"""What one step tells of each layer: its numbers for the record, and the state of its units in this batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd_cnn.graph import Array, Node
from autograd_cnn.health.census import Census
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.measures import decades
from autograd_cnn.health.plan import Places, Plan
from autograd_cnn.health.report import Thresholds
from autograd_cnn.health.sizes import Sizes
from autograd_cnn.health.units import Batch, batch_of_uses, is_positive, read_units
from autograd_cnn.health.weighing import same_sign


def record_of(
    step: int, loss: float, samples: int, plan: Plan, sizes: Sizes, oldest: float, signs: dict[str, float]
) -> StepRecord:
    """Return the numbers of a step, without those of units.

    Parameters
    ----------
    step : int
    loss : float
    samples : int
        Over how many samples units are counted.
    plan : Plan
    sizes : Sizes
        Of this step's values and gradients.
    oldest : float
        Leaves with a serial number up to this one are older than the step: their gradient may be that of several.
    signs : dict
        What `same_signs` told.
    """
    order, layers = sizes.order, plan.layers
    value, gradient = sizes.value, sizes.gradient
    record = StepRecord(
        step,
        loss,
        {x.name: gradient(x.outputs) for x in layers},
        {x.name: gradient(x.weights) if x.weights else None for x in layers},
        samples,
        {x.name: value(x.outputs) for x in layers},
    )
    for layer in layers:
        are_new = all([order[i].serial > oldest for i in layer.leaves])
        if layer.reads_input:
            record.activations.setdefault("", value(layer.sources))
            if are_new:
                record.gradients.setdefault("", gradient(layer.sources))
        if layer.sources and layer.leaving and are_new:
            record.attenuations[layer.name] = decades(
                sizes.gradient_norm(layer.sources), sizes.gradient_norm(layer.leaving)
            )
    record.same_sign.update(signs)
    return record


def same_signs(plan: Plan, order: Sequence[Node], sizes: Sizes | None = None) -> dict[str, float]:
    """Return for each layer whose inputs are all positive the share of units whose weight gradients have one sign."""
    found = {}
    for layer in plan.layers:
        for weight, data, axis in layer.products:
            size = None if sizes is None else sizes.value((data,))
            share = same_sign(order[data]._value, order[weight].grad, axis, size)
            if share is not None:
                found[layer.name] = share
    return found


def are_units_known(plan: Plan) -> bool:
    """Whether counts tell all of units: in no layer of some activations alone, or of their results alone."""
    for layer in plan.layers:
        known = [plan.census.active(place) is not None for place in layer.activations]
        if any(known) and not (all(known) and layer.feeders):
            return False
    return True


def units_of(layer: Places, order: Sequence[Node], census: Census, thresholds: Thresholds) -> Batch | None:
    """Return what this step tells of a layer's units; None for a layer without any."""
    activations, axes = [order[i] for i in layer.activations], layer.axes
    driven = [census.driven(i, order[i].grad) for i in layer.feeders]
    active = [census.active(i) for i in layer.activations]
    if active and active[0] is not None:  # then all are, and so are the feeders: `are_units_known`
        return batch_of_uses([_counted(*each) for each in zip(activations, axes, active, driven, strict=True)])
    if len(driven) == 1:
        (node,), (own,) = activations, driven
        assert node.gate is not None
        if own is not None and own.all() and node.ndim > 1 and node.gate.saturates is None:  # the usual case
            return Batch(node.shape[0], True, own, own, np.zeros(own.shape))
    return read_units(activations, layer.numbers, [x.grad for x in activations], thresholds, driven, axes)


def _counted(relu: Node, axis: int, active: Array | None, driven: Array | None) -> Batch:
    """Return the units of a ReLU that was counted; without a gradient those count as driven that are active."""
    assert active is not None
    if relu.dtype != np.float32:  # tiny squares vanish
        active = active | is_positive(relu._value, axis, ~active)
    return Batch(relu.shape[0], True, active, active if driven is None else driven, np.zeros(active.shape))
