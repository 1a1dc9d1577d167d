"""Which nodes make up a layer: read from the scopes of the graph, and from its gates where it has none.

* A scope with no scope inside it is one layer. Entered again further on it is another layer,
  ``relu (2)``: layers never depend on each other in a circle.
* Nodes made outside any scope, or in a scope that holds others, are cut into layers at every
  activation, product with a parameter, change of shape and meeting of two layers; they are named by
  gate and number, ``conv_1``, ``relu_1``. A scope in which activations follow each other is cut like this too.
* The scope of a Scalar is its neuron; the scope around it, ``layer0`` of ``layer0/neuron3``, is the layer.
  Without scopes Scalars are cut at their activations: a layer is what lies between one row and the next.
* What is computed from parameters alone, such as a transposed weight, goes with its first user.
* What follows the last layer is the loss: no parameters, outside any scope or in one that holds the loss itself.
* A backward pass that was recorded, for a penalty on gradients, is part of the loss, whatever layers it went through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from autograd_cnn.backward import PASS
from autograd_cnn.graph import Node, Parameter, Scalar, Tensor

SHORT = {"matmul": "linear", "conv2d": "conv", "max_pool2d": "pool", "avg_pool2d": "pool", "reshape": "flatten"}


@dataclass(eq=False)
class Group:
    """The nodes of one layer, in the order they were made, and where: in a scope, or in a row of its Scalars."""

    name: str
    region: object
    nodes: list[Node] = field(default_factory=list)
    before: set[Group] = field(default_factory=set)


def is_activation(node: Node) -> bool:
    """Whether the node's gate declares a dead side or saturates: its elements are units."""
    return node.gate is not None and (node.gate.dead_side or node.gate.saturates is not None)


def is_of_pass(node: Node) -> bool:
    """Whether a recorded backward pass made the node."""
    return node.scope.startswith(PASS)


def is_parameter(node: Node, known: Collection[Node] | None = None) -> bool:
    """Whether a leaf is a Parameter or `known` as one; without known ones, also a Scalar that requires a gradient."""
    if isinstance(node, Scalar) and node.gate is None and node.requires_grad:
        return known is None or node in known
    return isinstance(node, Parameter) or (known is not None and node in known)


def weights_by_hand(order: list[Node]) -> set[Node] | None:
    """Return the parameters of a network written without any Parameter; None when there are no such Tensors.

    Weights are then leaf Tensors that require a gradient and meet data that does not.
    """
    if any(isinstance(node, Parameter) for node in order):
        return None
    carrying = {node for node in order if node.gate is None and not node.requires_grad}
    weights: set[Node] = set()
    for node in order:
        inputs = [x for x in node.inputs or () if isinstance(x, Node)]
        if any(x in carrying for x in inputs):
            carrying.add(node)
            weights |= {x for x in inputs if x.gate is None and x.requires_grad and isinstance(x, Tensor)}
    scalars = {node for node in order if isinstance(node, Scalar) and node.gate is None and node.requires_grad}
    return weights | scalars if weights else None


def data_nodes(order: list[Node], known: Collection[Node] | None = None) -> set[Node]:
    """Return the nodes that carry data: all but parameters and what is computed from them alone.

    The inputs of Scalars are often plain numbers, so every Scalar made in a layer carries data.
    """
    carrying: set[Node] = set()
    for node in order:
        if node.gate is None:
            if not is_parameter(node, known):
                carrying.add(node)
        elif (isinstance(node, Scalar) and node.scope) or not node.inputs or any(x in carrying for x in node.inputs):
            carrying.add(node)
    return carrying if any(n.gate is not None for n in carrying) else {n for n in order if n.gate is not None}


def scope_of(node: Node) -> str:
    """Return the scope that can be a layer: for a neuron's Scalars the one around the neuron."""
    outer, _, _ = node.scope.rpartition("/")
    return outer if outer and isinstance(node, Scalar) else node.scope


def groups_of(order: list[Node], data: set[Node]) -> tuple[list[Group], dict[Node, Group]]:
    """Return the layers in forward order, and the layer of each gate's node; nodes of the loss have none."""
    gates = [node for node in order if node.gate is not None and node in data]
    gates = [node for node in gates if not is_of_pass(node)] or gates
    grouping = _Grouping(data, _cut_scopes(gates), _levels(gates))
    for node in gates:
        grouping.place(node)
    groups = grouping.groups
    of = {node: group for group in groups for node in group.nodes}
    kept = _without_loss(groups, of, order)
    of = {node: group for node, group in of.items() if group in kept}
    _place_parameter_nodes(order, data, of)
    return [group for group in groups if group in kept], of


