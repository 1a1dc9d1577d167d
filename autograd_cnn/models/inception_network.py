"""GoogLeNet: windows of several sizes side by side, and classifiers on the way (Szegedy et al. 2014)."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn import nn
from autograd_cnn.models.starting import started
from autograd_cnn.nn.sequential import chained, chained_shape
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.random import generator

INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
"""Table 1 of the paper: channels in, then filters of each convolution."""


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet returns in training: the scores, and those of the classifiers on the way, the later one first."""

    logits: Any
    aux_logits2: Any
    aux_logits1: Any


class GoogLeNet(nn.Module):
    """The network that `googlenet` returns: layers in order, and classifiers ``aux1`` and ``aux2`` on the way."""

    heads = ("fc", "aux1.fc2", "aux2.fc2")

    def __init__(self, layers: dict[str, nn.Module], auxiliary: dict[str, nn.Module]) -> None:
        for name, layer in (layers | auxiliary).items():
            setattr(self, name, layer)

    def forward(self, x: Any) -> Any:
        """Return scores (N, num_classes) for images (N, C, H, W); in training `GoogLeNetOutputs`."""
        before, between, after = self._parts()
        first = chained(before, x)
        second = chained(between, first)
        logits = chained(after, second)
        if not (self.training and "aux1" in vars(self)):
            return logits
        return GoogLeNetOutputs(logits, self.aux2(second), self.aux1(first))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the scores of one image; see `Module.output_shape`."""
        before, between, after = self._parts()
        first = chained_shape(before, input_shape)
        second = chained_shape(between, first)
        if "aux1" in vars(self):
            self.aux1.output_shape(first)
            self.aux2.output_shape(second)
        return chained_shape(after, second)

    def _parts(self) -> tuple[list[nn.Module], list[nn.Module], list[nn.Module]]:
        """Return the layers up to where the first classifier on the way branches off, up to the second, the rest."""
        layers = {name: layer for name, layer in self.named_children() if not name.startswith("aux")}
        first, second = (list(layers).index(name) + 1 for name in ("inception4a", "inception4d"))
        values = list(layers.values())
        return values[:first], values[first:second], values[second:]


def googlenet(
    num_classes: int = 1000,
    *,
    aux_logits: bool = True,
    channels: int = 3,
    dropout: float = 0.2,
    dropout_aux: float = 0.7,
    rng: Any = None,
    dtype: Any = np.float32,
) -> GoogLeNet:
    """Return GoogLeNet as torchvision has it, for images of 224×224, at least 15×15.

    Szegedy et al., "Going Deeper with Convolutions", 2014; with batch norm, and 3×3 windows where the paper has
    5×5. Names and values of a state dict are torchvision's.

    Parameters
    ----------
    num_classes, channels : int
        Numbers of outputs, and of channels of the images.
    aux_logits : bool
        Whether two small classifiers on the way bring gradient to the early layers: in training the network
        returns `GoogLeNetOutputs`, whose losses the paper adds with weights 1, 0.3 and 0.3.
    dropout, dropout_aux : float
        Probabilities of dropping before the last linear layer of the network, and of these classifiers.
    rng, dtype
        As in `alexnet`.

    Examples
    --------
    >>> from autograd_cnn import models, nn
    >>> with nn.skeleton():
    ...     model = models.googlenet(aux_logits=False)
    >>> sum(p.size for p in model.parameters())
    6624904
    """
    rng, norm = generator(rng), partial(nn.BatchNorm2d, eps=0.001, dtype=dtype)
    block, pool = partial(nn.ConvolutionBlock, norm=norm, dtype=dtype), partial(nn.MaxPool2d, fit="ceil")
    with nn.skeleton():
        inception = {
            f"inception{name}": nn.Inception(*sizes, largest=3, norm=norm, dtype=dtype)
            for name, sizes in INCEPTIONS.items()
        }
        third, fourth, fifth = ({k: v for k, v in inception.items() if k[-2] == stage} for stage in "345")
        layers: dict[str, nn.Module] = {
            "conv1": block(channels, 64, 7, 2, 3),
            "maxpool1": pool(3, 2),
            "conv2": block(64, 64, 1),
            "conv3": block(64, 192, 3, padding=1),
            "maxpool2": pool(3, 2),
            **third,
            "maxpool3": pool(3, 2),
            **fourth,
            "maxpool4": pool(2, 2),
            **fifth,
            "avgpool": nn.AdaptiveAvgPool2d((1, 1)),
            "flatten": nn.Flatten(),
            "dropout": nn.Dropout(dropout, rng=rng),
            "fc": nn.Linear(1024, num_classes, dtype=dtype),
        }
        auxiliary = {
            name: _auxiliary(filters, num_classes, block, nn.Dropout(dropout_aux, rng=rng), dtype)
            for name, filters in {"aux1": 512, "aux2": 528}.items()
        }
        model = GoogLeNet(layers, auxiliary if aux_logits else {})
    return started(model, rng)


def _auxiliary(filters: int, num_classes: int, block: Any, dropout: nn.Dropout, dtype: Any) -> nn.Module:
    """Return a small classifier for images of so many channels."""
    return nn.Sequential(
        pool=nn.AdaptiveAvgPool2d((4, 4)),
        conv=block(filters, 128, 1),
        flatten=nn.Flatten(),
        fc1=nn.Linear(2048, 1024, dtype=dtype),
        relu=nn.ReLU(),
        dropout=dropout,
        fc2=nn.Linear(1024, num_classes, dtype=dtype),
    )
