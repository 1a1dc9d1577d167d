"""Run a function or a model to draw what it computes: inputs get names, nothing of the model changes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import backward_steps
from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.nn import Module
from autograd_cnn.settings import a_kind, is_number
from viz.errors import UndrawableError, speaking_as


@dataclass(frozen=True)
class Run:
    """What came out of a function, and the gradient of that with respect to every node, if it is one number."""

    output: Node
    gradients: Mapping[Node, Any]
    title: str


def run(
    function: Callable[..., Any], inputs: tuple[Any, ...], loss: Callable[[Any], Any] | None, viewer: str = "circuit"
) -> Run:
    """Call `function` with `inputs` as nodes, and `loss` with what it returns; then walk back.

    Inputs are named like the function's own parameters. Those of a `Module` are data; those of any other
    function require gradients where they are floating. No ``grad`` and no running mean is written.
    Errors speak as `viewer`.

    Raises
    ------
    UndrawableError
        When the inputs do not fit the function's parameters, or no node comes out.
    """
    names = _names(function, len(inputs), viewer)
    scalars = isinstance(function, Module) and any(isinstance(p, Scalar) for p in function.parameters())
    own = [_node(function, x, name, scalars) for x, name in zip(inputs, names, strict=True)]
    with _unchanged(function):
        output = function(*own)
        output = output if loss is None else loss(output)
    if not isinstance(output, Node):
        many = f" of {len(output)}" if isinstance(output, list | tuple) else ""
        raise UndrawableError(
            f"{viewer}: the function returned {a_kind(output)}{many}, expected one node; "
            "make one of it with loss=, such as loss=lambda scores: scores[0]"
        )
    found = {}
    if output.size == 1 and output.requires_grad:
        with speaking_as(viewer):
            found = {step.node: step.upstream for step in backward_steps(output)}
    return Run(output, found, _title(function, loss))


def _names(function: Callable[..., Any], n: int, viewer: str) -> list[str]:
    """Return names for the inputs: those of the parameters, ``x0, x1`` where one takes them all."""
    called = function.forward if isinstance(function, Module) else function
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # built-in functions do not tell
        return [f"x{i}" for i in range(n)]
    try:
        signature.bind(*range(n))
    except TypeError as error:
        raise UndrawableError(
            f"{viewer}: {error}; give one input for each parameter, as in {viewer}(f, x, y)"
        ) from None
    parameters = list(signature.parameters.values())
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "x")
    return [*positional, *(f"{rest}{i}" for i in range(n))][:n]


def _node(function: Callable[..., Any], x: Any, name: str, scalars: bool) -> Any:
    """Return an input as a node, or as a list of Scalars for a model made of neurons; nodes stay as they are."""
    model = function if isinstance(function, Module) else None
    if isinstance(x, Node) or x is None or isinstance(x, str | bool):
        return x
    if scalars and not isinstance(x, int | float):
        parts = list(np.asarray(x, dtype=np.float64).reshape(-1))
        return [Scalar(v, requires_grad=False, name=f"{name}{i}") for i, v in enumerate(parts)]
    if is_number(x):
        return Scalar(float(x), requires_grad=model is None, name=name)
    try:
        array = np.asarray(x)
    except ValueError:
        return x
    if array.dtype.kind not in "biuf":
        return x
    if not isinstance(x, np.ndarray):  # Python numbers have no dtype of their own
        parameters = () if model is None else model.parameters()
        array = array.astype(next((p.dtype for p in parameters), np.dtype(np.float64)))
    return Tensor(array, requires_grad=model is None and array.dtype.kind == "f", name=name)


@contextmanager
def _unchanged(function: Callable[..., Any]) -> Iterator[None]:
    """Put back what a forward pass of a model writes: running means and their kin."""
    before = {name: b.copy() for name, b in function.named_buffers()} if isinstance(function, Module) else {}
    try:
        yield
    finally:
        if isinstance(function, Module):
            for name, buffer in function.named_buffers():
                buffer[...] = before[name]


def _title(function: Callable[..., Any], loss: Callable[[Any], Any] | None) -> str:
    name = type(function).__name__ if isinstance(function, Module) else getattr(function, "__name__", "")
    name = "circuit" if name in ("", "<lambda>") else name
    over = getattr(loss, "__name__", "") if loss is not None else ""
    return f"{over} of {name}" if over and over != "<lambda>" else name
