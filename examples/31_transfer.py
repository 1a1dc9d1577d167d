"""A network that learned the digits 0 to 4 learns 5 to 9 from a handful of images: what it knew is a head start.

CS231n, transfer learning: the last layer is replaced; the layers before stay frozen, or are fine-tuned at a third of
its learning rate. After a few steps both are far ahead of the same network from scratch, and a frozen body costs no
backward pass. In the long run what it knew counts most where there is one image of each digit; with more of them the
body should move, and a network from scratch comes close, as 8×8 digits are soon learned.

Run: python examples/31_transfer.py [folder] [--quick]
"""

import copy

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, models, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
sizes, seeds = ((1, 5), 4) if quick else ((1, 2, 5, 10, 20), 20)
early, late = 5, 60  # steps

digits = data.digits()


def five(part, first):
    """Return the images of five digits, and labels from 0 to 4."""
    chosen = (part.labels >= first) & (part.labels < first + 5)
    return part.images[chosen], part.labels[chosen] - first


def fit(model, optimizer, images, labels, steps, rng, change=lambda x: x):
    """Train for some steps on batches of at most 64 images."""
    model.train()
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    for _ in range(steps):
        batch = rng.choice(len(labels), min(64, len(labels)), replace=False)
        loss = step(change(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model, images, labels):
    model.eval()
    with ag.no_grad():
        return float((model(images).value.argmax(axis=1) == labels).mean())


def network(seed):
    return models.cifar_convnet(5, channels=1, size=8, widths=(16, 32), rng=seed)


rng = np.random.default_rng(0)
known, shift = network(0), data.augmentation.Shift(1)
optimizer = optim.SGD(known.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-3)
fit(known, optimizer, *five(digits.train, 0), 300, rng, lambda images: shift(images, rng=rng))
print(f"digits 0 to 4, {len(five(digits.train, 0)[1])} images: accuracy {accuracy(known, *five(digits.test, 0)):.1%}")

images, labels = five(digits.train, 5)
judged = [np.concatenate(both) for both in zip(five(digits.validation, 5), five(digits.test, 5), strict=True)]
found = {way: np.zeros((2, len(sizes), seeds)) for way in ("from scratch", "frozen", "fine-tuned")}
for i, size in enumerate(sizes):
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        few = np.concatenate([rng.choice(np.flatnonzero(labels == c), size, replace=False) for c in range(5)])
        for way, results in found.items():
            model = network(100 + seed) if way == "from scratch" else copy.deepcopy(known)
            head = models.replace_head(model, 5, rng=seed)
            body = [parameter for parameter in model.parameters() if parameter not in {*head.parameters()}]
            if way == "frozen":
                models.freeze(model, except_=head)
            rate = 0.03 if way == "from scratch" else 0.01
            optimizer = optim.SGD([{"params": body, "lr": rate}, {"params": head.parameters()}], lr=0.03, momentum=0.9)
            for j, steps in enumerate((early, late - early)):
                fit(model, optimizer, images[few], labels[few], steps, rng)
                results[j, i, seed] = accuracy(model, *judged)

for way, results in found.items():
    for steps, of_sizes in zip((early, late), results.mean(axis=2), strict=True):
        told = ", ".join(f"{n}: {a:.1%}" for n, a in zip(sizes, of_sizes, strict=True))
        print(f"digits 5 to 9, {way:12} after {steps:2} steps, accuracy by images per digit  {told}")

frozen = models.summary(models.freeze(copy.deepcopy(known), except_="fc"), (1, 8, 8))
print(f"frozen: {frozen.frozen:,} of {frozen.parameters:,} parameters get no gradient")

LOOKS = {"from scratch": ("muted", "dotted"), "frozen": ("value", "dashed"), "fine-tuned": ("gradient", "solid")}
panels = tuple(
    Panel(
        Axis("images per digit", log=True, ticks=tuple((n, str(n)) for n in sizes)),
        Axis("accuracy", low=0.3, high=1),
        tuple(Line(way, sizes, results[j].mean(axis=1), *LOOKS[way], mark="circle") for way, results in found.items()),
        title=f"after {steps} steps",
    )
    for j, steps in enumerate((early, late))
)
facts = (f"mean of {seeds} draws of images; the first network learned the digits 0 to 4",)
picture = chart(ChartData("Transfer from digits 0–4 to 5–9", panels, facts=facts, columns=2, size=(260, 220)))
print("written:", picture.save(folder / "transfer.svg"))
