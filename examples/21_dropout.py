"""Dropout: a network that may lose any of its units at any step cannot learn 200 images by heart.

CS231n, neural networks part 2, "Regularization" (Srivastava et al. 2014). Large networks on few images: without
dropout the loss on new images soon grows again; with half of the hidden units dropped it grows less, and with a fifth
of the pixels dropped, too, it goes on falling. Several seeds show that this is no luck, and that losses scatter less.

Run: python examples/21_dropout.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, Band, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

digits = data.digits()
seeds, steps, every, width = (2, 160, 40, 128) if quick else (5, 500, 20, 128)


all_images, all_labels = digits.train.images.reshape(-1, 64), digits.train.labels
others, right = digits.test.images.reshape(-1, 64), digits.test.labels


def course(seed, hidden, pixels):
    """Train on 200 images, dropping with these probabilities; return loss and accuracy on others as they went."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(all_labels), 200, replace=False)
    images, labels = all_images[chosen], all_labels[chosen]
    layers = [nn.Dropout(pixels, rng=rng)]
    for inputs in (64, width):
        layers += [nn.Linear(inputs, width, rng=rng), nn.ReLU(), nn.Dropout(hidden, rng=rng)]
    model = nn.Sequential(*layers, nn.Linear(width, 10, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.006)
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    found = []
    for k in range(steps):
        loss = step(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (k + 1) % every == 0:
            model.eval()  # nothing is dropped, and nothing is scaled: that was done in training
            with ag.no_grad():
                scores = model(others).value
            model.train()
            found.append((float(F.cross_entropy(scores, right)), np.mean(scores.argmax(axis=1) == right)))
    return np.array(found)


RUNS = {  # probability of dropping a hidden unit, a pixel
    "no dropout": (0.0, 0.0, "gradient", "dotted"),
    "hidden units 0.5": (0.5, 0.0, "ok_text", "dashed"),
    "hidden units 0.5, pixels 0.2": (0.5, 0.2, "value", "solid"),
}
at = range(every, steps + 1, every)
losses, accuracies = [], []
for name, (hidden, pixels, ink, dash) in RUNS.items():
    found = np.array([course(seed, hidden, pixels) for seed in range(seeds)])  # (seed, time, loss or accuracy)
    mean, spread = found[:, -1].mean(axis=0), found[:, -1].std(axis=0)
    print(f"{name:28}: loss on other images {mean[0]:.3f} ± {spread[0]:.3f}, accuracy {mean[1]:.1%} ± {spread[1]:.1%}")
    for panel, numbers in ((losses, found[..., 0]), (accuracies, found[..., 1])):
        panel += [
            Band("", at, numbers.min(axis=0), numbers.max(axis=0), ink),
            Line(name, at, numbers.mean(axis=0), ink, dash),
        ]

panels = (
    Panel(Axis("step"), Axis("loss on other images (nats)", 0, 0.8), losses),
    Panel(Axis("step"), Axis("accuracy on other images", 0.8, 1), accuracies),
)
facts = (f"lines: mean of {seeds} networks, each trained on 200 digits of its own; bands: all of them",)
picture = chart(ChartData("Dropout", panels, facts=facts, columns=2, size=(300.0, 220.0)))
print("written:", picture.save(folder / "dropout.svg"))
