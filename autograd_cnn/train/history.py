"""What a training leaves behind: the loss of every step, and how far each epoch came."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.errors import UnknownNameError, suggestion
from autograd_cnn.train.saved import count, number


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training data.

    Attributes
    ----------
    epoch : int
        From 1.
    steps : int
        How many were made up to its end.
    lr : float
        Learning rate of its last step, of the first parameter group.
    loss : float
        Mean over its batches as they were learned from, penalty included.
    accuracy : float or None
        Share of their samples that were right then, dropout and all; None where the targets are no class labels.
    validation_loss, validation_accuracy : float or None
        After it, in eval mode; None without validation data.
    """

    epoch: int
    steps: int
    lr: float
    loss: float
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None

    def note_in(self, monitor: Any) -> None:
        """Tell a `health.Monitor` how good the network was."""
        numbers = {
            "training": {"accuracy": self.accuracy},
            "validation": {"loss": self.validation_loss, "accuracy": self.validation_accuracy},
        }
        for part, known in numbers.items():
            monitor.note(part, **{name: number for name, number in known.items() if number is not None})

    def __str__(self) -> str:
        shares = {"accuracy": self.accuracy, "validation accuracy": self.validation_accuracy}
        words = [f"epoch {self.epoch}", f"loss {self.loss:.4g}"]
        if self.validation_loss is not None:
            words.append(f"validation loss {self.validation_loss:.4g}")
        words += [f"{name} {share:.1%}" for name, share in shares.items() if share is not None]
        return "  ".join(words)


@dataclass
class History:
    """A training in numbers.

    Attributes
    ----------
    losses : list of float
        Of every step.
    epochs : list of EpochRecord
        Of every epoch that was finished.
    stopped : str
        Why it ended before its last epoch; empty when it did not.
    best_epoch : int or None
        Which epoch, from 1, was the best by the metric of early stopping, else by the loss.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int | None = None

    def curve(self, name: str) -> list[Any]:
        """Return one number of every epoch, by its name in `EpochRecord`.

        Raises
        ------
        UnknownNameError
            When there is no such number.
        """
        known = list(EpochRecord.__dataclass_fields__)
        if name not in known:
            raise UnknownNameError(f"History.curve: {name!r} is unknown{suggestion(name, known)}; known: {known}")
        return [getattr(record, name) for record in self.epochs]

    def state_dict(self) -> dict[str, Any]:
        """Return all but `stopped` as plain data: who goes on is no longer stopped."""
        return {
            "losses": np.array(self.losses, np.float64),
            "epochs": [asdict(record) for record in self.epochs],
            "best_epoch": self.best_epoch,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        losses = [float(loss) for loss in saved["losses"].ravel()]
        epochs = [_record(record) for record in saved["epochs"]]
        best = None if saved["best_epoch"] is None else count(saved, "best_epoch")
        self.losses, self.epochs, self.best_epoch, self.stopped = losses, epochs, best, ""

    def __str__(self) -> str:
        lines = [str(record) for record in self.epochs]
        return "\n".join([*lines, *([f"stopped: {self.stopped}"] if self.stopped else [])])


def _record(saved: dict[str, Any]) -> EpochRecord:
    """Return the record that was saved; raise ValueError for one that is none."""
    if saved.keys() != EpochRecord.__dataclass_fields__.keys():
        raise ValueError(f"{saved} is no record of an epoch")
    counts = {name: count(saved, name) for name in ("epoch", "steps")}
    numbers = {name: number(saved, name) for name in saved if name not in counts and saved[name] is not None}
    return EpochRecord(**counts, **numbers)  # type: ignore[arg-type]
