"""What can be wrong with a rule: each mutation takes one call of it and returns wrong gradients.

Mutations are written with gates and operators, as rules are, so they work on floats, arrays and nodes, and the
gradients of wrong gradients are those of the wrong rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.gates.shape import transpose
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.registry import Gate
from autograd_cnn.testing.ties import DECLARED

Gradients: TypeAlias = tuple[Any, ...]
Named: TypeAlias = "tuple[str, str, Callable[[Situation], Gradients]]"

_BESIDE_A_TIE = 1e-13  # far from a tie this changes nothing that could be seen


@dataclass(frozen=True)
class Situation:
    """One call of a rule: the rule itself, and everything that it is handed."""

    gate: Gate
    rule: Callable[..., Any]
    upstream: Any
    output: Any
    inputs: tuple[Any, ...]
    attributes: dict[str, Any]
    needs: tuple[bool, ...]

    @staticmethod
    def rule_of(gate: Gate) -> Callable[..., Any]:
        """Return the rule of a gate as a function that always takes `needs`; of one without a rule, its expansion's."""
        rule, takes_needs = gate.rule, gate.takes_needs

        def called(upstream: Any, output: Any, *inputs: Any, needs: tuple[bool, ...], **attributes: Any) -> Any:
            if rule is None:
                return _through_expansion(gate, upstream, inputs, attributes, needs)
            return rule(upstream, output, *inputs, **attributes, **({"needs": needs} if takes_needs else {}))

        return called

    def gradients(self, **changes: Any) -> Gradients:
        """Return the right gradients, or those of the right rule where it is handed something else."""
        s = replace(self, **changes)
        found = s.rule(s.upstream, s.output, *s.inputs, needs=s.needs, **s.attributes)
        return found if isinstance(found, tuple) else (found,)

    def with_input(self, slot: int, x: Any) -> Gradients:
        """Return what the right rule says for another input."""
        return self.gradients(inputs=(*self.inputs[:slot], x, *self.inputs[slot + 1 :]))

    def edited(self, slot: int, edit: Callable[[Any], Any]) -> Gradients:
        """Return the right gradients, one of them changed."""
        found = self.gradients()
        if slot >= len(found) or found[slot] is None:
            return found
        return (*found[:slot], edit(found[slot]), *found[slot + 1 :])


def mutations(gate: Gate) -> Iterator[Named]:
    """Yield name, description and mutation of what can be wrong with any rule."""
    for slot in range(2 if gate.variadic else gate.arity):
        yield from _of_one_gradient(slot)
        yield f"missing factor {slot}", f"input {slot} is read as 1", partial(_read_as_one, slot=slot)
    yield "missing upstream", "the upstream gradient is read as 1", _without_upstream
    yield "missing output", "the output is read as 1", _without_output
    if gate.arity > 1 or gate.variadic:
        yield "swapped gradients", "inputs 0 and 1 receive each other's gradient", _swapped_gradients
        yield "swapped inputs", "the rule takes input 0 for input 1", _swapped_inputs
    if gate.broadcasts:
        yield "unsummed broadcast", "a repeated input receives the gradient of its first copy", _unsummed
    if gate.branches is not None and gate.name in DECLARED:
        yield "wrong tie", "a tie goes to the other side", _wrong_tie
    if gate.saves or "switches" in gate.attributes:
        yield "stale switch", "what forward saved is that of an earlier call", _stale
    if {"padding", "pad_width"} & set(gate.attributes):
        yield "off-by-one padding", "the margin before is one wider, the one behind one narrower", _shifted_padding
    if "axis" in gate.attributes:
        yield "wrong axis", "the rule works along the next axis", _next_axis


def _of_one_gradient(slot: int) -> Iterator[Named]:
    edits: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("sign", "has the wrong sign", lambda part: -part),
        ("scale 1.001", "is a thousandth too large", lambda part: part * 1.001),
        ("lost", "is lost, as a fan-out term that is not added up", lambda part: part * 0),
        ("off-by-one index", "is shifted by one place along the last axis", _rolled),
        ("transposed", "is transposed where it is square", transposed),
    ]
    for name, what, edit in edits:
        change = partial(Situation.edited, slot=slot, edit=edit)
        yield f"{name} {slot}", f"the gradient of input {slot} {what}", change


def _through_expansion(
    gate: Gate, upstream: Any, inputs: tuple[Any, ...], attributes: dict[str, Any], needs: tuple[bool, ...]
) -> Gradients:
    """Return the gradients of a gate that is differentiated by its expansion alone."""
    assert gate.expand is not None
    on_nodes = isinstance(upstream, Node)
    nodes = [x if isinstance(x, Node) else Tensor(x, requires_grad=n) for x, n in zip(inputs, needs, strict=True)]
    made = gate.expand(*nodes, **{k: v for k, v in attributes.items() if k not in gate.saves})
    wanted = [x for x, need in zip(nodes, needs, strict=True) if need]
    found = iter(grad(made, wanted, upstream, create_graph=on_nodes, allow_unused=True))
    return tuple(next(found) if need else None for need in needs)


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


