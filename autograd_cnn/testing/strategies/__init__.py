"""Hypothesis strategies for gradient tests: arrays, problems, calls of gates, random graphs and networks.

Values are small integers over 8, so failing examples shrink to what can be checked by hand; graphs,
networks and problems print as Python code that can be pasted. Import it by its own name, since it needs
hypothesis, which ``import autograd_cnn.testing`` does not:

>>> from hypothesis import given
>>> from autograd_cnn.testing import strategies
>>> @given(strategies.graphs(max_nodes=5))
... def test(graph):
...     output = graph(*graph.leaves())
...     output.backward()
>>> test()

``st.from_type(ag.Scalar)``, of Tensor, Parameter and Node too, makes leaves as soon as hypothesis is installed:

>>> import autograd_cnn as ag
>>> @given(...)
... def test(x: ag.Scalar):
...     assert 8 * x.value == round(8 * x.value)
>>> test()
"""

from autograd_cnn.testing.registration import register
from autograd_cnn.testing.strategies.requirement import HypothesisNotFoundError

try:
    from autograd_cnn.testing.call import Call
    from autograd_cnn.testing.strategies.domains import ON_FLOATS
    from autograd_cnn.testing.strategies.domains.drawing import SEEDS
    from autograd_cnn.testing.strategies.gate_calls import CALLS, calls
    from autograd_cnn.testing.strategies.graph import Graph
    from autograd_cnn.testing.strategies.problems import LOSSES, Problem, conv_problems, loss_problems, pool_problems
    from autograd_cnn.testing.strategies.random_graphs import ELEMENTWISE, SHAPED, graphs
    from autograd_cnn.testing.strategies.random_networks import Network, networks
    from autograd_cnn.testing.strategies.small_arrays import (
        LAYOUTS,
        arrays,
        broadcastable_pairs,
        dtypes,
        eighths,
        extreme_logits,
        layouts,
        separated_arrays,
        shapes,
        tied_arrays,
    )
    from autograd_cnn.testing.strategies.steering import drawn, steer
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise HypothesisNotFoundError(
        "autograd_cnn.testing.strategies needs hypothesis, which is not installed; "
        "install it with: pip install 'autograd-cnn[test]'"
    ) from error

__all__ = [
    "CALLS",
    "ELEMENTWISE",
    "LAYOUTS",
    "LOSSES",
    "ON_FLOATS",
    "SEEDS",
    "SHAPED",
    "Call",
    "Graph",
    "HypothesisNotFoundError",
    "Network",
    "Problem",
    "arrays",
    "broadcastable_pairs",
    "calls",
    "conv_problems",
    "drawn",
    "dtypes",
    "eighths",
    "extreme_logits",
    "graphs",
    "layouts",
    "loss_problems",
    "networks",
    "pool_problems",
    "separated_arrays",
    "shapes",
    "steer",
    "tied_arrays",
]

register()  # for a package that is not installed, whose entry point hypothesis does not see
