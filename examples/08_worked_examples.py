"""The worked examples of CS231n's notes on backpropagation (optimization-2) as pictures, with their numbers.

Run: python examples/08_worked_examples.py [folder for the pictures]
"""

import numpy as np

import autograd_cnn as ag
import viz
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder


def compound(x, y, z):
    return (x + y) * z


def neuron(w0, w1, w2, x0, x1):
    return 1 / (1 + ag.exp(-(w0 * x0 + w1 * x1 + w2)))


def patterns(x, y, z, w):
    return (x * y + ag.maximum(z, w)) * 2


def staged(x, y):
    return (x + ag.sigmoid(y)) / (ag.sigmoid(x) + (x + y) ** 2)


def product(weight, x):
    return (weight @ x).sum()


rng = np.random.default_rng(0)
EXAMPLES = {  # file: function, inputs, title, lesson
    "compound": (compound, (-2, 5, -4), "f = (x + y) · z", "a compound expression: an add gate feeds a multiply gate"),
    "neuron": (
        neuron,
        (2, -3, -3, -1, -2),
        "f = σ(w0·x0 + w1·x1 + w2)",
        "a sigmoid neuron in its smallest gates",
    ),
    "patterns": (
        patterns,
        (3, -4, 2, -1),
        "f = 2 · (x·y + max(z, w))",
        "add copies, max routes, multiply swaps",
    ),
    "staged": (staged, (3, -4), "f = (x + σ(y)) / (σ(x) + (x + y)²)", "x and y are used again: their gradients add up"),
    "product": (
        product,
        (rng.normal(size=(5, 10)), rng.normal(size=(10, 3))),
        "f = Σ D, D = W·X",
        "a matrix product: dW = dD·Xᵀ is 5×10 like W, dX = Wᵀ·dD is 10×3 like X",
    ),
}

for name, (function, inputs, title, lesson) in EXAMPLES.items():
    picture = viz.circuit(function, *inputs, title=title, subtitle=lesson, explain=True)
    print("written:", picture.save(folder / f"{name}.svg"))
    if name != "product":
        leaves = [ag.Scalar(value) for value in inputs]
        f = function(*leaves)
        f.backward()
        print(f"  f = {f.value:.4g}, gradients {', '.join(f'{leaf.grad:.4g}' for leaf in leaves)}")

# the gradient of x, path by path; the page lights up the path that is pointed at
x, y = ag.Scalar(3, name="x"), ag.Scalar(-4, name="y")
print("written:", viz.explain(staged(x, y), x).save(folder / "staged_paths.html"))
