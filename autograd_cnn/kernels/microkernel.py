"""The register-blocked kernels under all fast convolutions, written in LLVM's vector instructions.

`tile` is a small matrix product whose sums stay in vector registers: each step of its three nested loops loads
one row of B, broadcasts a column of A number by number, and multiplies and adds. `lanewise` does the same for
vectors of A, lane by lane. `dot` multiplies and adds vector by vector, and adds the lanes up at the end. All walk
over A and B by free strides, so that a loop may be a channel, a row or column of a window, or an image.

A kernel is compiled once per size and dtype, to machine code that is cached on disk and called by its address
(`call_tile`, `call_dot`) from drivers under `@jit`. Compiled into every driver instead, a network's kernels would
take 4 to 27 s; called, they cost 0.1 to 0.4 s each, once on a machine, and 4 % of speed.

Addresses are plain signed integers (`address` of an array in a driver, ``array.ctypes.data`` in Python; keep the
array alive), strides count numbers, not bytes. Numbers need no alignment beyond their own size.
Nothing here runs under ``NUMBA_DISABLE_JIT=1``: the plain loops serve there.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import extending, types

from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.jit import native
from autograd_cnn.kernels.vectors import INDEX, Vectors, call_by_address, index

I = types.int64  # noqa: E741 - in signatures
TILE = types.void(*[I] * 14)
DOT = types.void(*[I] * 16)
intrinsic: Any = extending.intrinsic  # a function in drivers, not what mypy sees


def tile(rows: int, vectors: int, dtype: np.dtype[Any] | type, add: bool = False) -> int:
    """Return the address of the kernel C[p, v] = Σ A[k·sa + p·sap] · B[k·sb + v], or C += with ``add``.

    Parameters
    ----------
    rows : int
        How many rows p the tile has.
    vectors : int
        How many vectors of `instruction_set(dtype).lanes` numbers v each row has.
    dtype
        float32 or float64.
    add : bool
        Whether to add to what stands in C.

    Notes
    -----
    ``call_tile(address, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp)``: the addresses of A, B
    and C; the lengths of the three loops, the last one innermost; A's strides along them and from row to row;
    B's strides along them; C's stride from row to row. The numbers of a row stand side by side in B and in C.
    """
    at: int = _tile(rows, vectors, np.dtype(dtype), bool(add), False).address
    return at


def lanewise(rows: int, dtype: np.dtype[Any] | type, add: bool = False) -> int:
    """Return the address of the kernel C[p, l] = Σ A[k·sa + p·sap + l] · B[k·sb + l] over k, for each lane l.

    It is called as `tile` is, by `call_tile`, and differs from a tile of one vector in what it reads of A: a vector
    where that one reads a number. For depthwise convolution.
    """
    at: int = _tile(rows, 1, np.dtype(dtype), bool(add), True).address
    return at


def dot(rows: int, columns: int, dtype: np.dtype[Any] | type) -> int:
    """Return the address of the kernel C[p, q] += Σ A[k·sa + p·sap + l] · B[k·sb + q·sbq + l] over k and lanes l.

    Parameters
    ----------
    rows, columns : int
        How many sums: p, and q for each of them.
    dtype
        float32 or float64.

    Notes
    -----
    ``call_dot(address, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq)``: as for `tile`;
    a loop over vectors that stand side by side has the stride `instruction_set(dtype).lanes`.
    """
    at: int = _dot(rows, columns, np.dtype(dtype)).address
    return at


@intrinsic
def call_tile(context, at, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp):  # type: ignore[no-untyped-def]
    """Call a kernel made by `tile`, in code under `@jit`."""
    return types.void(I, *TILE.args), call_by_address


@intrinsic
def call_dot(context, at, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq):  # type: ignore[no-untyped-def]
    """Call a kernel made by `dot`, in code under `@jit`."""
    return types.void(I, *DOT.args), call_by_address


@intrinsic
def address(context, array):  # type: ignore[no-untyped-def]
    """Return where an array's numbers begin, as a signed integer, in code under `@jit`."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = target.make_array(signature.args[0])(target, builder, arguments[0]).data
        return builder.ptrtoint(data, INDEX)

    return types.int64(array), generate


def literals(*kinds: Any) -> list[Any] | None:
    """Return the values of arguments that numba knows while it compiles, or None if it does not know one."""
    if not all(isinstance(kind, types.Literal) for kind in kinds):
        return None
    return [kind.literal_value for kind in kinds]


