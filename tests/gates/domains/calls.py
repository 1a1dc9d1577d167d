"""What domains are made of: see `autograd_cnn.testing.strategies.domains`."""

from autograd_cnn.testing.strategies.domains.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SHAPES, SIZES, binary, spread, unary

__all__ = ["SEEDS", "SHAPES", "SIZES", "Call", "binary", "spread", "unary"]
