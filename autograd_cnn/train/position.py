"""Where a training is: in which epoch, at which of its batches, and what that epoch came to so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from autograd_cnn.data import Batches
from autograd_cnn.train.evaluation import Evaluation
from autograd_cnn.train.generators import Generators
from autograd_cnn.train.history import EpochRecord
from autograd_cnn.train.saved import count, number


@dataclass
class Position:
    """Where a training is, and the running epoch's sums.

    Attributes
    ----------
    epoch : int
        How many are finished.
    batch : int
        How many batches of the running epoch are learned from.
    order : dict or None
        State of the generator that the epoch's order was drawn from, before that.
    loss, samples, right : number
        Sum of the losses of these batches' samples, how many there were, and how many were right; None where the
        targets are no class labels.
    """

    epoch: int = 0
    batch: int = 0
    order: dict[str, Any] | None = None
    loss: float = 0.0
    samples: int = 0
    right: int | None = 0

    def remaining(self, batches: Batches, generators: Generators) -> Iterator[tuple[Any, Any]]:
        """Yield the batches of the running epoch that are not learned from yet, in the order that was drawn for it."""
        order = batches.rng.bit_generator
        if not self.batch or self.order is None:
            self.order = dict(order.state)
            yield from batches
            return
        now = generators.state_dict()
        order.state = self.order
        portions = iter(batches)
        for _ in range(min(self.batch, len(batches))):
            next(portions)
        generators.load_state_dict(now)
        yield from portions

    def advance(self, loss: float, samples: int, right: int | None) -> None:
        """Note that a batch is learned from."""
        self.batch += 1
        self.loss += loss * samples
        self.samples += samples
        self.right = None if right is None or self.right is None else self.right + right

    def record(self, steps: int, lr: float, validation: Evaluation) -> EpochRecord:
        """Return what the epoch that ends came to."""
        return EpochRecord(
            epoch=self.epoch + 1,
            steps=steps,
            lr=lr,
            loss=self.loss / max(1, self.samples),
            accuracy=None if self.right is None else self.right / max(1, self.samples),
            validation_loss=validation.loss,
            validation_accuracy=validation.accuracy,
        )

    def turn(self) -> None:
        """Begin the next epoch."""
        self.epoch, self.batch, self.order = self.epoch + 1, 0, None
        self.loss, self.samples, self.right = 0.0, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return asdict(self)

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        order, right = saved["order"], None if saved["right"] is None else count(saved, "right")
        if order is not None and not isinstance(order, dict):
            raise ValueError(f"order is {order!r}, expected the state of a generator")
        found = Position(
            count(saved, "epoch"), count(saved, "batch"), order, number(saved, "loss"), count(saved, "samples"), right
        )
        for name, value in vars(found).items():
            setattr(self, name, value)
