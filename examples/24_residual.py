"""Deep networks learn worse than shallow ones, unless shortcuts go around their layers: the idea of ResNet.

He, Zhang, Ren and Sun 2015. More layers can do all that fewer can, and yet from some depth on a plain stack has the
larger *training* loss: this is no overfitting, gradient descent does not find its way. A residual block learns what to
add to its input, and the add gate hands the gradient on unchanged. Both stacks begin with the same weights.

Run: python examples/24_residual.py [folder] [--quick]
"""

import numpy as np

from autograd_cnn import data, nn, optim, train
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
depths, epochs = ((2, 16), 2) if quick else ((4, 8, 16, 32), 12)
digits = data.digits()
criterion = nn.CrossEntropyLoss()


def network(depth, shortcuts):
    """Return a stack of this many convolutions, in twos, with a shortcut around each two or without."""
    rng = np.random.default_rng(0)
    layers = [nn.Conv2d(1, 8, 3, padding=1, rng=rng), nn.ReLU()]
    for _ in range(depth // 2):
        two = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, rng=rng), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, rng=rng), nn.BatchNorm2d(8),
        )  # fmt: skip
        layers += [nn.Residual(two) if shortcuts else two, nn.ReLU()]
    return nn.Sequential(*layers, nn.GlobalAvgPool2d(), nn.Linear(8, 10, rng=rng))


def learned(model):
    """Train; return the loss of each epoch on the training images, as it went."""
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    falling = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    trainer = train.Trainer(model, criterion, optimizer, scheduler=falling, compile=True)
    return trainer.fit(digits.train, epochs=epochs, rng=0, drop_last=True).curve("loss")


def gradients(model):
    """Return the length of the gradient of each convolution's weights before the first step, first layer first."""
    criterion(model(digits.train.images[:64]), digits.train.labels[:64]).backward()
    return [np.linalg.norm(p.grad) for p in model.parameters() if p.ndim == 4]


panels, arriving = [], []
looks = (("muted", "dotted"), ("ok_text", "dash-dot"), ("saturated", "dashed"), ("ink", "solid"))
for name, shortcuts, ink, dash in (("plain", False, "gradient", "dashed"), ("with shortcuts", True, "value", "solid")):
    lines = []
    for depth, look in zip(depths, looks[-len(depths) :], strict=True):
        model = network(depth, shortcuts)
        lengths, loss = gradients(model), learned(model)
        lines.append(Line(f"{depth} layers", range(1, epochs + 1), loss, *look))
        spread = max(lengths) / min(lengths)
        print(f"{name:14}, {depth:2} layers: training loss {loss[-1]:.3f}; gradients differ {spread:.1f} times")
    panels.append(Panel(Axis("epoch"), Axis("training loss (nats)", 0.02, 3, log=True), lines, name.capitalize()))
    arriving.append(Line(name, range(len(lengths)), lengths, ink, dash, mark="circle"))

title = f"Gradients of {depths[-1]} layers before the first step"
panels.append(Panel(Axis("convolution, from the image on"), Axis("length", log=True), arriving, title))
facts = ("a stack of 3 × 3 convolutions with batch norm, on digits; both kinds begin with the same weights",)
picture = chart(ChartData("What shortcuts are for", panels, facts=facts, columns=3, size=(250.0, 210.0)))
print("written:", picture.save(folder / "residual.svg"))
