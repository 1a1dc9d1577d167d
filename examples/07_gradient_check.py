"""Test the gradient of your own gate: the check finds a wrong rule, and names the gate among all others.

Run: python examples/07_gradient_check.py [folder for the picture]
     autograd-cnn check examples/07_gradient_check.py:loss
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn.testing import assert_gate, check
from viz.scripts import arguments


@ag.gate("snake")
def snake(x):
    """Rising and periodic: x + sin²(x)."""
    return x + ag.sin(x) ** 2


@snake.vjp
def _(upstream, output, x):
    return upstream * (1 + ag.sin(x) * ag.cos(x))  # the bug: the derivative of sin² is 2·sin·cos


def loss(x, w):
    """Two layers, and a penalty: the wrong gate is one of many."""
    hidden = snake(x @ w)
    return ag.maximum(hidden, 0.1 * x).sum() + 0.5 * (w * w).sum()


rng = np.random.default_rng(0)
loss.inputs = rng.normal(size=(2, 3)), rng.normal(size=(3, 3))

if __name__ == "__main__":
    report = check(loss, *loss.inputs)
    print(report)
    print(report.blame())
    folder = arguments(__doc__, quick=False).folder
    print("written:", viz.gradient_check(report, title="A wrong rule for snake").save(folder / "check.svg"))

    @snake.vjp
    def _(upstream, output, x):
        return upstream * (1 + 2 * ag.sin(x) * ag.cos(x))

    mended = check(loss, *loss.inputs, order=2)
    print("mended:", str(mended).splitlines()[0])
    print("snake keeps its promises:", ", ".join(assert_gate(snake, loss.inputs[0])))
    if report.ok or not mended.ok:
        raise SystemExit("the check did not see the bug, or sees one that is not there")
