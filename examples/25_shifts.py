"""What a convolutional network makes of images that move: equivariance, invariance, and what strides take away.

Goodfellow, Bengio and Courville, Deep Learning, 9.2 and 9.3. A convolution moves with its image, to the last bit; with
a stride it does so only for moves by whole strides. Max pooling leaves many outputs as they are when the image moves by
a pixel. Over the whole image it leaves all: a network that ends so knows digits where it has never seen one, but with
a stride in it only at every second pixel. Small warps are small moves, other ones at every place.

Run: python examples/25_shifts.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, nn, optim, train
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.data.augmentation import Warp
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs, tested, alphas = (3, 100, (0, 8, 16)) if quick else (20, 269, range(0, 25, 4))
digits, rng = data.digits(), np.random.default_rng(0)
room = (0, 0), (0, 0), (4, 4), (4, 4)  # so that nothing leaves the image
known, images = np.pad(digits.train.images, room), np.pad(digits.test.images[:tested], room)
filters = rng.normal(size=(16, 1, 3, 3)).astype(np.float32)
moves, looks = range(4), (("value", "solid"), ("ok_text", "dash-dot"), ("gradient", "dashed"))


def moved(x, pixels):
    """Return images moved to the right."""
    return np.roll(x, pixels, axis=3)


def features(x):
    """Return what a layer of convolution and ReLU makes of images."""
    return np.maximum(F.conv2d(x, filters, padding=1), 0)


equivariance = []
for stride, look in zip((1, 2, 4), looks, strict=True):
    errors = []
    for k in moves:  # pixels are repeated, so that features can be moved by less than a stride
        first, then = (
            features(x)[..., ::stride, ::stride].repeat(stride, 2).repeat(stride, 3) for x in (images, moved(images, k))
        )
        errors.append(np.linalg.norm(then - moved(first, k)) / np.linalg.norm(first))
    print(f"stride {stride}: moved features and features of moved images differ by", *(f"{e:.2f}" for e in errors))
    equivariance.append(Line(f"stride {stride}", moves, errors, *look, mark="circle"))

windows, same = (1, 2, 3, 4, 6, 8), []
for window in windows:
    first, then = (F.max_pool2d(features(x), window, 1) for x in (images, moved(images, 1)))
    same.append(np.mean((first == then)[first > 0]))
print("max pooling: outputs that stay when the image moves by a pixel", *(f"{s:.0%}" for s in same))
invariance = (Line("", windows, same, mark="circle"),)


def convolutional(stride):
    """Return a network that pools over the whole image at its end."""
    first = nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2, stride)
    second = nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.ReLU(), nn.GlobalMaxPool2d()
    return nn.Sequential(*first, *second, nn.Linear(32, 10, rng=rng))


networks = {
    "convolutional, stride 1": convolutional(1),
    "convolutional, stride 2": convolutional(2),
    "fully connected": nn.Sequential(nn.Flatten(), nn.Linear(256, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng)),
}
warps = [Warp(alpha, 3) for alpha in alphas]
ways = [np.hypot(*warp.displacements(images, np.random.default_rng(0))).mean() for warp in warps]
by_move, by_warp = [], []
for (name, model), look in zip(networks.items(), looks, strict=True):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, compile=True)
    trainer.fit((known, digits.train.labels), epochs=epochs, rng=0)
    replayed = ag.compile(model)
    for kind, lines, at, changed in (
        ("moved", by_move, moves, [moved(images, k) for k in moves]),
        ("warped", by_warp, ways, [warp(images, rng=0) for warp in warps]),
    ):
        right = [train.evaluate(replayed, (x, digits.test.labels[:tested])).accuracy for x in changed]
        print(f"{name}: accuracy on images that are {kind}", *(f"{r:.0%}" for r in right))
        lines.append(Line(name, at, right, *look, mark="square"))

move = Axis("move (pixels)", ticks=[(k, str(k)) for k in moves])
accuracy = Axis("accuracy", 0, 1)
panels = (
    Panel(move, Axis("relative difference"), equivariance, "Features of moved images, against moved features"),
    Panel(Axis("window (pixels)"), Axis("share", 0, 1), invariance, "Outputs of max pooling that stay at a move by 1"),
    Panel(move, accuracy, by_move, "Networks trained on digits in the middle"),
    Panel(Axis("mean displacement (pixels)"), accuracy, by_warp, "The same networks on warped digits"),
)
picture = chart(ChartData("Images that move", panels, columns=2, size=(340.0, 190.0)))
print("written:", picture.save(folder / "shifts.svg"))
