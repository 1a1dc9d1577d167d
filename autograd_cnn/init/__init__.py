"""Starting values for parameters, under their torch.nn.init names.

Each function writes into a leaf through its ``assign`` and returns it. To start a whole network
anew, loop over its parameters::

    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            init.kaiming_normal_(parameter, nonlinearity="relu", rng=rng)
        else:
            init.zeros_(parameter)

Why it matters (CS231n, neural networks part 2, "Weight Initialization"): equal weights would all
receive equal gradients, and weights of the wrong scale let activations and gradients die away or
explode from layer to layer. What the notes name:

=============================================  ===========================================================
all zero (the pitfall)                         `zeros_`, which warns: `SymmetryWarning`
small random numbers, ``0.01 * randn``         ``normal_(weight, std=0.01)``
``randn(n) / sqrt(n)``                         `lecun_normal_`
Glorot & Bengio, ``2/(n_in + n_out)``          `xavier_normal_`, `xavier_uniform_`
He et al., ``randn(n) * sqrt(2.0/n)``          ``kaiming_normal_(weight, nonlinearity="relu")``
sparse, each unit with 10 inputs               `randomly_connected_` (and torch's `sparse_`)
biases                                         ``zeros_(bias)``; 0.01 by ``constant_(bias, 0.01)`` lets
                                               every ReLU fire at first, without being better for certain
=============================================  ===========================================================
"""

from autograd_cnn.init.filling import SymmetryWarning, constant_, normal_, uniform_, zeros_
from autograd_cnn.init.scaling import (
    calculate_gain,
    kaiming_normal_,
    kaiming_uniform_,
    lecun_normal_,
    xavier_normal_,
    xavier_uniform_,
)
from autograd_cnn.init.sparsity import randomly_connected_, sparse_
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = [
    "SymmetryWarning",
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "normal_",
    "randomly_connected_",
    "sparse_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_suggest_names(__name__)
