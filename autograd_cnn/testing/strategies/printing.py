"""Values and gates as Python code: what a failing example is printed as, ready to be pasted."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from autograd_cnn.registry import GATES


def literal(value: Any) -> str:
    """Return Python code, given ``np``, that makes `value` again: numbers, arrays, dtypes, slices, tuples, dicts."""
    if isinstance(value, np.ndarray):
        return array_literal(value)
    if isinstance(value, float | np.floating):
        return float_literal(float(value))
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, np.dtype):
        return f"np.dtype({value.name!r})"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, tuple | list):
        inner = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def array_literal(array: np.ndarray[Any, Any]) -> str:
    """Return ``np.array([...])`` of the same shape and dtype."""
    dtype = "" if array.dtype in (np.float64, np.int64, np.bool_) else f", dtype={array.dtype.name!r}"
    if array.size == 0:
        return f"np.zeros({array.shape}, dtype={array.dtype.name!r})"
    return f"np.array({literal(array.tolist())}{dtype})"


def float_literal(number: float) -> str:
    """Return the shortest number that reads back as the same one; infinities and NaN under NumPy's names."""
    if math.isnan(number):
        return "np.nan"
    if math.isinf(number):
        return "np.inf" if number > 0 else "-np.inf"
    return repr(number)


def gate_literal(name: str) -> str:
    """Return what a gate is called by: ``ag.exp``, or its entry in the table of gates."""
    top = sys.modules.get("autograd_cnn")  # the package itself stands on a floor above this one
    return f"ag.{name}" if getattr(top, name, None) is GATES[name] else f"ag.GATES[{name!r}]"


def call_literal(gate: str, inputs: Any, attributes: dict[str, Any]) -> str:
    """Return a gate's call; the inputs are code already."""
    arguments = [*inputs, *(f"{name}={literal(value)}" for name, value in attributes.items())]
    return f"{gate_literal(gate)}({', '.join(arguments)})"


class Pasteable:
    """What prints as the code that rebuilds it: hypothesis shows it at the left margin, ready to be pasted."""

    def source(self) -> str:
        """Return Python code that rebuilds the example and computes its gradients."""
        raise NotImplementedError(f"{type(self).__name__} prints nothing; define source(self)")

    def __repr__(self) -> str:
        return self.source()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print without indentation: IPython's and hypothesis's pretty printer would indent by its group."""
        printer.text("\n" + self.source())
