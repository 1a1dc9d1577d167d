"""Early stopping: the epoch with the best validation counts, not the last."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.health.wording import counted
from autograd_cnn.settings import is_whole, real, whole
from autograd_cnn.train.history import EpochRecord
from autograd_cnn.train.saved import count, number

METRICS = {"loss": -1.0, "accuracy": 1.0}
"""What an epoch can be judged by, and whether less or more of it is better."""


@dataclass(frozen=True)
class EarlyStopping:
    """When to stop, and by what the best epoch is told; the model ends with the weights of the best one.

    Parameters
    ----------
    patience : int or None
        So many epochs in a row may bring nothing better; None never stops, but ends with the best weights too.
    metric : {"loss", "accuracy"}
        Of the validation data.
    min_delta : float
        By how much an epoch must be better to count.

    Raises
    ------
    ArgumentError
        For an unknown metric, a patience below 1, or a negative `min_delta`.
    """

    patience: int | None = 5
    metric: str = "loss"
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ArgumentError(f"EarlyStopping: metric={self.metric!r}, expected one of {list(METRICS)}")
        if self.patience is not None:
            whole("EarlyStopping", "patience", self.patience, 1, wanted="at least 1 epoch, or None")
        if not real(self.min_delta) >= 0:
            raise ArgumentError(f"EarlyStopping: min_delta={self.min_delta!r}, expected a number of at least 0")

    def verdict(self, best: int | None, epoch: int) -> str:
        """Return why to stop after so many epochs, of which this was the best; empty to go on."""
        without = epoch - (best or 0)
        if self.patience is None or without < self.patience:
            return ""
        return f"nothing better in {counted(without, 'epoch')} than epoch {best}"


def rule_of(given: Any) -> EarlyStopping | None:
    """Return the rule that a number, the patience, stands for; raise ArgumentError for what is none."""
    if given is None or isinstance(given, EarlyStopping):
        return given
    if is_whole(given):
        return EarlyStopping(given)
    raise ArgumentError(f"Trainer: early_stopping={given!r}, expected the patience or an EarlyStopping")


class Best:
    """The best epoch so far, and its weights where they are wanted.

    Attributes
    ----------
    epoch : int or None
        From 1.
    value : float
        Of the metric.
    """

    def __init__(self, metric: str, min_delta: float = 0.0, *, keeps_weights: bool = False) -> None:
        self.metric, self.min_delta, self.keeps_weights = metric, min_delta, keeps_weights
        self.epoch: int | None = None
        self.value = math.nan
        self.weights: dict[str, Any] | None = None

    def take(self, record: EpochRecord, model: Any) -> bool:
        """Look at an epoch; return whether it is the best so far. NaN never is."""
        value = self.value_of(record)
        sign = METRICS[self.metric]
        if math.isnan(value) or not (self.epoch is None or sign * (value - self.value) > self.min_delta):
            return False
        self.epoch, self.value = record.epoch, value
        if self.keeps_weights:
            self.weights = model.state_dict()
        return True

    def value_of(self, record: EpochRecord) -> float:
        """Return what an epoch is judged by: the metric on validation data, where there are any."""
        validation = getattr(record, f"validation_{self.metric}")
        found = getattr(record, self.metric) if validation is None else validation
        return math.nan if found is None else float(found)

    def restore(self, model: Any) -> None:
        """Give the model the weights of the best epoch, where they were kept."""
        if self.weights is not None:
            model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {"metric": self.metric, "epoch": self.epoch, "value": self.value, "weights": self.weights}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        if saved["metric"] != self.metric:
            raise ArgumentError(f"resume: the best epoch was told by {saved['metric']!r}, not by {self.metric!r}")
        epoch = None if saved["epoch"] is None else count(saved, "epoch")
        weights = saved["weights"] if self.keeps_weights else None
        if weights is not None and not isinstance(weights, dict):
            raise ValueError(f"weights is {weights!r}, expected those of the best epoch")
        self.epoch, self.value, self.weights = epoch, number(saved, "value"), weights
