"""`ag.compile`: record a function of Scalars once, replay it natively."""

from autograd_cnn.compilation.compiling import Compiled, compile

__all__ = ["Compiled", "compile"]
