"""Who uses a node of a recorded graph: what only the next gate of a chain sees need not be kept."""

from __future__ import annotations

from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.recording import Traced, live_operands
from autograd_cnn.graph import Node
from autograd_cnn.registry import GATES


class Users:
    """The users of every node, edge by edge; what the function returns or reads beside gates has one more.

    Attributes
    ----------
    look : Look
        How much a monitor sees of what goes into activations, and of what comes out of them.
    """

    def __init__(self, traced: Traced, look: Look = Look.NOTHING) -> None:
        self.look = look
        self._of: dict[Node, list[Node | None]] = {}
        for node in traced.order:
            for x in node.inputs or ():
                if isinstance(x, Node):
                    self._of.setdefault(x, []).append(node)
        for x in (*traced.outputs, *live_operands(traced.log)):
            self._of.setdefault(x, []).append(None)

    def only(self, node: Node, gate: str) -> Node | None:
        """Return the one user of a node, if it has no other and that one was made by this gate."""
        users = self._of.get(node, [])
        user = users[0] if len(users) == 1 else None
        return user if user is not None and is_made_by(user, gate) else None


def is_made_by(node: object, gate: str) -> bool:
    """Whether this gate of the package made the node."""
    return isinstance(node, Node) and node.gate is not None and node.gate.name == gate and GATES.get(gate) is node.gate
