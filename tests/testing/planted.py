"""A gate with a planted bug: tests say how large it is."""

from contextlib import contextmanager

import autograd_cnn as ag


@contextmanager
def planted(name, change):
    """Give a gate a rule whose gradients are changed: ``change(gradient, upstream, inputs)`` per input slot."""
    gate = ag.GATES[name]
    before = gate.rule, gate.takes_needs

    def wrong(upstream, output, *inputs, needs, **attributes):
        given = {"needs": needs} if before[1] else {}
        found = before[0](upstream, output, *inputs, **attributes, **given)
        found = found if isinstance(found, tuple) else (found,)
        return tuple(None if g is None else change(g, upstream, inputs) for g in found)

    gate.rule, gate.takes_needs = wrong, True
    try:
        yield
    finally:
        gate.rule, gate.takes_needs = before


def scaled(factor):
    return lambda gradient, upstream, inputs: gradient * factor
