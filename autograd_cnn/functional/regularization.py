"""Regularisation: what large weights cost, added to the loss (CS231n, neural networks part 2).

A penalty is a term of the graph like any other, so its gradient appears in every picture.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, UnknownNameError, suggestion
from autograd_cnn.gates.axes import one_axis
from autograd_cnn.gates.comparison import abs
from autograd_cnn.gates.reduction import sum
from autograd_cnn.graph import Node, Parameter, Scalar
from autograd_cnn.registry import Value
from autograd_cnn.settings import positive, real

BIASES = ("bias", "b")


def l2_penalty(parameters: Any, strength: Any = 1.0, *, half: bool = False, biases: bool = False) -> Value:
    """Sum of squares, λ·Σw²: prefers many small weights to few large ones.

    Parameters
    ----------
    parameters : Module, node, or iterable of nodes or of (name, node)
        What is penalised.
    strength : float or mapping of str to float
        λ; or one per layer, by the start of the dotted name: ``{"features": 1e-4, "fc": 1e-3}``. The
        longest that fits counts, ``""`` fits all, and what no name fits is left out.
    half : bool
        With the notes' ½, λ/2·Σw²: then the gradient is λw, as with an optimizer's ``weight_decay``.
    biases : bool
        Whether parameters named ``bias`` (``b`` in a `nn.Neuron`) count; they scale no input, so
        usually not. Nodes of another name or none count, and what is given by itself.

    Raises
    ------
    ArgumentError, UnknownNameError
        When nothing is left to penalise, a strength is negative, or a layer's name fits no parameter.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import functional as F
    >>> w = ag.Parameter([3.0, -1.0])
    >>> F.l2_penalty(w, 0.1, half=True).backward()
    >>> w.grad
    array([ 0.3, -0.1])
    """
    terms = _counted("l2_penalty", parameters, strength, biases)
    return _total([((size / 2 if half else size), _sum(w * w)) for w, size in terms])


def l1_penalty(parameters: Any, strength: Any = 1.0, *, biases: bool = False) -> Value:
    """Sum of absolute values, λ·Σ|w|: drives weights to exactly 0. Arguments as in `l2_penalty`.

    Its gradient is λ·sign(w), 0 at 0.
    """
    return _total([(size, _sum(abs(w))) for w, size in _counted("l1_penalty", parameters, strength, biases)])


def elastic_net(parameters: Any, l1: Any = 1.0, l2: Any = 1.0, *, biases: bool = False) -> Value:
    """Both penalties, λ₁·Σ|w| + λ₂·Σw² (Zou and Hastie 2005), the notes' elastic net.

    Parameters
    ----------
    parameters, biases
        As in `l2_penalty`.
    l1, l2 : float or mapping of str to float
        The two strengths, as there.
    """
    parameters = parameters if hasattr(parameters, "named_parameters") else _listed("elastic_net", parameters)
    return l1_penalty(parameters, l1, biases=biases) + l2_penalty(parameters, l2, biases=biases)


def max_norm_(parameters: Any, max_norm: float, *, axis: int = 0) -> None:
    """Shrink the weight vector of every neuron to a norm of at most `max_norm`, in place, outside the graph.

    Call it after the optimizer's step; the notes name 3 or 4 as typical bounds.

    Parameters
    ----------
    parameters : Module, Parameter, or iterable of them or of (name, Parameter)
        What is bounded. Of a module only arrays of two axes and more: no biases. A Parameter of one
        axis that is given itself is one neuron's weights.
    max_norm : float
        Largest Euclidean norm, above 0.
    axis : int
        Which axis counts the neurons: 0 for `nn.Linear` and `nn.Conv2d`.

    Raises
    ------
    ArgumentError
        When the bound is not above 0, something is no Parameter, or has no such axis.
    """
    max_norm = positive("max_norm_", "max_norm", max_norm)
    for name, w in _listed("max_norm_", parameters):
        if not isinstance(w, Parameter):
            raise ArgumentError(f"max_norm_: got {w!r}, expected a Parameter, whose array holds whole weight vectors")
        if len(w.shape) < 2 and name:
            continue
        neurons = one_axis("max_norm_", axis, len(w.shape)) if len(w.shape) > 1 else None
        others = tuple(a for a in range(len(w.shape)) if neurons not in (None, a))
        values = w.value.astype(np.float64)
        norms = np.sqrt(np.sum(values * values, axis=others or None, keepdims=True))
        if (norms > max_norm).any():
            w.assign(values * (max_norm / np.maximum(norms, max_norm)))


def _counted(name: str, parameters: Any, strength: Any, biases: bool) -> list[tuple[Node, float]]:
    """Return the parameters that are penalised, each with its strength."""
    named = _listed(name, parameters)
    sizes = _strengths(name, [known for known, _ in named], strength)
    counted = [
        (w, size)
        for (known, w), size in zip(named, sizes, strict=True)
        if size is not None and (biases or known.rpartition(".")[2] not in BIASES)
    ]
    if not counted:
        raise ArgumentError(f"{name}: no parameter to penalise; is the module empty, or are there only biases?")
    return counted


def _listed(name: str, parameters: Any) -> list[tuple[str, Node]]:
    """Return (name, node) of every parameter; nodes without names have an empty one, unless they are biases of many."""
    if hasattr(parameters, "named_parameters"):
        return list(parameters.named_parameters())
    if isinstance(parameters, Node):
        return [("", parameters)]
    if not isinstance(parameters, Iterable):
        raise ArgumentError(f"{name}: got {type(parameters).__name__}, expected a module or its parameters")
    found = [x if isinstance(x, tuple) else (_name_of_bias(x), x) for x in parameters]
    for _, x in found:
        if not isinstance(x, Node):
            raise ArgumentError(f"{name}: got {type(x).__name__} among the parameters, expected nodes")
    return found


def _name_of_bias(x: Any) -> str:
    """Return the name that a layer gave its bias, by which it is known in ``model.parameters()``, too; else ""."""
    return x.name if isinstance(x, Node) and x.name in BIASES else ""


def _strengths(name: str, known: list[str], strength: Any) -> list[float | None]:
    if not isinstance(strength, Mapping):
        return [_strength(name, strength)] * len(known)
    for layer in strength:
        if not any(_fits(layer, parameter) for parameter in known):
            layers = {parameter.rpartition(".")[0] for parameter in known}
            raise UnknownNameError(f"{name}: {layer!r} is the start of no parameter's name{suggestion(layer, layers)}")
    longest = [max((layer for layer in strength if _fits(layer, p)), key=len, default=None) for p in known]
    return [None if layer is None else _strength(name, strength[layer]) for layer in longest]


def _fits(layer: str, parameter: str) -> bool:
    return not layer or f"{parameter}.".startswith(f"{layer}.")


def _strength(name: str, value: Any) -> float:
    strength = real(value)
    if not 0 <= strength < math.inf:
        raise ArgumentError(f"{name}: strength {value!r}, expected a number of at least 0, or one per layer by name")
    return strength


def _sum(w: Node) -> Value:
    return w if isinstance(w, Scalar) else sum(w)


def _total(terms: list[tuple[float, Value]]) -> Value:
    return functools.reduce(operator.add, (size * term for size, term in terms))
