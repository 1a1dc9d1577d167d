"""A denoising autoencoder: two convolutions down, two transposed ones up, and what comes out is the digit.

Vincent et al. 2008. The network is shown noisy images and asked for what they were. It cannot copy: whatever it lets
through must be what digits are made of, and noise is not. Transposed convolutions are convolutions backwards, one
number in and a patch out, so that the image grows again. Noise is drawn anew in every epoch, by the augmentation of the
batches; targets stay as they are. What there is to beat is the best linear subspace, the principal components.

Run: python examples/32_autoencoder.py [folder] [--quick]
"""

import numpy as np

import viz
from autograd_cnn import data, nn, optim, train
from autograd_cnn.data.augmentation import Augmentation, Noise
from autograd_cnn.data.preprocessing import PCA
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick
epochs = 5 if quick else 80
digits, rng = data.digits(), np.random.default_rng(0)
noise = Noise(0.4, limits=(0.0, 1.0))

encoder = nn.Sequential(
    conv1=nn.Conv2d(1, 32, 4, stride=2, padding=1, rng=rng),
    relu1=nn.ReLU(),
    conv2=nn.Conv2d(32, 64, 4, stride=2, padding=1, rng=rng),
    relu2=nn.ReLU(),
)
decoder = nn.Sequential(
    up1=nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, rng=rng),
    relu1=nn.ReLU(),
    up2=nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1, rng=rng),
    sigmoid=nn.Sigmoid(),  # grey values lie between 0 and 1
)
model = nn.Sequential(encoder=encoder, decoder=decoder)
code = encoder.output_shape((1, 8, 8))
print("images of (1, 8, 8) become", code, "and again", decoder.output_shape(code))

optimizer = optim.Adam(model.parameters(), lr=0.005)
trainer = train.Trainer(
    model,
    nn.MSELoss(),
    optimizer,
    scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
    augmentation=Augmentation(noise, rng=rng),
    compile=True,
)
trainer.fit((digits.train.images, digits.train.images), epochs=epochs, rng=rng)

originals = digits.test.images
noisy = noise(originals, rng=1)
pca = PCA(12).fit(digits.train)
shown = {
    "noisy": noisy,
    "projected on 12 principal components": np.clip(pca.inverse(pca(noisy)), 0, 1),
    "denoised": train.predict(model, noisy),
}
for name, images in shown.items():
    print(f"{name}: root of the mean squared error {np.sqrt(np.mean((images - originals) ** 2)):.3f}")

sheets = {name: images[:16] for name, images in {"originals": originals, **shown}.items()}
facts = (f"images of the test part; noise of standard deviation 0.4; trained for {epochs} epochs",)
picture = viz.images(sheets, title="A denoising autoencoder", facts=facts, columns=8, low=0, high=1, side=40)
print("written:", picture.save(folder / "autoencoder.svg"))
