"""Calls of single gates: for every gate the inputs and attributes at which its rule is tested."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.errors import ArgumentError
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.testing.call import Call
from autograd_cnn.testing.named import gate_named
from autograd_cnn.testing.strategies.domains import DOMAINS
from autograd_cnn.testing.strategies.small_arrays import shapes

CALLS: dict[str, st.SearchStrategy[Call]] = dict(DOMAINS)
"""For every gate by name: its calls, away from kinks and inside its domain. Enter your own gate's here."""


def calls(gate: str | Gate) -> st.SearchStrategy[Call]:
    """Return calls of one gate, away from its kinks and inside its domain.

    A gate without an entry in `CALLS` is called with arrays of one shape, of different positive numbers and with
    its default attributes.

    Raises
    ------
    UnknownNameError
        For a gate that does not exist.
    ArgumentError
        For a gate without an entry that has no inputs, or attributes without defaults.

    Examples
    --------
    >>> from hypothesis import given
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.calls("log"))
    ... def test(call):
    ...     assert (call.inputs[0] > 0).all()
    >>> test()
    """
    name = gate_named(gate, "calls").name
    return CALLS[name] if name in CALLS else _ordinary_calls(name)


def tied(call: Call) -> Call:
    """Return the call with its numbers rounded, so that ties and zeros are likely; bounds and margins too."""
    inputs = tuple(np.round(x) if slot in call.differentiable else x for slot, x in enumerate(call.inputs))
    attributes = dict(call.attributes)
    for name in {"delta", "min_val", "max_val"} & set(attributes):
        attributes[name] = float(np.round(attributes[name])) + (name == "max_val")
    return Call(inputs, attributes, call.differentiable)


def _ordinary_calls(name: str) -> st.SearchStrategy[Call]:
    gate = GATES[name]
    missing = [key for key, value in gate.attributes.items() if isinstance(value, type) and value.__name__ == "_empty"]
    if missing or not gate.arity:
        raise ArgumentError(
            f"calls: {name} has {'no inputs' if not gate.arity else f'no default of {missing[0]}'}; "
            f"enter its calls as strategies.CALLS[{name!r}]"
        )
    return _ordinary_call(gate.arity)


@st.composite
def _ordinary_call(draw: st.DrawFn, arity: int) -> Call:
    shape = draw(shapes())
    size = arity * math.prod(shape)
    order = np.array(draw(st.permutations(range(size))), dtype=np.int64)
    values = (0.25 + (order + 1) / 8).reshape(arity, *shape)
    return Call(tuple(values), {}, tuple(range(arity)))
