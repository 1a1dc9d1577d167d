"""Networks built from the notes' pattern language."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import nn
from autograd_cnn.errors import ArgumentError
from autograd_cnn.models.patterns import Part, Pattern, parse_pattern
from autograd_cnn.models.starting import Random, started
from autograd_cnn.nn.arguments import sample
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.random import generator
from autograd_cnn.settings import is_whole, whole

Widths = int | Sequence[int]


def from_pattern(
    pattern: str | Pattern,
    input_shape: Shape,
    num_classes: int = 10,
    *,
    channels: Widths = 32,
    hidden: Widths = 128,
    window: int = 3,
    dropout: float = 0.5,
    optional: bool = True,
    rng: Random = None,
    dtype: DTypeLike = np.float32,
    **counts: int,
) -> nn.Sequential:
    """Return the network that ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC`` means, or its like.

    CS231n, convolutional networks, "Layer Patterns" and "Layer Sizing Patterns": convolutions of stride 1 keep
    the size by their padding, and every pooling of 2×2 at stride 2 halves it.

    Parameters
    ----------
    pattern : str or Pattern
        See `parse_pattern`. It begins with INPUT and ends with FC, which gives the scores.
    input_shape : tuple of int
        (channels, height, width) of one image; (numbers,) where there is neither CONV nor POOL.
    num_classes : int
        Number of outputs of the last FC.
    channels : int or sequence of int
        Filters of the convolutions before the first pooling, which double after each one; or one number per
        stage, where pooling ends a stage.
    hidden : int or sequence of int
        Neurons of each FC but the last; or one number for each.
    window : int
        Height and width of the filters, odd.
    dropout : float
        Probability of dropping in DROPOUT.
    optional : bool
        Whether to build what ``?`` marks.
    rng : numpy.random.Generator or int, optional
        Where the starting values (He) and the masks of dropout come from; the default generator.
    dtype : dtype
        float32 or float64.
    **counts : int
        Numbers for the letters of the pattern: ``N=2, M=3, K=1``.

    Raises
    ------
    ArgumentError
        When it is no pattern, or means no network; the message points at the place. When another argument does
        not fit.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> model = models.from_pattern("INPUT -> [CONV -> RELU -> POOL]*2 -> FC", (3, 8, 8), channels=4)
    >>> [name for name, _ in model.named_children()]
    ['conv1', 'relu1', 'pool1', 'conv2', 'relu2', 'pool2', 'flatten', 'fc1']
    >>> model.output_shape((3, 8, 8)), models.summary(model, (3, 8, 8)).layers
    ((10,), 3)
    """
    pattern = parse_pattern(pattern) if isinstance(pattern, str) else pattern
    window = whole("from_pattern", "window", window, 1, wanted="an odd positive integer")
    if window % 2 == 0:
        raise ArgumentError(f"from_pattern: window={window!r}, expected an odd positive integer")
    shape = sample("from_pattern", input_shape)
    layers = pattern.layers(counts, optional=optional)
    _check_ends(pattern, layers)
    rng, names = generator(rng), [str(layer.content) for layer in layers]
    builder = _Builder(pattern, shape, window, dropout, rng, dtype)
    builder.channels = _widths("channels", channels, names[: _last(names, "CONV")].count("POOL") + 1, doubling=True)
    builder.hidden = [*_widths("hidden", hidden, names.count("FC") - 1), num_classes]
    with nn.skeleton():
        for layer in layers[1:]:
            builder.add(layer)
    return started(nn.Sequential(builder.made), rng)


class _Builder:
    """Makes layer after layer, and follows the shape of one sample."""

    channels: list[int]
    hidden: list[int]

    def __init__(
        self, pattern: Pattern, shape: Shape, window: int, dropout: float, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        self.pattern, self.shape, self.window, self.dropout = pattern, shape, window, dropout
        self.rng, self.dtype = rng, dtype
        self.made: dict[str, nn.Module] = {}
        self.counted: Counter[str] = Counter()

    def add(self, part: Part) -> None:
        """Append the layer that a part of the pattern names."""
        kind = str(part.content)
        if kind in ("CONV", "POOL") and len(self.shape) != 3:
            what = "a vector, as FC makes it" if self.counted["FC"] else f"an input of shape {self.shape}"
            self.pattern.fail(f"{kind} needs images (channels, height, width), not {what}", part.at)
        if kind == "FC" and len(self.shape) != 1:
            self._append("flatten", nn.Flatten())
        if kind == "POOL" and any(size % 2 for size in self.shape[1:]):
            size = "×".join(map(str, self.shape[1:]))
            self.pattern.fail(f"POOL cannot halve {size}; images divisible by 2 many times fit", part.at)
        self.counted[kind] += 1
        self._append(f"{kind.lower()}{self.counted[kind]}", self._layer(kind))

    def _layer(self, kind: str) -> nn.Module:
        if kind == "CONV":
            filters, padding = self.channels[self.counted["POOL"]], (self.window - 1) // 2
            return nn.Conv2d(self.shape[0], filters, self.window, padding=padding, dtype=self.dtype)
        if kind == "FC":
            return nn.Linear(self.shape[0], self.hidden[self.counted["FC"] - 1], dtype=self.dtype)
        if kind == "NORM":
            norm: Any = nn.BatchNorm2d if len(self.shape) == 3 else nn.BatchNorm1d
            return norm(self.shape[0], dtype=self.dtype)  # type: ignore[no-any-return]
        if kind == "DROPOUT":
            return nn.Dropout(self.dropout, rng=self.rng)
        return {"POOL": lambda: nn.MaxPool2d(2), "RELU": nn.ReLU, "TANH": nn.Tanh, "SIGMOID": nn.Sigmoid}[kind]()

    def _append(self, name: str, layer: nn.Module) -> None:
        self.made[name] = layer
        self.shape = layer.output_shape(self.shape)


def _check_ends(pattern: Pattern, layers: list[Part]) -> None:
    """Raise ArgumentError unless INPUT comes first and nowhere else, and FC last."""
    if not layers or layers[0].content != "INPUT":
        pattern.fail("a network begins with INPUT", layers[0].at if layers else 0)
    for layer in layers[1:]:
        if layer.content == "INPUT":
            pattern.fail("INPUT stands only at the beginning", layer.at)
    if layers[-1].content != "FC":
        pattern.fail("a network ends with FC, which gives the scores", layers[-1].at)


def _last(names: list[str], name: str) -> int:
    return max((i for i, found in enumerate(names) if found == name), default=0)


def _widths(name: str, widths: Widths, count: int, *, doubling: bool = False) -> list[int]:
    """Return one width for each of `count` layers or stages."""
    if is_whole(widths):
        width = whole("from_pattern", name, widths)
        widths = [width << min(i, 40) if doubling else width for i in range(count)]
    found = list(widths) if isinstance(widths, Sequence) and not isinstance(widths, str) else []
    if len(found) != count or not all(is_whole(w, 1) for w in found):
        raise ArgumentError(f"from_pattern: {name}={widths!r}, expected a positive integer, or a list of {count}")
    return [operator.index(w) for w in found]
