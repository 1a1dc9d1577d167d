"""Published networks as their papers build them, narrow and on small images, so that a step takes no second."""

from itertools import pairwise

import numpy as np

from autograd_cnn import data, init, nn
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.models.inception_network import INCEPTIONS


def lenet():
    """LeCun et al. 1998, with ReLU and maximum pooling, as it is built since."""
    return nn.Sequential(
        conv1=nn.Conv2d(1, 6, 5),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(6, 16, 5),
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc3=nn.Linear(16 * 5 * 5, 120),
        relu3=nn.ReLU(),
        fc4=nn.Linear(120, 84),
        relu4=nn.ReLU(),
        fc5=nn.Linear(84, 10),
    )


def vgg16(base=4, channels=1, norm=None, dropout=0.0):
    """Simonyan and Zisserman 2014, configuration D: 13 convolutions of 3×3 in five blocks, three linear layers."""
    blocks, before = {}, channels
    for block, (count, width) in enumerate(zip((2, 2, 3, 3, 3), (1, 2, 4, 8, 8), strict=True), 1):
        layers = {}
        for i in range(1, count + 1):
            layers[f"conv{i}"] = nn.Conv2d(before, width * base, 3, padding=1, bias=norm is None)
            before = width * base
            if norm is not None:
                layers[f"norm{i}"] = norm(before)
            layers[f"relu{i}"] = nn.ReLU()
        blocks[f"block{block}"] = nn.Sequential(layers | {"pool": nn.MaxPool2d(2)})
    classifier = {"flatten": nn.Flatten()}
    for i, (fan_in, width) in enumerate(pairwise((before, 16 * base, 16 * base)), 1):
        classifier |= {f"fc{i}": nn.Linear(fan_in, width), f"relu{i}": nn.ReLU()}
        classifier |= {f"dropout{i}": nn.Dropout(dropout)} if dropout else {}
    classifier["fc3"] = nn.Linear(16 * base, 10)
    return nn.Sequential(features=nn.Sequential(blocks), classifier=nn.Sequential(classifier))


def resnet18(base=4, channels=1, norm=nn.BatchNorm2d):
    """He et al. 2015, table 1: 7×7 at stride 2, maximum pooling, four stages of two blocks, one linear layer."""
    stages, before = {}, base
    for stage, width in enumerate((1, 2, 4, 8), 1):
        stride = 1 if stage == 1 else 2
        first = nn.BasicBlock(before, width * base, stride, norm=norm)
        before = width * base
        stages[f"stage{stage}"] = nn.Sequential(block1=first, block2=nn.BasicBlock(before, before, norm=norm))
    stem = nn.Sequential(
        conv=nn.Conv2d(channels, base, 7, 2, 3, bias=False, fit="floor"),
        norm=norm(base),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(3, 2, 1, fit="floor"),
    )
    return nn.Sequential({"stem": stem} | stages | {"pool": nn.GlobalAvgPool2d(), "fc": nn.Linear(before, 10)})


def googlenet(narrow=16, channels=1):
    """Szegedy et al. 2014, table 1, with 1/`narrow` of its channels and without the auxiliary classifiers."""
    width = 64 // narrow
    stem = nn.Sequential(
        conv1=nn.Conv2d(channels, width, 7, 2, 3, fit="floor"),
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(3, 2, 1, fit="floor"),
        norm1=nn.LocalResponseNorm(5),
        conv2=nn.Conv2d(width, width, 1),
        relu2=nn.ReLU(),
        conv3=nn.Conv2d(width, 3 * width, 3, padding=1),
        relu3=nn.ReLU(),
        norm2=nn.LocalResponseNorm(5),
        pool2=nn.MaxPool2d(3, 2, 1, fit="floor"),
    )
    blocks = {f"inception{name}": nn.Inception(*(n // narrow for n in sizes)) for name, sizes in INCEPTIONS.items()}
    layers = {"stem": stem}
    for name, block in blocks.items():
        if name in ("inception4a", "inception5a"):
            layers[f"pool{name[-2]}"] = nn.MaxPool2d(3, 2, 1, fit="floor")
        layers[name] = block
    end = {"pool": nn.GlobalAvgPool2d(), "dropout": nn.Dropout(0.4), "fc": nn.Linear(1024 // narrow, 10)}
    return nn.Sequential(layers | end)


def squeeze_excitation(width=8, channels=1):
    """Hu et al. 2017: two residual blocks whose branches weigh their channels."""

    def block():
        body = nn.Sequential(
            conv1=nn.Conv2d(width, width, 3, padding=1),
            relu=nn.ReLU(),
            conv2=nn.Conv2d(width, width, 3, padding=1),
            excite=nn.SqueezeExcitation(width, width // 2),
        )
        return nn.Sequential(residual=nn.Residual(body), relu=nn.ReLU())

    return nn.Sequential(
        stem=nn.Conv2d(channels, width, 3, padding=1),
        relu=nn.ReLU(),
        block1=block(),
        block2=block(),
        pool=nn.GlobalAvgPool2d(),
        fc=nn.Linear(width, 10),
    )


def start(model, seed=0):
    """He initialisation; scale 1 and shift 0 for batch norm."""
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            init.kaiming_normal_(parameter, nonlinearity="relu", rng=rng)
        elif parameter.name != "weight":
            init.zeros_(parameter)
    return model


def digits(size=32, batch=32, first=0):
    """Return digits scaled up to `size`×`size` pixels, and their labels."""
    train = data.digits().train
    rows = slice(first, first + batch)
    times = size // 8
    return train.images[rows].repeat(times, axis=2).repeat(times, axis=3), train.labels[rows]


def loss_of(model, size=32, batch=32, first=0):
    images, labels = digits(size, batch, first)
    return F.cross_entropy(model(images), labels)
