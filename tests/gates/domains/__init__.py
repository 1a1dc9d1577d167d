"""The calls at which every gate is tested: they are public, in `autograd_cnn.testing.strategies.domains`."""

from autograd_cnn.testing.strategies.domains import DOMAINS, FAMILIES, ON_FLOATS
from autograd_cnn.testing.strategies.domains.drawing import SEEDS

__all__ = ["DOMAINS", "FAMILIES", "ON_FLOATS", "SEEDS"]
