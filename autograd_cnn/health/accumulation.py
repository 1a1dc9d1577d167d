"""Find gradients that add up over steps because nobody clears them: the first steps tell, unless they are replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, describe
from autograd_cnn.health.advice import ADVICE
from autograd_cnn.health.measures import norm
from autograd_cnn.health.network import Network
from autograd_cnn.health.report import Finding
from autograd_cnn.health.wording import number

if TYPE_CHECKING:
    from autograd_cnn.health.watching import Watch

LOOKS = 3
"""So many steps are looked at: what a loop forgets, it forgets each time."""


@dataclass(frozen=True)
class _Kept:
    step: int
    parameter: Node
    version: int
    gradient: Any


class Accumulation:
    """Remembers the gradient of one parameter from a step to the next.

    Where zero_grad() is missing, the next gradient is this one plus that step's own, to the last bit, though the
    parameter was written to in between. Gradients that several batches of one step add up to are no such thing.

    Parameters
    ----------
    names : mapping
        Of parameters, by name.

    Attributes
    ----------
    finding : Finding or None
        What was found.
    """

    def __init__(self, names: Mapping[str, Node]) -> None:
        self._names = {parameter: name for name, parameter in names.items()}
        self._kept: _Kept | None = None
        self.finding: Finding | None = None

    def take(self, watch: Watch, step: int) -> None:
        """Look at one of the first steps, whose gradients are there, before the optimizer's step."""
        if step >= LOOKS or watch.replayed:
            return
        network, kept = watch.network, self._kept
        if self.finding is None and kept is not None and kept.step == step - 1:
            own = _own_gradient(network, kept.parameter)
            if own is not None and kept.parameter.serial != kept.version:
                self.finding = self._judged(kept, own, step)
        alone = [p for parameters in network.parameters.values() for p in parameters if _is_read_once(network, p)]
        self._kept = None
        if alone:
            least = min(alone, key=lambda parameter: parameter.size)
            self._kept = _Kept(step, least, least.serial, np.array(least.grad))

    def _judged(self, kept: _Kept, own: Any, step: int) -> Finding | None:
        now = kept.parameter.grad
        if not np.array_equal(now, kept.gradient + own) or np.array_equal(now, own):
            return None
        name = self._names.get(kept.parameter) or describe(kept.parameter)
        evidence = (
            f"the gradient of {name} at step {step} is its own plus that of step {kept.step}: "
            f"‖·‖ {number(norm([now]))}, its own {number(norm([own]))}"
        )
        return Finding("critical", "accumulated", "", "gradients add up", evidence, *ADVICE["accumulated"], since=step)


def _is_read_once(network: Network, parameter: Node) -> bool:
    users = network.users.get(parameter, [])
    return len(users) == 1 and parameter.grad is not None and all([user.grad is not None for user, _ in users])


def _own_gradient(network: Network, parameter: Node) -> Any:
    """Return what this step alone sends a parameter; None where that is not known."""
    if not _is_read_once(network, parameter):
        return None
    ((user, slot),) = network.users[parameter]
    return downstream_gradients(user, user.grad)[slot]
