"""The training loop of the notes: sample a batch, go forward, go backward, update."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_cnn import data, optim
from autograd_cnn.errors import ArgumentError, warn
from autograd_cnn.functional import max_norm_
from autograd_cnn.graph import Tensor
from autograd_cnn.health.wording import counted
from autograd_cnn.settings import count, magnitude, positive
from autograd_cnn.train.averaging import AveragedModel
from autograd_cnn.train.checkpoint_folder import Checkpoints, folder_of
from autograd_cnn.train.evaluation import Evaluation, evaluate, right_of, switched, value_of
from autograd_cnn.train.generators import Generators
from autograd_cnn.train.history import EpochRecord, History
from autograd_cnn.train.interruption import Interruption, interruptible
from autograd_cnn.train.objective import objective
from autograd_cnn.train.parts import check_parts, check_trains, checked_callbacks
from autograd_cnn.train.position import Position
from autograd_cnn.train.progress import bar as progress_bar
from autograd_cnn.train.safekeeping import Safekeeping
from autograd_cnn.train.stopping import Best, EarlyStopping, rule_of

Callback = Callable[["Trainer"], object]


class Trainer:
    """Trains a network by batches, epoch by epoch, and keeps what happened.

    Parameters
    ----------
    model : Module
        The network.
    criterion : callable
        Takes its scores and the targets of a batch; returns their mean loss.
    optimizer : Optimizer
        Of the parameters that are to be trained.
    scheduler : object, optional
        Of the learning rate, such as those of `optim.lr_scheduler`; `ReduceLROnPlateau` is told what an epoch is
        judged by: the validation loss, or the metric of `early_stopping`; by steps, the loss of the batch.
    scheduler_every, average_every : {"epoch", "step"}
        After what the scheduler steps, and the average takes in the weights.
    penalty : callable, optional
        Takes the model and returns what is added to the loss, such as ``lambda m: F.l2_penalty(m, 1e-4)``.
    augmentation : callable, optional
        Takes the images of a batch and returns others that are learned from in their place, such as
        `data.augmentation.Augmentation`.
    clip_norm : float, optional
        Largest norm of all gradients together; longer ones are scaled down to it, see `optim.clip_grad_norm_`.
    max_norm : float, optional
        Largest norm of every neuron's weights after a step; see `functional.max_norm_`.
    monitor : health.Monitor, optional
        Watches the training, for ``viz.report(monitor)``.
    early_stopping : EarlyStopping or int, optional
        When to stop; a number is the patience. The model ends with the weights of its best epoch.
    average : AveragedModel, optional
        Takes in the weights as they go.
    checkpoints : Checkpoints or path, optional
        Where the training is kept, so that it can go on after Ctrl-C or a crash.
    callbacks, step_callbacks : iterable of callable
        Called with the trainer after every epoch, and after every step. They may read `history` and `position`,
        change what they like, and end the training by `stop`.
    compile : bool
        Record forward and backward once and replay them natively, by `autograd_cnn.compile`.
    progress : bool
        Whether to show a bar, if standard error is a terminal.

    Attributes
    ----------
    history : History
        Of the last `fit`.
    position : Position
        Where it is.

    Raises
    ------
    ArgumentError
        When something is not what is named above, or the optimizer's parameters are those of another model.
    UnknownArgumentError
        For an option that is not among them.

    Examples
    --------
    >>> from autograd_cnn import data, nn, optim, train
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    >>> digits = data.digits()
    >>> trainer = train.Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01))
    >>> history = trainer.fit(digits.train, digits.validation, epochs=3, rng=0)
    >>> history.epochs[-1].validation_accuracy > 0.85, train.evaluate(model, digits.test).accuracy > 0.85
    (True, True)
    """

    def __init__(
        self,
        model: Any,
        criterion: Callable[[Any, Any], Any],
        optimizer: optim.Optimizer,
        *,
        scheduler: Any = None,
        scheduler_every: str = "epoch",
        penalty: Callable[[Any], Any] | None = None,
        augmentation: Callable[[Any], Any] | None = None,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        monitor: Any = None,
        early_stopping: EarlyStopping | int | None = None,
        average: AveragedModel | None = None,
        average_every: str = "step",
        checkpoints: Checkpoints | str | os.PathLike[str] | None = None,
        callbacks: Iterable[Callback] = (),
        step_callbacks: Iterable[Callback] = (),
        compile: bool = False,
        progress: bool = True,
    ) -> None:
        check_parts(model=model, criterion=criterion, optimizer=optimizer, scheduler=scheduler, penalty=penalty)
        check_parts(augmentation=augmentation, monitor=monitor, average=average)
        check_trains(model, criterion, optimizer)
        self.model, self.criterion, self.optimizer = model, criterion, optimizer
        self.scheduler, self.scheduler_every = scheduler, _every("scheduler_every", scheduler_every)
        self.augmentation, self.monitor = augmentation, monitor
        self.clip_norm = None if clip_norm is None else magnitude("Trainer", "clip_norm", clip_norm)
        self.max_norm = None if max_norm is None else positive("Trainer", "max_norm", max_norm)
        self.early_stopping = rule_of(early_stopping)
        self.average, self.average_every = average, _every("average_every", average_every)
        self.checkpoints = folder_of(checkpoints)
        self.callbacks = checked_callbacks("callbacks", callbacks)
        self.step_callbacks = checked_callbacks("step_callbacks", step_callbacks)
        self.compile, self.progress = compile, progress
        self._forward, self._network = objective(model, criterion, penalty, compile=compile, monitor=monitor)
        self.history, self.position = History(), Position()

    def __repr__(self) -> str:
        parts = (type(part).__name__ for part in (self.model, self.criterion, self.optimizer))
        past = f"{counted(len(self.history.epochs), 'epoch')}, {counted(len(self.history.losses), 'step')}"
        return f"Trainer({', '.join(parts)}: {past})"

    def fit(
        self,
        train: Any,
        validation: Any = None,
        *,
        epochs: int = 10,
        batch_size: int = 64,
        rng: np.random.Generator | int | None = None,
        drop_last: bool = False,
        resume: bool = False,
    ) -> History:
        """Train from where the model is now; return the history, also after Ctrl-C, which waits for the step to end.

        Parameters
        ----------
        train, validation : Dataset, or (inputs, targets)
            To learn from, and to judge every epoch by.
        epochs : int
            Passes over the training data; when resumed, those made before among them.
        batch_size : int
            Samples per step.
        rng : numpy.random.Generator or int, optional
            Where the order of the samples comes from; the default generator.
        drop_last : bool
            Leave out an epoch's last batch where it is smaller; batch norm needs more than one sample.
        resume : bool
            Go on from the newest checkpoint, to the same bits as if nothing had happened; begin where there is none.
            Everything else must be made as it was then. A monitor sees what comes from here.

        Raises
        ------
        ArgumentError
            When early stopping has no validation data to go by, the folder of the checkpoints holds those of
            another training, or there is no positive number of epochs.
        """
        if self.early_stopping is not None and validation is None:
            raise ArgumentError("fit: early_stopping goes by validation data, but got none; give validation=")
        epochs = count("fit", "epochs", epochs)
        batches = data.batches(train, batch_size, rng=rng, drop_last=drop_last, transform=self.augmentation)
        self._begin(batches, resume)
        with interruptible() as interrupted, np.errstate(all="ignore"), switched(self.model, training=True):
            done, total = len(self.history.losses), epochs * len(batches)
            with progress_bar("training", total=total, done=done, wanted=self.progress) as bar:
                while self.position.epoch < epochs and not self._is_stopped(interrupted):
                    self._learn(batches, interrupted, bar)
                    if self.position.batch >= len(batches):
                        self._judge(validation, bar)
            self._end(interrupted)
        return self.history

    def stop(self, why: str) -> None:
        """End the training after this step, or after this epoch when called between epochs."""
        self.history.stopped = why

    def _learn(self, batches: data.Batches, interrupted: Interruption, bar: Any) -> None:
        """Sample the batches of one epoch, and take a step on each."""
        if self.monitor is not None and not self.position.batch:
            self.monitor.begin_epoch()
        for inputs, targets in self.position.remaining(batches, self._generators):
            self._step(inputs, targets)
            if self._is_lost:
                return
            bar.update()
            for callback in self.step_callbacks:
                callback(self)
            self._safekeeping.after_step(len(self.history.losses))
            if interrupted or self.history.stopped:
                return

    def _step(self, inputs: Any, targets: Any) -> None:
        """Go forward, go backward, update: one step of gradient descent."""
        watched = self.monitor is not None
        loss, scores = self._forward(Tensor(inputs, requires_grad=watched, name="input"), targets)
        self.optimizer.zero_grad()
        loss.backward()
        if watched and not self.compile:
            self.monitor.observe(loss)
        if not math.isfinite(loss.item()):
            self._give_up(loss.item())
            return
        if self.clip_norm is not None:
            optim.clip_grad_norm_(self.optimizer.parameters, self.clip_norm)
        self.optimizer.step()
        if self.max_norm is not None:
            max_norm_(self.model, self.max_norm)
        self._go_on("step", loss.item())
        self.history.losses.append(loss.item())
        self.position.advance(loss.item(), len(targets), right_of(value_of(scores), targets))

    def _judge(self, validation: Any, bar: Any) -> None:
        """End an epoch: see how good the network is now, and what follows from it."""
        record = self._record(validation)
        bar.set_postfix_str(str(record))
        self.history.epochs.append(record)
        best = self._best.take(record, self.model)
        self.history.best_epoch = self._best.epoch
        self._go_on("epoch", self._best.value_of(record))
        self.position.turn()
        for callback in self.callbacks:
            callback(self)
        self._safekeeping.after_epoch(record.epoch, record.steps, best=best)

    def _go_on(self, every: str, value: float) -> None:
        """Let what goes by steps or epochs go on; a schedule that waits for a plateau is told how good this one was."""
        if self.scheduler is not None and self.scheduler_every == every:
            waits = isinstance(self.scheduler, optim.lr_scheduler.ReduceLROnPlateau)
            self.scheduler.step(*([value] if waits else []))
        if self.average is not None and self.average_every == every:
            self.average.update_parameters(self.model)

    def _is_stopped(self, interrupted: Interruption) -> bool:
        """Whether the training was stopped, or has brought nothing better for too long."""
        if interrupted:
            self.stop("Ctrl-C")
        if not self.history.stopped and self.early_stopping is not None:
            self.history.stopped = self.early_stopping.verdict(self._best.epoch, self.position.epoch)
        return bool(self.history.stopped)

    def _begin(self, batches: data.Batches, resume: bool) -> None:
        """Forget the last training, or go on from its newest checkpoint; what it left in the model stays."""
        rule = self.early_stopping or EarlyStopping(None)
        self.history, self.position, self._is_lost = History(), Position(), False
        self._best = Best(rule.metric, rule.min_delta, keeps_weights=self.early_stopping is not None)
        self._generators = Generators(
            order=batches.rng, model=self.model, criterion=self.criterion, augmentation=self.augmentation
        )
        names = ("position", "model", "criterion", "optimizer", "scheduler", "average", "history")
        parts = {name: getattr(self, name) for name in names} | {"best": self._best, "generators": self._generators}
        self._safekeeping = Safekeeping(self.checkpoints, parts, batches)
        self._safekeeping.begin(resume=resume)
        if self.monitor is not None and not self.monitor.history:
            for _ in self.history.losses:
                self.monitor.pass_over()  # so that steps are counted, and looked at, as if it had seen all

    def _end(self, interrupted: Interruption) -> None:
        """Keep the last state, say so where it was not expected, and return to the best weights."""
        if not self._is_lost:
            self._safekeeping.at_end(len(self.history.losses))
        self._best.restore(self.model)
        if interrupted:
            where = self._safekeeping.newest
            rest = "" if where is None else f"; fit(..., resume=True) goes on from {where}"
            print(f"Ctrl-C: training stopped after {counted(len(self.history.losses), 'step')}{rest}", file=sys.stderr)

    def _give_up(self, loss: float) -> None:
        """Stop before an update that would leave nothing but NaN."""
        where = f"the loss is {loss} at step {len(self.history.losses)}"
        self._is_lost, self.history.stopped = True, where
        warn(
            f"Trainer: {where}; training stops before the update. Try a smaller learning rate or clip_norm; "
            "`with ag.detect_anomaly():` names the node where it begins",
            RuntimeWarning,
        )

    def _record(self, validation: Any) -> EpochRecord:
        """Return the numbers of the epoch that ends; tell the monitor."""
        judged = validation is not None
        found = evaluate(self._network, validation, self.criterion) if judged else Evaluation(None, None, None, 0)
        lr = self.optimizer.param_groups[0]["lr"]
        record = self.position.record(len(self.history.losses), lr, found)
        if self.monitor is not None:
            record.note_in(self.monitor)
        return record


def _every(name: str, what: str) -> str:
    if what not in ("epoch", "step"):
        raise ArgumentError(f"Trainer: {name}={what!r}, expected 'epoch' or 'step'")
    return what
