"""L1 chooses features: the weights of useless inputs become exactly nothing, where L2 only makes them small.

CS231n, neural networks part 2, "Regularization". Five of forty inputs decide the answer, the others are noise. The L2
penalty pulls at a weight in proportion to its size, so it never arrives; the L1 penalty pulls always equally hard, and
a weight that the data does not hold goes to 0. Which inputs matter can then be read off the weights.

Run: python examples/22_l1_sparsity.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, Bars, ChartData, Panel, Rule, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

USEFUL = {3: 2.0, 11: -1.5, 18: 1.0, 25: -2.0, 34: 1.5}  # input: its true weight
rng = np.random.default_rng(0)
true = np.zeros(40)
true[list(USEFUL)] = list(USEFUL.values())
inputs = rng.normal(size=(120, 40))
labels = (inputs @ true + rng.normal(size=120) > 0).astype(float)
others = rng.normal(size=(5000, 40))
right = (others @ true > 0).astype(float)


def trained(l1, l2):
    """Minimise cross entropy + λ₁‖w‖₁ + ½λ₂‖w‖² by gradient descent; a step over the kink of |w| ends at 0."""
    w, rate = ag.Parameter(np.zeros(40)), 0.1
    loss = ag.compile(lambda x, y: F.binary_cross_entropy_with_logits(x @ w, y) + 0.5 * l2 * (w * w).sum())
    for _ in range(600 if quick else 3000):
        w.zero_grad()
        loss(inputs, labels).backward()
        moved = w.value - rate * w.grad
        w.assign(np.sign(moved) * np.maximum(0, np.abs(moved) - rate * l1))
    return w.value


useful = true != 0
panels = []
for name, l1, l2 in (("No penalty", 0.0, 0.0), ("L2, λ = 0.1", 0.0, 0.1), ("L1, λ = 0.05", 0.05, 0.0)):
    weights = trained(l1, l2)
    accuracy = np.mean((others @ weights > 0) == right)
    kept = weights != 0
    facts = f"{np.sum(kept & useful)} of 5 useful and {np.sum(kept & ~useful)} of 35 useless inputs kept"
    print(f"{name:12}: {np.sum(~kept):2} weights are exactly 0; {facts}; accuracy on new samples {accuracy:.1%}")
    edges = np.arange(41) - 0.5
    bars = (
        Bars("weight of a useful input", edges, np.where(useful, weights, 0), "value", gap=0.2),
        Bars("of a useless one", edges, np.where(useful, 0, weights), "critical", "rising", gap=0.2),
    )
    notes = (facts, f"accuracy on new samples {accuracy:.1%}")
    panels.append(Panel(Axis("input", -0.5, 39.5), Axis("weight"), (*bars, Rule("", 0, dash="solid")), name, notes))

picture = chart(ChartData("L1 chooses features", panels, columns=3, size=(260.0, 180.0)))
print("written:", picture.save(folder / "l1_sparsity.svg"))
