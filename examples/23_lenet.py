"""LeNet on handwritten digits: a median of 98% and more of the test images right over five seeds, in seconds.

A small LeNet (LeCun et al. 1998) for images of 8 × 8 pixels, trained by the `Trainer`: Adam, a learning rate that
falls to 0 along a cosine, dropout, images shifted by up to a pixel and turned by up to ten degrees. First the three
sanity checks of the notes. Five seeds, on one stratified split, show what is luck. The test images were seen
while these settings were found, so they flatter: their median is 99.6%, and on the splits 1, 2 and 3, by which nothing
was chosen, it is 98.9, 98.1 and 98.1%, single seeds from 97.0 to 99.3%.

Run: python examples/23_lenet.py [folder] [--quick] [--split N]     (another N, other test images; 0 by default)
"""

import time

import numpy as np

import viz
from autograd_cnn import data, nn, optim, train
from autograd_cnn.data import augmentation
from viz.charts import Axis, Band, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__, split=0)
folder, quick, split = given.folder, given.quick, given.numbers["split"]
seeds, epochs = (range(1), 12) if quick else (range(5), 60)
digits = data.digits(seed=split)


def lenet(rng):
    """Return a LeNet of 13,706 parameters."""
    return nn.Sequential(
        conv1=nn.Conv2d(1, 16, 3, padding=1, rng=rng),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(16, 32, 3, padding=1, rng=rng),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(0.3, rng=rng),
        fc3=nn.Linear(128, 64, rng=rng),
        relu3=nn.ReLU(),
        fc4=nn.Linear(64, 10, rng=rng),
    )


criterion = nn.CrossEntropyLoss()
print(train.sanity_check(lenet(np.random.default_rng(0)), criterion, digits.train))

runs, accuracies = [], []
for seed in seeds:
    start = time.perf_counter()
    rng = np.random.default_rng(seed)
    model = lenet(rng)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = train.Trainer(
        model,
        criterion,
        optimizer,
        scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        augmentation=augmentation.Augmentation(augmentation.Shift(1), augmentation.Rotation(10), rng=rng),
        compile=True,
    )
    runs.append(trainer.fit(digits.train, digits.validation, epochs=epochs, rng=rng))
    accuracies.append(train.evaluate(model, digits.test).accuracy)
    seconds = time.perf_counter() - start
    print(f"seed {seed}: {seconds:.0f} s  {runs[-1].epochs[-1]}  test accuracy {accuracies[-1]:.2%}")
low, median, high = np.min(accuracies), np.median(accuracies), np.max(accuracies)
print(f"test accuracy: median {median:.2%} of {len(accuracies)}, from {low:.2%} to {high:.2%}")


def curves(quantity):
    """Return the course of a quantity over the epochs: the median of all seeds, and their range."""
    for name, ink, dash in ((quantity, "gradient", "dotted"), (f"validation_{quantity}", "value", "solid")):
        found, at = np.array([run.curve(name) for run in runs]), range(1, epochs + 1)
        yield Band("", at, found.min(axis=0), found.max(axis=0), ink)
        yield Line("validation" if "_" in name else "training", at, np.median(found, axis=0), ink, dash)


panels = (
    Panel(Axis("epoch"), Axis("loss (nats)", 0, 1), tuple(curves("loss"))),
    Panel(Axis("epoch"), Axis("accuracy", 0.8, 1), tuple(curves("accuracy"))),
)
facts = (f"lines: median of {len(runs)} seeds; bands: all; training images with dropout, shifted and turned",)
picture = chart(ChartData("LeNet on digits", panels, facts=facts, columns=2, size=(300.0, 220.0)))
print("written:", picture.save(folder / "lenet.svg"))
seen = viz.predictions(model, digits.test.images, digits.test.labels, title="What the last network says")
print("written:", seen.save(folder / "lenet_predictions.html"))
