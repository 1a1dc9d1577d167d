"""Gates and losses under their torch.nn.functional names, with arguments checked and filled in."""

from autograd_cnn.functional.convolution import conv2d
from autograd_cnn.functional.linear import linear
from autograd_cnn.functional.loss import cross_entropy
from autograd_cnn.functional.pooling import avg_pool2d, max_pool2d
from autograd_cnn.gates.activation import relu, sigmoid, tanh
from autograd_cnn.gates.softmax import log_softmax, softmax

__all__ = [
    "avg_pool2d",
    "conv2d",
    "cross_entropy",
    "linear",
    "log_softmax",
    "max_pool2d",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
