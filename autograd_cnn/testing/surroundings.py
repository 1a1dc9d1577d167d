"""What a function reads and writes beside its inputs: random generators, and the buffers of its modules.

A gradient check runs a function hundreds of times. Each run must see the same random numbers (the mask of
dropout, an augmentation) and the same running statistics, and afterwards all of it is as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn import random
from autograd_cnn.nn.module import Module
from autograd_cnn.reaching import reachable


class Surroundings:
    """A snapshot of what surrounds a function, to be restored before and after each run.

    Parameters
    ----------
    f : callable
        The function; modules and generators are found in its closure, its defaults, the globals that it names,
        and the objects that it is bound to.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        found = list(reachable(f, Module, np.random.Generator))
        modules = [x for x in found if isinstance(x, Module)]
        self._default = random.generator()
        generators = [self._default, *(x for x in found if isinstance(x, np.random.Generator))]
        self._generators = [(x, copy.deepcopy(x.bit_generator.state)) for x in generators]
        self._buffers = [
            (module, name, getattr(module, name), getattr(module, name).copy())
            for module in modules
            for name in module._buffers
        ]

    def restore(self) -> None:
        """Put everything back as it was when the snapshot was taken."""
        random._default = self._default  # the function may have called manual_seed
        for generator, state in self._generators:
            generator.bit_generator.state = state
        for module, name, array, content in self._buffers:
            array[...] = content
            if getattr(module, name) is not array:
                setattr(module, name, array)
