"""What layers are called for what they do."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health
from autograd_cnn.graph import topological_order
from autograd_cnn.health.grouping import data_nodes
from autograd_cnn.health.kinds import kind_of

X = ag.Tensor(np.ones((2, 4, 6, 6)), requires_grad=True)
FLAT = ag.Tensor(np.ones((2, 4)), requires_grad=True)
W = ag.Parameter(np.ones((4, 3)))
B = ag.Parameter(np.ones(4))


def filters(groups=1, height=3, width=3):
    return ag.Parameter(np.ones((4, 4 // groups, height, width)))


def kind(output):
    order = topological_order(output)
    return kind_of([node for node in order if node.gate is not None], data_nodes(order))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (F.conv2d(X, filters()), "conv2d 3×3"),
        (F.conv2d(X, filters(height=1)), "conv2d 1×3"),
        (F.conv2d(X, filters(), stride=(1, 3)), "conv2d 3×3, stride 1×3"),
        (F.conv2d(X, filters(), stride=3, dilation=2, padding=1, fit="floor"), None),
        (F.conv2d(X, filters(), dilation=(1, 2)), "conv2d 3×3, dilation 1×2"),
        (F.conv2d(X, filters(4), padding=2, groups=4), "conv2d 3×3, padding 2, 4 groups"),
        (F.conv2d(X, filters(), padding=((0, 1), (1, 1))), "conv2d 3×3, padding ((0, 1), (1, 1))"),
        (F.conv2d(X, filters()) + ag.Parameter(np.ones((4, 1, 1))), "conv2d 3×3"),
        (F.max_pool2d(X, 2), "max pool 2×2"),
        (F.max_pool2d(X, (2, 3)), "max pool 2×3"),
        (F.max_pool2d(X, 3, stride=1), "max pool 3×3, stride 1"),
        (F.avg_pool2d(X, 2, stride=(1, 2)), "average pool 2×2, stride 1×2"),
        (F.max_pool2d(X, 2, padding=1), "max pool 2×2, padding 1"),
        (FLAT @ W, "linear"),
        (F.linear(FLAT, ag.Parameter(np.ones((3, 4))), ag.Parameter(np.ones(3))), "linear"),
        (FLAT @ FLAT.T, "matmul"),
        (FLAT + B, "add"),
        (FLAT + FLAT, "add"),
        (ag.tanh(FLAT + B), "tanh"),
        (ag.tanh(FLAT + FLAT), "add, tanh"),
        (X.reshape(2, -1), "flatten"),
        (ag.Tensor(np.ones((2, 3, 4)), requires_grad=True).reshape(2, 12), "flatten"),
        (FLAT.reshape(4, 2), "reshape"),
        (X.reshape(2, 2, 72), "reshape"),
        (X.reshape(4, 72), "reshape"),
        (FLAT.reshape(2, 4), "reshape"),
        (X.reshape(4, 72).T, "reshape, transpose"),
        (ag.exp(X.reshape(4, 72).T), "exp"),
        (ag.exp(X.reshape(2, -1)), "flatten, exp"),
        (ag.exp(ag.exp(FLAT)), "exp"),
        (ag.cos(ag.sin(ag.exp(FLAT))), "exp, sin, cos"),
        (ag.log(ag.cos(ag.sin(ag.exp(FLAT)))), "exp, sin, cos …"),
        (ag.softmax(FLAT, axis=1), "softmax"),
        (ag.log_softmax(FLAT, axis=1), "log softmax"),
    ],
)
def test_kinds(output, words):
    assert kind(output) == (words or "conv2d 3×3, stride 3, dilation 2, padding 1")


def test_kinds_of_scalars():
    x, w, b = ag.Scalar(2.0, requires_grad=False), ag.Scalar(-1.0), ag.Scalar(3.0)

    def named(make):
        with ag.scope("layer/neuron"):
            output = make()
        return health.inspect(output).layers[0].kind

    assert named(lambda: w * x + b) == "linear"
    assert named(lambda: ag.tanh(w * x + b)) == "linear, tanh"
    assert named(lambda: ag.tanh(x + b)) == "tanh"
    assert named(lambda: ag.exp(x + x)) == "add, exp"
    assert named(lambda: ag.logsigmoid(w * x)) == "linear, logsigmoid"