class _Grouping:
    """Places nodes one by one; knows for each layer all layers before it, so that no circle closes."""

    def __init__(self, data: set[Node], cut: set[str], levels: dict[Node, int]) -> None:
        self.data, self.cut = data, cut
        self.groups: list[Group] = []
        self.of: dict[Node, Group] = {}
        self.latest: dict[object, Group] = {}
        self.names: Counter[str] = Counter()
        self.levels = levels

    def place(self, node: Node) -> None:
        sources = list(dict.fromkeys(self.of[x] for x in node.inputs or () if isinstance(x, Node) and x in self.of))
        if scope_of(node) not in self.cut:
            group = self._joined(scope_of(node), sources) or self._new(scope_of(node), scope_of(node))
        elif isinstance(node, Scalar):
            group = self._of_scalar(node, sources)
        else:
            group = self._of_cut(node, sources)
        group.nodes.append(node)
        self.of[node] = group
        added = {s for s in sources if s is not group}
        added |= {b for s in added for b in s.before}
        if not added <= group.before:
            group.before |= added
            for other in self.groups:
                if group in other.before:
                    other.before |= added

    def _joined(self, region: object, sources: list[Group]) -> Group | None:
        group = self.latest.get(region)
        closes_circle = group is not None and any(group in s.before for s in sources)
        return None if closes_circle else group

    def _of_scalar(self, node: Node, sources: list[Group]) -> Group:
        level = self.levels[node]
        region = (scope_of(node), level)
        return self._joined(region, sources) or self._new(region, _inside(scope_of(node), f"layer_{level + 1}"))

    def _of_cut(self, node: Node, sources: list[Group]) -> Group:
        if len(sources) == 1 and sources[0].region == node.scope and not self._begins(node):
            return sources[0]
        assert node.gate is not None
        base = _inside(node.scope, SHORT.get(node.gate.name, node.gate.name))
        self.names[base] += 1
        return self._new(node.scope, f"{base}_{self.names[base]}")

    def _begins(self, node: Node) -> bool:
        """Whether a node outside the scopes begins a layer, rather than go with the one before."""
        assert node.gate is not None
        inputs = [x for x in node.inputs or () if isinstance(x, Node)]
        has_parameter = any(x not in self.data for x in inputs)
        is_bias = has_parameter and node.gate.name in ("add", "subtract")
        before = next(x for x in inputs if x in self.of)
        return is_activation(node) or (has_parameter and not is_bias) or node.shape != before.shape

    def _new(self, region: object, name: str) -> Group:
        taken = sum(g.name == name or g.name.startswith(f"{name} (") for g in self.groups)
        group = Group(f"{name} ({taken + 1})" if taken else name, region)
        self.groups.append(group)
        self.latest[region] = group
        return group


def _inside(scope: str, name: str) -> str:
    return f"{scope}/{name}" if scope else name


def _levels(gates: list[Node]) -> dict[Node, int]:
    """Return how many rows of activations lie before each Scalar."""
    levels: dict[Node, int] = {}
    for node in gates:
        if isinstance(node, Scalar):
            before = (levels.get(x, 0) + is_activation(x) for x in node.inputs or () if isinstance(x, Node))
            levels[node] = max(before, default=0)
    return levels


def _cut_scopes(gates: list[Node]) -> set[str]:
    """Return the scopes that are no layer by themselves: the outermost, those around others, whole networks."""
    scopes = {scope_of(node) for node in gates}
    around = {scope for scope in scopes if any(other.startswith(f"{scope}/") for other in scopes)}
    return {""} | around | _scopes_of_rows(gates)


def _scopes_of_rows(gates: list[Node]) -> set[str]:
    """Return the scopes in which one activation feeds another without leaving the scope."""
    behind: set[Node] = set()
    found = set()
    for node in gates:
        scope = scope_of(node)
        inside = [x for x in node.inputs or () if isinstance(x, Node) and x.gate is not None and scope_of(x) == scope]
        if any(x in behind or is_activation(x) for x in inside):
            behind.add(node)
            if is_activation(node):
                found.add(scope)
    return found


def _without_loss(groups: list[Group], of: dict[Node, Group], order: list[Node]) -> set[Group]:
    """Return the groups that are layers; the loss is what follows them, unscoped and without parameters."""
    users: dict[Group, set[Group]] = {group: set() for group in groups}
    parametric: set[Group] = set()
    for node in order:
        for x in (node.inputs or ()) if node in of else ():
            if isinstance(x, Node) and x in of and of[x] is not of[node]:
                users[of[x]].add(of[node])
            elif isinstance(x, Node) and x not in of and _may_be_weight(x):
                parametric.add(of[node])
    plain = {group for group in groups if group not in parametric and _may_be_loss(group, order[-1])}
    loss: set[Group] = set()
    for group in sorted(groups, key=lambda group: len(group.before), reverse=True):  # users first, whenever made
        sources = {of[x] for node in group.nodes for x in node.inputs or () if x in of} - {group}
        is_output = any(is_activation(node) for node in group.nodes) and not sources <= plain
        if group in plain and users[group] <= loss and (not is_output or isinstance(group.nodes[0], Scalar)):
            loss.add(group)
    return set(groups) - loss or set(groups)


def _may_be_weight(x: Node) -> bool:
    """Whether what no layer made is one's weight; one number computed from parameters is a penalty."""
    return x.requires_grad and (x.gate is None or (x.ndim > 0 and not is_of_pass(x)))


def _may_be_loss(group: Group, loss: Node) -> bool:
    """Whether a group without parameters may belong to the loss; pooling and flattening keep (sample, unit) axes."""
    first = group.nodes[0]
    shape = next((x.shape for x in first.inputs or () if isinstance(x, Node)), ())
    pools = first.ndim >= 2 and first.shape != shape
    return group.nodes[-1] is loss or (group.region == "" and not pools) or _is_unscoped_scalar(group)


def _is_unscoped_scalar(group: Group) -> bool:
    return isinstance(group.nodes[0], Scalar) and not group.nodes[0].scope


def _place_parameter_nodes(order: list[Node], data: set[Node], of: dict[Node, Group]) -> None:
    """Let what is computed from parameters alone go with its first user."""
    first: dict[Node, Node] = {}
    for node in order:
        for x in node.inputs or ():
            if isinstance(x, Node):
                first.setdefault(x, node)
    for node in reversed(order):
        if node.gate is not None and node not in data and first.get(node) in of:
            group = of[node] = of[first[node]]
            group.nodes.insert(0, node)
