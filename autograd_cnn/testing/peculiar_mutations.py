"""Mistakes that are peculiar to one gate: the ones that are made in practice."""

from __future__ import annotations

from functools import partial

import numpy as np

from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.exponential import sqrt
from autograd_cnn.gates.softmax import softmax
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.testing.mutations import Gradients, Named, Situation, transposed


def _times_output(s: Situation) -> Gradients:
    return (s.upstream * s.output,)


def _one_minus_output(s: Situation) -> Gradients:
    return (s.upstream * (1 - s.output),)


def _upstream_alone(s: Situation) -> Gradients:
    return (s.upstream,)


def _guided(s: Situation) -> Gradients:
    return (where(s.upstream > 0, s.upstream, 0.0),)


def _undivided_quotient(s: Situation) -> Gradients:
    return s.gradients()[0], -s.upstream * s.output


def _exponent_kept(s: Situation) -> Gradients:
    return s.upstream * (s.inputs[1] * s.output), s.gradients()[1]


def _transposed_input(s: Situation, slot: int) -> Gradients:
    return s.with_input(slot, transposed(s.inputs[slot]))


def _flipped_windows(s: Situation, slot: int) -> Gradients:
    return s.with_input(slot, s.inputs[slot][:, :, ::-1, ::-1])


def _undivided_mean(s: Situation) -> Gradients:
    x, y = (np.size(v.value if isinstance(v, Node) else v) for v in (s.inputs[0], s.output))
    return (s.gradients()[0] * (x / max(y, 1)),)


def _written_over(s: Situation) -> Gradients:
    """Write instead of add: of an element that was picked twice one gradient is kept."""
    x, upstream = (v.value if isinstance(v, Node) else v for v in (s.inputs[0], s.upstream))
    result = np.zeros(np.shape(x))
    result[s.attributes["index"]] = upstream
    return (Tensor(result) if isinstance(s.upstream, Node) else result,)


def _label_not_subtracted(s: Situation) -> Gradients:
    spread = softmax(s.inputs[0], axis=1)
    return (s.upstream.reshape(-1, 1) * spread, *s.gradients()[1:])


def _constant_statistics(s: Situation) -> Gradients:
    return (s.upstream / sqrt(s.attributes["variance"] + s.attributes["eps"]),)


_DIAGONAL = "only the diagonal of the Jacobian is kept: the sum over all outputs is lost"
_TRANSPOSE = "input {} is not transposed where it must be, or twice"
_FLIP = "input {} is flipped: convolution is taken for correlation"

PECULIAR: dict[str, list[Named]] = {
    "cross_entropy": [("label not subtracted", "the gradient is softmax, without minus 1", _label_not_subtracted)],
    "divide": [("missing division", "the denominator's gradient is not divided by it again", _undivided_quotient)],
    "getitem": [("written over", "an element picked twice receives one gradient", _written_over)],
    "log_softmax": [("lost sum", "the sum over all outputs is lost", _upstream_alone)],
    "mean": [("undivided", "the gradient is not divided by the number of elements", _undivided_mean)],
    "power": [("exponent kept", "b·a^b instead of b·a^(b−1)", _exponent_kept)],
    "relu": [
        ("open gate", "the upstream gradient passes everywhere", _upstream_alone),
        ("guided", "the mask looks at the upstream gradient instead of the input", _guided),
    ],
    "sigmoid": [("lost 1 − σ", "σ instead of σ(1 − σ)", _times_output)],
    "softmax": [("diagonal", _DIAGONAL, _times_output)],
    "standardize": [("constant statistics", "mean and variance are taken as constants", _constant_statistics)],
    "tanh": [("unsquared", "1 − tanh instead of 1 − tanh²", _one_minus_output)],
    **{
        gate: [
            (f"swapped transpose {slot}", _TRANSPOSE.format(slot), partial(_transposed_input, slot=slot))
            for slot in (0, 1)
        ]
        for gate in ("matmul", "contraction")
    },
    **{
        gate: [(f"flipped {slot}", _FLIP.format(slot), partial(_flipped_windows, slot=slot)) for slot in (0, 1)]
        for gate in ("conv2d", "conv2d_input_gradient", "conv2d_weight_gradient")
    },
}
"""Name, description and mutation, by gate."""
