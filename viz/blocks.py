"""What a folded block says: of many terms alike, or of many layers in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isnan
from typing import Any, TypeAlias

from autograd_cnn.graph import Node, Scalar
from autograd_cnn.health.wording import counted
from viz.captions import gate_words, one_number, role_of, strength
from viz.diagram import Box
from viz.selected import Chain, Fold, Layer, Operand
from viz.style import number

Sent: TypeAlias = Callable[[Operand], Any]
"""The gradient that one edge carries back."""

_FURTHEST = 200
"""Nodes that are looked at on the way to the parameters of one member."""
_MOST_GATES = 6
"""Gates of a block that are written out."""


def terms_block(fold: Fold, name: str, user: Node, sent: Sent) -> Box:
    """Return the block that stands for operands alike."""
    nodes = [edge.node for edge in fold.members]
    gate = nodes[0].gate
    what = "leaves" if gate is None else "products" if gate.name == "multiply" else "terms"
    first, last = (_formula(node) for node in (nodes[0], nodes[-1]))
    lines = [f"{first} … {last}"] if first else []
    if isinstance(user, Scalar):
        lines.append(f"together {number(sum(node.item() for node in nodes))}")
    for slot in range(len(nodes[0].inputs or ())):
        lines += _slot_line(nodes, slot, sent)
    same, all_same = _shared(_parameters_of(nodes[0]), _parameters_of(nodes[1])) if gate is not None else ("", False)
    again = f" (×{fold.of:,})" if all_same else ""
    lines += [f"the same {same}"] if same else []
    return Box(name, "folded", f"+ {len(nodes):,} more {what}{again}", tuple(lines))


def chain_block(chain: Chain, name: str, gradient: Callable[[Node], Any]) -> Box:
    """Return the block that stands for blocks alike in a row."""
    n = len(chain.ends)
    lines = [f"each {_gates_words(chain.block)}"]
    scopes = [node.scope for node in (chain.ends[0], chain.ends[-1])]
    if all(scopes) and scopes[0] != scopes[1]:
        lines.append(f"{scopes[0]} … {scopes[1]}")
    same, all_same = _shared(_parameters_in(chain.block), _parameters_in(chain.next_block))
    lines += [f"the same {same}"] if same else []
    gradients = [strength(gradient(node)) for node in chain.ends]
    if any(g is not None for g in gradients):
        lines.append(
            f"|gradient| {number(gradients[0], '.3g')} after the first, {number(gradients[-1], '.3g')} at the end"
        )
    again = f" (×{chain.of:,})" if all_same else ""
    what = "gates" if len(chain.block) == 1 else "blocks"
    return Box(name, "folded", f"… + {n:,} more {what}{again}", tuple(lines))


def layer_block(layer: Layer, name: str, around: str) -> Box:
    """Return the block that stands for a layer; its name is the part of its path that no frame around it says."""
    words = layer.scope.removeprefix(f"{around}/")
    lines = [f"{counted(len(layer.gates), 'gate')}: {_gates_words(layer.gates)}"]
    count = sum(node.size for node in layer.parameters)
    lines += [counted(count, "parameter")] if count else []
    return Box(name, "layer", f"layer {words}" if words.isdigit() else words, tuple(lines))


def _gates_words(gates: Sequence[Node]) -> str:
    words = [gate_words(node) for node in gates]
    return " → ".join(words if len(words) <= _MOST_GATES else [*words[: _MOST_GATES - 2], "…", words[-1]])


def range_words(numbers: Sequence[float | None]) -> str:
    """Return ``low to high`` of the numbers that are known."""
    known = [x for x in numbers if x is not None]
    if not known or any(isnan(x) for x in known):
        return "NaN" if known else "—"
    low, high = number(min(known), ".3g"), number(max(known), ".3g")
    return low if low == high else f"{low} to {high}"


def _slot_line(nodes: list[Node], slot: int, sent: Sent) -> list[str]:
    """Return the range of the gradients of one operand over folded gates, such as that of the weights."""
    found = [sent(Operand(node, node, slot)) for node in nodes]
    gradients = [one_number(g) for g in found if g is not None]
    if not gradients:
        return []
    names = [x.name or "" for node in nodes if isinstance(x := (node.inputs or ())[slot], Node)]
    stems = {name.rstrip("0123456789_[].") for name in names}
    stem = stems.pop() if len(stems) == 1 else ""
    return [f"gradient of {stem or f'operand {slot + 1}'}: {range_words(gradients)}"]


def _formula(node: Node) -> str:
    """Return a leaf's name, or a gate over named leaves such as ``w2·x2``; nothing for more than that."""
    if node.gate is None:
        return node.name or ""
    names = [x.name if isinstance(x, Node) else None for x in node.inputs or ()]
    if not all(names):
        return node.name or ""
    words = [str(name) for name in names]
    return "·".join(words) if node.gate.name == "multiply" else f"{gate_words(node)}({', '.join(words)})"


def _parameters_of(member: Node) -> dict[Node, None] | None:
    """Return the trainable leaves that a member was made from; None where they lie far away."""
    seen, waiting = {member: None}, [member]
    while waiting:
        for x in waiting.pop().inputs or ():
            if isinstance(x, Node) and x not in seen:
                seen[x] = None
                waiting.append(x)
        if len(seen) > _FURTHEST:
            return None
    return _trainable(seen)


def _parameters_in(block: Iterable[Node]) -> dict[Node, None]:
    """Return the trainable leaves that the gates of a block use themselves."""
    return _trainable(x for node in block for x in node.inputs or () if isinstance(x, Node))


def _trainable(nodes: Iterable[Node]) -> dict[Node, None]:
    return {node: None for node in nodes if node.gate is None and role_of(node) == "parameter"}


def _shared(one: dict[Node, None] | None, other: dict[Node, None] | None) -> tuple[str, bool]:
    """Return the names of the parameters that two members share, and whether these are all that they have."""
    if one is None or other is None:
        return "", False
    both = [node for node in one if node in other]
    names = sorted({node.name for node in both if node.name})
    words = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
    return words or ("parameters" if both else ""), bool(both) and len(both) == len(one) == len(other)
