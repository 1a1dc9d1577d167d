"""Random small CNNs with images, labels and a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd_cnn import nn
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.testing.strategies.printing import Pasteable, literal
from autograd_cnn.testing.strategies.small_arrays import Array, arrays

_ACTIVATIONS = ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "ELU", "GELU", "SiLU", "Softplus")
_LOSSES = ("CrossEntropyLoss", "MulticlassSVMLoss")


@dataclass(frozen=True)
class Layer:
    """A layer as it is written down: its class in `autograd_cnn.nn`, and its arguments."""

    name: str
    arguments: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def build(self) -> nn.Module:
        """Return a fresh layer; its weights are those of its seed."""
        made: nn.Module = getattr(nn, self.name)(*self.arguments, **dict(self.options))
        return made

    def __str__(self) -> str:
        arguments = [*map(literal, self.arguments), *(f"{key}={literal(value)}" for key, value in self.options)]
        return f"nn.{self.name}({', '.join(arguments)})"


@dataclass(frozen=True, repr=False)
class Network(Pasteable):
    """A random CNN in float64 with what it is trained on; called with images it returns its loss.

    Attributes
    ----------
    layers : tuple of Layer
        In order.
    criterion : str
        The loss, a class of `autograd_cnn.nn`.
    images : (N, C, H, W) ndarray
        Eighths.
    labels : (N,) ndarray
        Classes.
    """

    layers: tuple[Layer, ...]
    criterion: str
    images: Array
    labels: Array

    def build(self) -> nn.Sequential:
        """Return a fresh model; the same weights every time."""
        return nn.Sequential(*(layer.build() for layer in self.layers))

    def __call__(self, images: Any) -> Any:
        """Return the loss of the images, given with the labels it was drawn with."""
        return self.loss(self.build(), images)

    def loss(self, model: nn.Module, images: Any = None) -> Any:
        """Return the loss of a model that `build` returned, so that its parameters receive gradients."""
        scores = model(self.images if images is None else images)
        return getattr(nn, self.criterion)()(scores, self.labels)

    def leaves(self) -> list[Node]:
        """Return the images as a fresh node that requires a gradient."""
        return [Tensor(self.images, requires_grad=True)]

    def source(self) -> str:
        """Return Python code: ``model``, ``images``, ``labels``, the loss as ``output``, and its backward pass."""
        return "\n".join(
            [
                "import numpy as np",
                "import autograd_cnn as ag",
                "from autograd_cnn import nn",
                "model = nn.Sequential(",
                *(f"    {layer}," for layer in self.layers),
                ")",
                f"images = ag.Tensor({literal(self.images)}, requires_grad=True)",
                f"labels = {literal(self.labels)}",
                f"output = nn.{self.criterion}()(model(images), labels)",
                "output.backward()",
            ]
        )


@st.composite
def networks(draw: st.DrawFn, max_blocks: int = 2, activations: tuple[str, ...] = _ACTIVATIONS) -> Network:
    """Random small CNNs: convolution, perhaps normalisation, activation, perhaps pooling; then a linear classifier.

    Parameters
    ----------
    max_blocks : int
        Most convolutions.
    activations : tuple of str
        Names of layers in `autograd_cnn.nn`.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given, settings
    >>> from autograd_cnn.testing import strategies
    >>> @settings(max_examples=5)
    ... @given(strategies.networks())
    ... def test(network):
    ...     loss = network(*network.leaves())
    ...     assert np.isfinite(loss.item())
    >>> test()
    """
    count, channels = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    size = draw(st.tuples(st.integers(2, 6), st.integers(2, 6)))
    images = draw(arrays((count, channels, *size)))
    layers: list[Layer] = []
    for _ in range(draw(st.integers(1, max_blocks))):
        made, channels, size = draw(_blocks(channels, size, activations, count))
        layers += made
    classes = draw(st.integers(2, 4))
    layers += [Layer("Flatten"), Layer("Linear", (channels * size[0] * size[1], classes), _seeded(draw))]
    labels = draw(arrays((count,), 0, (classes - 1) / 8)) * 8
    return Network(tuple(layers), draw(st.sampled_from(_LOSSES)), images, labels.astype(np.int64))


@st.composite
def _blocks(
    draw: st.DrawFn, channels: int, size: tuple[int, int], activations: tuple[str, ...], count: int
) -> tuple[list[Layer], int, tuple[int, int]]:
    """One convolution with what follows it; the channels and the size that come out."""
    out, window = draw(st.integers(1, 3)), draw(st.sampled_from([1, 3]))
    layers = [Layer("Conv2d", (channels, out, window), (("padding", "same"), *_seeded(draw)))]
    if count * size[0] * size[1] > 3 and draw(st.booleans()):
        layers.append(Layer("BatchNorm2d", (out,), (("dtype", np.float64),)))
    layers.append(Layer(draw(st.sampled_from(activations))))
    if min(size) > 1 and draw(st.booleans()):
        layers.append(Layer(draw(st.sampled_from(["MaxPool2d", "AvgPool2d"])), (2,), (("fit", "floor"),)))
        size = (size[0] // 2, size[1] // 2)
    return layers, out, size


def _seeded(draw: st.DrawFn) -> tuple[tuple[str, Any], ...]:
    return ("rng", draw(st.integers(0, 99))), ("dtype", np.float64)
