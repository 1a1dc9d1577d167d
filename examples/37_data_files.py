"""The file formats of published images: IDX (MNIST), CIFAR's records in a tar file, pictures in a zip, NumPy's arrays.

The handwritten digits that come with the package are written in each format, small as they are, and loaded by the
functions that load the published collections: give them the folder of your own copy instead, or `download=True`.

Run: python examples/37_data_files.py [folder] [--quick]
"""

import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

import autograd_cnn as ag
import viz
from autograd_cnn import data
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

COLOURS = np.random.default_rng(0).integers(80, 256, (10, 3, 1, 1))  # one for each digit
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COUNT = 60 if quick else 600


def bytes_of(dataset):
    """Return the first images as bytes, 0 for paper and 255 for ink, and their labels."""
    return np.rint(dataset.images[:COUNT, 0] * 255).astype(np.uint8), dataset.labels[:COUNT].astype(np.uint8)


def write_mnist(home, parts):
    for part, (images, labels) in parts.items():
        data.write_idx(home / f"{part}-images-idx3-ubyte.gz", images)
        data.write_idx(home / f"{part}-labels-idx1-ubyte.gz", labels)


def write_cifar10(home, parts):
    """Write records: a byte for the label, then 32 × 32 of red, of green and of blue; here ink of ten colours."""

    def records(images, labels):
        large = images.repeat(4, 1).repeat(4, 2)[:, None] * COLOURS[labels] // 255
        return np.hstack([labels[:, None], large.reshape(len(labels), -1)]).astype(np.uint8)

    train, test = records(*parts["train"]), records(*parts["t10k"])
    files = {f"data_batch_{i + 1}.bin": batch.tobytes() for i, batch in enumerate(np.array_split(train, 5))}
    files |= {"test_batch.bin": test.tobytes(), "batches.meta.txt": "\n".join(NAMES).encode()}
    with tarfile.open(home / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_pictures(home, parts):
    """Write a zip file with one folder of PNG files for each class."""
    with zipfile.ZipFile(home / "pictures.zip", "w") as archive:
        for i, (image, label) in enumerate(zip(*parts["t10k"], strict=True)):
            picture = io.BytesIO()
            Image.fromarray(image).save(picture, "PNG")
            archive.writestr(f"{label}_{NAMES[label]}/{i:04d}.png", picture.getvalue())


def one_of_each(part):
    """Return the first image of each class."""
    return part.images[[int(np.argmax(part.labels == label)) for label in range(10)]]


digits = data.digits()
parts = {"train": bytes_of(digits.train), "t10k": bytes_of(digits.test)}
with tempfile.TemporaryDirectory() as place:
    home = Path(place)
    write_mnist(home, parts)
    write_cifar10(home, parts)
    write_pictures(home, parts)

    mnist = data.mnist(home, validation=0.2)
    print(mnist)
    print("pixels as written:", np.array_equal(mnist.test.images[:, 0] * 255, parts["t10k"][0]))
    cifar = data.cifar10(home, dtype="uint8")
    print(cifar.test)
    pictures = data.image_folder(data.extract(home / "pictures.zip", home / "pictures"), channels=1)
    print(pictures)
    np.savez(home / "digits.npz", x_test=parts["t10k"][0], y_test=parts["t10k"][1])
    print(data.load_npz(home / "digits.npz", "x_test", "y_test", classes=NAMES))

    shown = {"data.mnist": mnist.test, "data.cifar10": cifar.test, "data.image_folder": pictures}
    sheet = {name: one_of_each(part) for name, part in shown.items()}
    picture = viz.images(sheet, title="The same digits, from three formats", captions=NAMES, columns=10, across=1)
    print("written:", picture.save(folder / "data_files.svg"))

    labels = home / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-9])
    try:
        data.mnist(home)
    except ag.DataFileError as error:
        print("damaged:", str(error).replace(place, "…"))
