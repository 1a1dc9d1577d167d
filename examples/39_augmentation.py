"""Many images of one: what augmentation does to a digit, what it must not do, and what it gains where data is scarce.

CS231n, neural networks part 3. Each transformation draws its own random numbers for every image; a chain of them goes
into the batches, so that no epoch shows the same images, and learning from them takes more epochs. A 6 on its head is
a 9: a chain that would turn it so far warns. What a chain gains is found by trying: shifts by a pixel do here, warps
and rotations did not.

Run: python examples/39_augmentation.py [folder] [--quick]
"""

import warnings

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim
from autograd_cnn.data.augmentation import (
    Augmentation,
    Brightness,
    Contrast,
    Crop,
    Flip,
    Noise,
    Rotation,
    Scale,
    Shift,
    Warp,
)
from autograd_cnn.errors import ClassChangeWarning
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

EPOCHS = 80 if quick else 150
digits = data.digits()
six = digits.train.images[digits.train.labels == 6][:1]
limits = (0.0, 1.0)
steps = [
    Flip(), Crop(8, padding=1), Shift(1), Rotation(20), Scale(0.8, 1.2, stretch=True), Warp(6, 1.5),
    Contrast(0.5, 1.5, limits), Brightness(0.3, limits), Noise(0.1, limits),
]  # fmt: skip
pictures = {type(step).__name__: step(np.repeat(six, 6, axis=0), rng=0) for step in steps}
viz.images({"as it is": six, **pictures}, title="One six, augmented", columns=6, low=0, high=1, side=40).save(
    folder / "augmentation.svg"
)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", ClassChangeWarning)
    data.batches(digits.train, 32, transform=Augmentation(Rotation(180)))
print(f"warned: {caught[0].message}")


def test_error(augment, seed):
    """Train a small network on 89 digits; return the share of all others that it gets wrong."""
    few = data.digits((0.05, 0, 0.95), seed=seed)
    model = nn.Sequential(
        conv=nn.Conv2d(1, 16, 3, padding=1, rng=seed),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc=nn.Linear(256, 10, rng=seed),
    )
    criterion, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(EPOCHS):
        for images, labels in data.batches(few.train, 32, rng=epoch, transform=augment):
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with ag.no_grad():
        return (model(few.test.images).value.argmax(1) != few.test.labels).mean()


seeds = range(2 if quick else 8)
plain = [test_error(None, seed) for seed in seeds]
augmented = [test_error(Augmentation(Shift(1), rng=seed), seed) for seed in seeds]
better = sum(a < p for a, p in zip(augmented, plain, strict=True))
print(f"trained on 89 images, test error {np.mean(plain):.1%}; with shifts by a pixel {np.mean(augmented):.1%}")
print(f"shifts were better with {better} of {len(seeds)} seeds")
