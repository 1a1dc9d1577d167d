"""How the published networks draw their weights."""

from __future__ import annotations

import math
from typing import TypeAlias, TypeVar

import numpy as np

from autograd_cnn import init, nn
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.unallocated import is_skeleton, weights_in_memory
from autograd_cnn.random import generator

Random: TypeAlias = np.random.Generator | int | None
Network = TypeVar("Network", bound=nn.Module)


def started(model: Network, rng: Random, *, mode: str = "fan_in", deviation: float | None = None) -> Network:
    """Draw the weights of a network that was built inside `nn.skeleton`; return it.

    Layers before a ReLU start with He's deviation √(2/fan). The last one is drawn from ±1/√fan_in, so that first
    scores are small and the first loss is near ln K, as the notes' sanity check expects. Biases are 0.

    Parameters
    ----------
    model : Module
        Made of convolutions, linear layers and norms; the norms have started by themselves.
    rng : numpy.random.Generator or int, optional
        Where the weights come from; the default generator.
    mode : {"fan_in", "fan_out"}
        The fan of convolutions; torchvision's ResNet and VGG count outputs.
    deviation : float, optional
        Of all linear layers instead, as in VGG.
    """
    if is_skeleton():
        return model
    rng, last = generator(rng), heads_of(model)
    for name, layer in model.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        weight: Parameter = layer.weight
        with weights_in_memory(weight.shape, weight.dtype):
            if deviation is not None and isinstance(layer, nn.Linear):
                init.normal_(weight, 0.0, deviation, rng=rng)
            elif name in last:
                init.kaiming_uniform_(weight, a=math.sqrt(5), rng=rng)
            else:
                fan = mode if isinstance(layer, nn.Conv2d) else "fan_in"
                init.kaiming_normal_(weight, mode=fan, nonlinearity="relu", rng=rng)
        if layer.bias is not None:
            init.zeros_(layer.bias)
    return model


def heads_of(model: nn.Module) -> list[str]:
    """Return the names of the layers that give scores: those in the class's ``heads``, or the last one of weights."""
    layers = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    return [name for name in getattr(type(model), "heads", ()) if name in layers] or layers[-1:]
