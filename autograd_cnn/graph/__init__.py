"""The graph: nodes that remember the gate and the inputs that made them.

A `Node` is one application of a gate, or a leaf. Its inputs are other nodes or plain Python
numbers; nothing points from an input back to its users, so a graph is freed by reference
counting the moment its output is forgotten. Gates bind themselves as operators and methods of
`Node` when they are registered: this package knows none of them.
"""

from autograd_cnn.graph import copying  # noqa: F401 - binds how nodes are copied
from autograd_cnn.graph.making import made_by
from autograd_cnn.graph.node import Array, Node, Operand, Plain, describe
from autograd_cnn.graph.order import changed_since_use, check_node, described, topological_order
from autograd_cnn.graph.scalar import Scalar
from autograd_cnn.graph.tensor import Parameter, Tensor

__all__ = [
    "Array",
    "Node",
    "Operand",
    "Parameter",
    "Plain",
    "Scalar",
    "Tensor",
    "changed_since_use",
    "check_node",
    "describe",
    "described",
    "made_by",
    "topological_order",
]
