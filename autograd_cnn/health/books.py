"""What a monitor keeps of every step: its record, and the lives of the units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from autograd_cnn.graph import Node
from autograd_cnn.health.course import Course
from autograd_cnn.health.gauge import Gauge, Reading
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.lives import Lives
from autograd_cnn.health.onset import onset, onset_of_units
from autograd_cnn.health.past import Past
from autograd_cnn.health.plan import Plan
from autograd_cnn.health.records import Records
from autograd_cnn.health.report import Thresholds
from autograd_cnn.health.sizes import Sizes
from autograd_cnn.health.stepping import record_of, same_signs, units_of
from autograd_cnn.health.window import Window

PENDING = 32
"""So many steps are written down together."""


class Books:
    """Writes down step by step, now or a little later.

    Parameters
    ----------
    thresholds : Thresholds
    window : int or None
        Over how many batches units are counted.

    Attributes
    ----------
    lives : Lives
    window : Window
        Both as of the last step that was written down: after `history` was read, the last step.
    """

    def __init__(self, thresholds: Thresholds, window: int | None) -> None:
        self.lives, self.window = Lives(thresholds), Window(window)
        self._thresholds = thresholds
        self._history = Records()
        self._pending: list[tuple[Gauge, Reading]] = []

    @property
    def history(self) -> Records:
        """The records of all steps."""
        for gauge, some in groupby(self._pending, key=lambda each: each[0]):
            self._write_down(gauge, [reading for _, reading in some])
        self._pending.clear()
        return self._history

    def take(self, step: int, loss: float, plan: Plan, order: Sequence[Node], oldest: float) -> StepRecord:
        """Write down a step whose census was just taken; leaves up to `oldest` are older than the step."""
        assert not self._pending
        self.window.take(plan.batch)
        sizes = Sizes(order, plan.census)
        signs = same_signs(plan, order, sizes)
        record = record_of(step, loss, self.window.samples, plan, sizes, oldest, signs)
        for layer in plan.layers:
            batch = units_of(layer, order, plan.census, self._thresholds) if layer.activations else None
            if batch is not None:
                self.lives.take(layer.name, batch, record, self.window.batches)
        self._history.append(record)
        return record

    def take_later(self, gauge: Gauge, reading: Reading) -> None:
        """Keep what was read of a step, until it is asked for or there are many."""
        self._pending.append((gauge, reading))
        if len(self._pending) >= PENDING:
            self.history  # noqa: B018 - writes down what is pending

    def take_ratios(self, ratios: dict[str, float]) -> None:
        """Add to the last step how far it moved the weights."""
        if self._pending:
            self._pending[-1][1].ratios.update(ratios)
        elif self._history:
            self._history[-1].update_ratios.update(ratios)

    def past(self, layers: Iterable[str], validation: Sequence[tuple[int, float]]) -> Past:
        """Return what the steps so far tell a report of layers, with the validation losses that were noted."""
        history = self.history
        record = history[-1]
        return Past(
            step=record.step,
            samples=self.window.samples,
            batch=self.window.last,
            units={name: self.lives.units(name) for name in layers},
            updates={name: history.known("update_ratios", name)[1].tolist() for name in layers},
            weight_gradients=record.weight_gradients,
            onset=self._onset,
            course=Course(history.steps, history.losses, validation),
            same_sign=record.same_sign,
        )

    def _onset(self, kind: str, layer: str) -> int:
        since = self.lives.since(layer, kind)
        if since is not None:
            return onset_of_units(since, kind, self._thresholds, self.history[-1].step)
        return onset(self.history, kind, layer, self._thresholds)

    def _write_down(self, gauge: Gauge, readings: Sequence[Reading]) -> None:
        windows = []
        for _ in readings:
            self.window.take(gauge.plan.batch)
            windows.append((self.window.samples, self.window.batches))
        written = gauge.written(readings, [samples for samples, _ in windows])
        for (record, units), (_, batches) in zip(written, windows, strict=True):
            for name, batch in units.items():
                self.lives.take(name, batch, record, batches)
            self._history.append(record)
