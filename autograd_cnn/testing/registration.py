"""Tell hypothesis how to make nodes, so that ``from_type(ag.Tensor)`` and ``@given(...)`` by annotation know them.

Whichever of hypothesis and the engine is imported second does it: hypothesis through its entry point
(`viz.hypothesis_plugin`), the engine at the end of its own import. Strategies are loaded when the first is asked for.
"""

from __future__ import annotations

from typing import Any

from autograd_cnn.graph import Node, Parameter, Scalar, Tensor


def register() -> None:
    """Tell ``from_type`` how to make a Scalar, a Tensor, a Parameter and a Node: leaves that require gradients."""
    from hypothesis import strategies as st

    for kind in (Scalar, Tensor, Parameter, Node):
        st.register_type_strategy(kind, _leaves_of)


def _leaves_of(kind: type[Any]) -> Any:
    """Return the strategy of one type: values of eighths."""
    from autograd_cnn.testing.strategies import arrays, eighths

    if kind is Scalar:
        return eighths().map(Scalar)
    if kind is Parameter:
        return arrays().map(Parameter)
    tensors = arrays().map(_tensor)
    return eighths().map(Scalar) | tensors if kind is Node else tensors


def _tensor(array: Any) -> Tensor:
    return Tensor(array, requires_grad=True)
