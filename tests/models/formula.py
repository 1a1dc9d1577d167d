"""Weights and images by a formula in integers, so that torch and we compute with the same numbers anywhere."""

import math

import numpy as np


def numbers(shape, k):
    """Return float32 numbers between −1 and 1, spread evenly: multiples of the golden ratio, without the whole part."""
    i = np.arange(math.prod(shape), dtype=np.uint32)
    spread = i * np.uint32(2654435769) + np.uint32(k * 40503 + 1)
    return (spread / np.float64(2**31) - 1).astype(np.float32).reshape(shape)


def weights(shapes):
    """Return a state for names and shapes as in a state dict, in the order of the names: values near usual ones."""
    state = {}
    for k, (name, shape) in enumerate(sorted(shapes.items())):
        kind, values = name.rpartition(".")[2], numbers(shape, k)
        if kind == "num_batches_tracked":
            values = np.array(3)
        elif kind == "running_var" or (kind == "weight" and len(shape) == 1):
            values = 1 + values / 2
        elif kind == "weight":
            values = values * np.float32(math.sqrt(6 / math.prod(shape[1:])))
        else:
            values = values / 8
        state[name] = values
    return state
