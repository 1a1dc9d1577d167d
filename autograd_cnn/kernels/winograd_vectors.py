"""The products M X Mᵀ of Winograd's transforms, where X is a small matrix of vectors of channels.

M is known when a kernel is compiled: products with 0 or ±1 fall away, and all sums stay in registers. Rows and
columns of X are pixels of a channels-last image, or numbers of transformed tiles, found by strides. Channels that
do not fill the last vector are done by one that overlaps the one before, so there must be a vectorful at least.

As in :mod:`.microkernel` addresses are integers, strides count numbers, and each kernel is compiled once and
called by its address. Nothing here runs under ``NUMBA_DISABLE_JIT=1``: `winograd_transforms.sandwich` says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.jit import native
from autograd_cnn.kernels.microkernel import literals
from autograd_cnn.kernels.vectors import INDEX, Vectors, call_by_address, index
from autograd_cnn.kernels.winograd_transforms import TRANSFORMS, Matrix, transposed

I = types.int64  # noqa: E741 - an address, a stride or a count
SANDWICH = types.void(I, I, I, I, I, I, I)
FINISH = types.int64(I, I, I, I, I, I)
COPY = types.void(I, I, I, I, I, I, I, I, I)
intrinsic: Any = extending.intrinsic  # a function in drivers, not what mypy sees


def sandwich(tile: int, matrix: str, dtype: np.dtype[Any] | type) -> int:
    """Return the address of the kernel Y = M X Mᵀ, channel by channel.

    Parameters
    ----------
    tile : int
        2 or 4: whose `TRANSFORMS`.
    matrix : str
        ``of_image``, ``of_weight`` or ``to_output``; with ``.T`` transposed.
    dtype
        float32 or float64.

    Notes
    -----
    ``call_sandwich(address, x, row, column, y, to_row, to_column, channels)``: the addresses of X and Y, each with
    its strides from row to row and from column to column.
    """
    return int(_sandwich(tile, matrix, np.dtype(dtype)).address)


def finish(tile: int, dtype: np.dtype[Any] | type) -> int:
    """Return the address of the kernel Y = Aᵀ X A, which tells whether all numbers are finite.

    Notes
    -----
    ``call_finish(address, x, step, y, to_row, to_column, channels)`` returns 0 if all numbers are finite. ``step``
    leads from one number of the transformed tile to the next.
    """
    return int(_finish(tile, np.dtype(dtype)).address)


def copy(dtype: np.dtype[Any] | type) -> int:
    """Return the address of the kernel Y[i, j] = X[i, j] over a rectangle of pixels.

    Notes
    -----
    ``call_copy(address, x, row, column, y, to_row, to_column, rows, columns, channels)``
    """
    return int(_copy(np.dtype(dtype)).address)


@intrinsic
def call_sandwich(context, at, x, row, column, y, to_row, to_column, channels):  # type: ignore[no-untyped-def]
    """Call a kernel made by `sandwich`, in code under `@jit`."""
    return types.void(I, *SANDWICH.args), call_by_address


@intrinsic
def call_finish(context, at, x, step, y, to_row, to_column, channels):  # type: ignore[no-untyped-def]
    """Call a kernel made by `finish`, in code under `@jit`."""
    return FINISH.return_type(I, *FINISH.args), call_by_address


@intrinsic
def call_copy(context, at, x, row, column, y, to_row, to_column, rows, columns, channels):  # type: ignore[no-untyped-def]
    """Call a kernel made by `copy`, in code under `@jit`."""
    return types.void(I, *COPY.args), call_by_address


@cache
def _sandwich(tile: int, matrix: str, dtype: np.dtype[Any]) -> Any:
    machine = instruction_set(dtype)
    lanes, bits, fused = machine.lanes, dtype.itemsize * 8, int(machine.fused)

    def sandwich(x, row, column, y, to_row, to_column, channels):  # type: ignore[no-untyped-def]
        _write_sandwich(tile, matrix, lanes, bits, fused, x, row, column, y, to_row, to_column, channels)

    return native(sandwich, SANDWICH)


@cache
def _finish(tile: int, dtype: np.dtype[Any]) -> Any:
    machine = instruction_set(dtype)
    lanes, bits, fused = machine.lanes, dtype.itemsize * 8, int(machine.fused)

    def finish(x, step, y, to_row, to_column, channels):  # type: ignore[no-untyped-def]
        return _write_finish(tile, lanes, bits, fused, x, step, y, to_row, to_column, channels)

    return native(finish, FINISH)


@cache
def _copy(dtype: np.dtype[Any]) -> Any:
    machine = instruction_set(dtype)
    lanes, bits = machine.lanes, dtype.itemsize * 8

    def copy(x, row, column, y, to_row, to_column, rows, columns, channels):  # type: ignore[no-untyped-def]
        _write_copy(lanes, bits, x, row, column, y, to_row, to_column, rows, columns, channels)

    return native(copy, COPY)


@intrinsic
def _write_sandwich(context, tile, matrix, lanes, bits, fused, x, row, column, y, to_row, to_column, channels):  # type: ignore[no-untyped-def]
    given = literals(tile, matrix, lanes, bits, fused)
    if given is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, row, column, y, to_row, to_column, channels = arguments[5:]
        v = Vectors(builder, given[2], given[3], bool(given[4]))
        with _vectorfuls(v, channels, x, y) as (x, y):
            for i, j, number in _entries(v, _matrix(*given[:2]), _pixels(v, x, row, column)):
                v.store(number, v.at(v.at(y, to_row, i), to_column, j))
        return target.get_dummy_value()

    return types.void(tile, matrix, lanes, bits, fused, *SANDWICH.args), generate


@intrinsic
def _write_finish(  # type: ignore[no-untyped-def]
    context, tile, lanes, bits, fused, x, step, y, to_row, to_column, channels
):
    given = literals(tile, lanes, bits, fused)
    if given is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _finish_code(Vectors(builder, given[1], given[2], bool(given[3])), given[0], *arguments[4:])

    return FINISH.return_type(tile, lanes, bits, fused, *FINISH.args), generate


@intrinsic
def _write_copy(context, lanes, bits, x, row, column, y, to_row, to_column, rows, columns, channels):  # type: ignore[no-untyped-def]
    given = literals(lanes, bits)
    if given is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, row, column, y, to_row, to_column, rows, columns, channels = arguments[2:]
        v = Vectors(builder, given[0], given[1], fused=False)
        with (
            _vectorfuls(v, channels, x, y) as (x, y),
            v.loop(rows, (x, row), (y, to_row)) as (x1, y1),
            v.loop(columns, (x1, column), (y1, to_column)) as (x2, y2),
        ):
            v.store(v.load(x2), y2)
        return target.get_dummy_value()

    return types.void(lanes, bits, *COPY.args), generate


def _finish_code(  # type: ignore[no-untyped-def]
    v: Vectors, tile: int, x, step, y, to_row, to_column, channels
) -> Any:
    b, matrix = v.builder, _matrix(tile, "to_output")
    spoilt = v.registers(1, 1)[0][0]
    b.store(v.zero, spoilt)
    with _vectorfuls(v, channels, x, y) as (x, y):
        row = b.mul(step, index(len(matrix[0])))
        for i, j, number in _entries(v, matrix, _pixels(v, x, row, step)):
            # 0 times a number is 0, unless it is infinite or NaN
            b.store(b.fadd(b.fmul(number, v.zero), b.load(spoilt)), spoilt)
            v.store(number, v.at(v.at(y, to_row, i), to_column, j))
    lanes = ir.IntType(v.lanes)
    found = b.bitcast(b.fcmp_unordered("uno", b.load(spoilt), v.zero), lanes)
    return b.zext(b.icmp_unsigned("!=", found, ir.Constant(lanes, 0)), INDEX)


@contextmanager
def _vectorfuls(v: Vectors, channels: Any, *addresses: Any) -> Iterator[list[Any]]:
    """Write a loop over vectorfuls of channels; give the pointers where each begins."""
    b = v.builder
    last = b.sub(channels, index(v.lanes))
    number = b.udiv(b.add(channels, index(v.lanes - 1)), index(v.lanes))
    with cgutils.for_range(b, number) as turn:
        here = b.mul(turn.index, index(v.lanes))
        here = b.select(b.icmp_signed("<", here, last), here, last)
        yield [v.step(v.pointer(address), here) for address in addresses]


def _pixels(v: Vectors, x: Any, row: Any, column: Any) -> Callable[[int, int], Any]:
    return lambda i, j: v.load(v.at(v.at(x, row, i), column, j))


def _entries(v: Vectors, matrix: Matrix, entry: Callable[[int, int], Any]) -> Iterator[tuple[int, int, Any]]:
    """Yield the entries of M X Mᵀ: column by column the entries of M X, then its rows times Mᵀ."""
    size = range(len(matrix[0]))
    columns = []
    for j in size:
        column = [entry(i, j) for i in size]
        columns.append([_combination(v, row, column) for row in matrix])
    for i in range(len(matrix)):
        for j, row in enumerate(matrix):
            yield i, j, _combination(v, row, [column[i] for column in columns])


def _combination(v: Vectors, factors: tuple[Fraction, ...], vectors: list[Any]) -> Any:
    """Return Σ factor · vector, beginning with a factor of 1 where there is one."""
    terms = sorted(zip(factors, vectors, strict=True), key=lambda term: term[0] != 1)
    (factor, vector), *terms = [term for term in terms if term[0]]
    total = vector if factor == 1 else v.builder.fmul(vector, v.constant(float(factor)))
    for factor, vector in terms:
        if factor == 1:
            total = v.builder.fadd(total, vector)
        elif factor == -1:
            total = v.builder.fsub(total, vector)
        else:
            total = v.multiply_add(vector, v.constant(float(factor)), total)
    return total


def _matrix(tile: int, name: str) -> Matrix:
    matrix: Matrix = getattr(TRANSFORMS[tile], name.removesuffix(".T"))
    return transposed(matrix) if name.endswith(".T") else matrix
