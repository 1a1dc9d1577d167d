"""The handwritten digits that come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.splitting import stratified_parts, three_shares


def digits(shares: Sequence[float] = (0.7, 0.15, 0.15), *, seed: int = 0) -> Splits:
    """Load 1,797 handwritten digits of 8 × 8 pixels, split into train, validation and test.

    The test part of the "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak
    (UCI Machine Learning Repository, 1998, doi:10.24432/C50P49), licensed CC BY 4.0.

    Parameters
    ----------
    shares : three numbers
        Shares of train, validation and test; they add up to 1. Every class is split by itself, so
        the share of each class is kept within one image.
    seed : int
        Which images go where; the same seed gives the same split.

    Returns
    -------
    Splits
        Of datasets with ``images`` (N, 1, 8, 8) float32 from 0 (paper) to 1 (ink) and ``labels``
        (N,) int64 from 0 to 9, which are the names of the classes too.

    Raises
    ------
    ArgumentError
        For shares that are not three numbers of at least 0 with sum 1, or a seed below 0.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> data.digits().train
    Dataset(1258 images of shape (1, 8, 8) float32, 10 classes from 0 to 9)
    """
    return Splits(*stratified_parts("digits", _read(), three_shares("digits", shares), seed))


@cache
def _read() -> Dataset:
    """Return all digits, read once: parts of them are copies."""
    import gzip  # here, so that importing the package stays cheap
    from importlib import resources

    file = resources.files("autograd_cnn.data") / "digits.csv.gz"
    rows = gzip.decompress(file.read_bytes()).split()
    table = np.array([row.split(b",") for row in rows]).astype(np.int64)
    images = (table[:, :-1] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    return Dataset(images, table[:, -1].copy(), classes=tuple("0123456789"))
