"""Expansion: compound gates in smaller gates, down to Scalars of add, multiply and max."""

from autograd_cnn.expansion.expanding import Expansion, expand

__all__ = ["Expansion", "expand"]
