"""Watch a training: count dead and saturated units over batches, and how far each step moves the weights."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.graph import Node, topological_order
from autograd_cnn.health.course import Course
from autograd_cnn.health.history import StepRecord, onset, onset_of_units
from autograd_cnn.health.lives import Lives
from autograd_cnn.health.measures import decades, norm, rms
from autograd_cnn.health.network import kept_gradients, read_network
from autograd_cnn.health.nonfinite import first_non_finite
from autograd_cnn.health.parameters import named_parameters
from autograd_cnn.health.plan import Places, Plan, plan_of, signature
from autograd_cnn.health.reading import Past, report_of
from autograd_cnn.health.report import Finding, Report, Thresholds
from autograd_cnn.health.start import Start, start_of
from autograd_cnn.health.timeline import Frames, Timeline
from autograd_cnn.health.units import read_units
from autograd_cnn.health.weighing import same_sign

ENOUGH_SAMPLES = 1000


@dataclass(frozen=True)
class _Weights:
    """A layer's weights as they were before a step."""

    parameters: list[Node]
    versions: list[int]
    copies: list[Any]


class _Sizes:
    """How large the gradients on the nodes of one graph are; each is measured once."""

    def __init__(self, order: list[Node]) -> None:
        self.order = order
        self._known: dict[tuple[int, ...], float | None] = {}

    def gradient(self, places: list[int]) -> float | None:
        """Return the RMS of the gradients on some nodes; None where none flows."""
        key = tuple(places)
        if key not in self._known:
            received = [self.order[i].grad for i in places if self.order[i].grad is not None]
            self._known[key] = rms(received) if received else None
        return self._known[key]

    def gradient_norm(self, places: list[int]) -> float | None:
        """Return the L2 norm of the gradients on some nodes; None where one is missing."""
        size = self.gradient(places)
        if size is None or any(self.order[i].grad is None for i in places):
            return None
        return size * math.sqrt(sum(self.order[i].size for i in places))


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
    frames_every : int
        A full report, with histograms, is kept of steps 0, 1, 2, 4, 8 ... and then of every so many; of a long
        training fewer, so that there are never more than 200.

    Attributes
    ----------
    history : list of StepRecord
        The numbers of every step; `timeline` returns them with all else that is known.

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

    def __init__(
        self,
        model: Any = None,
        *,
        thresholds: Thresholds | None = None,
        window: int | None = None,
        frames_every: int = 50,
    ) -> None:
        if window is not None and window < 1:
            raise ArgumentError(f"Monitor: window={window}, expected at least 1 batch")
        if frames_every < 1:
            raise ArgumentError(f"Monitor: frames_every={frames_every}, expected at least 1 step")
        self.thresholds = thresholds or Thresholds()
        self.window = window
        self.history: list[StepRecord] = []
        self._names = named_parameters(model)
        self._known = set(self._names.values()) if model is not None else None
        self._lives = Lives(self.thresholds)
        self._frames = Frames(frames_every)
        self._curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
        self._epochs: list[int] = []
        self._sizes: deque[int] = deque()
        self._weights: dict[str, _Weights] = {}
        self._plan: Plan | None = None
        self._loss: Node | None = None
        self._non_finite: Finding | None = None
        self._start: Start | None = None

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
        if not self.history:
            self._start = start_of(read_network(loss, self._known))
        self._finish_step(next_step=True)
        self._weights = {}
        self._sizes.append(plan.batch)
        self._forget_old_sizes()
        record = StepRecord(len(self.history), loss.item(), {}, {}, sum(self._sizes))
        sizes = _Sizes(order)
        for layer in plan.layers:
            self._read(layer, sizes, record)
        self.history.append(record)
        self._loss = loss
        if self._non_finite is None and not _all_finite(record):
            network = read_network(loss, self._known)
            self._non_finite = first_non_finite(network, kept_gradients(network), record.step)
        if self._frames.wants(record.step):
            self._frames.keep(self.report())

    def note(self, split: str = "training", **numbers: float) -> None:
        """Add numbers that the training loop knows to the curves, at the last step observed.

        Parameters
        ----------
        split : str
            On which data: ``"training"``, ``"validation"``.
        **numbers : float
            By name, such as ``accuracy=0.93``.

        Raises
        ------
        ArgumentError
            For what is no number.
        """
        for name, x in numbers.items():
            try:
                number = float(x)
            except (TypeError, ValueError):
                raise ArgumentError(f"Monitor.note: {name} is {type(x).__name__}, expected a number") from None
            points = self._curves.setdefault(name, {}).setdefault(str(split), [])
            points.append((max(len(self.history) - 1, 0), number))

    def begin_epoch(self) -> None:
        """Tell that the next step is the first of an epoch, so that a report can say in which one things happened."""
        if len(self.history) not in self._epochs:
            self._epochs.append(len(self.history))

    def timeline(self) -> Timeline:
        """Return the training so far as plain data: every step, the reports kept, the last one, units and curves.

        Raises
        ------
        GradientError
            Before the first `observe`.
        """
        last = self.report()
        return Timeline(
            steps=tuple(self.history),
            frames=(*(frame for frame in self._frames.kept if frame.step < last.step), last),
            spells=self._lives.spells(),
            curves={
                name: {split: tuple(points) for split, points in lines.items()} for name, lines in self._curves.items()
            },
            epochs=tuple(self._epochs),
        )

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
            units={name: self._lives.units(name) for name in layers},
            updates=updates,
            weight_gradients=self.history[-1].weight_gradients,
            onset=self._onset,
            non_finite=self._non_finite,
            course=Course([r.loss for r in self.history], self._curves.get("loss", {}).get("validation", [])),
            start=self._start,
            same_sign=self.history[-1].same_sign,
        )
        return report_of(network, kept_gradients(network), self._names, self.thresholds, past)

    def _read(self, layer: Places, sizes: _Sizes, record: StepRecord) -> None:
        """Take in one layer: gradients, units, and the weights as they are before the step."""
        name, order = layer.name, sizes.order
        weights = [order[i] for i in layer.weights]
        gradients = [p.grad for p in weights if p.grad is not None]
        record.gradients[name] = sizes.gradient(layer.outputs)
        record.weight_gradients[name] = rms(gradients) if gradients else None
        record.activations[name] = rms([order[i].value for i in layer.outputs])
        if layer.sources and all(order[i].gate is None for i in layer.sources):
            record.activations.setdefault("", rms([order[i].value for i in layer.sources]))
            if self._are_new(layer.sources, order):
                record.gradients.setdefault("", sizes.gradient(layer.sources))
        if layer.sources and layer.leaving and self._are_new(layer.sources, order):
            record.attenuations[name] = decades(sizes.gradient_norm(layer.sources), sizes.gradient_norm(layer.leaving))
        for weight, data, axis in layer.products:
            share = same_sign(order[data].value, order[weight].grad, axis)
            if share is not None:
                record.same_sign[name] = share
        activations = [order[i] for i in layer.activations]
        upstream, passed = [node.grad for node in activations], [order[i].grad for i in layer.feeders]
        batch = read_units(activations, layer.numbers, upstream, self.thresholds, passed)
        if batch is not None:
            self._lives.take(name, batch, record, len(self._sizes))
        if weights:
            self._weights[name] = _Weights(weights, [p.serial for p in weights], [np.array(p.value) for p in weights])

    def _forget_old_sizes(self) -> None:
        """Keep the window: as many batches as asked for, or as hold enough samples."""
        sizes = self._sizes
        if self.window is not None:
            while len(sizes) > self.window:
                sizes.popleft()
        else:
            while sum(sizes) - sizes[0] >= ENOUGH_SAMPLES:
                sizes.popleft()

    def _are_new(self, places: list[int], order: list[Node]) -> bool:
        """Whether no leaf among them is older than this step: its gradient may then be that of several steps."""
        before = 0 if self._loss is None else self._loss.serial
        return all(order[i].gate is not None or order[i].serial > before for i in places)

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
        since = self._lives.since(layer, kind)
        if since is not None:
            return onset_of_units(since, kind, self.thresholds, self.history[-1].step)
        return onset(self.history, kind, layer, self.thresholds)


def _all_finite(record: StepRecord) -> bool:
    numbers = (record.loss, *record.gradients.values(), *record.weight_gradients.values())
    return all(np.isfinite(number) for number in numbers if number is not None)
