"""A computation graph as data: evaluated at any leaves, printed as the code that rebuilds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.registry import GATES
from autograd_cnn.testing.strategies.printing import Pasteable, call_literal, literal


@dataclass(frozen=True)
class Constant:
    """An input of a gate that is no node: a number or an array."""

    value: Any


@dataclass(frozen=True)
class Application:
    """One gate of a graph: its name, its inputs (numbers of earlier nodes, leaves first, or constants), attributes."""

    gate: str
    inputs: tuple[int | Constant, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Graph(Pasteable):
    """A random function of leaves: call it with nodes to record it, with numbers or arrays to compute it.

    Attributes
    ----------
    values : tuple of float or ndarray
        The leaves' values that were drawn with it; floats at the scalar level.
    applications : tuple of Application
        Its gates in order; the last one makes the output, which has one element.

    Examples
    --------
    >>> from hypothesis import given
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.graphs(level="scalar"))
    ... def test(graph):
    ...     output = graph(*graph.leaves())
    ...     assert output.value == graph(*graph.values)
    >>> test()
    """

    values: tuple[Any, ...]
    applications: tuple[Application, ...]

    def __call__(self, *leaves: Any) -> Any:
        """Return the output at the given leaves: a node if one of them is a node."""
        if len(leaves) != len(self.values):
            raise ArgumentError(f"graph: got {len(leaves)} leaves, expected {len(self.values)}")
        made = list(leaves)
        for one in self.applications:
            inputs = [made[x] if isinstance(x, int) else x.value for x in one.inputs]
            made.append(GATES[one.gate](*inputs, **one.attributes))
        return made[-1]

    def leaves(self) -> list[Node]:
        """Return fresh nodes of the drawn values, which require gradients."""
        return [Scalar(v) if isinstance(v, float) else Tensor(v, requires_grad=True) for v in self.values]

    def gates(self) -> list[str]:
        """Return the names of its gates, in order."""
        return [one.gate for one in self.applications]

    def source(self) -> str:
        """Return Python code: ``f``, its leaves ``x0``, ``x1``, ..., the ``output`` and its backward pass."""
        count = len(self.values)
        leaves = [f"x{i}" for i in range(count)]
        names = [*leaves, *(f"n{i}" for i in range(len(self.applications)))]
        body = []
        for i, one in enumerate(self.applications):
            inputs = [names[x] if isinstance(x, int) else literal(x.value) for x in one.inputs]
            body.append(f"    {names[count + i]} = {call_literal(one.gate, inputs, one.attributes)}")
        made = [
            f"ag.Scalar({literal(v)})" if isinstance(v, float) else f"ag.Tensor({literal(v)}, requires_grad=True)"
            for v in self.values
        ]
        return "\n".join(
            [
                "import numpy as np",
                "import autograd_cnn as ag",
                f"def f({', '.join(leaves)}):",
                *body,
                f"    return {names[-1]}",
                *(f"{name} = {code}" for name, code in zip(leaves, made, strict=True)),
                f"output = f({', '.join(leaves)})",
                "output.backward()",
            ]
        )


def away_from_kinks(gate: str, inputs: list[Any], attributes: dict[str, Any], margin: float = 0.01) -> bool:
    """Whether no element of a gate's inputs stands within `margin` of a kink: shaken, none changes its branch."""
    branches = GATES[gate].branches
    if branches is None:
        return True
    attributes = GATES[gate].attributes | attributes
    rng = np.random.default_rng(0)
    here = np.asarray(branches(*inputs, **attributes))
    for _ in range(12):
        shaken = [
            x + margin * rng.choice([-1.0, 1.0], np.shape(x)) if np.asarray(x).dtype.kind == "f" else x for x in inputs
        ]
        if not np.array_equal(here, branches(*shaken, **attributes)):
            return False
    return True
