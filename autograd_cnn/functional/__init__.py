"""Gates and losses under their torch.nn.functional names, with arguments checked and filled in."""

from autograd_cnn.functional.activation import (
    elu,
    gelu,
    hardtanh,
    leaky_relu,
    maxout,
    prelu,
    softmin,
    softplus,
    threshold,
)
from autograd_cnn.functional.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
)
from autograd_cnn.functional.convolution import conv1d, conv2d
from autograd_cnn.functional.linear import linear
from autograd_cnn.functional.loss import cross_entropy
from autograd_cnn.functional.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d, max_unpool2d
from autograd_cnn.functional.transposed_convolution import conv_transpose2d
from autograd_cnn.functional.true_convolution import convolve2d, flip2d
from autograd_cnn.functional.weighted_pooling import blur_pool2d, distance_weighted_pool2d, distance_weights, lp_pool2d
from autograd_cnn.gates.activation import identity, logsigmoid, relu, sigmoid, softsign, step, tanh
from autograd_cnn.gates.rectifier import selu, silu
from autograd_cnn.gates.softmax import log_softmax, softmax

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "blur_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "convolve2d",
    "cross_entropy",
    "distance_weighted_pool2d",
    "distance_weights",
    "elu",
    "flip2d",
    "gelu",
    "global_avg_pool2d",
    "global_max_pool2d",
    "hardtanh",
    "identity",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "lp_pool2d",
    "max_pool1d",
    "max_pool2d",
    "max_unpool2d",
    "maxout",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "step",
    "tanh",
    "threshold",
]
