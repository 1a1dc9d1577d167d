"""A fully connected network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_cnn import nn
from autograd_cnn.errors import ArgumentError
from autograd_cnn.models.starting import started


def mlp(
    inputs: int,
    hidden: Sequence[int] = (100,),
    num_classes: int = 10,
    *,
    activation: Callable[[], nn.Module] = nn.ReLU,
    rng: Any = None,
    dtype: Any = np.float32,
) -> nn.Sequential:
    """Return linear layers with an activation between each two (CS231n, neural networks part 1).

    Parameters
    ----------
    inputs : int
        Numbers in one sample, such as 28 · 28; images are flattened.
    hidden : sequence of int
        Neurons of each hidden layer; none for a linear classifier.
    num_classes : int
        Number of outputs.
    activation : callable
        What makes the layer between, such as ``nn.Tanh``.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from, with He's deviation √(2/fan_in); the default generator.
    dtype : dtype
        float32 or float64.

    Raises
    ------
    ArgumentError
        When `hidden` is no sequence, or a number of neurons no positive integer.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> models.mlp(64, (30, 20), activation=nn.Tanh, rng=0)
    Sequential(
      (flatten): Flatten(start_dim=1, end_dim=-1)
      (fc1): Linear(in_features=64, out_features=30, bias=True)
      (tanh1): Tanh()
      (fc2): Linear(in_features=30, out_features=20, bias=True)
      (tanh2): Tanh()
      (fc3): Linear(in_features=20, out_features=10, bias=True)
    )
    """
    if not isinstance(hidden, Sequence) or isinstance(hidden, str):
        raise ArgumentError(f"mlp: hidden={hidden!r}, expected a sequence of numbers of neurons, such as (100,)")
    layers: dict[str, nn.Module] = {"flatten": nn.Flatten()}
    with nn.skeleton():
        for i, (before, after) in enumerate(pairwise((inputs, *hidden)), start=1):
            between = activation()
            layers |= {f"fc{i}": nn.Linear(before, after, dtype=dtype), f"{type(between).__name__.lower()}{i}": between}
        last = nn.Linear((inputs, *hidden)[-1], num_classes, dtype=dtype)
    return started(nn.Sequential(layers | {f"fc{len(hidden) + 1}": last}), rng)
