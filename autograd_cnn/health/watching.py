"""A graph that is looked at again and again, step after step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd_cnn.graph import Node
from autograd_cnn.health.plan import Plan

if TYPE_CHECKING:
    from autograd_cnn.health.monitor import Monitor


@dataclass(frozen=True)
class Watch:
    """A graph whose nodes get new values and gradients at every step, and the monitor that looks at them.

    `Monitor.watch` makes it. Who replays a graph, such as a compiled function, calls `take` once per training step
    that `Monitor.wants`, when this step's values and gradients stand in the nodes of `order` (``node._value``,
    ``node.grad``) and before the optimizer writes into the parameters; for others `Monitor.pass_over`. Everything is
    read at once: the memory may be used again afterwards.

    Attributes
    ----------
    monitor : Monitor
    loss : Node
    order : list of Node
        The nodes that are read, inputs before users; those of the parameters themselves among them.
    plan : Plan
        Where the layers are in that order.
    replayed : bool
        Whether the gradients of leaves are those of one step, though the leaves are older.
    """

    monitor: Monitor
    loss: Node
    order: list[Node]
    plan: Plan
    replayed: bool

    def take(self) -> None:
        """Take in one step.

        Raises
        ------
        GradientError
            When the loss has no gradient: backward() has not run.
        """
        self.monitor.take(self)
