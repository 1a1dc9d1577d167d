"""The curse of dimensionality: in many dimensions all volume lies in the rind, and all points are equally far.

CS231n, image classification, "Nearest neighbor": why distances between pixels mean little. Of a ball's volume
1 − (1 − ε)ᵈ lies in the outermost share ε of its radius. And the nearest of many random points is hardly nearer than
the farthest: who asks for the nearest neighbour gets one of many.

Run: python examples/34_dimensionality.py [folder] [--quick]
"""

import numpy as np

from autograd_cnn import data
from viz.charts import Axis, Bars, ChartData, Line, Panel, Points, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

rng = np.random.default_rng(0)
samples = 1000 if quick else 5000
DIMENSIONS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


def ball(dimension):
    """Return random points, evenly distributed in a ball of radius 1: a direction, and a radius."""
    points = rng.standard_normal((samples, dimension))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points * rng.uniform(size=(samples, 1)) ** (1 / dimension)


def ratio(points):
    """Return how much farther the farthest point is from the first one than the nearest, and all distances."""
    away = np.linalg.norm(points[1:] - points[0], axis=1)
    return away.max() / away.min(), away


RINDS = {0.1: ("value", "solid"), 0.01: ("gradient", "dashed")}
counted, contrast, distances = {rind: [] for rind in RINDS}, [], {}
for dimension in DIMENSIONS:
    radius = np.linalg.norm(ball(dimension), axis=1)
    for rind, shares in counted.items():
        shares.append(np.mean(radius > 1 - rind))
    farthest, distances[dimension] = ratio(rng.uniform(size=(samples, dimension)))
    contrast.append(farthest)
    if dimension in (3, 10, 100, 1000):
        print(f"{dimension:4} dimensions: of a ball {counted[0.1][-1]:6.1%} is its outermost tenth", end=" ")
        print(f"(1 − 0.9ᵈ: {1 - 0.9**dimension:6.1%}); farthest ÷ nearest {farthest:.2f}")

digits = data.digits().train.images.reshape(-1, 64)
print(
    f"digits of 64 pixels: {ratio(digits)[0]:.2f}, noise of 64 pixels: {ratio(rng.uniform(size=digits.shape))[0]:.2f};",
    end=" ",
)
print("images fill only a few of their dimensions")

rinds = []
for rind, (ink, dash) in RINDS.items():
    smooth = np.geomspace(1, 1000, 200)
    rinds.append(Line(f"outermost {rind:.0%}: 1 − {1 - rind:g}ᵈ", smooth, 1 - (1 - rind) ** smooth, ink, dash))
    rinds.append(Points("counted", DIMENSIONS, counted[rind], ink))
edges = np.linspace(0, 2.5, 61)
shown = {2: ("critical", "rising"), 20: ("ok_text", "falling"), 1000: ("value", "none")}
histograms = [
    Bars(f"{d} dimensions", edges, np.histogram(distances[d] / distances[d].mean(), edges)[0] / samples, *look)
    for d, look in shown.items()
]
panels = (
    Panel(Axis("dimensions", log=True), Axis("share of a ball's volume", 0, 1), rinds, "All volume is rind"),
    Panel(
        Axis("distance ÷ mean distance", 0, 2),
        Axis("share of the points", 0, 0.3),
        histograms,
        "All points are equally far",
    ),
    Panel(
        Axis("dimensions", log=True),
        Axis("farthest ÷ nearest", log=True),
        (Line("random points", DIMENSIONS, contrast, mark="circle"),),
        "No point is near",
    ),
)
picture = chart(ChartData("The curse of dimensionality", panels, columns=3, size=(250.0, 190.0)))
print("written:", picture.save(folder / "dimensionality.svg"))
