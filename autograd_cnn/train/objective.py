"""What a training makes smaller: the loss of a batch with its penalty, compiled or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def objective(
    model: Any,
    criterion: Callable[[Any, Any], Any],
    penalty: Callable[[Any], Any] | None,
    *,
    compile: bool,
    monitor: Any = None,
) -> tuple[Any, Any]:
    """Return what takes inputs and targets, and gives the loss and the scores; and the network, as it is judged."""

    def forward(inputs: Any, targets: Any) -> Any:
        scores = model(inputs)
        loss = criterion(scores, targets)
        return (loss if penalty is None else loss + penalty(model)), scores

    if not compile:
        return forward, model
    from autograd_cnn import compilation  # brings numba

    return compilation.compile(forward, monitor=monitor), compilation.compile(model)
