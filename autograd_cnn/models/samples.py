"""Images and labels as classifiers read them: rows of numbers, one label for each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data import Dataset
from autograd_cnn.data.preprocessing.fitting import array_of
from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError


def rows_of(caller: str, images: Any) -> NDArray[Any]:
    """Return images as (N, D) rows of finite floating numbers; small integers become float32, which holds them."""
    given = array_of(caller, images)
    if not math.prod(given.shape[1:]):
        raise ShapeError(f"{caller}: images of shape {given.shape}, which have no pixels")
    rows = given.reshape(len(given), math.prod(given.shape[1:]))
    rows = rows.astype(np.result_type(rows.dtype, np.float32).newbyteorder("="), copy=False)
    if not np.isfinite(rows).all():
        raise ArgumentError(f"{caller}: the images hold NaN or infinity; leave those images out")
    return rows


def labelled(caller: str, images: Any, labels: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows and labels of a dataset, or of images and labels; raise where they do not fit each other."""
    if isinstance(images, Dataset) == (labels is not None):
        raise ArgumentError(f"{caller}: expected a Dataset, or images and labels")
    rows = rows_of(caller, images)
    right = images.labels if isinstance(images, Dataset) else np.asarray(labels)
    if right.shape != rows.shape[:1]:
        raise ShapeError(f"{caller}: {len(rows)} images and labels {right.shape}, expected one label per image")
    if right.dtype.kind not in "iu":
        raise DtypeError(f"{caller}: labels of dtype {right.dtype}, expected integers")
    if not len(rows):
        raise ArgumentError(f"{caller}: there are no images; give some")
    return rows, right