def _is_floating(x: Any) -> bool:
    return bool(np.asarray(_plain(x)).dtype.kind == "f")


def _rolled(part: Any) -> Any:
    shape = np.shape(_plain(part))
    return part[..., np.roll(np.arange(shape[-1]), 1)] if shape and shape[-1] > 1 else part


def transposed(part: Any) -> Any:
    """Return an array with its last two axes exchanged where that keeps its shape."""
    shape = np.shape(_plain(part))
    if len(shape) < 2 or shape[-1] != shape[-2]:
        return part
    axes = range(len(shape))
    return transpose(part, axes=(*axes[:-2], axes[-1], axes[-2]))


def _one(x: Any) -> Any:
    return x * 0 + 1


def _read_as_one(s: Situation, slot: int) -> Gradients:
    if slot >= len(s.inputs) or not _is_floating(s.inputs[slot]):
        return s.gradients()
    return s.with_input(slot, _one(s.inputs[slot]))


def _without_upstream(s: Situation) -> Gradients:
    return s.gradients(upstream=_one(s.upstream))


def _without_output(s: Situation) -> Gradients:
    return s.gradients(output=_one(s.output)) if _is_floating(s.output) else s.gradients()


def _swapped_gradients(s: Situation) -> Gradients:
    found = s.gradients()
    if len(found) < 2 or found[0] is None or found[1] is None:
        return found
    return (found[1], found[0], *found[2:])


def _swapped_inputs(s: Situation) -> Gradients:
    """Hand the rule its first two inputs in the wrong order, where both are of one shape and floating."""
    if len(s.inputs) < 2 or not (_is_floating(s.inputs[0]) and _is_floating(s.inputs[1])):
        return s.gradients()
    if np.shape(_plain(s.inputs[0])) != np.shape(_plain(s.inputs[1])):
        return s.gradients()
    return s.gradients(inputs=(s.inputs[1], s.inputs[0], *s.inputs[2:]))


def _unsummed(s: Situation) -> Gradients:
    """Take the first copy of a repeated input instead of the sum over all of them."""

    def first_copy(part: Any, x: Any) -> Any:
        shape, wanted = np.shape(_plain(part)), np.shape(_plain(x))
        extra = len(shape) - len(wanted)
        if part is None or shape == wanted or extra < 0:
            return part
        return part[(0,) * extra + tuple(slice(0, 1) if n == 1 else slice(None) for n in wanted)]

    return tuple(first_copy(part, x) for part, x in zip(s.gradients(), s.inputs, strict=True))


def _wrong_tie(s: Situation) -> Gradients:
    """Take the gradient a hair away from the side that the gate declares for its ties."""
    own = {k: v for k, v in s.attributes.items() if k not in s.gate.saves}
    values = [_plain(x) for x in s.inputs]
    sides = DECLARED[s.gate.name](values, own)
    step = _BESIDE_A_TIE if len(sides) > 1 else -_BESIDE_A_TIE  # where the mean of both sides is right, one is wrong
    beside = [x + step * np.asarray(by) if _is_floating(x) else x for x, by in zip(s.inputs, sides[0], strict=True)]
    saved = _saved(s.gate, [_plain(x) for x in beside], own)
    return s.gradients(inputs=tuple(beside), attributes=own | saved)


def _saved(gate: Gate, values: list[Any], attributes: dict[str, Any]) -> dict[str, Any]:
    if not gate.saves:
        return {}
    return dict(zip(gate.saves, gate.forward(*values, **attributes)[1:], strict=True))


def _stale(s: Situation) -> Gradients:
    """Use what forward saved for other inputs; of switches that were handed in, those of the neighbouring window."""
    if not s.gate.saves:
        switches = s.attributes["switches"]
        return s.gradients(attributes=s.attributes | {"switches": np.roll(switches, 1).reshape(switches.shape)})
    own = {k: v for k, v in s.attributes.items() if k not in s.gate.saves}
    earlier = [0.5 + 1.5 * np.roll(_plain(x), 1) if _is_floating(x) else _plain(x) for x in s.inputs]
    return s.gradients(attributes=own | _saved(s.gate, earlier, own))


def _shifted_padding(s: Situation) -> Gradients:
    """Move every margin by one where there is one: the sum of both stays, so all shapes stay."""
    name = "padding" if "padding" in s.attributes else "pad_width"
    given = s.attributes[name]
    if not isinstance(given, tuple):
        return s.gradients()
    moved = tuple((a + 1, b - 1) if b else (a - 1, b + 1) if a else (a, b) for a, b in given)
    return s.gradients(attributes=s.attributes | {name: moved})


def _next_axis(s: Situation) -> Gradients:
    axis, ndim = s.attributes["axis"], np.ndim(_plain(s.inputs[0]))
    if axis is None or ndim < 2:
        return s.gradients()
    other = (axis + 1) % ndim if isinstance(axis, int) else tuple(sorted({(a + 1) % ndim for a in axis}))
    return s.gradients(attributes=s.attributes | {"axis": other})
