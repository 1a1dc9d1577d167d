"""Test gradients: of this engine's gates, of your own gates, and of any function of nodes.

>>> import autograd_cnn as ag
>>> from autograd_cnn import testing
>>> report = testing.check(lambda x, y: ag.sin(x) * y, 0.5, 2.0)
>>> report.ok
True

`check` needs neither hypothesis nor pytest; `autograd_cnn.testing.strategies` draws inputs and graphs for
hypothesis, `autograd_cnn.testing.mutants` makes wrong rules to test the tests.
"""

from autograd_cnn.suggestions import suggest_names as _suggest_names
from autograd_cnn.testing.branches import Branches, branches_taken
from autograd_cnn.testing.call import Call
from autograd_cnn.testing.checking import WrongGradientError, assert_gradients, check, gradcheck, gradgradcheck
from autograd_cnn.testing.oracles import (
    Estimate,
    directional_difference,
    numerical_gradient,
    relative_error,
    ridders_gradient,
    taylor_rate,
)
from autograd_cnn.testing.promises import PROMISES, BrokenPromiseError, Promise, assert_gate
from autograd_cnn.testing.proving import assert_proved
from autograd_cnn.testing.report import Blame, Coordinate, Report, Verdict, band_of

__all__ = [
    "PROMISES",
    "Blame",
    "Branches",
    "BrokenPromiseError",
    "Call",
    "Coordinate",
    "Estimate",
    "Promise",
    "Report",
    "Verdict",
    "WrongGradientError",
    "assert_gate",
    "assert_gradients",
    "assert_proved",
    "band_of",
    "branches_taken",
    "check",
    "directional_difference",
    "gradcheck",
    "gradgradcheck",
    "numerical_gradient",
    "relative_error",
    "ridders_gradient",
    "taylor_rate",
]

_suggest_names(__name__)
