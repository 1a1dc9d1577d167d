"""What the notes advise about the sizes of layers (CS231n, convolutional networks, "Layer Sizing Patterns")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograd_cnn import nn
from autograd_cnn.models.walking import Visit
from autograd_cnn.nn.shapes import Shape


@dataclass(frozen=True)
class Hint:
    """One piece of advice, and the layers that it is about.

    Attributes
    ----------
    advice : str
        What the sizes are, and what the notes would choose.
    layers : tuple of str
        Names of the layers; none where it is about the image.
    """

    advice: str
    layers: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.layers:
            return self.advice
        more = f" and {len(self.layers) - 3} more" if len(self.layers) > 3 else ""
        return f"{', '.join(self.layers[:3])}{more}: {self.advice}"


def hints_for(visits: Sequence[Visit], input_shape: Shape) -> tuple[Hint, ...]:
    """Return the advice for a network, each piece once."""
    images = [visit for visit in visits if len(visit.input_shape) == 3]
    found = list(dict.fromkeys(_about_the_image(images, input_shape)))  # height and width are often the same
    for rule in (_first_stride, _later_strides, _padding, _large_windows, _pooling):
        by_advice: dict[str, list[str]] = {}
        for name, advice in rule(images):
            by_advice.setdefault(advice, []).append(name)
        found += [Hint(advice, tuple(dict.fromkeys(names))) for advice, names in by_advice.items()]
    return tuple(found)


def _about_the_image(images: list[Visit], input_shape: Shape) -> Iterator[Hint]:
    """Advise images that are divisible by 2 many times: 32, 64, 96, 224, 384, 512."""
    for axis, size in enumerate(input_shape[1:] if images else ()):
        unit = 2 ** _halvings(images, axis)
        if size % unit:
            near = [str(n) for n in (size // unit * unit, -(-size // unit) * unit) if n]
            yield Hint(
                f"{size} pixels are shrunk by {unit}, but not divisible by {unit}; images should be divisible "
                f"by 2 many times, such as {' or '.join(near)}"
            )


def _halvings(images: list[Visit], axis: int) -> int:
    """Return how often convolutions and pooling halve the image along an axis."""
    jumps = [visit.reach.jump[axis] for visit in images if "kernel_size" in vars(visit.layer)]
    return max((int(jump).bit_length() - 1 for jump in jumps if int(jump).bit_count() == 1), default=0)


def _convolutions(images: list[Visit]) -> list[tuple[int, nn.Conv2d]]:
    return [(i, visit.layer) for i, visit in enumerate(images) if isinstance(visit.layer, nn.Conv2d)]


def _first_stride(images: list[Visit]) -> Iterator[tuple[str, str]]:
    """Tell what a stride in the first layer saves and costs."""
    for i, layer in _convolutions(images)[:1]:
        if max(layer.stride) > 1:
            channels, height, width = images[i].output_shape
            saved = channels * height * width * (layer.stride[0] * layer.stride[1] - 1)
            yield (
                images[i].name,
                f"stride {max(layer.stride)} in the first layer saves memory, about {saved:,} numbers per image, "
                "at the price of detail",
            )


def _later_strides(images: list[Visit]) -> Iterator[tuple[str, str]]:
    """Advise a stride of 1, which leaves shrinking to pooling."""
    for i, layer in _convolutions(images)[1:]:
        if max(layer.stride) > 1:
            yield images[i].name, "shrinks by its stride; the notes stride by 1 and leave shrinking to pooling"


def _padding(images: list[Visit]) -> Iterator[tuple[str, str]]:
    """Advise a padding of (F − 1)/2, which keeps the size."""
    for i, layer in _convolutions(images):
        shrinks = any(m < n for n, m in zip(images[i].input_shape[1:], images[i].output_shape[1:], strict=True))
        if max(layer.stride) == 1 and shrinks:
            window = [(k - 1) * d + 1 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
            if all(size % 2 for size in window):
                padding = ", ".join(dict.fromkeys(str((size - 1) // 2) for size in window))
                yield images[i].name, f"shrinks the image at its border; padding {padding} would keep the size"
            else:
                yield images[i].name, "shrinks the image; a window of odd size with padding (F − 1)/2 would keep it"


def _large_windows(images: list[Visit]) -> Iterator[tuple[str, str]]:
    """Advise stacks of 3×3, which see as much with fewer weights and more nonlinearities."""
    for i, layer in _convolutions(images)[1:]:
        size = max(layer.kernel_size)
        if size >= 5 and size % 2 and layer.kernel_size == (size, size):
            count = (size - 1) // 2
            words = {2: "two", 3: "three", 4: "four", 5: "five"}.get(count, str(count))
            yield (
                images[i].name,
                f"{words} 3×3 see as much as one {size}×{size}: {9 * count}C² weights instead of {size * size}C², "
                f"and {count - 1} more nonlinearit{'y' if count == 2 else 'ies'}",
            )


def _pooling(images: list[Visit]) -> Iterator[tuple[str, str]]:
    """Advise pooling of 2×2 or 3×3 at stride 2; larger windows lose too much."""
    for visit in images:
        layer = visit.layer
        if isinstance(layer, nn.MaxPool2d) and max(layer.kernel_size) > 3:
            yield visit.name, "pools windows larger than 3×3, which loses much; 2×2 at stride 2 is usual"
