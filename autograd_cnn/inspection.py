"""Look around in a graph: find its nodes, print it as a tree."""

from __future__ import annotations

from typing import Any

from autograd_cnn.errors import UnknownNameError, suggestion
from autograd_cnn.graph import Node, Scalar, changed_since_use, topological_order
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.settings import whole


def nodes(output: Node, *, scope: str | None = None, gate: str | Gate | None = None) -> list[Node]:
    """Return the nodes that `output` was made from, inputs before users.

    Parameters
    ----------
    output : Node
        Where to start.
    scope : str, optional
        Only nodes made in this layer or inside it, such as ``"features"`` or ``"features/conv1"``.
    gate : str or Gate, optional
        Only nodes that this gate made.

    Raises
    ------
    UnknownNameError
        For a gate that does not exist, or a layer that the graph does not have; it names the nearest.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(2.0, name="x")
    >>> ag.nodes(x * x + x, gate="multiply")
    [<Scalar 4 from multiply>]
    """
    found = topological_order(output)
    if gate is not None:
        name = gate.name if isinstance(gate, Gate) else gate
        if name not in GATES:
            raise UnknownNameError(f"nodes: no gate is called {name!r}{suggestion(name, GATES)}")
        found = [node for node in found if node.gate is not None and node.gate.name == name]
    if scope is not None:
        scopes = {node.scope for node in topological_order(output)}
        known = {path[:end] for path in scopes for end in _ends(path)}
        if scope not in known:
            raise UnknownNameError(f"nodes: the graph has no layer {scope!r}{suggestion(scope, known)}")
        found = [node for node in found if node.scope == scope or node.scope.startswith(scope + "/")]
    return found


def tree(output: Node, *, limit: int = 60) -> str:
    """Return a graph as a text tree: each gate above its inputs, with values and gradients.

    A node that is used twice is written out once; later uses point up to it. Arrays are
    shown by shape. Parameters that were written into since, as optimizers do, are marked, for the
    gates show what they made of the old values.

    Parameters
    ----------
    output : Node
        The root.
    limit : int
        At most this many lines; one more says how many nodes are left out.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x, y = ag.Scalar(-2, name="x"), ag.Scalar(5, name="y")
    >>> f = (x + y) * x
    >>> f.backward()
    >>> print(ag.tree(f))
    multiply  value -6  gradient 1
    ├─ add  value 3  gradient -2
    │  ├─ x  value -2  gradient 1
    │  └─ y  value 5  gradient -2
    └─ x (above)
    """
    limit = whole("tree", "limit", limit, 1, wanted="at least 1")
    order = topological_order(output)
    changed = set(changed_since_use(order))
    lines: list[str] = []
    shown: dict[Node, None] = {}
    stack: list[tuple[Any, str, str]] = [(output, "", "")]
    while stack and len(lines) < limit:
        node, lead, below = stack.pop()
        if not isinstance(node, Node):
            lines.append(f"{lead}{node:.6g}")
            continue
        if node in shown:
            lines.append(f"{lead}{_title(node)} (above)")
            continue
        shown[node] = None
        lines.append(f"{lead}{_title(node)}{_numbers(node)}" + ("  (changed)" if node in changed else ""))
        inputs = node.inputs or ()
        for i, x in reversed(list(enumerate(inputs))):
            last = i == len(inputs) - 1
            stack.append((x, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))
    if stack:
        left = len(order) - len(shown)
        lines.append(f"… {left} more nodes; use ag.nodes(output, scope=..., gate=...) or limit={2 * limit}")
    if changed:
        lines.append(f"(changed): written into since this graph was computed, {len(changed)} in all; values of gates")
        lines.append("and gradients are those of before: run the forward pass again")
    return "\n".join(lines)


def _title(node: Node) -> str:
    name = node.name or (node.gate.name if node.gate is not None else type(node).__name__.lower())
    made_by = f" = {node.gate.name}" if node.name and node.gate is not None else ""
    return f"{name}{made_by}" + (f" [{node.scope}]" if node.scope else "")


def _numbers(node: Node) -> str:
    if isinstance(node, Scalar):
        gradient = "" if node.grad is None else f"  gradient {node.grad:.6g}"
        return f"  value {node.value:.6g}{gradient}"
    if node.size == 1:
        gradient = "" if node.grad is None else f"  gradient {node.grad.item():.6g}"
        return f"  value {node.item():.6g}{gradient}"
    return f"  {'×'.join(map(str, node.shape))} {node.dtype}"


def _ends(path: str) -> list[int]:
    return [i for i, letter in enumerate(path) if letter == "/"] + [len(path)]
