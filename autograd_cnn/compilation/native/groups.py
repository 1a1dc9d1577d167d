"""Which gates of a recorded graph become one instruction: a table of patterns, tried gate by gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native.convolution import Convolution, convolution_chain, images_for
from autograd_cnn.compilation.native.linear import Linear, linear_chain
from autograd_cnn.compilation.native.loss import MeanLoss, loss_chain
from autograd_cnn.compilation.native.memory import Places, buffer
from autograd_cnn.compilation.native.pooling import Pooling, pooling_chain
from autograd_cnn.compilation.native.reshaping import Reshape, reshape_chain
from autograd_cnn.compilation.native.users import Users, is_made_by
from autograd_cnn.compilation.recording import Traced
from autograd_cnn.graph import Array, Node

# The gate that a pattern begins with; what finds the chain of gates from there; what does them.
PATTERNS: dict[str, tuple[Callable[[Node, Users], list[Node] | None], Callable[[list[Node], Places], Any]]] = {
    "conv2d": (convolution_chain, Convolution),
    "matmul": (linear_chain, Linear),
    "max_pool2d": (pooling_chain, Pooling),
    "reshape": (reshape_chain, Reshape),
    "cross_entropy": (loss_chain, MeanLoss),
}


def memory_for(argument: Node, traced: Traced) -> Array:
    """Return memory for an array among the arguments: as the convolutions have it that read it, or in C order."""
    users = [node for node in traced.order if any(x is argument for x in node.inputs or ())]
    if users and argument.size and all(is_made_by(node, "conv2d") for node in users):
        return images_for(users[0])
    return buffer(argument.shape, argument.dtype)


@dataclass(frozen=True, eq=False)
class Group:
    """A chain of gates that one instruction does; only what the last one makes is seen from outside.

    Attributes
    ----------
    nodes : list of Node
        In order.
    build : callable
        Makes the instruction: an object with `forward` and `backward`.
    """

    nodes: list[Node]
    build: Callable[[list[Node], Places], Any]


def groups_of(traced: Traced, look: Look = Look.NOTHING) -> dict[Node, Group | None]:
    """Return for every node that belongs to a group None, and for the last one of each group the group.

    Where a monitor sees arrays, what a layer gives, goes into an activation and comes out of it stays to be seen.
    """
    users = Users(traced, look)
    found: dict[Node, Group | None] = {}
    for node in traced.order:
        name = node.gate.name if node.gate is not None and node not in found else ""
        if name not in PATTERNS or not is_made_by(node, name):  # functions of arrays bear names of gates, too
            continue
        find_chain, build = PATTERNS[name]
        chain = find_chain(node, users)
        if chain is not None:
            found.update(dict.fromkeys(chain))
            found[chain[-1]] = Group(chain, build)
    return found
