"""Arrays as images: groups of them in a grid, each group on one printed scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.settings import is_whole, real
from viz.errors import UndrawableError
from viz.image_drawing import svg_of
from viz.picture import Content, Picture
from viz.style import Theme, theme_named

MOST_IMAGES, MOST_PIXELS = 1000, 1_000_000
RAMPS = ("grey", "signed", "colour")


@dataclass(frozen=True, eq=False)
class ImageGroup:
    """Images under one heading, on one scale.

    Attributes
    ----------
    name : str
        The heading.
    images : (N, C, H, W) array
        One channel, or red, green and blue.
    low, high : float
        The numbers that are black and white, or the two ends of the ramp; what lies beyond is drawn as they are.
    ramp : {"grey", "signed", "colour"}
        Black to white; orange over grey to blue, with 0 in the middle; or the colours themselves.
    captions : tuple of str
        Below the images, one for each, or none.
    """

    name: str
    images: NDArray[Any]
    low: float
    high: float
    ramp: Literal["grey", "signed", "colour"] = "grey"
    captions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, wanted = np.shape(self.images), (3 if self.ramp == "colour" else 1)
        if self.ramp not in RAMPS:
            raise UndrawableError(f"images {self.name!r}: ramp={self.ramp!r}, expected one of {RAMPS}")
        if len(shape) != 4 or shape[1] != wanted or not all(shape):
            raise UndrawableError(
                f"images {self.name!r}: shape {shape}, expected (N, {wanted}, H, W); channels that are no colours are "
                "images of their own: reshape(-1, 1, H, W)"
            )
        if shape[0] > MOST_IMAGES or math.prod(shape) > MOST_PIXELS:
            raise UndrawableError(
                f"images {self.name!r}: {shape[0]:,} images of {shape[2]} × {shape[3]}, more than can be looked at; "
                f"show at most {MOST_IMAGES:,}, and {MOST_PIXELS:,} pixels"
            )
        if not -math.inf < self.low < self.high < math.inf:
            raise UndrawableError(f"images {self.name!r}: low={self.low}, high={self.high}, expected low below high")
        if self.captions and len(self.captions) != shape[0]:
            raise UndrawableError(f"images {self.name!r}: {len(self.captions)} captions of {shape[0]} images")


@dataclass(frozen=True, eq=False)
class ImageSheet:
    """Groups of images under one title.

    Attributes
    ----------
    title : str
    groups : tuple of ImageGroup
    columns : int
        Images side by side in a group.
    across : int
        Groups side by side.
    side : float
        Width of an image, in points.
    facts : tuple of str
        Small lines below the title.
    """

    title: str
    groups: tuple[ImageGroup, ...]
    columns: int
    across: int = 1
    side: float = 48.0
    facts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.groups:
            raise UndrawableError(f"images {self.title!r}: there are none; give at least one group")
        if not is_whole(self.columns, 1) or not is_whole(self.across, 1) or not 4 <= real(self.side) <= 2000:
            raise UndrawableError(
                f"images {self.title!r}: columns={self.columns!r}, across={self.across!r}, side={self.side!r}; "
                "expected at least one column, and images of 4 to 2,000 points"
            )


def images(
    images: Any,
    *,
    title: str = "",
    captions: Sequence[object] = (),
    ramp: Literal["grey", "signed", "colour"] | None = None,
    low: float | None = None,
    high: float | None = None,
    columns: int | None = None,
    across: int = 2,
    side: float = 48.0,
    facts: Sequence[str] = (),
    theme: str = "light",
) -> Picture:
    """Draw arrays as images: digits, filters, templates, eigenvectors, saliency.

    Parameters
    ----------
    images : (N, C, H, W) array_like, or mapping of str to array_like or ImageGroup
        The images, or several groups of them by name. C is 1, or 3 for colours; (N, H, W) and (H, W) will do.
    title : str
        Above all.
    captions : sequence
        Below the images, one for each; the same in all groups.
    ramp : {"grey", "signed", "colour"}, optional
        By default colours for three channels, the signed ramp where numbers are below 0, and grey for others.
    low, high : float, optional
        The scale of all groups; by default each group's own, from its smallest number to its largest, and symmetric
        around 0 on the signed ramp.
    columns, across : int
        Images side by side in a group, by default about as many as rows; groups side by side.
    side : float
        Width of an image, in points.
    facts : sequence of str
        Small lines below the title.
    theme : {"light", "dark"}
        The colours around the images.

    Returns
    -------
    Picture
        Saved as .svg, .html or .json, as .png or .pdf with the ``png`` extra.

    Raises
    ------
    UndrawableError
        For what are no images, or more than can be looked at.

    Examples
    --------
    >>> import viz
    >>> from autograd_cnn import data
    >>> test = data.digits().test
    >>> picture = viz.images(test.images[:12], title="Digits", captions=[str(label) for label in test.labels[:12]])
    >>> picture.title, picture.language
    ('Digits', 'svg')
    """
    named = images if isinstance(images, Mapping) else {"": images}
    settings: dict[str, Any] = {"ramp": ramp, "low": low, "high": high, "captions": tuple(map(str, captions))}
    groups = tuple(
        given if isinstance(given, ImageGroup) else _group(str(name), given, **settings)
        for name, given in named.items()
    )
    most = max((len(group.images) for group in groups), default=1)
    wide = math.ceil(math.sqrt(most)) if columns is None else columns
    return drawn(ImageSheet(title, groups, wide, across, float(side), tuple(facts)), theme_named(theme))


def drawn(data: ImageSheet, theme: Theme) -> Picture:
    """Return the picture of a sheet in a theme."""
    return Picture.of(Content("images", data, svg_of), theme, data.title)


def _group(name: str, given: Any, ramp: Any, low: Any, high: Any, captions: tuple[str, ...]) -> ImageGroup:
    """Return a group with the scale that its numbers suggest."""
    array = np.array(given, np.float32)
    array = array.reshape(*(1,) * (3 - array.ndim), *array.shape) if array.ndim < 3 else array
    array = array[:, None] if array.ndim == 3 else array
    finite = array[np.isfinite(array)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if ramp is None:
        ramp = "colour" if array.ndim == 4 and array.shape[1] == 3 else "signed" if least < 0 else "grey"
    if ramp == "signed":
        most = max(abs(least), abs(most))
        least = -most
    least, most = least if low is None else float(low), most if high is None else float(high)
    if least == most and low is None and high is None:  # images without contrast
        least, most = least - 0.5, most + 0.5
    return ImageGroup(name, array, least, most, ramp, captions)
