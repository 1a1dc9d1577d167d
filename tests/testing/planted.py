"""A gate with a planted bug: what tests say that it does to each gradient, and how far it shows in a graph."""

import numpy as np

import autograd_cnn as ag
from autograd_cnn.testing.mutants import Mutant


def planted(name, change):
    """Give a gate a rule whose gradients are changed: ``change(gradient, upstream, inputs)`` per input slot."""

    def wrong(situation):
        found = situation.gradients()
        return tuple(None if g is None else change(g, situation.upstream, situation.inputs) for g in found)

    return Mutant("planted", name, "each gradient is changed as the test says", wrong).applied()


def scaled(factor):
    return lambda gradient, upstream, inputs: gradient * factor


def part_changed(graph, mutant):
    """How far a wrong rule moves the gradient of a graph, relative to the largest entry."""
    leaves = graph.leaves()
    right = ag.grad(graph(*leaves), leaves, allow_unused=True)
    with mutant.applied():
        wrong = ag.grad(graph(*leaves), leaves, allow_unused=True)
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(right, wrong, strict=True) if a is not None]
    return max(float(np.max(np.abs(a - b))) / max(float(np.max(np.abs(a))), 1e-3) for a, b in pairs)
