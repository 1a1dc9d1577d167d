"""Newton's method: a step that looks at the curvature lands where gradient descent still walks.

CS231n, learning: second-order methods. A step is x ← x − H⁻¹ g, with the Hessian H from differentiating
the graph of the gradient.

Run: python examples/05_newton.py
"""

import numpy as np

import autograd_cnn as ag


def valley(x):
    """Rosenbrock's function: a long, curved, narrow valley with its minimum 0 at (1, 1)."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


newton = np.array([-1.2, 1.0])
descent = newton.copy()
for step in range(7):
    print(f"step {step}  Newton {valley(newton):.2e}  gradient descent {valley(descent):.2e}")
    newton = newton - np.linalg.solve(ag.hessian(valley, newton), ag.jacobian(valley, newton))
    descent = descent - 0.001 * ag.jacobian(valley, descent)
print("Newton ends at", np.round(newton, 6), "and gradient descent at", np.round(descent, 6))

# a network has too many weights for its Hessian; its product with a vector costs two backward passes
rng = np.random.default_rng(0)
weights, direction = rng.standard_normal((2, 1000))
_, (product,) = ag.hvp(lambda w: (ag.tanh(w) ** 2).sum(), [weights], [direction])
t = np.tanh(weights)
exact = 2 * (1 - t**2) * (1 - 3 * t**2) * direction
print(f"Hessian times vector, largest error: {np.abs(product - exact).max():.0e}")
