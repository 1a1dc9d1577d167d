"""What a training is put together from: each part can do what it will be asked for, or is named at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.nn.module import Module
from autograd_cnn.optim.optimizer import Optimizer

_EXPECTED = {
    "model": ("__call__", "a network"),
    "criterion": ("__call__", "a loss of scores and targets such as nn.CrossEntropyLoss()"),
    "optimizer": ("step", "an optimizer such as optim.SGD(model.parameters(), lr=0.1)"),
    "scheduler": ("step", "a schedule such as optim.lr_scheduler.StepLR(optimizer, step_size=10)"),
    "penalty": ("__call__", "a function of the model"),
    "augmentation": ("__call__", "a function of images"),
    "monitor": ("observe", "a health.Monitor"),
    "average": ("update_parameters", "a train.AveragedModel"),
}
"""By the name of a part, the method that a training calls, and what is expected."""
_NEEDED = ("model", "criterion", "optimizer")


def check_parts(**parts: Any) -> None:
    """Raise ArgumentError for a part that lacks its method, and for a class in the place of its object."""
    for name, part in parts.items():
        method, expected = _EXPECTED[name]
        if part is None and name not in _NEEDED:
            continue
        if isinstance(part, type) or not callable(getattr(part, method, None)):
            raise ArgumentError(f"Trainer: {name}={part!r}, expected {expected}")


def check_trains(model: Any, criterion: Any, optimizer: Any) -> None:
    """Raise ArgumentError when an optimizer has no parameter of the network or the criterion: nothing would learn."""
    if not isinstance(model, Module) or not isinstance(optimizer, Optimizer):
        return  # a network that is a plain function does not say what its parameters are
    owned = {id(p) for part in (model, criterion) if isinstance(part, Module) for p in part.parameters()}
    if owned and owned.isdisjoint(map(id, optimizer.parameters)):
        raise ArgumentError(
            f"Trainer: none of the {type(optimizer).__name__}'s parameters belongs to the model, so it would not "
            f"learn; make it {type(optimizer).__name__}(model.parameters(), ...)"
        )


def checked_callbacks(name: str, given: Iterable[Any]) -> tuple[Callable[..., object], ...]:
    """Return functions as a tuple; raise ArgumentError for anything else."""
    found = tuple(given) if isinstance(given, Iterable) else ()
    if not isinstance(given, Iterable) or not all(map(callable, found)):
        raise ArgumentError(f"Trainer: {name}={given!r}, expected a list of functions that take the trainer")
    return found
