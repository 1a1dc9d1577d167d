"""What pooling layers share: the shape that their windows make of an image, and how a repr writes them."""

from __future__ import annotations

from typing import Any

from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import image, plain, short
from autograd_cnn.nn.shapes import Shape


def pooled_shape(layer: Any, input_shape: Shape) -> Shape:
    """Return (channels, height, width) of what a pooling layer makes of one image; without padding where it has none.

    Raises
    ------
    ShapeError
        When it is no image, or its windows do not fit.
    """
    kind, settings = type(layer).__name__, vars(layer)
    channels, size = image(kind, input_shape)
    padding, dilation = settings.get("padding", ((0, 0), (0, 0))), settings.get("dilation", (1, 1))
    return channels, *windows.output_size(kind, size, layer.kernel_size, layer.stride, padding, dilation, layer.fit)


def written_windows(layer: Any, *options: str) -> str:
    """Return a pooling layer's windows as its repr writes them, the options given, and `fit` where it is not exact."""
    settings = vars(layer)
    names = [name for name in ("kernel_size", "stride", "padding", "dilation") if name in settings]
    words = [f"{name}={short(plain(settings[name]))}" for name in names]
    fit = settings.get("fit", "exact")
    return ", ".join([*words, *options, *([] if fit == "exact" else [f"fit={fit!r}"])])
