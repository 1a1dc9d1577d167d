"""`ag.compile`: record a function once, replay it natively.

A function is run once on stand-ins for its arguments (:mod:`.recording`). One of Scalars becomes a tape
(:mod:`.scalars`). One of Tensors stays a graph (:mod:`.program`), whose nodes get new values at every call
(:mod:`.state`), gate by gate (:mod:`.instructions`) or a whole layer at once (:mod:`.native`); :mod:`.results` makes
the nodes that a call returns.
"""

from autograd_cnn.compilation.compiling import Compiled, compile
from autograd_cnn.suggestions import suggest_names as _suggest_names

__all__ = ["Compiled", "compile"]

_suggest_names(__name__)
