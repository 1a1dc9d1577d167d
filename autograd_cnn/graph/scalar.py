"""`Scalar`: a node whose value is one Python float."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from autograd_cnn.errors import DtypeError, GradientError
from autograd_cnn.graph import serial
from autograd_cnn.graph.node import Node, describe
from autograd_cnn.graph.order import assigned_while_compiling, check_constant
from autograd_cnn.recording import recording
from autograd_cnn.settings import as_float


class Scalar(Node):
    """A node whose value is one Python float.

    Parameters
    ----------
    value : number
        Any real number; it becomes a float.
    requires_grad : bool
        Scalars are there to be differentiated, so True.
    name : str, optional
        A name for messages and pictures.

    Examples
    --------
    The worked example of CS231n's notes on backpropagation:

    >>> import autograd_cnn as ag
    >>> x, y, z = ag.Scalar(-2), ag.Scalar(5), ag.Scalar(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.value, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ()

    __iter__ = None  # or Python would index it until that fails, and find it empty

    def __init__(self, value: float, requires_grad: bool = True, name: str | None = None) -> None:
        self._become_leaf(_real(value), requires_grad, name)

    @property
    def value(self) -> float:
        """The node's number."""
        if recording().compiling_from is not None:
            check_constant(self)
        return self._value  # type: ignore[no-any-return]

    def assign(self, value: float) -> None:
        """Give a leaf a new value; a backward pass through its earlier uses then raises."""
        if recording().compiling_from is not None:
            raise assigned_while_compiling(self)
        if self._origin.gate is not None:
            raise GradientError(f"assign: {describe(self)} was made by a gate; only a leaf can be assigned")
        self._value = value if type(value) is float else _real(value)
        self._page, self._index = next(serial.page, None) or serial.turned()


def _real(value: Any) -> float:
    if isinstance(value, Real):
        return as_float("Scalar", value)
    if not isinstance(value, np.ndarray | np.generic):
        raise DtypeError(f"Scalar: got {type(value).__name__}, expected a real number")
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise DtypeError(f"Scalar: got {array.dtype} of shape {array.shape}, expected one real number")
    return float(array.item())
