"""Trying something out on a network that is afterwards what it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd_cnn.nn import Module
from autograd_cnn.optim import Optimizer
from autograd_cnn.train.generators import Generators


@contextmanager
def unchanged(**things: Any) -> Iterator[None]:
    """Put everything that training changes back to what it was, to the bit.

    Parameters
    ----------
    **things : object
        By any names: Modules (their parameters, gradients, buffers, modes and generators), Optimizers (their state and
        the parameters), and other objects that hold generators. The default generator is put back always.
    """
    modules = [x for x in things.values() if isinstance(x, Module)]
    optimizers = [x for x in things.values() if isinstance(x, Optimizer)]
    leaves = dict.fromkeys(leaf for owner in modules for leaf in owner.parameters())
    leaves |= dict.fromkeys(leaf for optimizer in optimizers for leaf in optimizer.parameters)
    values = [(leaf, leaf.numpy(), leaf.grad) for leaf in leaves]
    buffers = [(buffer, buffer.copy()) for module in modules for buffer in module.buffers()]
    modes = [(layer, layer.training) for module in modules for layer in module.modules()]
    states = [(optimizer, optimizer.state_dict(), optimizer.has_stepped) for optimizer in optimizers]
    generators = Generators(**things)
    drawn = generators.state_dict()
    try:
        yield
    finally:
        for leaf, value, gradient in values:
            leaf.assign(value)  # type: ignore[arg-type]  # a Scalar takes a 0-d array
            leaf.grad = gradient
        for buffer, value in buffers:
            buffer[...] = value
        for layer, mode in modes:
            layer.training = mode
        for optimizer, state, has_stepped in states:
            optimizer.load_state_dict(state)
            optimizer.has_stepped = has_stepped
        generators.load_state_dict(drawn)
