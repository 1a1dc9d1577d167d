"""Newton's method: a step that looks at the curvature lands where gradient descent still walks.

CS231n, neural networks part 3, "Second order methods". A step is x ← x − H⁻¹ g, with the Hessian H from differentiating
the graph of the gradient.

Run: python examples/05_newton.py [folder]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import optim
from viz.charts import Axis, ChartData, Field, Line, Panel, Points, chart
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder


def valley(x):
    """Rosenbrock's function: a long, curved, narrow valley with its minimum 0 at (1, 1)."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


walked, jumped = ag.Parameter([-1.2, 1.0]), ag.Parameter([-1.2, 1.0])
descent, newton = optim.SGD([walked], lr=0.001), optim.Newton([jumped])
paths = {"gradient descent": [], "Newton": []}
for step in range(7):
    paths["gradient descent"].append(walked.value.copy())
    paths["Newton"].append(jumped.value.copy())
    loss = valley(walked)
    descent.zero_grad()
    loss.backward()
    descent.step()
    print(f"step {step}  Newton {newton.step(lambda: valley(jumped)):.2e}  gradient descent {loss.item():.2e}")
print("Newton ends at", np.round(jumped.value, 6), "and gradient descent at", np.round(walked.value, 6))

# A sum of squares needs no second derivatives: Gauss-Newton takes its residuals for linear. Damping that follows
# success (Levenberg-Marquardt) keeps it from running away where they are not: a curve through noisy points.
rng = np.random.default_rng(0)
x = np.linspace(0, 3, 30)
y = 2.0 * np.exp(-1.5 * x) + 0.01 * rng.standard_normal(30)
curve = ag.Parameter([1.0, 8.0])
fit = optim.LevenbergMarquardt([curve])
losses = [fit.step(lambda: curve[0] * ag.exp(-curve[1] * x) - y) for _ in range(10)]
print(f"curve fit: half the sum of squares {losses[0]:.3f} -> {losses[-1]:.5f} at", np.round(curve.value, 2))

# A network has too many weights for its Hessian; its product with a vector costs two backward passes, and conjugate
# gradients solve with such products alone.
weights, direction = rng.standard_normal((2, 1000))
_, (product,) = ag.hvp(lambda w: (ag.tanh(w) ** 2).sum(), [weights], [direction])
t = np.tanh(weights)
exact = 2 * (1 - t**2) * (1 - 3 * t**2) * direction
print(f"Hessian times vector, largest error: {np.abs(product - exact).max():.0e}")
many = ag.Parameter(weights / 4)
free = optim.Newton([many], solver="conjugate gradients")
losses = [free.step(lambda: (ag.tanh(many) ** 2 + many**2).sum()) for _ in range(8)]
print("1,000 parameters by conjugate gradients:", ", ".join(f"{loss:.1e}" for loss in losses))

left, up = np.linspace(-1.6, 1.6, 81), np.linspace(-3.5, 2.0, 81)
ground = Field("f", left, up, valley(np.array(np.meshgrid(left, up))), (1, 4, 16, 64, 256, 1024), strength=0.7)
lines = [
    Line(name, *np.transpose(path), ink, dash, mark="circle")
    for (name, path), ink, dash in zip(paths.items(), ("critical", "ink"), ("solid", "dashed"), strict=True)
]
panel = Panel(Axis("x0"), Axis("x1"), (ground, *lines, Points("minimum", (1,), (1,), "ink", "cross", 10.0)))
picture = chart(ChartData("Seven steps in Rosenbrock's valley", (panel,), size=(400.0, 300.0)))
print("written:", picture.save(folder / "newton.svg"))
