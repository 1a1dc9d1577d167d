"""Replaying a tape: a computation on single numbers, written down once as flat arrays.

Row ``i`` of the tape is one number: first the leaves, then what instruction ``i`` makes of the rows ``a[i]``,
``b[i]`` and ``c[i]``. Instructions of one kind that do not need each other stand in a row, a run: ``opcodes[r]`` is
done for the rows from ``firsts[r]`` to before ``lasts[r]``, so that the machine decides once per run, not once per row.

A tape runs over one sample or over several side by side, in lanes: row ``i`` of sample ``j`` then stands at
``values[i * lanes + j]``. Kernels take as many lanes as `ONE` or `LANES` is long. The length of a tuple belongs to its
type: with `ONE` the loop over lanes is gone from the machine code. That of an array does not: a loop of unknown length
LLVM turns into vector instructions, after asking whether rows overlap, where it would merely unroll a short one. Rows
are unsigned, or every index would be asked whether it counts from the end.

Comparisons give 1 or 0. The forms are those of the gates of the same names, for floats: NaN and ties included.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.opcodes import OPCODES

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.uint32]
Opcodes: TypeAlias = NDArray[np.int8]
Lanes: TypeAlias = tuple[int] | NDArray[np.int8]

ONE: Lanes = (0,)
LANES: Lanes = np.zeros(16, np.int8)

ADD, SUBTRACT, MULTIPLY, DIVIDE = (OPCODES[name] for name in ("add", "subtract", "multiply", "divide"))
NEGATIVE, WHERE, LESS_EQUAL, RELU = (OPCODES[name] for name in ("negative", "where", "less_equal", "relu"))
MAXIMUM, MINIMUM, LESS, GREATER = (OPCODES[name] for name in ("maximum", "minimum", "less", "greater"))
GREATER_EQUAL, EQUAL, NOT_EQUAL = (OPCODES[name] for name in ("greater_equal", "equal", "not_equal"))
ABS, SIGN, EXP, LOG, EXPM1 = (OPCODES[name] for name in ("abs", "sign", "exp", "log", "expm1"))
LOG1P, SQRT, SIN, COS, TANH = (OPCODES[name] for name in ("log1p", "sqrt", "sin", "cos", "tanh"))
SIGMOID, NORMAL_CDF = (OPCODES[name] for name in ("sigmoid", "normal_cdf"))


class Tape(NamedTuple):
    """A computation as flat arrays.

    Attributes
    ----------
    opcodes, firsts, lasts : ndarray
        (runs,), what each run does, and the rows it makes.
    a, b, c : ndarray
        (rows,), the rows an instruction reads; 0 where it reads fewer, and for leaves.
    """

    opcodes: Opcodes
    firsts: Rows
    lasts: Rows
    a: Rows
    b: Rows
    c: Rows


@jit
def _chosen(opcode: int, x: float, y: float) -> float:
    """Apply an instruction that compares."""
    if opcode == MAXIMUM:
        return x if x >= y or x != x else y
    if opcode == MINIMUM:
        return x if x <= y or x != x else y
    if opcode == LESS:
        return 1.0 if x < y else 0.0
    if opcode == GREATER:
        return 1.0 if x > y else 0.0
    if opcode == GREATER_EQUAL:
        return 1.0 if x >= y else 0.0
    if opcode == EQUAL:
        return 1.0 if x == y else 0.0
    if opcode == NOT_EQUAL:
        return 1.0 if x != y else 0.0
    if opcode == ABS:
        return abs(x)
    if opcode == SIGN:
        return 1.0 if x > 0 else -1.0 if x < 0 else 0.0 if x == 0 else x
    return 1.0 if x > 0 else 0.0 if x <= 0 else x  # step


@jit
def _elementary(opcode: int, x: float, y: float) -> float:
    """Apply an elementary function."""
    if opcode == EXP:
        return float(np.exp(x))
    if opcode == LOG:
        return float(np.log(x))
    if opcode == EXPM1:
        return float(np.expm1(x))
    if opcode == LOG1P:
        return float(np.log1p(x))
    if opcode == SQRT:
        return float(np.sqrt(x))
    if opcode == SIN:
        return float(np.sin(x))
    if opcode == COS:
        return float(np.cos(x))
    if opcode == TANH:
        return float(np.tanh(x))
    if opcode == SIGMOID:
        e = np.exp(-abs(x))
        return float((e if x < 0 else 1.0) / (1.0 + e))
    if opcode == NORMAL_CDF:
        return 0.5 * math.erfc(x * -math.sqrt(0.5))
    return float(x**y)  # power; np.power has a root of −∞ of its own


@jit
def run(
    start: int,
    stop: int,
    tape: Tape,
    values: Floats,
    lanes: Lanes,
) -> None:
    """Do the runs from ``start`` to before ``stop``, in order, in all lanes."""
    width = np.uint64(len(lanes))
    opcodes, firsts, lasts, a, b, c = tape
    for r in range(start, stop):
        opcode = opcodes[r]
        if opcode == ADD:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = values[x + j] + values[y + j]
        elif opcode == MULTIPLY:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = values[x + j] * values[y + j]
        elif opcode == SUBTRACT:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = values[x + j] - values[y + j]
        elif opcode == DIVIDE:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = values[x + j] / values[y + j]
        elif opcode == NEGATIVE:
            for i in range(firsts[r], lasts[r]):
                to, x = i * width, a[i] * width
                for j in range(width):
                    values[to + j] = -values[x + j]
        elif opcode == WHERE:
            for i in range(firsts[r], lasts[r]):
                to, x, y, z = i * width, a[i] * width, b[i] * width, c[i] * width
                for j in range(width):
                    chosen, other = values[y + j], values[z + j]  # both are read, or there is a branch per lane
                    values[to + j] = chosen if values[x + j] != 0 else other
        elif opcode == LESS_EQUAL:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = 1.0 if values[x + j] <= values[y + j] else 0.0
        elif opcode == RELU:
            for i in range(firsts[r], lasts[r]):
                to, x = i * width, a[i] * width
                for j in range(width):
                    number = values[x + j]
                    values[to + j] = 0.0 if number <= 0 else number
        elif opcode < EXP:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = _chosen(opcode, values[x + j], values[y + j])
        else:
            for i in range(firsts[r], lasts[r]):
                to, x, y = i * width, a[i] * width, b[i] * width
                for j in range(width):
                    values[to + j] = _elementary(opcode, values[x + j], values[y + j])


@jit
def _spread(leaves: Floats, values: Floats, lanes: Lanes) -> None:
    """Write every leaf into all its lanes."""
    width = len(lanes)
    for i in range(leaves.size):
        for j in range(width):
            values[i * width + j] = leaves[i]


@jit
def _load(data: Floats, block: int, values: Floats, lanes: Lanes) -> None:
    """Write a block of samples into the first rows; lanes beyond the last sample repeat it."""
    width, last = len(lanes), data.shape[1] - 1
    for i in range(data.shape[0]):
        for j in range(width):
            values[i * width + j] = data[i, min(block * width + j, last)]


@jit
def map_blocks(
    first: int,
    last: int,
    stop: int,
    tape: Tape,
    leaves: Floats,
    data: Floats,
    wanted: Rows,
    results: Floats,
    lanes: Lanes,
) -> None:
    """Run a tape over blocks of samples and keep the wanted rows.

    Parameters
    ----------
    first, last
        Which blocks, each of as many samples as there are lanes.
    stop
        How many runs to do.
    tape
        The computation.
    leaves
        (leaves,), the same for all samples.
    data
        (arguments, samples), what the first rows hold instead, sample by sample.
    wanted, results
        Rows to keep, and where: (wanted, samples).
    """
    width = len(lanes)
    values = np.empty(tape.a.size * width)
    _spread(leaves, values, lanes)
    for block in range(first, last):
        _load(data, block, values, lanes)
        run(0, stop, tape, values, lanes)
        for k in range(wanted.size):
            for j in range(min(width, results.shape[1] - block * width)):
                results[k, block * width + j] = values[wanted[k] * width + j]


@jit
def _sum_over_samples(
    tape: Tape, data: Floats, wanted: Rows, sums: Floats, by_lane: Floats, values: Floats, lanes: Lanes
) -> None:
    """Run a tape over all samples; leave the sums of the wanted rows, added up in each lane, then over the lanes."""
    width, samples = len(lanes), data.shape[1]
    by_lane[:] = 0.0
    for block in range((samples + width - 1) // width):
        _load(data, block, values, lanes)
        run(0, tape.opcodes.size, tape, values, lanes)
        used = np.uint64(min(width, samples - block * width))
        for k in range(np.uint64(wanted.size)):
            to, x = k * np.uint64(width), wanted[k] * np.uint64(width)
            for j in range(used):
                by_lane[to + j] += values[x + j]
    for k in range(wanted.size):
        sums[k] = by_lane[k * width : (k + 1) * width].sum()


@jit
def train(
    tape: Tape,
    leaves: Floats,
    data: Floats,
    trained: Rows,
    wanted: Rows,
    update: Tape,
    update_leaves: Floats,
    updated: Rows,
    losses: Floats,
    lanes: Lanes,
) -> None:
    """Take whole training steps: forward, backward and update, as many as there are places in ``losses``.

    Parameters
    ----------
    tape
        Loss and gradients.
    leaves
        (leaves,); parameters among them are written into.
    data
        (arguments, samples).
    trained
        Rows of the parameters that are trained.
    wanted
        Row of the loss, then those of the parameters' gradients, which are summed over samples.
    update, update_leaves
        The update formula, whose first two rows are parameter and gradient.
    updated
        Its one row that is the parameter's new value.
    losses
        (steps,), the mean loss before every step.
    """
    values = np.empty(tape.a.size * len(lanes))
    parameters = np.empty((2, trained.size))
    sums, by_lane = np.empty(wanted.size), np.empty(wanted.size * len(lanes))
    fresh = np.empty((1, trained.size))
    blocks = (trained.size + len(LANES) - 1) // len(LANES)
    for step in range(losses.size):
        _spread(leaves, values, lanes)
        _sum_over_samples(tape, data, wanted, sums, by_lane, values, lanes)
        losses[step] = sums[0] / data.shape[1]
        for k in range(trained.size):
            parameters[0, k] = leaves[trained[k]]
            parameters[1, k] = sums[k + 1]
        map_blocks(0, blocks, update.opcodes.size, update, update_leaves, parameters, updated, fresh, LANES)
        for k in range(trained.size):
            leaves[trained[k]] = fresh[0, k]
