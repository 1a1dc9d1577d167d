"""Where the notes and the lecture are misprinted, and what is right: each is computed here.

Run: python examples/06_errata.py [folder]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from viz.charts import Axis, ChartData, Line, Panel, Rule, chart
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder


def numeric(f, x, h=1e-5):
    """Gradient of f at x by central differences (CS231n, learning: gradient checks)."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


print("1. The SVM gradient needs the input")
x, label = np.array([1.0, 2.0, -1.0]), 0
w = np.array([[0.2, -0.1, 0.4], [0.3, 0.1, -0.2], [-0.5, 0.2, 0.1]])
violated = ((w @ x)[1:] - (w @ x)[label] + 1 > 0).sum()
right = numeric(lambda v: float(F.multiclass_svm_loss(v @ x, label)), w)[label]
print("   without x_i, the row of the right class is minus the number of violated margins:", -violated)
print("   with x_i:", -violated * x, " numeric:", np.round(right, 6))
assert np.allclose(right, -violated * x)

print("2. The squared hinge squares the hinge, not the margin inside it")
margin = -3.0  # comfortably right: there is nothing to pay
print("   max(0, m²) =", max(0.0, margin**2), " but max(0, m)² =", max(0.0, margin) ** 2)
scores = np.array([5.0, 1.0])  # margin 1 − 5 + 1 = −3
assert float(F.multiclass_svm_loss(scores, 0, squared=True)) == max(0.0, margin) ** 2

print("3. VGG-16's activations: the notes' table says 24M numbers in all, its own rows sum to less")
sizes = [(224, 3)] + [(224, 64)] * 2 + [(112, 64)] + [(112, 128)] * 2 + [(56, 128)] + [(56, 256)] * 3
sizes += [(28, 256)] + [(28, 512)] * 3 + [(14, 512)] + [(14, 512)] * 3 + [(7, 512)]
total = sum(n * n * c for n, c in sizes) + 4096 + 4096 + 1000
print(f"   sum of the rows: {total:,}")
assert round(total / 1e6, 1) == 15.2

print("4. The leaky ReLU's slope is 0.1 on one slide and 0.01 in the notes")
for slope in (0.01, 0.1):
    leak = ag.Scalar(-1.0)
    F.leaky_relu(leak, slope).backward()
    print(f"   slope {slope}: gradient {leak.grad} at −1")
    assert leak.grad == slope
print("   ours, as torch's, is", nn.LeakyReLU().negative_slope)

print("5. The router sends the gradient to the larger input, not to what is bigger than zero")
a, b = ag.Scalar(-3.0), ag.Scalar(-1.0)
ag.maximum(a, b).backward()
print("   max(−3, −1): gradients", a.grad, "and", b.grad)
assert (a.grad, b.grad) == (0.0, 1.0)

print("The second and the fourth as pictures")
margins, x = np.linspace(-2, 2, 81), np.linspace(-4, 4, 81)
paid = [float(F.multiclass_svm_loss(np.array([1 - m, 0.0]), 0, squared=True)) for m in margins]
hinge = (
    Line("misprinted: max(0, m²)", margins, np.maximum(0, margins**2), "critical", "dotted"),
    Line("squared hinge: max(0, m)²", margins, paid),
    Rule("nothing left to pay", 0, "x"),
)
leaks = [
    Line(f"slope {slope}", x, F.leaky_relu(x, slope), ink, dash)
    for slope, ink, dash in ((0.01, "value", "solid"), (0.1, "critical", "dotted"))
]
panels = (
    Panel(Axis("margin m = 1 − (s_y − s_j)"), Axis("loss"), hinge, "The squared hinge"),
    Panel(Axis("input"), Axis("output", -1, 4), leaks, "The leaky ReLU"),
)
picture = chart(ChartData("Errata of the notes", panels, columns=2, size=(260.0, 180.0)))
print("   written:", picture.save(folder / "errata.svg"))
