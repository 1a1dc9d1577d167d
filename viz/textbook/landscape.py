"""The loss along one or two random directions through the parameters (notes: optimization 1, the SVM's bowl)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, functional
from autograd_cnn.random import generator, seeded
from autograd_cnn.settings import is_whole, real
from viz.charts import Axis, ChartData, Field, Line, Panel, Points, chart
from viz.charts.data import Layer
from viz.charts.scales import round_numbers
from viz.errors import TextbookError
from viz.picture import Picture
from viz.style import number

_SCORES = 10


@dataclass(frozen=True)
class Section:
    """A cut through the loss.

    Attributes
    ----------
    steps : tuple of float
        How far along each direction, in lengths of the parameters.
    losses : tuple of tuple of float
        One row for each step along the second direction; a single row when there is none.
    slopes : tuple of float
        Of the loss at 0 along each direction, from the engine's gradient.
    length : float
        Of all parameters together.
    """

    steps: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    slopes: tuple[float, ...]
    length: float


def loss_along(
    loss_fn: Callable[[], Any],
    parameters: Iterable[Any],
    directions: int = 1,
    *,
    rng: np.random.Generator | int | None = None,
    reach: float = 1.0,
    steps: int = 0,
    title: str = "",
    theme: str = "light",
) -> Picture:
    """Draw the loss on a line, or on a plane, through the current parameters.

    Parameters
    ----------
    loss_fn : callable
        Takes nothing, returns the loss of the current parameters as a node of one number.
    parameters : iterable of Parameter or Scalar
        What is moved. Afterwards they hold what they held, to the last bit; a loss that was computed
        before is out of date all the same, and its backward pass says so.
    directions : {1, 2}
        A curve, or a map with contours.
    rng : Generator or int, optional
        Where the directions come from: normal numbers, scaled to the length of the parameters.
    reach : float
        How far to go on both sides, in lengths of the parameters.
    steps : int
        Losses to compute per direction; 0 for 121 on a line, 33 on a side of a map.
    title : str
        By default what is drawn.
    theme : {"light", "dark"}

    Raises
    ------
    TextbookError
        For no parameters, another number of directions, or a loss that is not one number.
    """
    found = section(loss_fn, parameters, directions, rng=rng, reach=reach, steps=steps)
    panel = _curve(found) if directions == 1 else _map(found)
    facts = (f"1 is as far as the parameters are long, ‖w‖ = {number(found.length)}; 0 is where they are now.",)
    title = title or ("The loss along a random direction" if directions == 1 else "The loss on a random plane")
    size = (330.0, 200.0) if directions == 1 else (300.0, 300.0)
    return chart(ChartData(title, (panel,), facts=facts, size=size), theme=theme)


def section(
    loss_fn: Callable[[], Any],
    parameters: Iterable[Any],
    directions: int = 1,
    *,
    rng: np.random.Generator | int | None = None,
    reach: float = 1.0,
    steps: int = 0,
) -> Section:
    """Return the losses that `loss_along` draws."""
    held = list(parameters)
    if not held or directions not in (1, 2) or not 0 < real(reach) < math.inf:
        raise TextbookError(
            f"loss_along: {len(held)} parameters, directions={directions!r}, reach={reach!r}; "
            "expected at least one parameter, 1 or 2 directions, and a finite reach above 0"
        )
    steps = steps or (121 if directions == 1 else 33)
    if not is_whole(steps, 3):
        raise TextbookError(f"loss_along: steps={steps!r}, expected at least 3")
    random = generator(rng)
    start = [np.array(p.value, dtype=np.float64) for p in held]
    length = _length(start) or 1.0
    ways = [_scaled([random.normal(size=p.shape) for p in start], length) for _ in range(directions)]
    along = np.linspace(-reach, reach, steps)
    rows = along if directions == 2 else [0.0]
    with _restored(held), np.errstate(all="ignore"):  # far out a loss may overflow
        slopes = _slopes(loss_fn, held, ways)
        with ag.no_grad():
            losses = [[_loss_at(loss_fn, held, start, ways, (a, b)) for a in along] for b in rows]
    return Section(tuple(along.tolist()), tuple(map(tuple, losses)), slopes, _length(start))


@contextmanager
def _restored(parameters: list[Any]) -> Iterator[None]:
    """Give the parameters back what they held, to the last bit, whatever happens in between."""
    before = [np.array(p.value) if isinstance(p, ag.Tensor) else p.value for p in parameters]
    try:
        yield
    finally:
        for parameter, value in zip(parameters, before, strict=True):
            parameter.assign(value)


def _loss_at(
    loss_fn: Callable[[], Any], parameters: list[Any], start: list[Any], ways: list[Any], at: tuple[float, float]
) -> float:
    for i, (parameter, here) in enumerate(zip(parameters, start, strict=True)):
        moved = here + sum(far * way[i] for far, way in zip(at, ways, strict=False))
        parameter.assign(moved if isinstance(parameter, ag.Tensor) else float(moved))
    return _number(loss_fn())


def _number(loss: Any) -> float:
    if getattr(loss, "size", 1) != 1:
        raise TextbookError(f"loss_along: the loss has shape {loss.shape}; expected one number: take its mean or sum")
    return float(loss.item() if isinstance(loss, ag.Node) else loss)


def _slopes(loss_fn: Callable[[], Any], parameters: list[Any], ways: list[Any]) -> tuple[float, ...]:
    """Return the derivative of the loss along each direction: the gradient times the direction."""
    loss = loss_fn()
    _number(loss)
    if not isinstance(loss, ag.Node):
        raise TextbookError(
            f"loss_along: loss_fn returned {type(loss).__name__}, expected a node made from the parameters"
        )
    gradients = ag.grad(loss, parameters)
    return tuple(
        float(sum(np.sum(g * w) for g, w in zip(gradients, way, strict=True) if g is not None)) for way in ways
    )


def _length(arrays: list[Any]) -> float:
    return math.sqrt(sum(float(np.sum(a * a)) for a in arrays))


def _scaled(arrays: list[Any], length: float) -> list[Any]:
    return [a * (length / _length(arrays)) for a in arrays]


def _curve(found: Section) -> Panel:
    [losses], [slope] = found.losses, found.slopes
    here = losses[len(losses) // 2] if len(losses) % 2 else float(np.interp(0, found.steps, losses))
    near = [step for step in found.steps if abs(step) <= found.steps[-1] * 0.35]
    tangent = Line(
        "slope at 0, from the gradient", tuple(near), tuple(here + slope * a for a in near), "gradient", "dashed"
    )
    layers = (
        Line("loss", found.steps, losses),
        tangent,
        Points("the parameters now", (0.0,), (here,), "ink", "ring", 9.0),
    )
    return Panel(Axis("a, along a random direction"), Axis("loss L(w + a·u)"), layers)


def _map(found: Section) -> Panel:
    finite = [loss for row in found.losses for loss in row if math.isfinite(loss)]
    levels = round_numbers(min(finite), max(finite), 9) if finite and min(finite) < max(finite) else ()
    field = Field("loss", found.steps, found.steps, found.losses, tuple(n for n in levels if n > min(finite)))
    layers: list[Layer] = [field, Points("the parameters now", (0.0,), (0.0,), "critical", "cross", 10.0)]
    steepest = math.hypot(*found.slopes)
    if steepest > 0:
        far = 0.45 * found.steps[-1] / steepest
        down = Line(
            "straight down, from the gradient",
            (0.0, -far * found.slopes[0]),
            (0.0, -far * found.slopes[1]),
            "critical",
            "solid",
            2.2,
        )
        layers.append(down)
    return Panel(Axis("a, along a random direction u"), Axis("b, along a random direction v"), tuple(layers))


def svm_on_digits(images: int = 100, *, seed: int = 0) -> tuple[Callable[[], Any], list[Any]]:
    """Return the loss of a linear SVM on some of the bundled digits, and its parameters.

    Parameters
    ----------
    images : int
        Training images. On a single one the loss along a line is in straight pieces; the mean over many is a bowl.
    seed : int
        Of the weights.

    Returns
    -------
    callable, list of Parameter
        For `loss_along`.
    """
    train = data.digits().train
    if not 1 <= images <= len(train):
        raise TextbookError(f"svm_on_digits: images={images}, expected 1 to {len(train)}")
    pixels = train.images[:images].reshape(images, -1).astype(np.float64)
    weight = ag.Parameter(
        seeded("svm_on_digits: seed", seed).normal(size=(pixels.shape[1], _SCORES)) * 0.3, name="weight"
    )
    return lambda: functional.multiclass_svm_loss(pixels @ weight, train.labels[:images]), [weight]
