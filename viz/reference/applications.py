"""One application of every gate with small numbers, as its page shows it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.registry import Gate

_PAIR, _ROW = (3.0, -4.0), [0.5, -1.0, 2.0]
_TABLE = [[1.0, -2.0], [3.0, 0.5]]
_SAMPLES = [[2.0, -2.0], [3.0, 0.5], [-1.0, 3.0]]
_SCORES, _LABELS = [[3.2, 5.1, -1.7]], np.array([0])  # the cat of the notes
_IMAGE = np.array([[[[1.0, 0.0, 2.0], [-1.0, 3.0, 1.0], [0.0, 2.0, -2.0]]]])
_LARGE = np.array([[[[1.0, 0.0, 2.0, 3.0], [4.0, 6.0, 6.0, 8.0], [3.0, 1.0, 1.0, 0.0], [1.0, 2.0, 2.0, 4.0]]]])
_KERNEL, _QUAD = np.array([[[[1.0, 0.0], [0.0, -1.0]]]]), np.array([[[[1.0, 2.0], [-1.0, 0.5]]]])
_SWITCHES = np.array([[[[3, 3], [0, 3]]]], dtype=np.uint8)  # where the maximum stands in each window of _LARGE
_NONE = ((0, 0), (0, 0))
_CONVOLUTION = {"stride": (1, 1), "padding": _NONE, "dilation": (1, 1), "groups": 1}
_HALVING = {"window": (2, 2), "stride": (2, 2), "padding": _NONE}
_SWITCHING = _HALVING | {"dilation": (1, 1)}

_CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "maximum", "minimum"), (_PAIR, {})),
    **dict.fromkeys(("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"), (_PAIR, {})),
    **dict.fromkeys(("abs", "negative", "square", "reciprocal", "sign", "normal_cdf"), ((-2.0,), {})),
    **dict.fromkeys(("exp", "expm1", "log1p", "sin", "cos", "sigmoid", "tanh", "softplus"), ((0.5,), {})),
    **dict.fromkeys(("relu", "selu", "identity", "step", "silu", "gelu", "logsigmoid", "softsign"), ((0.5,), {})),
    **dict.fromkeys(("log", "sqrt"), ((4.0,), {})),
    "power": ((2.0, 3.0), {}),
    "where": (([True, False], [1.0, 2.0], [-1.0, -2.0]), {}),
    "hardtanh": ((0.5,), {}),
    "leaky_relu": ((-2.0,), {}),
    "prelu": ((-2.0, 0.25), {}),
    "elu": ((-2.0,), {}),
    **dict.fromkeys(("softmax", "log_softmax"), ((_ROW,), {})),
    **dict.fromkeys(("sum", "mean", "max", "min", "prod", "cumsum", "logsumexp", "product_of_others"), ((_ROW,), {})),
    "euclidean_norm": (([3.0, -4.0],), {}),
    "reshape": ((_TABLE,), {"shape": (4,)}),
    "transpose": (([[1.0, -2.0, 3.0]],), {}),
    "getitem": ((_ROW,), {"index": slice(1, 3)}),
    "scatter_add": ((_ROW,), {"index": np.array([0, 2, 2]), "shape": (4,)}),
    **dict.fromkeys(("concatenate", "stack"), (([1.0, -2.0], [3.0, 0.5]), {})),
    "pad": ((_ROW,), {"pad_width": ((1, 1),)}),
    "broadcast_to": ((_ROW,), {"shape": (2, 3)}),
    "astype": ((_ROW,), {"dtype": np.dtype(np.float32)}),
    "matmul": ((_TABLE, [[2.0], [-1.0]]), {}),
    "contraction": (([1.0, -2.0], [3.0, 0.5]), {"subscripts": "i,j->ij"}),
    "conv2d": ((_IMAGE, _KERNEL), _CONVOLUTION | {"output_size": (2, 2)}),
    "conv2d_input_gradient": ((_QUAD, _KERNEL), _CONVOLUTION | {"input_size": (3, 3)}),
    "conv2d_weight_gradient": ((_QUAD, _IMAGE), _CONVOLUTION | {"window": (2, 2)}),
    "max_pool2d": ((_LARGE,), _SWITCHING | {"output_size": (2, 2)}),
    "avg_pool2d": ((_LARGE,), _HALVING | {"count_include_pad": True, "output_size": (2, 2)}),
    "avg_pool2d_gradient": ((_QUAD,), _HALVING | {"count_include_pad": True, "input_size": (4, 4)}),
    "scatter_by_switches": ((_QUAD,), _SWITCHING | {"switches": _SWITCHES, "input_size": (4, 4)}),
    "gather_by_switches": ((_LARGE,), _SWITCHING | {"switches": _SWITCHES}),
    "adaptive_max_pool2d": ((_IMAGE,), {"output_size": (2, 2)}),
    "standardize": ((_SAMPLES,), {"axis": (0,)}),
    "standardize_gradient": (([[1.0, 0.0], [0.0, -1.0], [0.5, 0.0]], _SAMPLES), {"axis": (0,)}),
    "batch_norm": ((_SAMPLES, [2.0, 0.5], [0.0, 1.0]), {}),
    "batch_norm_weight_gradient": (([[1.0, 0.0], [0.0, -1.0], [0.5, 0.0]], _SAMPLES), {}),
    "local_response_norm": ((np.array([1.0, -2.0, 3.0]).reshape(1, 3, 1, 1),), {"size": 3, "alpha": 1.0}),
    "cross_entropy": ((_SCORES, _LABELS), {}),
    "cross_entropy_gradient": ((np.array([1.0]), _SCORES, _LABELS), {}),
    "multiclass_svm_loss": ((_SCORES, _LABELS), {}),
    "binary_cross_entropy": (([0.8, 0.3], [1.0, 0.0]), {}),
    "binary_cross_entropy_with_logits": (([2.0, -1.0], [1.0, 0.0], [1.0, 1.0]), {}),
    "keep_mask": ((), {"shape": (2, 3), "p": 0.5, "scale": 2.0, "seed": 1}),
    "gaussian_noise": ((), {"shape": (2, 3), "seed": 0}),
}

_FIRST_ALONE = {"softmax", "log_softmax", "standardize", "standardize_gradient", "batch_norm", "cross_entropy_gradient"}
"""Gates whose gradients vanish when all outputs pull alike: the upstream gradient is that of the first output."""


@dataclass(frozen=True)
class Application:
    """A gate, applied, and the gradients that came back.

    Attributes
    ----------
    output : Node
    inputs : tuple of Node
        Named as in the gate's definition; integers and labels have no gradient.
    attributes : dict
    """

    output: Node
    inputs: tuple[Node, ...]
    attributes: dict[str, Any]


def application(gate: Gate) -> Application:
    """Apply a gate to small numbers, and go backward: the upstream gradient is 1 for all outputs, or the first."""
    given, attributes = _CALLS[gate.name]
    inputs = tuple(_leaf(value, name) for value, name in zip(given, _names(gate, len(given)), strict=True))
    output = gate(*inputs, **attributes)
    if output.requires_grad:
        output.backward(_upstream(gate, output.shape) if output.shape else None)
    return Application(output, inputs, attributes)


def _upstream(gate: Gate, shape: tuple[int, ...]) -> Any:
    seed = np.ones(shape)
    if gate.name in _FIRST_ALONE:
        seed.flat[1:] = 0
    return seed


def _leaf(value: Any, name: str) -> Node:
    if isinstance(value, float):
        return Scalar(value, name=name)
    array = np.asarray(value)
    return Tensor(array, name=name, requires_grad=array.dtype.kind == "f")


def _names(gate: Gate, count: int) -> list[str]:
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [p.name for p in inspect.signature(gate.forward).parameters.values() if p.kind is kinds]
    return named or list("abc"[:count])
