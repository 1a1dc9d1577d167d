"""Distances between many points: what a nearest neighbour is found by."""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, readable
from autograd_cnn.kernels.threads import share_out

# Terms may be added in any order, several at a time: sums of absolute values lose nothing by that.
REASSOCIATED = frozenset({"reassoc"})


def manhattan(queries: Floats, points: Floats) -> Floats:
    """Return Σ|q − p| for every row q of queries and p of points, in the dtype of the queries.

    The terms of each pair are added in the same order, so that equal points are equally far away.
    """
    found = np.empty((len(queries), len(points)), queries.dtype)
    operations = found.size * queries.shape[1]
    queries, points = readable(queries, found.dtype), readable(points, found.dtype)
    share_out(_manhattan, len(queries), operations, queries, points, found)
    return found


@jit(flags=REASSOCIATED)
def _manhattan(
    first: int,
    last: int,
    queries: Floats,
    points: Floats,
    found: Floats,
) -> None:
    for i in range(first, last):
        query = queries[i]
        for j in range(len(points)):
            point = points[j]
            total = query.dtype.type(0)
            for d in range(len(query)):
                total += abs(query[d] - point[d])
            found[i, j] = total
