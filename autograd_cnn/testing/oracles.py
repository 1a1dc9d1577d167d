"""Numeric derivatives, each with what is known of its error: the oracles that gradients are judged by.

They work on plain functions of plain arrays and know nothing of graphs. All compute in float64:
differences of float32 values lose most of their digits (CS231n, neural networks part 3).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.graph import Node, Scalar, Tensor

Array = NDArray[np.float64]

LEVELS = 6
SAFETY = 10.0
_EPS = float(np.finfo(np.float64).eps)
_JITTERS = 8


class Estimate(NamedTuple):
    """A numeric derivative.

    Attributes
    ----------
    value : float
        The derivative.
    bar : float
        Error bar: the true derivative lies within ``value ± bar``.
    step : float
        The largest step that was taken.
    """

    value: float
    bar: float
    step: float


def relative_error(a: ArrayLike, n: ArrayLike) -> Any:
    """Return ``|a − n| / max(|a|, |n|)``, element by element; 0/0 counts as 0.

    CS231n's measure for an analytic and a numeric gradient (neural networks part 3): above 1e-2 the
    gradient is probably wrong, below 1e-7 you should be happy.

    Examples
    --------
    >>> from autograd_cnn.testing import relative_error
    >>> relative_error(1.0, 1.25), relative_error(0.0, 0.0)
    (0.2, 0.0)
    """
    a, n = np.asarray(a, np.float64), np.asarray(n, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(a == n, 0.0, np.abs(a - n) / np.maximum(np.abs(a), np.abs(n)))
    return float(error) if error.ndim == 0 else error


def numerical_gradient(f: Callable[..., Any], x: Any, h: float = 1e-5, sides: int = 2) -> Any:
    """Return the gradient of a scalar function by differences, one element of `x` at a time.

    Parameters
    ----------
    f : callable
        Takes what `x` is (a float, an array or a node), returns one number or a node of one element.
    x : float, array_like or Node
        Where. It is not written into; narrower dtypes are widened to float64.
    h : float
        The step.
    sides : {2, 1}
        2 for the centred difference (f(x + h) − f(x − h))/2h, whose error falls with h²; 1 for
        (f(x + h) − f(x))/h, whose error falls with h.

    Returns
    -------
    float or ndarray
        Float64, of the shape of `x`.

    Raises
    ------
    ArgumentError
        For other sides, or a step that is not positive.
    ShapeError
        When `f` returns more than one number.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn.testing import numerical_gradient
    >>> numerical_gradient(lambda x: (x * x).sum(), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if sides not in (1, 2):
        raise ArgumentError(f"numerical_gradient: sides={sides}, expected 2 (centred) or 1")
    if not h > 0:
        raise ArgumentError(f"numerical_gradient: h={h}, expected a step above 0")
    function, start, wrap = _plain(f, x)
    here = function(start) if sides == 1 else 0.0

    def derivative(i: tuple[int, ...]) -> float:
        above, up = _moved(start, i, h)
        if sides == 1:
            return (function(above) - here) / up
        below, down = _moved(start, i, -h)
        return (function(above) - function(below)) / (up - down)

    return wrap(_each(start, derivative))


def ridders_gradient(f: Callable[..., Any], x: Any, step: float = 2.0**-5, levels: int = LEVELS) -> tuple[Any, Any]:
    """Return the gradient of a scalar function by Ridders' method, and its error bars.

    Parameters
    ----------
    f : callable
        Takes what `x` is (a float, an array or a node), returns one number or a node of one element.
    x : float, array_like or Node
        Where.
    step : float
        The largest step, relative to the size of x, or to 1 where that is smaller; the others are halved from
        level to level.
    levels : int
        How many step sizes.

    Returns
    -------
    tuple
        The gradient and its error bars, both float64 of the shape of `x`.

    Examples
    --------
    >>> from autograd_cnn.testing import ridders_gradient
    >>> slope, bar = ridders_gradient(lambda x: x**3, 2.0)
    >>> abs(slope - 12) <= bar < 1e-9
    True
    """
    function, start, wrap = _plain(f, x)
    bars = np.zeros(start.shape)
    unseen = scattering(function, start)

    def derivative(i: tuple[int, ...]) -> float:
        def difference(h: float) -> float:
            (above, up), (below, down) = _moved(start, i, h), _moved(start, i, -h)
            return (function(above) - function(below)) / (up - down)

        h = power_of_two(step * max(1.0, abs(start[i])))
        noise = max(unseen, _EPS * max(abs(function(_moved(start, i, by)[0])) for by in (0.0, h, -h)))
        found = extrapolated(difference, h, levels, noise=noise)
        bars[i] = found.bar
        return found.value

    gradient = _each(start, derivative)
    return wrap(gradient), wrap(bars)


def directional_difference(f: Callable[..., Any], x: Any, direction: ArrayLike, step: float = 2.0**-5) -> Estimate:
    """Return the derivative of a scalar function along one direction, by Ridders' method.

    Raises
    ------
    ShapeError
        When the direction has not the shape of `x`.
    """
    function, start, _ = _plain(f, x)
    v = _direction("directional_difference", direction, start)

    def difference(h: float) -> float:
        return (function(start + h * v) - function(start - h * v)) / (2 * h)

    h = power_of_two(step)
    noise = max(scattering(function, start), _EPS * max(abs(function(start + by * v)) for by in (0.0, h, -h)))
    return extrapolated(difference, h, noise=noise)


def taylor_rate(
    f: Callable[..., Any], x: Any, gradient: ArrayLike, direction: ArrayLike, step: float = 2.0**-7
) -> float:
    """Return how fast f(x + hv) − f(x) − h⟨gradient, v⟩ falls with h: 2 for a right gradient, 1 for a wrong one.

    Returns
    -------
    float
        The exponent, between h = `step` and half of it; infinite where nothing but rounding is left, as for a
        linear function.
    """
    function, start, _ = _plain(f, x)
    v = _direction("taylor_rate", direction, start)
    slope, here = float(np.sum(np.asarray(gradient, np.float64) * v)), function(start)
    rest = [abs(function(start + h * v) - here - h * slope) for h in (step, step / 2)]
    return falling_rate(rest[0], rest[1], noise=8 * _EPS * (abs(here) + abs(slope) * step))


def falling_rate(coarse: float, fine: float, noise: float) -> float:
    """Return the exponent with which a remainder falls when its step is halved; infinite at the level of noise."""
    return math.inf if min(coarse, fine) <= noise else math.log2(coarse / fine)


def extrapolated(
    difference: Callable[[float], float], step: float, levels: int = LEVELS, noise: float = 0.0
) -> Estimate:
    """Extrapolate centred differences to step 0 and say how good the result is.

    Parameters
    ----------
    difference : callable
        Centred difference for a step h, whose error has only even powers of h.
    step : float
        The first step; each next one is half of it.
    levels : int
        How many steps at most: it stops when the result is as good as the numbers allow.
    noise : float
        Uncertainty of one value of the function; it is never below the smallest number above 0.

    Notes
    -----
    Ridders, 1982: the tableau of Richardson's extrapolation; the entry that differs least from its two
    parents wins. The smallest of many differences is an optimist, so it counts ten times; what rounding
    of the values does to the differences is added.
    """
    row: list[float] = []
    best = Estimate(math.nan, math.inf, step)
    for level in range(levels):
        h = step / 2**level
        previous, row = row, [difference(h)]
        rounding = 4 * max(noise, math.ulp(0.0)) / h + _EPS * abs(row[0])
        for k, above in enumerate(previous):
            row.append(row[k] + (row[k] - above) / (4.0 ** (k + 1) - 1))
            bar = SAFETY * max(abs(row[k + 1] - row[k]), abs(row[k + 1] - above)) + rounding
            if bar < best.bar:
                best = Estimate(row[k + 1], bar, step)
        if level >= 2 and best.bar <= 2 * rounding:
            break
    return best


def scattering(f: Callable[[Array], float], x: Array) -> float:
    """Return how far rounding moves a function: how far apart its values are at points a rounding away from `x`.

    What cancels inside a function, as all but ε does in the gradient of two standardised numbers, is rounded like
    the large numbers that cancel: the small values that are left do not show it. An estimate, from a few points.
    """
    rng = np.random.default_rng(0)
    reach = 2 * _EPS * np.maximum(1.0, np.abs(x))
    values = [f(x), *(f(x + reach * rng.uniform(-1, 1, x.shape)) for _ in range(_JITTERS))]
    finite = [value for value in values if math.isfinite(value)]
    return max(finite) - min(finite) if finite else 0.0


def power_of_two(h: float) -> float:
    """Return the nearest power of two below a step: adding it to a number rounds least."""
    return float(2.0 ** math.floor(math.log2(h)))


def _plain(f: Callable[..., Any], x: Any) -> tuple[Callable[[Array], float], Array, Callable[[Array], Any]]:
    """Return `f` as a function of a float64 array, `x` as such an array, and what turns one back into what `x` was."""
    if isinstance(x, Node):
        on_scalars = isinstance(x, Scalar)
        argument: Callable[[Array], Any] = lambda a: Scalar(float(a), False) if on_scalars else Tensor(a)  # noqa: E731
        start = np.array(x.value, np.float64)
    else:
        start = np.asarray(x)
        if start.dtype.kind not in "biuf":
            raise DtypeError(f"numeric gradient: x is {start.dtype}, expected real numbers")
        argument = float if start.ndim == 0 else np.array
        start = start.astype(np.float64)
    plain_number = not isinstance(x, np.ndarray | Node) and start.ndim == 0

    def function(a: Array) -> float:
        result = f(argument(a))
        value = np.asarray(result.value if isinstance(result, Node) else result)
        if value.size != 1:
            raise ShapeError(f"numeric gradient: f returned shape {value.shape}, expected one number; sum it first")
        return float(value.item())

    return function, start, float if plain_number or isinstance(x, Scalar) else np.asarray


def _each(start: Array, derivative: Callable[[tuple[int, ...]], float]) -> Array:
    result = np.zeros(start.shape)
    for i in np.ndindex(start.shape):
        result[i] = derivative(i)
    return result


def _moved(start: Array, i: tuple[int, ...], h: float) -> tuple[Array, float]:
    """Return a copy with one element moved, and how far it really moved: x + h is rounded."""
    moved = start.copy()
    moved[i] += h
    return moved, float(moved[i] - start[i])


def _direction(name: str, direction: ArrayLike, start: Array) -> Array:
    v = np.asarray(direction, np.float64)
    if v.shape != start.shape:
        raise ShapeError(f"{name}: a direction of shape {v.shape} for x of shape {start.shape}; expected the same")
    return v
