"""Watch a training: count dead and saturated units over batches, and how far each step moves the weights."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.graph import Array, Node, topological_order
from autograd_cnn.health.history import StepRecord, onset, onset_of_units
from autograd_cnn.health.measures import norm, rms
from autograd_cnn.health.network import kept_gradients, read_network
from autograd_cnn.health.nonfinite import first_non_finite
from autograd_cnn.health.parameters import named_parameters
from autograd_cnn.health.plan import Places, Plan, plan_of, signature
from autograd_cnn.health.reading import Past, report_of
from autograd_cnn.health.report import Finding, Report, Thresholds, Units
from autograd_cnn.health.units import Batch, combined, read_units

ENOUGH_SAMPLES = 1000


@dataclass
class _Watched:
    """The units of one layer over time; the arrays hold the step since which a unit is so, or -1."""

    batches: deque[Batch]
    steps: deque[int]
    since: dict[str, Array]


@dataclass(frozen=True)
class _Weights:
    """A layer's weights as they were before a step."""

    parameters: list[Node]
    versions: list[int]
    copies: list[Any]


class Monitor:
    """Watches a training loop.

    Parameters
    ----------
    model : object with ``parameters()`` or ``named_parameters()``, optional
        Lets parameters without a path to the loss be found.
    thresholds : Thresholds, optional
        Where findings begin.
    window : int, optional
        Over how many of the last batches dead and saturated units are counted; by default over as many as
        hold 1,000 samples. A rarely used unit is not yet a dead one, and one that died must not be saved
        by its past.

    Attributes
    ----------
    history : list of StepRecord
        The numbers of every step.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import functional as F, health
    >>> x, w = ag.Tensor([[1.0, 2.0]]), ag.Parameter([[3.0, 4.0]])
    >>> monitor = health.Monitor()
    >>> for _ in range(2):
    ...     with ag.scope("fc"):
    ...         loss = F.linear(x, w).sum()
    ...     w.zero_grad()
    ...     loss.backward()
    ...     monitor.observe(loss)  # between backward() and the step
    ...     w.assign(w.value - 0.005 * w.grad)
    >>> round(monitor.report().layers[0].update_ratio, 4)
    0.0022
    """

    def __init__(self, model: Any = None, *, thresholds: Thresholds | None = None, window: int | None = None) -> None:
        if window is not None and window < 1:
            raise ArgumentError(f"Monitor: window={window}, expected at least 1 batch")
        self.thresholds = thresholds or Thresholds()
        self.window = window
        self.history: list[StepRecord] = []
        self._names = named_parameters(model)
        self._known = set(self._names.values()) if model is not None else None
        self._watched: dict[str, _Watched] = {}
        self._sizes: deque[int] = deque()
        self._weights: dict[str, _Weights] = {}
        self._plan: Plan | None = None
        self._loss: Node | None = None
        self._non_finite: Finding | None = None

    def observe(self, loss: Node) -> None:
        """Take in one step; call it between ``loss.backward()`` and ``optimizer.step()``.

        Raises
        ------
        GradientError
            When backward() has not run, or freed the graph.
        """
        order = topological_order(loss) if isinstance(loss, Node) else []
        plan = self._plan
        if plan is None or plan.signature != signature(order):
            plan = self._plan = plan_of(loss, self._known)
        if loss.grad is None:
            raise GradientError(
                "Monitor.observe: the loss has no gradient yet; call it between loss.backward() and optimizer.step()"
            )
        self._finish_step(next_step=True)
        self._weights = {}
        record = StepRecord(len(self.history), loss.item(), {}, {})
        self._sizes.append(plan.batch)
        self._forget_old_sizes()
        for layer in plan.layers:
            self._read(layer, order, record)
        self.history.append(record)
        self._loss = loss
        if self._non_finite is None and not _all_finite(record):
            network = read_network(loss, self._known)
            self._non_finite = first_non_finite(network, kept_gradients(network), record.step)

    def report(self) -> Report:
        """Return the health as of the last step; the distributions are those of its batch.

        Raises
        ------
        GradientError
            Before the first `observe`.
        """
        if self._loss is None:
            raise GradientError(
                "Monitor.report: nothing was observed; call observe(loss) between loss.backward() and optimizer.step()"
            )
        self._finish_step()
        network = read_network(self._loss, self._known)
        layers = [group.name for group in network.layers]
        updates = {name: [r.update_ratios[name] for r in self.history if name in r.update_ratios] for name in layers}
        past = Past(
            step=self.history[-1].step,
            samples=sum(self._sizes),
            units={name: self._units(name) for name in layers},
            updates=updates,
            weight_gradients=self.history[-1].weight_gradients,
            onset=self._onset,
            non_finite=self._non_finite,
        )
        return report_of(network, kept_gradients(network), self._names, self.thresholds, past)

    def _read(self, layer: Places, order: list[Node], record: StepRecord) -> None:
        """Take in one layer: gradients, units, and the weights as they are before the step."""
        received = [order[i].grad for i in layer.outputs if order[i].grad is not None]
        weights = [order[i] for i in layer.weights]
        gradients = [p.grad for p in weights if p.grad is not None]
        record.gradients[layer.name] = rms(received) if received else None
        record.weight_gradients[layer.name] = rms(gradients) if gradients else None
        activations = [order[i] for i in layer.activations]
        upstream, passed = [node.grad for node in activations], [order[i].grad for i in layer.feeders]
        batch = read_units(activations, layer.numbers, upstream, self.thresholds, passed)
        if batch is not None:
            self._count(layer.name, batch, record)
        if weights:
            self._weights[layer.name] = _Weights(
                weights, [p.serial for p in weights], [np.array(p.value) for p in weights]
            )

    def _forget_old_sizes(self) -> None:
        """Keep the window: as many batches as asked for, or as hold enough samples."""
        sizes = self._sizes
        if self.window is not None:
            while len(sizes) > self.window:
                sizes.popleft()
        else:
            while sum(sizes) - sizes[0] >= ENOUGH_SAMPLES:
                sizes.popleft()

    def _count(self, name: str, batch: Batch, record: StepRecord) -> None:
        watched = self._watched.get(name)
        if watched is None or watched.batches[-1].active.shape != batch.active.shape:
            never = np.full(batch.active.shape, -1)
            watched = _Watched(deque(), deque(), {kind: never for kind in ("dead", "starved", "saturated")})
            self._watched[name] = watched
        watched.batches.append(batch)
        watched.steps.append(record.step)
        while len(watched.batches) > len(self._sizes):
            watched.batches.popleft()
            watched.steps.popleft()
        saturated = batch.flat >= self.thresholds.saturated_samples
        ends = {"dead": ~batch.active} if batch.has_dead_side else {"saturated": saturated}
        now = {**ends, "starved": ~batch.driven}
        for kind, mask in now.items():
            since = watched.since[kind]
            if not mask.any() and not (since >= 0).any():
                continue  # healthy units are the usual case
            watched.since[kind] = np.where(mask, np.where(since < 0, record.step, since), -1)
        if batch.has_dead_side:
            silent = watched.since["dead"]
            seen = sum(b.samples for b in watched.batches) >= self.thresholds.unit_samples
            record.dead[name] = int(np.count_nonzero((silent >= 0) & (silent <= watched.steps[0]))) if seen else 0
            record.silent[name] = int(np.count_nonzero(silent >= 0))
        else:
            record.saturated[name] = int(np.count_nonzero(saturated))

    def _units(self, name: str) -> Units | None:
        watched = self._watched.get(name)
        return None if watched is None else combined(watched.batches, self.thresholds)

    def _finish_step(self, next_step: bool = False) -> None:
        """Note how far the step after the last `observe` moved the weights, once it was made."""
        if not self.history:
            return
        ratios = self.history[-1].update_ratios
        for name, before in self._weights.items():
            if not next_step and [p.serial for p in before.parameters] == before.versions:
                continue  # the step may still come
            size = norm(before.copies)
            if size > 0:
                moved = [p.value - copy for p, copy in zip(before.parameters, before.copies, strict=True)]
                ratios[name] = norm(moved) / size

    def _onset(self, kind: str, layer: str) -> int:
        watched = self._watched.get(layer)
        if watched is not None and kind in watched.since:
            return onset_of_units(watched.since[kind], kind, self.thresholds, self.history[-1].step)
        return onset(self.history, kind, layer, self.thresholds)


def _all_finite(record: StepRecord) -> bool:
    numbers = (record.loss, *record.gradients.values(), *record.weight_gradients.values())
    return all(np.isfinite(number) for number in numbers if number is not None)
