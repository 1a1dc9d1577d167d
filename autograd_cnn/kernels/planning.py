"""Which algorithm a convolution takes, and why: by the shapes alone, never by the numbers.

One table names the algorithms, one rule (:mod:`.wishes`) puts them in order; the first that covers the call does it,
and the plain loops cover every call. Each algorithm is a file with the three functions of :mod:`.convolution`, which
take the shapes as one `Convolution` before the arrays, and with ``covers(convolution)``, which says for which shapes
they run. `forced` and ``AUTOGRAD_CNN_CONVOLUTION`` put another
algorithm first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError, suggestion
from autograd_cnn.kernels.geometry import Convolution, Padding, Pair, Part
from autograd_cnn.kernels.jit import config
from autograd_cnn.kernels.layout import Floats, floating_dtype
from autograd_cnn.kernels.wishes import wishes
from autograd_cnn.kernels.workspace import Workspace

# Each algorithm: its file, and the order of memory of its images. Weight gradients are C-contiguous always.
ALGORITHMS = {
    "plain": ("plain_convolution", "channels-first"),
    "direct": ("direct_convolution", "channels-last"),
    "winograd": ("winograd", "channels-last"),
    "batch-last": ("batch_last_convolution", "batch-last"),
}
LAYOUTS = "channels-first", "channels-last", "batch-last"
VARIABLE = "AUTOGRAD_CNN_CONVOLUTION"

_FUNCTIONS: dict[Part, str] = {
    "forward": "conv2d",
    "input gradient": "conv2d_input_gradient",
    "weight gradient": "conv2d_weight_gradient",
}
_forced: ContextVar[str | None] = ContextVar("forced", default=None)


@dataclass(frozen=True)
class Choice:
    """An algorithm for one part of a convolution.

    Attributes
    ----------
    algorithm : str
        A name in `ALGORITHMS`.
    layout : {"channels-first", "channels-last", "batch-last"}
        The order of memory behind the values of the result.
    reason : str
        Why, in a sentence.
    """

    algorithm: str
    layout: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What `plan` says of a convolution and its two gradients; printed, a line for each."""

    forward: Choice
    input_gradient: Choice
    weight_gradient: Choice

    def __str__(self) -> str:
        return "\n".join(
            f"{name.replace('_', ' ')}: {choice.algorithm}, {choice.layout}; {choice.reason}"
            for name, choice in vars(self).items()
        )


def plan(
    x_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    *,
    dtype: Any = np.float32,
    stride: int | Pair = 1,
    padding: int | Pair | Padding = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    layout: str = "channels-first",
) -> Plan:
    """Tell how a convolution and its gradients are going to be computed, without computing them.

    Parameters
    ----------
    x_shape, weight_shape : tuple of int
        (N, C, H, W) and (O, C/groups, KH, KW).
    dtype
        float32 or float64.
    stride, padding, dilation, groups
        As for `functional.conv2d`, or pairs of pairs of paddings.
    layout : {"channels-first", "channels-last", "batch-last"}
        How the images and upstream gradients lie in memory. It decides nothing, but whether they are copied first.

    Returns
    -------
    Plan
        An algorithm, the layout of its result and a reason, for each of the three parts.

    Raises
    ------
    ShapeError
        If the shapes do not fit each other.
    DtypeError
        If the dtype is neither float32 nor float64.
    ArgumentError
        If there is no such layout, or ``AUTOGRAD_CNN_CONVOLUTION`` names no algorithm.

    Examples
    --------
    >>> with forced("plain"):
    ...     print(plan((64, 3, 32, 32), (32, 3, 3, 3), padding=1))
    forward: plain, channels-first; it is forced
    input gradient: plain, channels-first; it is forced
    weight gradient: plain, channels-first; it is forced
    """
    number = floating_dtype("plan", np.empty(0, dtype))
    strides, dilations = _pair(stride), _pair(dilation)
    rows, columns = _pair(padding)
    paddings = _pair(rows), _pair(columns)
    _check(x_shape, weight_shape, groups)
    sizes = (
        (size + sum(around) - (taps - 1) * apart - 1) // step + 1
        for size, taps, around, apart, step in zip(
            x_shape[2:], weight_shape[2:], paddings, dilations, strides, strict=True
        )
    )
    shapes: Any = tuple(x_shape), tuple(weight_shape), tuple(max(0, size) for size in sizes)
    moves: Any = number, strides, paddings, dilations, groups
    if layout not in LAYOUTS:
        raise ArgumentError(f"plan got the layout {layout!r}; there are {', '.join(map(repr, LAYOUTS))}")
    choices = (choice(Convolution(part, *shapes, *moves)) for part in _FUNCTIONS)
    forward, to_input, to_weight = (_with_copy(chosen, layout) for chosen in choices)
    return Plan(forward, to_input, to_weight)