@cache
def _tile(rows: int, vectors: int, dtype: np.dtype[Any], add: bool, lanewise: bool) -> Any:
    machine = instruction_set(dtype)
    lanes, bits, fused = machine.lanes, dtype.itemsize * 8, int(machine.fused)
    adds, loads = int(add), int(lanewise)

    def tile(a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp):  # type: ignore[no-untyped-def]
        _write_tile(
            rows, vectors, lanes, bits, fused, adds, loads, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp
        )

    return native(tile, TILE)


@cache
def _dot(rows: int, columns: int, dtype: np.dtype[Any]) -> Any:
    machine = instruction_set(dtype)
    lanes, bits, fused = machine.lanes, dtype.itemsize * 8, int(machine.fused)

    def dot(a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq):  # type: ignore[no-untyped-def]
        _write_dot(
            rows, columns, lanes, bits, fused, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq
        )

    return native(dot, DOT)


@intrinsic
def _write_tile(  # type: ignore[no-untyped-def]
    context, rows, vectors, lanes, bits, fused, adds, loads, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp
):
    size = literals(rows, vectors, lanes, bits, fused, adds, loads)
    if size is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Vectors(builder, size[2], size[3], bool(size[4]))
        _tile_code(write, size[0], size[1], size[5], size[6], *arguments[7:])
        return target.get_dummy_value()

    return types.void(rows, vectors, lanes, bits, fused, adds, loads, *TILE.args), generate


@intrinsic
def _write_dot(  # type: ignore[no-untyped-def]
    context, rows, columns, lanes, bits, fused, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq
):
    size = literals(rows, columns, lanes, bits, fused)
    if size is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _dot_code(Vectors(builder, size[2], size[3], bool(size[4])), size[0], size[1], *arguments[5:])
        return target.get_dummy_value()

    return types.void(rows, columns, lanes, bits, fused, *DOT.args), generate


def _tile_code(  # type: ignore[no-untyped-def]
    v: Vectors,
    rows: int,
    vectors: int,
    adds: int,
    loads: int,
    a,
    b,
    c,
    k1,
    k2,
    k3,
    sa1,
    sa2,
    sa3,
    sap,
    sb1,
    sb2,
    sb3,
    scp,
) -> None:
    a, b, c = v.pointer(a), v.pointer(b), v.pointer(c)
    sums = v.registers(rows, vectors)
    places = [[v.step(v.at(c, scp, p), index(q * v.lanes)) for q in range(vectors)] for p in range(rows)]
    for p, q in np.ndindex(rows, vectors):
        v.builder.store(v.load(places[p][q]) if adds else v.zero, sums[p][q])
    with (
        v.loop(k1, (a, sa1), (b, sb1)) as (a1, b1),
        v.loop(k2, (a1, sa2), (b1, sb2)) as (a2, b2),
        v.loop(k3, (a2, sa3), (b2, sb3)) as (a3, b3),
    ):
        row = [v.load(v.step(b3, index(q * v.lanes))) for q in range(vectors)]
        for p in range(rows):
            factor = v.load(v.at(a3, sap, p)) if loads else v.broadcast(v.at(a3, sap, p))
            for q in range(vectors):
                v.builder.store(v.multiply_add(factor, row[q], v.builder.load(sums[p][q])), sums[p][q])
    for p, q in np.ndindex(rows, vectors):
        v.store(v.builder.load(sums[p][q]), places[p][q])


def _dot_code(  # type: ignore[no-untyped-def]
    v: Vectors, rows: int, columns: int, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq
) -> None:
    a, b, c = v.pointer(a), v.pointer(b), v.pointer(c)
    sums = v.registers(rows, columns)
    for p, q in np.ndindex(rows, columns):
        v.builder.store(v.zero, sums[p][q])
    with (
        v.loop(k1, (a, sa1), (b, sb1)) as (a1, b1),
        v.loop(k2, (a1, sa2), (b1, sb2)) as (a2, b2),
        v.loop(k3, (a2, sa3), (b2, sb3)) as (a3, b3),
    ):
        factors = [v.load(v.at(a3, sap, p)) for p in range(rows)]
        for q in range(columns):
            column = v.load(v.at(b3, sbq, q))
            for p in range(rows):
                v.builder.store(v.multiply_add(factors[p], column, v.builder.load(sums[p][q])), sums[p][q])
    for p, q in np.ndindex(rows, columns):
        place = v.step(v.at(c, scp, p), v.builder.mul(scq, index(q)))
        total = v.builder.fadd(v.builder.load(place), v.sum(v.builder.load(sums[p][q])))
        v.builder.store(total, place)
