"""Which pixels a network decides by, asked of its gradient; and how the same gradient fools it.

Simonyan, Vedaldi and Zisserman 2013; CS231n, "Understanding and visualizing convolutional networks". The gradient of
a class score with respect to the image says what each pixel would change. Times the pixel, it foretells what is lost
when the pixel is blacked out, without blacking out any: occlusion, pixel by pixel, is the check. Steps down the loss of
another label lead from every digit to the next one, before the image is half another; noise as long does nothing.

Run: python examples/28_saliency.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
import viz
from autograd_cnn import data, nn, optim, train
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.image_sheets import ImageGroup
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs, count = (5, 20) if quick else (30, 100)
digits, rng = data.digits(), np.random.default_rng(0)
images, labels, each = digits.test.images[:count], digits.test.labels[:count], np.arange(count)

model = nn.Sequential(
    conv1=nn.Conv2d(1, 16, 3, padding=1, rng=rng),
    relu1=nn.ReLU(),
    conv2=nn.Conv2d(16, 16, 3, padding=1, rng=rng),
    relu2=nn.ReLU(),
    pool=nn.MaxPool2d(2),
    flatten=nn.Flatten(),
    fc=nn.Linear(256, 10, rng=rng),
)
optimizer = optim.Adam(model.parameters(), lr=0.005)
train.Trainer(model, nn.CrossEntropyLoss(), optimizer, compile=True).fit(digits.train, epochs=epochs, rng=rng)
print(f"test accuracy {train.evaluate(model, digits.test).accuracy:.1%}")

x = ag.Parameter(images)
score = model(x)[each, labels]  # of the right class of each image
score.sum().backward()  # an image has no part in the scores of others: each gets its own gradient

lost = np.zeros_like(images)
for row, column in np.ndindex(8, 8):
    occluded = images.copy()
    occluded[:, 0, row, column] = 0
    lost[:, 0, row, column] = score.value - train.predict(model, occluded)[each, labels]
foretold = x.grad * images
correlations = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(foretold, lost, strict=True)]
print(f"gradient times image and occlusion: median correlation {np.median(correlations):.2f}")


def fooled(targets):
    """Return the images after steps down the loss of other labels, each until it is 90 % one."""
    changed = images.copy()
    for _ in range(200):
        x = ag.Parameter(changed)
        scores = model(x)
        unsure = F.softmax(scores.value, 1)[each, targets] < 0.9
        if not unsure.any():
            break
        F.cross_entropy(scores, targets, reduction="sum").backward()
        step = 0.05 * x.grad / length(x.grad)
        changed = np.clip(changed - step * unsure[:, None, None, None], 0, 1)  # grey values, as in any image
    return changed


def length(x):
    """Return the length of each image as a vector, (N, 1, 1, 1)."""
    return np.sqrt((x * x).sum(axis=(1, 2, 3), keepdims=True))


targets = (labels + 1) % 10
changed = fooled(targets)
change = length(changed - images)
noise = rng.normal(size=images.shape).astype(images.dtype)
answers = [train.predict(model, given).argmax(1) for given in (changed, images + noise * change / length(noise))]
part = np.median(change / length(images))
print(
    f"changed by {part:.0%} of their length, {np.mean(answers[0] == targets):.0%} are taken for the next digit;",
    end=" ",
)
print(f"with noise as long, {np.mean(answers[1] == labels):.0%} for what they are")

eight = [int(np.argmax(labels == label)) for label in range(8)]
captions = tuple(f"says {answers[0][k]}" for k in eight)
shown = {
    "digits": images[eight],
    "gradient of the score of their class": x.grad[eight],
    "gradient times image": foretold[eight],
    "score lost when a pixel is blacked out": lost[eight],
    "changes that fool the network": (changed - images)[eight],
    "changed": ImageGroup("what it says of the changed images", changed[eight], 0, 1, "grey", captions),
}
picture = viz.images(shown, title="What a network looks at, and what fools it", columns=8, side=44)
print("written:", picture.save(folder / "saliency.svg"))
