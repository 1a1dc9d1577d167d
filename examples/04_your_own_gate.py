"""Add a gate of your own: forward and rule stand together, and everything else follows.

Run: python examples/04_your_own_gate.py [folder]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import testing
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder


@ag.gate("swish")
def swish(x):
    """x·σ(x): smooth, and not monotonic."""
    return x * ag.sigmoid(x)


@swish.vjp
def _(upstream, output, x):
    s = ag.sigmoid(x)
    return upstream * (s + output * (1 - s))  # gates and operators only, so it can be differentiated again


# on a Scalar, on a Tensor, and twice
a = ag.Scalar(1.5, name="a")
swish(a).backward()
print("on a Scalar:", a.grad)

x = ag.Tensor(np.linspace(-2, 2, 5), requires_grad=True)
(slope,) = ag.grad(swish(x).sum(), x, create_graph=True)
(curvature,) = ag.grad(slope.sum(), x)
print("slope:    ", np.round(slope.value, 4))
print("curvature:", np.round(curvature, 4))

# never trust a rule without a numeric check (CS231n, learning: gradient checks): this makes it, and all others
proved = testing.assert_gate(swish, np.linspace(-2, 2, 5))
print(f"{len(proved)} promises kept: {', '.join(proved)}")

# its curve, and its slope as its rule says: any gate that works element by element has such a picture
print("written:", viz.textbook.activation("swish").save(folder / "swish.svg"))
