"""Max pooling keeps every second pixel, and what it says depends on which; if it blurs first, it hardly does.

Zhang 2019, "Making Convolutional Networks Shift-Invariant Again". Keeping every second pixel aliases, as in any signal:
what is finer than the grid becomes something else, depending on where the grid lies. Max pooling is a maximum around
every pixel, and then every second of them is kept: a blur in between is what signal processing asks for. Consistency is
the share of images that are called the same when they have moved.

Run: python examples/26_blur_pool.py [folder] [--quick]
"""

import numpy as np

from autograd_cnn import data, nn, optim, train
from viz.charts import Axis, Band, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
seeds, epochs = (1, 3) if quick else (3, 20)
digits = data.digits()
room = (0, 0), (0, 0), (4, 4), (4, 4)  # so that nothing leaves the image
images, known = np.pad(digits.test.images, room), np.pad(digits.train.images, room)
moves = range(-3, 4)

POOLS = {  # how a pool is made, and how it is drawn
    "max pooling": (lambda: [nn.MaxPool2d(2)], "gradient", "dashed"),
    "max, blur, subsample": (lambda: [nn.MaxPool2d(2, 1), nn.BlurPool2d(3, 2)], "value", "solid"),
}


def network(pool, rng):
    """Return three convolutions, with pools after the first two, and an average over the whole image."""
    layers = []
    for inputs, outputs, after in ((1, 16, pool()), (16, 32, pool()), (32, 32, [nn.BatchNorm2d(32)])):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, rng=rng), nn.ReLU(), *after]
    return nn.Sequential(*layers, nn.GlobalAvgPool2d(), nn.Linear(32, 10, rng=rng))


def answers(pool, seed):
    """Train on digits in the middle; return the labels given to the test images at every move."""
    rng = np.random.default_rng(seed)
    model = network(pool, rng)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    falling = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=falling, compile=True)
    trainer.fit((known, digits.train.labels), epochs=epochs, rng=rng)
    return [train.predict(model, np.roll(images, k, axis=3)).argmax(1) for k in moves]


signal = np.tile([0.0, 0.0, 1.0, 1.0], 6)
panels, right = [], []
for name, (pool, ink, dash) in POOLS.items():
    pooled = [nn.Sequential(*pool())(np.tile(np.roll(signal, k), (1, 1, 24, 1)))[0, 0, 0, 2:10] for k in (0, 1)]
    print(f"{name}: 0 0 1 1 0 0 … is pooled to", *pooled[0][:4], "…, moved by one to", *pooled[1][:4], "…")
    lines = [
        Line("0 0 1 1 0 0 … pooled", range(8), pooled[0], "ink", "solid", mark="circle"),
        Line("moved by one, and pooled", range(8), pooled[1], "ok_text", "dotted", mark="square"),
    ]
    panels.append(Panel(Axis("output"), Axis("value", -0.1, 1.1), lines, name.capitalize()))

    found = np.array([answers(pool, seed) for seed in range(seeds)])  # (seed, move, image)
    correct = (found == digits.test.labels).mean(axis=2)
    beside = [2, 4]  # moved by a pixel to either side
    consistency, moved = (found[:, beside] == found[:, [3]]).mean(), correct[:, beside].mean()
    print(f"{name}: accuracy {correct[:, 3].mean():.1%}; moved by a pixel {moved:.1%}, consistency {consistency:.1%}")
    right += [
        Band("", moves, correct.min(axis=0), correct.max(axis=0), ink),
        Line(name, moves, correct.mean(axis=0), ink, dash, mark="diamond"),
    ]

panels.append(Panel(Axis("move (pixels)"), Axis("accuracy"), right, "Networks trained on digits in the middle"))
facts = (f"lines: mean of {seeds} networks; bands: all of them",)
picture = chart(ChartData("Pooling without aliasing", panels, facts=facts, columns=3, size=(250.0, 200.0)))
print("written:", picture.save(folder / "blur_pool.svg"))
