"""Images seen through their principal components: reduced, and whitened.

CS231n, neural networks part 2, "Data preprocessing". The directions in which digits vary most are images themselves;
a quarter of them is enough to read the digits by. Whitening gives all directions the same variance: what varied most,
whole areas of ink, fades, and edges and noise come out. All statistics come from the training images; taken from all
images they are others, which is what must not leak.

Run: python examples/35_whitening.py [folder] [--quick]
"""

import numpy as np

import viz
from autograd_cnn import data
from autograd_cnn.data.preprocessing import PCA, Chain, MeanSubtraction, Normalization, PixelRange, Whitening
from viz.scripts import arguments

folder = arguments(__doc__).folder

digits = data.digits()
shown = digits.test.images[:16]
KEPT = 16

pca = PCA(KEPT).fit(digits.train)
reduced = pca(shown)
print(f"{KEPT} of 64 directions hold {pca.kept:.0%} of the variance; an image is {reduced.shape[1]} numbers")

# Some pixels never show ink: their variance is 0, and the ε of the notes would blow up what little a test image has.
whitening = Whitening(epsilon=1e-2).fit(digits.train)
white = whitening(shown)
spread = whitening(digits.train.images)[:, :40].std(0)
print(f"whitened, directions have standard deviations from {spread.min():.2f} to {spread.max():.2f}")
white_images = (white @ whitening.directions.T.astype(white.dtype)).reshape(shown.shape)

viz.images(
    {
        "original images": shown,
        f"the first {KEPT} eigenvectors": pca.images,
        f"reduced to {KEPT} numbers, and back": np.clip(pca.inverse(reduced), 0, 1),
        "whitened, turned back into pixels": white_images,
    },
    title="PCA and whitening of digits",
    facts=(f"Fitted on {len(digits.train):,} training images; shown are images of the test part.",),
    columns=8,
    side=40,
).save(folder / "whitening.svg")

# What would leak: the mean of all images is not the mean of the training images.
everything = np.concatenate([digits.train.images, digits.validation.images, digits.test.images])
honest, leaky = MeanSubtraction().fit(digits.train), MeanSubtraction().fit(everything)
print(f"means of training images and of all images differ by up to {np.abs(honest.mean - leaky.mean).max():.4f}")

# Most networks need no more than this; a classifier without biases takes them as weights of a last number that is 1.
prepare = Chain(PixelRange(), Normalization("channel")).fit(digits.train)
ranged, prepared = prepare.steps[0](digits.test).images, prepare(digits).test.images
print(f"test pixels from {ranged.min():.0f} to {ranged.max():.0f}, then of deviation {prepared.std():.3f};", end=" ")
print(f"{prepare(digits.train).images.std():.3f} for those that it was learned from")
rows = data.with_bias_column(prepare(digits.test))
print(f"the bias trick: {rows.shape[1]} numbers an image, the last one {rows[:, -1].min():.0f}")
