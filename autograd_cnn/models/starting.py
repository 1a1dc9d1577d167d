"""How the published networks draw their weights."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np

from autograd_cnn import init, nn
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.skeleton import is_skeleton
from autograd_cnn.random import generator

Random: TypeAlias = np.random.Generator | int | None
Network = TypeVar("Network", bound=nn.Module)


def started(model: Network, rng: Random, *, mode: str = "fan_out", deviation: float | None = None) -> Network:
    """Draw the weights of a network that was built inside `nn.skeleton`, as torchvision does; return it.

    Parameters
    ----------
    model : Module
        Made of convolutions, linear layers and norms; the norms have started by themselves.
    rng : numpy.random.Generator or int, optional
        Where the weights come from; the default generator.
    mode : {"fan_out", "fan_in"}
        Convolutions get He's deviation √(2/fan) for this fan, and biases of 0.
    deviation : float, optional
        Of the weights of linear layers, whose biases are 0 then; otherwise He's as well.
    """
    if is_skeleton():
        return model
    rng = generator(rng)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            weight: Parameter = layer.weight
            if deviation is not None and isinstance(layer, nn.Linear):
                init.normal_(weight, 0.0, deviation, rng=rng)
            else:
                init.kaiming_normal_(weight, mode=mode, nonlinearity="relu", rng=rng)
            if layer.bias is not None:
                init.zeros_(layer.bias)
    return model
