"""What the first layer learns to look for: strokes, level, upright and slanted, where there was noise.

CS231n, "Understanding and visualizing convolutional networks": the filters of the first layer look at pixels, so they
can be looked at as images. Those of a well trained network are smooth; noise says that it was trained too briefly or
regularised too little. Here neighbouring weights of a filter agree the better, the more its noise has decayed. The
activation maps of a digit show what each filter finds, and where.

Run: python examples/27_filters.py [folder] [--quick]
"""

import numpy as np

import viz
from autograd_cnn import data, nn, optim, train
from autograd_cnn.data.augmentation import Augmentation, Shift
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs = 8 if quick else 150
digits = data.digits()


def network(rng):
    """Return a network of one convolution, whose 16 filters of 5 × 5 weights are all that look at pixels."""
    return nn.Sequential(
        conv=nn.Conv2d(1, 16, 5, padding=2, rng=rng),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        dropout=nn.Dropout(0.5, rng=rng),
        fc=nn.Linear(256, 10, rng=rng),
    )


def trained(weight_decay):
    """Return a network after training, with the L2 penalty that this decay is."""
    rng = np.random.default_rng(0)
    model = network(rng)
    optimizer = optim.Adam(model.parameters(), lr=0.005, weight_decay=weight_decay)
    falling = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    shifted = Augmentation(Shift(1), rng=rng)
    trainer = train.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, scheduler=falling, augmentation=shifted, compile=True
    )
    trainer.fit(digits.train, epochs=epochs, rng=rng)
    return model


def agreement(filters):
    """Return the correlation of weights that are neighbours: 0 for noise, up to 1 for what is smooth."""
    w = filters - filters.mean(axis=(2, 3), keepdims=True)
    below, beside = (w[:, :, 1:] * w[:, :, :-1]).mean(), (w[..., 1:] * w[..., :-1]).mean()
    return (below + beside) / 2 / (w * w).mean()


models = {
    "random filters, before training": network(np.random.default_rng(0)),
    "trained without weight decay": trained(0.0),
    "trained with weight decay 0.02": trained(0.02),
}
sheets = {}
for name, model in models.items():
    filters = model.conv.weight.value
    accuracy = train.evaluate(model, digits.test).accuracy
    print(f"{name}: neighbouring weights agree {agreement(filters):+.2f}; test accuracy {accuracy:.1%}")
    sheets[name] = filters / np.abs(filters).max(axis=(1, 2, 3), keepdims=True)  # each on its own scale

digit = digits.test.images[digits.test.labels == 4][:1]
maps = model.relu(model.conv(digit)).value.reshape(-1, 1, 8, 8)
sheets["a four, as the last filters see it"] = maps
facts = ("filters: each divided by its largest weight", "activation maps: in the order of the filters beside them")
picture = viz.images(sheets, title="Filters of the first layer", facts=facts, columns=8, side=40)
print("written:", picture.save(folder / "filters.svg"))
