"""A graph-based autodiff engine: build networks gate by gate, see every number of backprop.

>>> import autograd_cnn as ag
>>> x, y, z = ag.Scalar(-2), ag.Scalar(5), ag.Scalar(-4)
>>> f = (x + y) * z
>>> f.backward()
>>> f.value, x.grad, y.grad, z.grad
(-12.0, -4.0, -4.0, 3.0)
"""

import sys as _sys
import typing as _typing
from importlib import import_module as _import_module
from typing import Any as _Any

from autograd_cnn import gates as _gates  # noqa: F401  all of them, for GATES
from autograd_cnn import numpy_protocols as _numpy_protocols  # noqa: F401  np.sum(node)
from autograd_cnn.backward import Step, backward_steps, downstream_gradients, grad
from autograd_cnn.errors import (
    ArgumentError,
    AutogradError,
    DataDependentBranch,
    DataFileError,
    DepthError,
    DtypeError,
    FileAccessError,
    GradientError,
    MissingExtraError,
    NewerFileError,
    NotFittedError,
    OutOfMemoryError,
    OutOfRangeError,
    ReplayMismatch,
    ShapeError,
    UnknownArgumentError,
    UnknownNameError,
)
from autograd_cnn.gates.activation import identity, logsigmoid, relu, sigmoid, softsign, step, tanh
from autograd_cnn.gates.arithmetic import add, divide, multiply, negative, power, reciprocal, square, subtract
from autograd_cnn.gates.comparison import (
    abs,
    clip,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    not_equal,
    sign,
    where,
)
from autograd_cnn.gates.contraction import dot, einsum, tensordot
from autograd_cnn.gates.exponential import exp, expm1, log, log1p, sqrt
from autograd_cnn.gates.indexing import argmax, argmin, gather, take, take_along_axis, topk
from autograd_cnn.gates.linear import matmul, outer
from autograd_cnn.gates.rearrangement import flip, repeat, roll, split, tile
from autograd_cnn.gates.rectifier import gelu, selu, silu
from autograd_cnn.gates.reduction import amax, amin, cumsum, max, mean, min, prod, sum
from autograd_cnn.gates.shape import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    moveaxis,
    pad,
    ravel,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
)
from autograd_cnn.gates.softmax import log_softmax, softmax
from autograd_cnn.gates.statistics import logsumexp, norm, std, var
from autograd_cnn.gates.trigonometric import cos, sin
from autograd_cnn.graph import Node, Parameter, Scalar, Tensor, topological_order
from autograd_cnn.random import manual_seed
from autograd_cnn.recording import detect_anomaly, no_grad, scope
from autograd_cnn.registry import GATES, Gate, gate
from autograd_cnn.suggestions import made_to_suggest as _made_to_suggest
from autograd_cnn.suggestions import suggest_options_of_names as _suggest_options_of_names
from autograd_cnn.suggestions import unknown_attribute as _unknown_attribute

if _typing.TYPE_CHECKING:
    from autograd_cnn import data, functional, health, init, models, nn, optim, testing, train
    from autograd_cnn.checkpointing import checkpoint
    from autograd_cnn.compilation import compile
    from autograd_cnn.differentiation import hessian, hvp, jacobian, jvp
    from autograd_cnn.expansion import Expansion, expand
    from autograd_cnn.explanation import Explanation, explain
    from autograd_cnn.inspection import nodes, tree
    from autograd_cnn.kernels.threads import get_num_threads, set_num_threads

_PARTS = frozenset({"data", "functional", "health", "init", "models", "nn", "optim", "testing", "train"})
_HOMES = {
    "checkpointing": ("checkpoint",),
    "compilation": ("compile",),
    "differentiation": ("hessian", "hvp", "jacobian", "jvp"),
    "expansion": ("Expansion", "expand"),
    "explanation": ("Explanation", "explain"),
    "inspection": ("nodes", "tree"),
    "kernels.threads": ("get_num_threads", "set_num_threads"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "GATES",
    "ArgumentError",
    "AutogradError",
    "DataDependentBranch",
    "DataFileError",
    "DepthError",
    "DtypeError",
    "Expansion",
    "Explanation",
    "FileAccessError",
    "Gate",
    "GradientError",
    "MissingExtraError",
    "NewerFileError",
    "Node",
    "NotFittedError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "Parameter",
    "ReplayMismatch",
    "Scalar",
    "ShapeError",
    "Step",
    "Tensor",
    "UnknownArgumentError",
    "UnknownNameError",
    "abs",
    "add",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "astype",
    "backward_steps",
    "broadcast_to",
    "checkpoint",
    "clip",
    "compile",
    "concatenate",
    "cos",
    "cumsum",
    "data",
    "detect_anomaly",
    "divide",
    "dot",
    "downstream_gradients",
    "einsum",
    "equal",
    "exp",
    "expand",
    "expand_dims",
    "explain",
    "expm1",
    "flip",
    "functional",
    "gate",
    "gather",
    "gelu",
    "get_num_threads",
    "grad",
    "greater",
    "greater_equal",
    "health",
    "hessian",
    "hvp",
    "identity",
    "init",
    "jacobian",
    "jvp",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "models",
    "moveaxis",
    "multiply",
    "negative",
    "nn",
    "no_grad",
    "nodes",
    "norm",
    "not_equal",
    "optim",
    "outer",
    "pad",
    "power",
    "prod",
    "ravel",
    "reciprocal",
    "relu",
    "repeat",
    "reshape",
    "roll",
    "scope",
    "selu",
    "set_num_threads",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softsign",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "step",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "tensordot",
    "testing",
    "tile",
    "topk",
    "topological_order",
    "train",
    "transpose",
    "tree",
    "var",
    "where",
]


_suggest_options_of_names(__name__)

if not _typing.TYPE_CHECKING:  # which would take any name for granted

    def __getattr__(name: str) -> _Any:
        """Import a part of the package when it is first used: a graph of Scalars needs no layers."""
        if name == "__version__":
            return _import_module("importlib.metadata").version("autograd-cnn")
        if name in _PARTS:
            return _import_module(f"{__name__}.{name}")
        if name not in _HOME_OF:
            raise _unknown_attribute(__name__, name, __all__)
        found = _made_to_suggest(getattr(_import_module(f"{__name__}.{_HOME_OF[name]}"), name), __name__)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if _sys.modules.get("hypothesis"):  # imported before the engine, it could not learn its types yet
    from autograd_cnn.testing.registration import register as _register

    _register()
