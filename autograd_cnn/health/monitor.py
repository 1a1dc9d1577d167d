"""Watch a training: count dead and saturated units over batches, and how far each step moves the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograd_cnn.errors import GradientError
from autograd_cnn.graph import Node, topological_order
from autograd_cnn.health.accumulation import Accumulation
from autograd_cnn.health.books import Books
from autograd_cnn.health.network import kept_gradients
from autograd_cnn.health.nonfinite import first_non_finite
from autograd_cnn.health.notes import Notes
from autograd_cnn.health.numbers import renewed
from autograd_cnn.health.parameters import named_parameters
from autograd_cnn.health.past import Past
from autograd_cnn.health.plan import Plan, Plans
from autograd_cnn.health.reading import report_of
from autograd_cnn.health.records import Records
from autograd_cnn.health.report import Finding, Report, Thresholds
from autograd_cnn.health.start import Start, start_of
from autograd_cnn.health.stepping import are_units_known
from autograd_cnn.health.timeline import Frames, Timeline, is_early
from autograd_cnn.health.updates import Updates
from autograd_cnn.health.watching import Watch
from autograd_cnn.settings import whole

if TYPE_CHECKING:
    from autograd_cnn.compilation.native.counting import Tally

OF_REPLAYS = 16
"""Every so many steps of a compiled function are looked at, unless something else is asked for."""


class Monitor:
    """Watches a training loop.

    Parameters
    ----------
    model : object with ``parameters()`` or ``named_parameters()``, optional
        Lets parameters without a path to the loss be found.
    thresholds : Thresholds, optional
        Where findings begin.
    window : int, optional
        Over how many of the last batches looked at dead and saturated units are counted; by default over as many
        as hold 1,000 samples. A rarely used unit is not yet a dead one, and one that died must not be saved
        by its past.
    frames_every : int
        A full report, with histograms, is kept of steps 0, 1, 2, 4, 8 ... and then of every so many, all of these
        times `every`; of a long training fewer, so that there are never more than 200. A function compiled with
        ``ag.compile(f, monitor=...)`` keeps all arrays at these steps only: at others its layers stay fused and count
        what the record of the step needs, and a `report` has the numbers, units and findings of the last step, but
        the histograms of the last full report.
    part : int, optional
        Of larger values and gradients of layers read only about so many numbers at a step, others each time: such
        as 8192, where watching costs too much. The RMS of such a step is then right to about ten percent, and with
        it what a layer does to its gradient; units, weights, updates, the loss and full reports stay exact.
    every : int, optional
        Look at every so many steps only, and at steps 1, 2, 4, 8 ... before the first of them: what goes wrong, goes
        wrong early. The others are counted, no more. What happens between two looks is told at the second: a unit that
        dies is found up to so many steps later. Thresholds that speak of steps mean steps looked at. By default each
        step where `observe` is called, and every 16th of a function compiled with ``ag.compile(f, monitor=...)``, which
        then takes less than a tenth longer; ``every=1`` looks at each of its steps, too: see tests/benchmarks.

    Attributes
    ----------
    known : set of Node or None
        The parameters of the model.

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
        frames_every: int = 100,
        part: int | None = None,
        every: int | None = None,
    ) -> None:
        given = ("window", window, "batch"), ("frames_every", frames_every, "step"), ("part", part, "number")
        for name, count, what in (*given, ("every", every, "step")):
            if count is not None:
                whole("Monitor", name, count, 1, wanted=f"at least 1 {what}")
        self.thresholds = thresholds or Thresholds()
        self.window = window
        self.part = part
        self.every = every or 1
        self._is_given = every is not None
        self._names = named_parameters(model)
        self.known = set(self._names.values()) if model is not None else None
        self._books = Books(self.thresholds, window)
        self._frames = Frames(frames_every, self.every)
        self._notes = Notes()
        self._updates = Updates()
        self._plans = Plans(self.known, part)
        self._steps = 0
        self._oldest = -math.inf  # no leaf is older than the first step
        self._seen: Watch | None = None
        self._full: Report | None = None
        self._non_finite: Finding | None = None
        self._start: Start | None = None
        self._accumulation = Accumulation(self._names)

    @property
    def history(self) -> Records:
        """The numbers of every step looked at, a sequence of StepRecord; `timeline` returns them with all else."""
        return self._books.history

    def observe(self, loss: Node) -> None:
        """Take in one step; call it between ``loss.backward()`` and ``optimizer.step()``.

        Raises
        ------
        GradientError
            When backward() has not run, or freed the graph.
        """
        if self.wants() or not isinstance(loss, Node):
            self.watch(loss).take()
        else:
            self.pass_over()
            self._oldest = loss.serial

    def wants(self) -> bool:
        """Whether the next training step is one to be looked at."""
        step = self._steps
        return step % self.every == 0 or is_early(step, self.every)

    def wants_arrays(self) -> bool:
        """Whether a full report will be kept of the next step; counts are enough for others that it `wants`."""
        return self._frames.wants(self._steps)

    def pass_over(self) -> None:
        """Count a training step without a look; call it where `observe` would be called."""
        self._finish_step(next_step=True)
        self._updates.forget()
        self._steps += 1

    def watch(self, loss: Node, *, replayed: bool = False, tallies: Mapping[Node, Tally] | None = None) -> Watch:
        """Find the layers of a graph that will be looked at again and again.

        This is what a compiled function needs of a monitor: ``watch = monitor.watch(loss, replayed=True)`` once for
        nodes whose values and gradients it replaces at every call, then ``watch.take()`` per training step that
        this monitor `wants`, and ``monitor.pass_over()`` for the others.

        Parameters
        ----------
        loss : Node
            The end of the graph; its values may still be missing, shapes and dtypes are enough.
        replayed : bool
            Whether the gradients of leaves are those of one step, though the leaves are older.
        tallies : mapping, optional
            By node, what its values and gradients come to, each time anew, where they may not be there, nor anything
            after the step. Steps of which this monitor `wants_arrays` must come without.
        """
        if replayed and not self._is_given:
            self.every = self._frames.apart = OF_REPLAYS
        order = topological_order(loss) if isinstance(loss, Node) else []
        counted = None
        if tallies is not None:
            counted = {place: tallies[node] for place, node in enumerate(order) if node in tallies}
        return Watch(self, loss, order, self._plans.plan_for(loss, order), replayed, counted)

    def take(self, watch: Watch) -> bool:
        """Take in one step of a graph that is watched; see `Watch.take`."""
        loss, order, plan = watch.loss, watch.order, watch.plan
        if loss.grad is None:
            raise GradientError(
                "Monitor.observe: the loss has no gradient yet; call it between loss.backward() and optimizer.step()"
            )
        reading = watch.gauge.read(self._steps, loss.item()) if watch.gauge is not None and self._knows(plan) else None
        if watch.gauge is not None and reading is not None:
            self._books.take_ratios(self._updates.renew(watch.weights))
            self._books.take_later(watch.gauge, reading)
            self._steps, self._oldest = self._steps + 1, loss.serial
            return True
        is_first = not self.history
        plan.census.take(order, watch.counted or {}, watch.rows if watch.replayed else None)
        if watch.counted is not None and not self._do_counts_do(watch):
            return False
        if is_first:
            self._start = start_of(watch.network)
        self._accumulation.take(watch, self._steps)
        self._books.take_ratios(self._updates.renew(watch.weights))
        record = self._books.take(self._steps, loss.item(), plan, order, -math.inf if watch.replayed else self._oldest)
        self._steps, self._oldest = self._steps + 1, loss.serial
        if watch.counted is not None:
            return True
        self._seen, self._full = watch, None
        if self._non_finite is None and not record.is_finite:
            self._non_finite = first_non_finite(watch.network, kept_gradients(watch.network), record.step)
        report = self.report() if watch.replayed or self._frames.wants(record.step) else None
        if report is not None and self._frames.wants(record.step):
            self._frames.keep(report)
        return True

    def note(self, split: str = "training", **numbers: float) -> None:
        """Add numbers that the training loop knows to the curves, at the last step, looked at or not.

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
        self._notes.take(max(self._steps - 1, 0), split, numbers)

    def begin_epoch(self) -> None:
        """Tell that the next step is the first of an epoch, so that a report can say in which one things happened."""
        self._notes.begin_epoch(self._steps)

    def timeline(self) -> Timeline:
        """Return the training so far as plain data: steps looked at, the reports kept, the last one, units and curves.

        Raises
        ------
        GradientError
            Before the first `observe`.
        """
        last = self.report()
        return Timeline(
            steps=self.history.copied(),
            frames=(*(frame for frame in self._frames.kept if frame.step < last.step), last),
            spells=self._books.lives.spells(),
            curves=self._notes.curves(),
            epochs=tuple(self._notes.epochs),
        )

    def report(self) -> Report:
        """Return the health as of the last step looked at; distributions are those of its batch, or see `frames_every`.

        Raises
        ------
        GradientError
            Before the first `observe`.
        """
        if self._seen is None:
            raise GradientError(
                "Monitor.report: nothing was observed; call observe(loss) between loss.backward() and optimizer.step()"
            )
        self._finish_step()
        if self._full is not None and self._full.step != self.history[-1].step:
            past = self._past([layer.name for layer in self._full.layers])
            return renewed(self._full, self.history[-1], past)
        network = self._seen.network
        past = self._past([group.name for group in network.layers])
        self._full = report_of(network, kept_gradients(network), self._names, self.thresholds, past)
        return self._full

    def _past(self, layers: list[str]) -> Past:
        """Return what is known from the steps so far."""
        return replace(
            self._books.past(layers, self._notes.curve("loss", "validation")),
            now=self._steps - 1,
            non_finite=self._non_finite,
            accumulated=self._accumulation.finding,
            start=self._start,
        )

    def _knows(self, plan: Plan) -> bool:
        """Whether the last full report is one of these layers."""
        if self._full is None or self._seen is None:
            return False
        known = self._seen.plan
        return plan is known or [layer.name for layer in plan.layers] == [layer.name for layer in known.layers]

    def _do_counts_do(self, watch: Watch) -> bool:
        """Whether counts tell all: not where layers are new, or where it is to be found what is not finite."""
        if not self._knows(watch.plan) or not are_units_known(watch.plan):
            return False
        return self._non_finite is not None or (watch.plan.census.is_finite and math.isfinite(watch.loss.item()))

    def _finish_step(self, next_step: bool = False) -> None:
        """Note how far the step after the last look moved the weights, once it was made."""
        self._books.take_ratios(self._updates.ratios(stepped=next_step))