@contextmanager
def forced(name: str) -> Iterator[None]:
    """Take this algorithm inside the ``with``, where it covers the call, and the plain loops where it does not.

    Parameters
    ----------
    name : str
        ``"plain"``, ``"direct"``, ``"batch-last"`` or ``"winograd"``.

    Raises
    ------
    ArgumentError
        If there is no such algorithm.
    """
    token = _forced.set(_known(name, "forced"))
    try:
        yield
    finally:
        _forced.reset(token)


def algorithm(part: Part, *shapes: Any) -> Callable[..., Floats]:
    """Return the function of two arrays, ``out`` and ``workspace`` that computes this part of a convolution.

    ``shapes`` are the fields of `Convolution` after the first.
    """
    return _function(_first_choice(), part, *shapes)


def prepared(convolution: Convolution, workspace: Workspace) -> Callable[..., Floats]:
    """Return what computes this part of a convolution again and again, as a function of its two arrays and ``out``.

    The algorithm is chosen now; one with a function ``prepared`` of its own works out all that it can now, too.
    """
    file = _file(_choice(_first_choice(), convolution).algorithm)
    prepare: Callable[..., Callable[..., Floats]] | None = getattr(file, "prepared", None)
    return prepare(convolution, workspace) if prepare else partial(_in(file, convolution), workspace=workspace)


def choice(convolution: Convolution) -> Choice:
    """Return the first algorithm that covers a convolution."""
    return _choice(_first_choice(), convolution)


@lru_cache(maxsize=1024)
def _function(first: str | None, part: Part, *shapes: Any) -> Callable[..., Floats]:
    convolution = Convolution(part, *shapes)
    return _in(_file(_choice(first, convolution).algorithm), convolution)


def _in(file: ModuleType, convolution: Convolution) -> Callable[..., Floats]:
    """Return the function of an algorithm for this part of a convolution."""
    return partial(getattr(file, _FUNCTIONS[convolution.part]), convolution)


def _choice(first: str | None, convolution: Convolution) -> Choice:
    if config.DISABLE_JIT:
        candidates = iter([("plain", "NUMBA_DISABLE_JIT leaves nothing else")])
    elif first is None:
        candidates = wishes(convolution)
    else:
        candidates = iter([(first, "it is forced"), ("plain", f"{first} is forced and does not cover this call")])
    name, reason = next((name, reason) for name, reason in candidates if _covers(name, convolution))
    layout = "channels-first" if convolution.part == "weight gradient" else ALGORITHMS[name][1]
    return Choice(name, layout, reason)


def _covers(name: str, convolution: Convolution) -> bool:
    return name == "plain" or bool(_file(name).covers(convolution))


def _file(name: str) -> ModuleType:
    return import_module(f"autograd_cnn.kernels.{ALGORITHMS[name][0]}")


def _first_choice() -> str | None:
    name = _forced.get()
    if name is None:
        name = os.environ.get(VARIABLE) or None
        if name is not None:
            _known(name, VARIABLE)
    return name


def _known(name: str, giver: str) -> str:
    if name not in ALGORITHMS:
        raise ArgumentError(
            f"{giver} names the algorithm {name!r}; there are {', '.join(map(repr, ALGORITHMS))}"
            f"{suggestion(name, ALGORITHMS)}"
        )
    return name


def _with_copy(chosen: Choice, layout: str) -> Choice:
    """Add to the reason what it costs that images lie in another order than the algorithm reads."""
    if chosen.algorithm == "plain" or layout == ALGORITHMS[chosen.algorithm][1]:
        return chosen
    return replace(chosen, reason=f"{chosen.reason}; what is {layout} is copied first")


def _pair(number: Any) -> Any:
    return number if isinstance(number, tuple) else (number, number)


def _check(x_shape: tuple[int, ...], weight_shape: tuple[int, ...], groups: int) -> None:
    if len(x_shape) != 4 or len(weight_shape) != 4:
        raise ShapeError(f"plan got shapes {x_shape} and {weight_shape}; give (N, C, H, W) and (O, C/groups, KH, KW)")
    if groups < 1 or x_shape[1] != groups * weight_shape[1] or weight_shape[0] % groups:
        raise ShapeError(
            f"plan got {x_shape[1]} channels, weights {weight_shape} and groups={groups}; "
            "channels are groups times the weight's second size, and groups divides its first"
        )
