"""What ten layers make of their input, by how their weights begin: statistics of the activations, layer by layer.

CS231n, neural networks part 2, "Weight Initialization". Equal weights (zeros) have equal gradients, so units stay
copies of each other; small ones let the signal die; 1/√n and Xavier keep tanh alive, but halve the variance at each
ReLU; He's √(2/n) keeps it, as do ten inputs for each unit with weights of √(2/10). All of it shows before the first
step, in a single forward pass.

Run: python examples/19_initialization.py [folder] [--quick]
"""

import warnings

import numpy as np

import autograd_cnn as ag
from autograd_cnn import init, nn
from viz.charts import Axis, Bars, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

WIDTH, DEPTH, SAMPLES = (200, 10, 200) if quick else (500, 10, 1000)
WAYS = {
    "zeros": lambda w: init.zeros_(w),
    "0.01 · N(0, 1)": lambda w: init.normal_(w, std=0.01, rng=0),
    "1/√n": lambda w: init.lecun_normal_(w, rng=0),
    "Xavier": lambda w: init.xavier_normal_(w, rng=0),
    "He": lambda w: init.kaiming_normal_(w, nonlinearity="relu", rng=0),
    "sparse": lambda w: init.randomly_connected_(w, 10, std=(2 / 10) ** 0.5, rng=0),
}
SHOWN = ((1, "value", "none"), (5, "ok_text", "rising"), (10, "critical", "falling"))
LOOKS = zip(
    WAYS,
    ("muted", "critical", "ok_text", "saturated", "value", "ink"),
    ("long", "dotted", "solid", "dashed", "solid", "dash-dot"),
    strict=True,
)
LOOKS = {way: look for way, *look in LOOKS}


def activations(activation, fill):
    """Send random inputs through ten layers, and a random gradient back; return the outputs and the first layer."""
    layers = [nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(DEPTH)]
    rng = np.random.default_rng(0)
    x, outputs = rng.standard_normal((SAMPLES, WIDTH), dtype=np.float32), []
    for layer in layers:
        fill(layer.weight)
        x = activation(layer(x))
        outputs.append(x.value)
    (x * rng.standard_normal(x.shape, dtype=np.float32)).sum().backward()
    return outputs, layers[0]


def histogram(title, outputs, low):
    edges = np.linspace(low, -low or 3, 31)
    shares = {k: np.histogram(outputs[k - 1], edges)[0] / outputs[k - 1].size for k, _, _ in SHOWN}
    bars = [Bars(f"layer {k}", edges, shares[k], ink, hatch) for k, ink, hatch in SHOWN]
    return Panel(Axis("activation", low, edges[-1]), Axis("share of all activations", 0, 0.3), bars, title)


warnings.simplefilter("ignore", init.SymmetryWarning)  # zeros_ warns of what is shown here
curves, histograms = [], []
notes = ("zeros give 0 in every layer, below any log axis; 1/√n is Xavier where all layers are of one width",)
for name, activation, low in (("tanh", ag.tanh, -1), ("ReLU", ag.relu, 0)):
    lines = []
    for way, fill in WAYS.items():
        outputs, first = activations(activation, fill)
        spread = [output.std() for output in outputs]
        different = len(np.unique(first.weight.grad, axis=0))
        print(f"{name} from {way:14}: standard deviation {spread[0]:.4f} -> {spread[-1]:.4f};", end=" ")
        print(f"{different:3} of {WIDTH} units have a gradient of their own")
        lines.append(Line(way, range(1, DEPTH + 1), [s or np.nan for s in spread], *LOOKS[way]))
        if way in ("Xavier", {"tanh": "0.01 · N(0, 1)", "ReLU": "He"}[name]):
            histograms.append(histogram(f"{name} from {way}", outputs, low))
    curves.append(Panel(Axis("layer"), Axis("standard deviation", 1e-4, 2, log=True), lines, name, notes))
picture = chart(ChartData("Ten layers before the first step", (*curves, *histograms), columns=2, size=(300.0, 160.0)))
print("written:", picture.save(folder / "initialization.svg"))
