"""Learn the structure of a gate by running it on numbers that were made to tell.

Numbers that only move say where they came from; numbers computed one by one agree with numbers
computed at once; and where a gate is linear in each input, unit vectors read off its coefficients.
So a new gate needs no word on its structure; only where the arithmetic hides in a choice by value
(max), in a loop worth writing out (matmul), or where a graph has thousands of a gate (getitem: one for
each window of a convolution), it is written here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.expansion.structure import (
    Chain,
    Elementwise,
    MatrixProduct,
    Replay,
    Routing,
    Shape,
    Structure,
    SumOfProducts,
    product,
    total,
)
from autograd_cnn.expansion.tracing import run_on_tracers
from autograd_cnn.gates.arithmetic import divide
from autograd_cnn.gates.comparison import maximum, minimum
from autograd_cnn.registry import Gate, gradient_of

_PROBES = 8
_SAMPLES = 16
_MOST_ELEMENTS = 100_000
_MOST_UNIT_VECTORS = 200_000


def structure_of(gate: Gate, attributes: dict[str, Any], values: list[Any], varying: list[bool]) -> Structure:
    """Return how the elements of ``gate(*values, **attributes)`` are made from elements of `values`.

    Parameters
    ----------
    values : list of ndarray
        The inputs; those with a floating dtype may be probed with other numbers.
    varying : list of bool
        Which inputs may hold other values later.

    Raises
    ------
    ArgumentError
        When the inputs are too large to be run element by element.
    GradientError
        When the gate has no structure that can be learned, and no expansion.
    """
    if gate.name in _WRITTEN:
        return _WRITTEN[gate.name](gate, attributes, values)
    for learn in (_routing, _elementwise, _replay, _sum_of_products):
        if learn is _replay and (count := sum(x.size for x in values)) > _MOST_ELEMENTS:
            raise ArgumentError(
                f"expand: {gate.name} of {count:,} elements is too large to be run element by element; "
                "expand a smaller part of the graph"
            )
        try:
            with np.errstate(all="ignore"):
                found = learn(gate, attributes, values, varying)
        except Exception:  # a forward may refuse a probe in any way it likes: then it is not of this structure
            continue
        if found is not None:
            return found
    raise GradientError(
        f"expand: {gate.name} decides by values or mixes elements in a way that cannot be learned by running it; "
        f"declare the same computation in smaller gates with @{gate.name}.expansion"
    )


def _run(gate: Gate, attributes: dict[str, Any], values: Sequence[Any]) -> Any:
    return np.asarray(gate(*values, **attributes))


def _routing(gate: Gate, attributes: dict[str, Any], values: list[Any], varying: list[bool]) -> Structure | None:
    """Run on labels: numbers of all sizes and signs, and zeros in one input at a time.

    Where each label arrives must not depend on its size, and must explain the true output.
    """
    if gate.broadcasts and gate.arity > 1:  # of two numbers at the same place one may win, but not by its place
        return None
    if any(v and x.dtype.kind != "f" for v, x in zip(varying, values, strict=True)):
        return None
    places: Any = None
    constants: Any = None
    for labels in _labellings(values):
        output = _run(gate, attributes, labels)
        flat = np.concatenate([np.ravel(x).astype(float) for x in labels])
        order = np.argsort(flat, kind="stable")
        near = np.clip(np.searchsorted(flat[order], output), 0, max(flat.size - 1, 0))
        moved = flat[order[near]] == output if flat.size else np.zeros(output.shape, bool)
        here = np.where(moved, order[near] if flat.size else 0, -1)
        if places is None:
            places, constants = here, np.where(moved, 0.0, output)
        elif not (np.array_equal(places, here) and np.array_equal(constants, np.where(moved, 0.0, output))):
            return None
    found = Routing([x.shape for x in values], places, constants)
    truth = np.concatenate([np.ravel(x).astype(float) for x in values])
    explained = np.where(places < 0, constants, truth[places] if truth.size else 0.0)
    if not np.array_equal(explained, _run(gate, attributes, values), equal_nan=True):
        return None
    for slot in range(len(values) if len(values) > 1 else 0):  # a choice made by one input shows when that is 0
        zeroed = [np.zeros_like(x) if i == slot else x for i, x in enumerate(_label(values, 7, 1.0))]
        flat = np.concatenate([np.ravel(x).astype(float) for x in zeroed])
        if not np.array_equal(np.where(places < 0, constants, flat[places]), _run(gate, attributes, zeroed)):
            return None
    return found


def _labellings(values: list[Any]) -> Any:
    scales = (1.0, -1.0, 1e-9, -1e-9, 1e9, -1e9, 1.0, -1.0)
    return (_label(values, seed, scale) for seed, scale in enumerate(scales))


def _label(values: list[Any], seed: int, scale: float) -> list[Any]:
    """Replace floating inputs by distinct numbers, in an order of their own; leave the others."""
    rng = np.random.default_rng(seed)
    count = sum(x.size for x in values)
    numbers = iter(np.split(scale * (rng.permutation(count) + 1.5) * 1.0009765625, np.cumsum([x.size for x in values])))
    labels = []
    for x in values:
        own = next(numbers).reshape(x.shape)
        labels.append(own if x.dtype.kind == "f" else x)
    return labels


def _elementwise(gate: Gate, attributes: dict[str, Any], values: list[Any], varying: list[bool]) -> Structure | None:
    """Apply the gate to single elements, of the true values and of random ones: it must give what it gives at once."""
    shapes = [x.shape for x in values]
    rng = np.random.default_rng(0)
    others = ([rng.uniform(0.1, 0.9, x.shape) if x.dtype.kind == "f" else x for x in values] for _ in range(_PROBES))
    for probe in (values, *others):
        output = _run(gate, attributes, probe)
        if output.shape != np.broadcast_shapes(*shapes):
            return None
        spread = [np.broadcast_to(x, output.shape) for x in probe]
        chosen = rng.permutation(output.size)[:_SAMPLES]
        for at in zip(*np.unravel_index(chosen, output.shape), strict=True) if output.ndim else [()]:
            elements = [x[at].item() for x in spread]
            single = gate(*elements, **attributes)
            if np.ndim(single) or not np.isclose(float(single), output[at], rtol=1e-9, atol=0, equal_nan=True):
                return None
            if gate.rule is not None:  # it must work on single numbers too, or it raises here
                gradient_of(gate, 1.0, float(single), elements, gate.attributes | attributes, (True,) * len(elements))
    return Elementwise(gate, attributes, shapes)


def _replay(gate: Gate, attributes: dict[str, Any], values: list[Any], varying: list[bool]) -> Structure | None:
    """Run the forward on tracers: it must be plain arithmetic, and give the same numbers."""
    cells, links = run_on_tracers(gate, attributes, values)
    output = _run(gate, attributes, values)
    if cells.shape != output.shape or not np.allclose(cells.astype(float), output, rtol=1e-9, atol=1e-12):
        return None
    return Replay(gate, attributes, [x.shape for x in values], links)


def _sum_of_products(
    gate: Gate, attributes: dict[str, Any], values: list[Any], varying: list[bool]
) -> Structure | None:
    """Check that the gate is linear in each of its one or two inputs; then read off its coefficients."""
    floating = [i for i, x in enumerate(values) if x.dtype.kind == "f"]
    if len(floating) != len(values) or len(values) > 2:
        return None
    sizes = [x.size for x in values]
    if np.prod(sizes) > _MOST_UNIT_VECTORS or not _is_linear_in_each(gate, attributes, values):
        return None
    terms: list[list[tuple[float, tuple[int, ...]]]] = [[] for _ in range(_run(gate, attributes, values).size)]
    for places in itertools.product(*map(range, sizes)):
        units = [_unit(x.shape, place) for x, place in zip(values, places, strict=True)]
        coefficients = np.ravel(_run(gate, attributes, units))
        for at in np.flatnonzero(coefficients):
            terms[at].append((float(coefficients[at]), places))
    return SumOfProducts([x.shape for x in values], terms)


def _is_linear_in_each(gate: Gate, attributes: dict[str, Any], values: list[Any]) -> bool:
    rng = np.random.default_rng(0)
    a, b = ([rng.integers(-8, 9, x.shape).astype(float) for x in values] for _ in range(2))
    for slot in range(len(values)):
        mixed, only_b = list(a), list(a)
        mixed[slot], only_b[slot] = 2 * a[slot] + b[slot], b[slot]
        expected = 2 * _run(gate, attributes, a) + _run(gate, attributes, only_b)
        if not np.allclose(_run(gate, attributes, mixed), expected, rtol=1e-12, atol=1e-12):
            return False
    return True


def _unit(shape: Shape, place: int) -> Any:
    unit = np.zeros(shape)
    unit.flat[place] = 1.0
    return unit


def _chain(fold: Callable[[list[Any]], Any]) -> Callable[[Gate, dict[str, Any], list[Any]], Structure]:
    """Return what makes the structure of a reduction with the given fold."""

    def over(gate: Gate, attributes: dict[str, Any], values: list[Any]) -> Structure:
        shape = values[0].shape
        axis = attributes.get("axis")
        axes = range(len(shape)) if axis is None else np.atleast_1d(np.asarray(axis, int)) % max(len(shape), 1)
        kept = [a for a in range(len(shape)) if a not in axes]
        places = np.arange(values[0].size).reshape(shape).transpose(*kept, *sorted(axes))
        outputs = int(np.prod([shape[a] for a in kept]))
        return Chain(shape, places.reshape(outputs, values[0].size // max(outputs, 1)), fold)

    return over


def _moved(gate: Gate, attributes: dict[str, Any], values: list[Any]) -> Structure:
    """Every element of the output is one of the input: run on their numbers, the gate says which."""
    numbers = np.arange(values[0].size).reshape(values[0].shape)
    places = np.asarray(gate(numbers, **attributes))
    return Routing([values[0].shape], places, np.zeros(places.shape))


def _matmul(gate: Gate, attributes: dict[str, Any], values: list[Any]) -> Structure:
    """Row times column: (…, n, k) @ (…, k, m), vectors as one row or one column."""
    left, right = (np.arange(x.size).reshape(x.shape) for x in values)
    rows = left[None, :] if left.ndim == 1 else left
    columns = np.swapaxes(right[:, None] if right.ndim == 1 else right, -1, -2)
    first, second = np.broadcast_arrays(rows[..., :, None, :], columns[..., None, :, :])
    return MatrixProduct([x.shape for x in values], (first, second))


def _mean_of(cells: list[Any]) -> Any:
    return divide(total(cells), float(len(cells)))


_WRITTEN: dict[str, Callable[[Gate, dict[str, Any], list[Any]], Structure]] = {
    "sum": _chain(total),
    "mean": _chain(_mean_of),
    "prod": _chain(product),
    "max": _chain(lambda cells: reduce(maximum, cells)),
    "min": _chain(lambda cells: reduce(minimum, cells)),
    "matmul": _matmul,
    **dict.fromkeys(("getitem", "reshape", "transpose", "broadcast_to", "swapaxes", "squeeze", "expand_dims"), _moved),
}
