"""What stands beyond the border of an image."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, suggestion
from autograd_cnn.settings import is_number

Border: TypeAlias = float | Literal["edge", "reflect"]
"""A number, the nearest pixel, or the image mirrored, its edge not repeated; as numpy.pad names them."""


def check_border(name: str, fill: Any) -> None:
    """Raise ArgumentError for what is no `Border`."""
    if isinstance(fill, str):
        if fill not in ("edge", "reflect"):
            raise ArgumentError(
                f"{name}: fill={fill!r}, expected a number, 'edge' or 'reflect'{suggestion(fill, ('edge', 'reflect'))}"
            )
    elif not is_number(fill) or math.isinf(fill):
        raise ArgumentError(f"{name}: fill={fill!r}, expected a number, 'edge' or 'reflect'")


def read(
    images: NDArray[Any], rows: NDArray[np.float64], columns: NDArray[np.float64], fill: Border
) -> NDArray[np.floating]:
    """Return what images show at places between their pixels."""
    from autograd_cnn.kernels import resampling  # numba, which only needs to be there when it runs

    borders = {"edge": resampling.EDGE, "reflect": resampling.REFLECT}
    border = borders[fill] if isinstance(fill, str) else resampling.CONSTANT
    return resampling.resample(images, rows, columns, border, 0.0 if isinstance(fill, str) else float(fill))
