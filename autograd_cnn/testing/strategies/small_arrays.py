"""Arrays of small numbers: eighths, so that failing examples shrink to what can be read and checked by hand."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import DTypeLike, NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import positive

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = "Shape | st.SearchStrategy[Shape]"

LAYOUTS = ("C", "F", "negative stride", "every second", "zero stride", "read-only")
"""How the elements of an array may lie in memory."""

# The sizes at which exponentials of float32 and float64 underflow and overflow, from both sides, and far beyond.
_EXTREMES = (0.0, 0.125, 1.0, 17.0, 88.0, 89.0, 104.0, 709.0, 710.0, 746.0, 1e4, 1e30)


def eighths(low: float = -2.0, high: float = 2.0) -> st.SearchStrategy[float]:
    """Multiples of 1/8 from `low` to `high`; they shrink towards 0, and sums and products of them are exact."""
    return st.integers(math.ceil(8 * low), math.floor(8 * high)).map(_eighth)


def _eighth(n: int) -> float:
    return n / 8


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> st.SearchStrategy[Shape]:
    """Shapes of small arrays."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def arrays(
    shape: Shapes | None = None, low: float = -2.0, high: float = 2.0, dtype: DTypeLike = np.float64
) -> st.SearchStrategy[Array]:
    """Arrays of eighths: ties and zeros are likely.

    Parameters
    ----------
    shape : tuple of int, or strategy of them, optional
        `shapes()` by default.
    low, high : float
        Bounds of the elements.
    dtype : dtype
        Of the array.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.arrays(shape=(2, 3)))
    ... def test(x):
    ...     assert x.shape == (2, 3)
    >>> test()
    """
    return hnp.arrays(np.dtype(dtype), shapes() if shape is None else shape, elements=eighths(low, high))


@st.composite
def separated_arrays(
    draw: st.DrawFn, gap: float = 0.125, shape: Shapes | None = None, dtype: DTypeLike = np.float64
) -> Array:
    """Arrays whose elements are multiples of `gap`, all different and none 0.

    No two of them tie, and none stands on the kink of a ReLU: a step below ``gap / 2`` changes no branch.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.separated_arrays(gap=0.5, shape=(4,)))
    ... def test(x):
    ...     assert np.diff(np.sort(x)).min() >= 0.5 <= abs(x).min()
    >>> test()
    """
    gap = positive("separated_arrays", "gap", gap)
    form = draw(shapes()) if shape is None else shape if isinstance(shape, tuple) else draw(shape)
    most = max(12, math.prod(form))
    multiples = st.integers(-most, most - 1).map(lambda n: n + (n >= 0))
    return (draw(hnp.arrays(np.int64, form, elements=multiples, unique=True)) * gap).astype(dtype)


@st.composite
def tied_arrays(draw: st.DrawFn, shape: Shapes | None = None, dtype: DTypeLike = np.float64) -> Array:
    """Arrays whose largest element stands at two places at least, and likely many more ties and zeros.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.tied_arrays(shape=(2, 2)))
    ... def test(x):
    ...     assert (x == x.max()).sum() >= 2
    >>> test()
    """
    array = draw(arrays(shapes(min_dims=1) if shape is None else shape, -0.25, 0.25, dtype)).copy()
    if array.size > 1:
        first, second = draw(st.permutations(range(array.size)))[:2]
        array.flat[first] = array.flat[second] = array.max()
    return array


@st.composite
def broadcastable_pairs(
    draw: st.DrawFn, min_side: int = 0, max_side: int = 3, low: float = -2.0, high: float = 2.0
) -> tuple[Array, Array]:
    """Two arrays that broadcast with each other; sides of 0 and of 1 are among them.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.broadcastable_pairs())
    ... def test(pair):
    ...     a, b = pair
    ...     assert (a + b).shape == np.broadcast_shapes(a.shape, b.shape)
    >>> test()
    """
    both = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=min_side, max_side=max_side, max_dims=3))
    first, second = (draw(arrays(own, low, high)) for own in both.input_shapes)
    return first, second


def extreme_logits(shape: Shapes | None = None, dtype: DTypeLike = np.float64) -> st.SearchStrategy[Array]:
    """Scores at which a naive softmax or sigmoid overflows, underflows or cancels, up to ±1e30; finite in `dtype`.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.extreme_logits(shape=(2, 3), dtype=np.float32))
    ... def test(scores):
    ...     assert np.isfinite(ag.functional.cross_entropy(scores, np.array([0, 2])))
    >>> test()
    """
    either = st.sampled_from(_EXTREMES) | st.sampled_from(_EXTREMES).map(lambda x: -x)
    form = shapes(min_dims=2, max_dims=2) if shape is None else shape
    return hnp.arrays(np.dtype(dtype), form, elements=either, fill=st.nothing())


def dtypes(kind: str = "floating") -> st.SearchStrategy[np.dtype[Any]]:
    """Dtypes: those that gradients have ("floating"), or integers and booleans too ("all").

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.dtypes())
    ... def test(dtype):
    ...     assert dtype.kind == "f"
    >>> test()
    """
    names = {"floating": ("float64", "float32"), "all": ("float64", "float32", "int64", "int32", "uint8", "bool")}
    if kind not in names:
        raise ArgumentError(f"dtypes: kind={kind!r}, expected 'floating' or 'all'")
    return st.sampled_from([np.dtype(name) for name in names[kind]])


@st.composite
def layouts(
    draw: st.DrawFn, array: Array | st.SearchStrategy[Array] | None = None, kinds: tuple[str, ...] = LAYOUTS
) -> Array:
    """Lay an array out in memory in one of `LAYOUTS`, which a failing test tells by a note.

    The values stay as they are, but for "zero stride", which repeats the first of them along one axis.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.layouts(np.ones((2, 3)), kinds=("negative stride", "read-only")))
    ... def test(x):
    ...     assert ag.tanh(x).tolist() == ag.tanh(np.ones((2, 3))).tolist()
    >>> test()
    """
    if unknown := set(kinds) - set(LAYOUTS):
        raise ArgumentError(f"layouts: unknown kinds {sorted(unknown)}, expected some of {LAYOUTS}")
    x = draw(arrays()) if array is None else array if isinstance(array, np.ndarray) else draw(array)
    kind = draw(st.sampled_from(kinds))
    note(f"layout: {kind}")
    axis = draw(st.integers(0, x.ndim - 1)) if x.ndim else 0
    return laid_out(x, kind, axis)


def laid_out(x: Array, kind: str, axis: int = 0) -> Array:
    """Return the array laid out in one of `LAYOUTS`; along `axis` where that matters."""
    if kind == "F":
        return np.array(x, order="F")
    if kind == "negative stride" and x.ndim:
        return np.flip(np.flip(x, axis).copy(), axis)
    if kind == "every second" and x.ndim:
        return np.repeat(x, 2, axis)[(slice(None),) * axis + (slice(None, None, 2),)]
    if kind == "zero stride" and x.ndim and x.shape[axis]:
        return np.broadcast_to(x.take([0], axis), x.shape)
    x = np.array(x, order="C")
    x.flags.writeable = kind != "read-only"
    return x
