"""Wrong gradient rules, to test the tests: a check that misses one of them is no check.

>>> import autograd_cnn as ag
>>> from autograd_cnn.testing.mutants import mutants
>>> sign = mutants("multiply")[0]
>>> print(sign)
multiply: sign 0 (the gradient of input 0 has the wrong sign)
>>> x, y = ag.Scalar(2.0), ag.Scalar(5.0)
>>> with sign.applied():
...     (x * y).backward()
>>> x.grad, y.grad
(-5.0, 2.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from autograd_cnn.errors import ArgumentError
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.testing.mutations import Gradients, Situation, mutations
from autograd_cnn.testing.named import gate_named
from autograd_cnn.testing.peculiar_mutations import PECULIAR

Mutation: TypeAlias = Callable[[Situation], Gradients]


@dataclass(frozen=True)
class Mutant:
    """A wrong rule for one gate.

    Attributes
    ----------
    name : str
        What is wrong, in short: ``"sign 0"``, ``"swapped inputs"``.
    gate : str
        Whose rule it stands for.
    description : str
        What is wrong, in a sentence.
    """

    name: str
    gate: str
    description: str
    mutation: Mutation = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.gate}: {self.name} ({self.description})"

    @contextmanager
    def applied(self) -> Iterator[Gate]:
        """Give the gate the wrong rule inside the ``with`` block, and its own back at the end, come what may.

        The gate is one object of the process: every thread, and every graph that is walked back inside the block,
        recorded before or in it, meets the wrong rule. Values computed forward stay right. Blocks nest; leave
        them in the reverse order of entering.
        """
        gate = GATES[self.gate]
        own = gate.rule, gate.takes_needs, gate.differentiable
        right = Situation.rule_of(gate)

        def wrong(upstream: Any, output: Any, *inputs: Any, needs: tuple[bool, ...], **attributes: Any) -> Gradients:
            found = self.mutation(Situation(gate, right, upstream, output, inputs, attributes, needs))
            if len(found) != len(needs):
                return found
            return tuple(part if need else None for part, need in zip(found, needs, strict=True))

        gate.rule, gate.takes_needs = wrong, True
        try:
            yield gate
        finally:
            gate.rule, gate.takes_needs, gate.differentiable = own


def mutants(gate: str | Gate) -> list[Mutant]:
    """Return the wrong rules of one gate: what can be wrong with any rule, then what is peculiar to this one.

    Parameters
    ----------
    gate : str or Gate
        A gate of the package, or your own.

    Returns
    -------
    list of Mutant
        Empty for a gate without a gradient.

    Raises
    ------
    UnknownNameError
        For a gate that does not exist.
    """
    made = gate_named(gate, "mutants")
    if not made.has_gradient:
        return []
    found = [*mutations(made), *PECULIAR.get(made.name, ())]
    return [Mutant(name, made.name, description, change) for name, description, change in found]


def scaled(gate: str | Gate, factor: float) -> Mutant:
    """Return a rule whose gradients are all multiplied by `factor`, to find how small an error a check detects.

    Raises
    ------
    ArgumentError
        For a gate without a gradient.
    """
    made = gate_named(gate, "mutants")
    if not made.has_gradient:
        raise ArgumentError(f"scaled: {made.name} has no gradient; choose a gate with a rule")

    def change(s: Situation) -> Gradients:
        return tuple(None if part is None else part * factor for part in s.gradients())

    return Mutant(f"scaled by {factor!r}", made.name, f"all gradients are multiplied by {factor!r}", change)
