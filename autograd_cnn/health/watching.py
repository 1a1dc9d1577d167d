"""A graph that is looked at again and again, step after step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograd_cnn.graph import Node
from autograd_cnn.health.census import Row
from autograd_cnn.health.gauge import Gauge, gauge_of
from autograd_cnn.health.network import Network, read_network
from autograd_cnn.health.plan import Plan
from autograd_cnn.health.updates import Layers

if TYPE_CHECKING:
    from autograd_cnn.compilation.native.counting import Tally
    from autograd_cnn.health.monitor import Monitor


@dataclass(frozen=True)
class Watch:
    """A graph whose nodes get new values and gradients at every step, and the monitor that looks at them.

    `Monitor.watch` makes it. Who replays a graph, such as a compiled function, calls `take` once per training step
    that `Monitor.wants`, when this step's values and gradients stand in the nodes of `order` (``node._value``,
    ``node.grad``) or are `counted`, and before the optimizer writes into the parameters; for others
    `Monitor.pass_over`. Everything is read at once: the memory may be used again afterwards, but after a step whose
    arrays the monitor wanted, which its next report reads.

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
    counted : mapping
        By place in `order`, what the numbers of nodes come to whose arrays may not be there; None where all are.
    rows : dict
        The arrays that were read last, as rows of memory.
    """

    monitor: Monitor
    loss: Node
    order: list[Node]
    plan: Plan
    replayed: bool
    counted: Mapping[int, Tally] | None = None
    rows: dict[Any, Row] = field(default_factory=dict)

    @cached_property
    def weights(self) -> Layers:
        """The weights of each layer that has some."""
        return [(x.name, [self.order[i] for i in x.weights]) for x in self.plan.layers if x.weights]

    @cached_property
    def gauge(self) -> Gauge | None:
        """What reads off a step as little as possible; None where more is needed."""
        return None if self.counted is None else gauge_of(self.order, self.plan, self.counted)

    @cached_property
    def network(self) -> Network:
        """The layers of the graph and how they are wired."""
        return read_network(self.loss, self.monitor.known)

    def take(self) -> bool:
        """Take in one step; return False, with nothing done, where counts do not do: give a graph with all arrays.

        Raises
        ------
        GradientError
            When the loss has no gradient: backward() has not run.
        """
        return self.monitor.take(self)
