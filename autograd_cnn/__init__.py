"""A graph-based autodiff engine: build networks gate by gate, see every number of backprop.

>>> import autograd_cnn as ag
>>> x, y, z = ag.Scalar(-2), ag.Scalar(5), ag.Scalar(-4)
>>> f = (x + y) * z
>>> f.backward()
>>> f.value, x.grad, y.grad, z.grad
(-12.0, -4.0, -4.0, 3.0)
"""

from autograd_cnn import data, functional, init, nn, optim
from autograd_cnn.backward import Step, backward_steps, downstream_gradients, grad
from autograd_cnn.checkpointing import checkpoint
from autograd_cnn.differentiation import hessian, hvp, jacobian, jvp
from autograd_cnn.errors import (
    ArgumentError,
    AutogradError,
    DtypeError,
    GradientError,
    OutOfRangeError,
    ShapeError,
    UnknownNameError,
)
from autograd_cnn.gates.activation import relu, sigmoid, tanh
from autograd_cnn.gates.arithmetic import add, divide, multiply, negative, power, subtract
from autograd_cnn.gates.comparison import (
    abs,
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
from autograd_cnn.gates.exponential import exp, log, sqrt
from autograd_cnn.gates.linear import matmul
from autograd_cnn.gates.reduction import max, mean, sum
from autograd_cnn.gates.shape import astype, broadcast_to, concatenate, pad, reshape, stack, transpose
from autograd_cnn.gates.softmax import log_softmax, softmax
from autograd_cnn.graph import (
    Node,
    Parameter,
    Scalar,
    Tensor,
    detect_anomaly,
    no_grad,
    scope,
    topological_order,
)
from autograd_cnn.inspection import nodes, tree
from autograd_cnn.random import manual_seed
from autograd_cnn.registry import GATES, Gate, gate

__all__ = [
    "GATES",
    "ArgumentError",
    "AutogradError",
    "DtypeError",
    "Gate",
    "GradientError",
    "Node",
    "OutOfRangeError",
    "Parameter",
    "Scalar",
    "ShapeError",
    "Step",
    "Tensor",
    "UnknownNameError",
    "abs",
    "add",
    "astype",
    "backward_steps",
    "broadcast_to",
    "checkpoint",
    "concatenate",
    "data",
    "detect_anomaly",
    "divide",
    "downstream_gradients",
    "equal",
    "exp",
    "functional",
    "gate",
    "grad",
    "greater",
    "greater_equal",
    "hessian",
    "hvp",
    "init",
    "jacobian",
    "jvp",
    "less",
    "less_equal",
    "log",
    "log_softmax",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "nn",
    "no_grad",
    "nodes",
    "not_equal",
    "optim",
    "pad",
    "power",
    "relu",
    "reshape",
    "scope",
    "sigmoid",
    "sign",
    "softmax",
    "sqrt",
    "stack",
    "subtract",
    "sum",
    "tanh",
    "topological_order",
    "transpose",
    "tree",
    "where",
]
