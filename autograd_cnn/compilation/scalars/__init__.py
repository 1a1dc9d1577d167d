"""Functions of Scalars: written as a tape of single numbers, replayed for one call, for many samples, for training.

The way of a function: :mod:`.lowering` turns gates into instructions, :mod:`.taping` writes values and gradients as one
tape and replays it, :mod:`.results` makes the Scalar that a call returns, :mod:`.training` takes whole steps.
"""
