"""`ag.compile`: record a function once, replay it natively.

A function of Scalars becomes a tape (:mod:`.lowering`, :mod:`.replaying`). One of Tensors stays a graph
(:mod:`.recording`), whose nodes get new values at every call (:mod:`.state`), gate by gate (:mod:`.instructions`) or a
whole layer at once (:mod:`.native`).
"""

from autograd_cnn.compilation.compiling import Compiled, compile
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = ["Compiled", "compile"]

_suggest_names(__name__)
