"""How one element was made, read off its scalar gates: terms, what folds them, and the gates behind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from typing import Any

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node
from viz.captions import gate_words

FOLDS = {"add": "Σ", "maximum": "max"}
NEUTRAL = {"add": 0.0, "maximum": -inf}
"""What the margin of a window holds: it changes no sum and no maximum."""


@dataclass(frozen=True)
class Term:
    """One operand of a fold: a product, or a leaf alone.

    ``left`` carries data and ``right`` is a parameter, where there are both; each is a node, a number, or
    None. The gradients are what the wires carry back.
    """

    left: Any
    right: Any
    value: float
    gradient: float | None
    left_gradient: float | None = None
    right_gradient: float | None = None


@dataclass(frozen=True)
class Step:
    """A gate behind the fold, with its second operand if it has one."""

    words: str
    value: float
    gradient: float | None
    operand: Any = None
    operand_gradient: float | None = None


@dataclass(frozen=True)
class Reading:
    """One element: `fold` of `terms`, then `steps` in forward order."""

    fold: str
    terms: tuple[Term, ...]
    folded: float
    gradient: float | None
    steps: tuple[Step, ...]


def read_terms(element: Node, ends: Collection[Node], parameters: Collection[Node]) -> Reading | None:
    """Return how `element` was made from `ends`; None where it is no fold of products.

    Parameters
    ----------
    element : Scalar
        With its gradients, if there are any.
    ends : collection of Scalar
        Where the section begins: leaves, and outputs of other sections.
    parameters : collection of Scalar
        Those among `ends` that are trained.
    """
    steps: list[Step] = []
    node, gradient = element, element.grad
    while node not in ends and node.gate is not None:
        found = _step(node, ends, parameters)
        if found is None:
            break
        step, onwards = found
        slot = next(i for i, x in enumerate(node.inputs or ()) if x is onwards)
        gradient = _sent(node)[slot]  # on this edge alone: a leaf may have other users
        steps.append(step)
        node = onwards
    edges = _flattened(node, ends, gradient)
    terms = [_term(x, gradient, ends, parameters) for x, gradient in edges]
    if any(term is None for term in terms):
        return None
    fold = FOLDS[node.gate.name] if len(terms) > 1 and node.gate is not None else ""
    known = tuple(term for term in terms if term is not None)
    return Reading(fold, known, float(node.value), gradient, tuple(reversed(steps)))


def _step(node: Node, ends: Collection[Node], parameters: Collection[Node]) -> tuple[Step, Node] | None:
    """Return a gate that comes after the fold, and the operand that it goes on with; None for the fold itself.

    Such a gate has one operand, or a second one that is a number or one of the `ends`: a bias, a mean.
    """
    assert node.gate is not None
    inputs, name = node.inputs or (), node.gate.name
    if name in NEUTRAL and NEUTRAL[name] in inputs:  # the margin of a window: one of its terms
        return None
    inner = [x for x in inputs if isinstance(x, Node) and x not in ends]
    outer = [x for x in inputs if isinstance(x, Node) and x in ends]
    if len(inner) > 1 or not inner + outer:
        return None
    if len(inner) == 1 and not outer:
        return Step(gate_words(node), float(node.value), node.grad), inner[0]
    if not inner and name in (*FOLDS, "multiply"):
        return None
    if len(inner) + len(outer) == 1:
        return Step(gate_words(node), float(node.value), node.grad), outer[0]
    if len(inner) + len(outer) > 2 or (inner and not _is_behind(node, inner[0], outer[0], parameters)):
        return None
    onwards, operand = (inner[0], outer[0]) if inner else (outer[0], outer[1])
    if inputs[0] is not onwards and name not in ("add", "multiply"):  # a drawing would turn a − b round
        return None
    sent = _sent(node)[1 if inputs[0] is onwards else 0]
    return Step(node.gate.symbol, float(node.value), node.grad, operand, sent), onwards


def _is_behind(node: Node, inner: Node, operand: Node, parameters: Collection[Node]) -> bool:
    """Whether a gate with an operand of its own stands behind the fold: a bias does, one more term does not."""
    return inner.gate is not node.gate or (operand in parameters and node.gate is not None and node.gate.name == "add")


def _flattened(node: Node, ends: Collection[Node], gradient: float | None) -> list[tuple[Any, float | None]]:
    """Return what a chain of one folding gate folds, in written order, each with the gradient on its edge."""
    gate = node.gate
    if gate is None or node in ends or gate.name not in FOLDS:
        return [(node, gradient)]
    found: list[tuple[Any, float | None]] = []
    waiting: list[tuple[Any, float | None]] = [(node, gradient)]
    while waiting:
        x, sent = waiting.pop()
        if not isinstance(x, Node) or x in ends or x.gate is not gate:
            found.append((x, sent))
            continue
        waiting += reversed(list(zip(x.inputs or (), _sent(x), strict=True)))
    return found


def _term(x: Any, gradient: float | None, ends: Collection[Node], parameters: Collection[Node]) -> Term | None:
    if not isinstance(x, Node) or x in ends:
        value = float(x.value if isinstance(x, Node) else x)
        if isinstance(x, Node) and x in parameters:
            return Term(None, x, value, gradient, None, gradient)
        return Term(x, None, value, gradient, gradient, None)
    inputs = x.inputs or ()
    if x.gate is None or x.gate.name != "multiply" or any(isinstance(y, Node) and y not in ends for y in inputs):
        return None
    pair = list(zip(inputs, _sent(x), strict=True))
    if isinstance(inputs[0], Node) and inputs[0] in parameters:
        pair.reverse()
    (left, left_gradient), (right, right_gradient) = pair
    return Term(left, right, float(x.value), gradient, left_gradient, right_gradient)


def _sent(node: Node) -> tuple[Any, ...]:
    """Return what the wires of a gate carry back; None for each where no gradient came."""
    if node.grad is None:
        return (None,) * len(node.inputs or ())
    return downstream_gradients(node, node.grad)
