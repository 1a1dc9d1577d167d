"""Networks for the tests of health: healthy ones, and what makes them ill."""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, init, nn
from autograd_cnn import functional as F  # noqa: N812

_digits = data.digits().train
IMAGES, LABELS = _digits.images, _digits.labels


def start(model, seed=0):
    """He initialisation."""
    rng = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            init.kaiming_normal_(parameter, nonlinearity="relu", rng=rng)
        else:
            init.zeros_(parameter)
    return model


def convolutional():
    return start(
        nn.Sequential(
            conv1=nn.Conv2d(1, 8, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(8, 16, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(64, 10),
        )
    )


def dense(activation=nn.ReLU, hidden=1, std=None):
    """Fully connected layers of 64 units, He-initialised unless a standard deviation is given."""
    layers = {"flatten": nn.Flatten()}
    for i in range(1, hidden + 1):
        layers |= {f"fc{i}": nn.Linear(64, 64), f"activation{i}": activation()}
    model = start(nn.Sequential(layers | {"output": nn.Linear(64, 10)}))
    if std is not None:
        rng = np.random.default_rng(0)
        for name, parameter in model.named_parameters():
            if name.endswith("weight"):
                init.normal_(parameter, std=std, rng=rng)
    return model


def loss_of(model, batch=64, first=0):
    rows = slice(first, first + batch)
    return F.cross_entropy(model(IMAGES[rows]), LABELS[rows])


def gradients_of(model, wanted=None):
    """Fill the parameters' gradients from one batch and return its loss, moved to a wanted one by a constant."""
    loss = loss_of(model)
    if wanted is not None:
        loss = loss + (wanted - loss.item())
    for parameter in model.parameters():
        parameter.zero_grad()
    loss.backward()
    return loss


def residual(requires_grad=True):
    """x -> stem -> stem + branch(relu(stem)) -> sum of squares, in float64; returns loss, input and parameters."""
    rng = np.random.default_rng(0)
    x = ag.Tensor(rng.normal(size=(5, 4)), requires_grad=requires_grad)
    weights = [ag.Parameter(rng.normal(size=(4, 4)), name=name) for name in ("stem", "branch")]
    with ag.scope("stem"):
        stem = F.linear(x, weights[0])
    with ag.scope("block"):
        with ag.scope("relu"):
            active = ag.relu(stem)
        with ag.scope("branch"):
            branch = F.linear(active, weights[1])
        total = stem + branch
    return (total * total).sum(), x, weights
