"""Every instruction of the tape against Python's floats; samples in lanes against one at a time; training steps."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.kernels.opcodes import OPCODES
from autograd_cnn.kernels.tape import LANES, ONE, Tape, map_blocks, run, train

NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan])


def pure(function):
    """Give inf and NaN where Python raises."""

    def apply(*numbers):
        with np.errstate(all="ignore"):
            return float(function(*map(np.float64, numbers)))

    return apply


def sigmoid(x):
    e = np.exp(-abs(x))
    return (e if x < 0 else 1) / (1 + e)


ORACLES = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negative": np.negative,
    "where": lambda x, y, z: y if x else z,
    "less_equal": np.less_equal,
    "relu": lambda x: 0.0 if x <= 0 else x,
    "maximum": lambda x, y: x if x >= y or np.isnan(x) else y,
    "minimum": lambda x, y: x if x <= y or np.isnan(x) else y,
    "less": np.less,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda x: np.heaviside(x, 0),
    "exp": np.exp,
    "log": np.log,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "normal_cdf": lambda x: 0.5 * math.erfc(x * -math.sqrt(0.5)),
    "power": lambda x, y: x**y,
}
ULPS = dict.fromkeys(["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "power"], 4)
"""By how many units in the last place NumPy's function may differ from the C library's; the others agree to the bit."""


def tape(instructions, leaves):
    """Return a tape on which every instruction is a run of its own: (name, operands) per row."""
    rows = np.arange(leaves, leaves + len(instructions), dtype=np.uint32)
    operands = np.zeros((3, leaves + len(instructions)), np.uint32)
    for row, (_, inputs) in zip(rows, instructions, strict=True):
        operands[: len(inputs), row] = inputs
    return Tape(np.array([OPCODES[name] for name, _ in instructions], np.int8), rows, rows + np.uint32(1), *operands)


def test_every_instruction_has_an_oracle():
    assert set(ORACLES) == set(OPCODES)


@pytest.mark.parametrize("lanes", [ONE, LANES], ids=["one", "lanes"])
@pytest.mark.parametrize("name", OPCODES)
@given(data=st.data())
def test_every_instruction(name, lanes, data):
    oracle = pure(ORACLES[name])
    arity = 3 if name == "where" else 2 if name in ("maximum", "minimum", "power") else 0
    arity = arity or getattr(ORACLES[name], "nin", 1)
    drawn = data.draw(st.tuples(*[NUMBERS] * (arity + 1)))
    numbers = np.array([np.roll(drawn, k + j)[0] for k in range(arity) for j in range(len(lanes))]).reshape(arity, -1)
    values = np.append(numbers, np.zeros((1, len(lanes))), axis=0).reshape(-1)
    run(0, 1, tape([(name, range(arity))], arity), values, lanes)
    expected = np.array([oracle(*column) for column in numbers.T])
    result = values[-len(lanes) :]
    np.testing.assert_array_equal(np.isnan(result), np.isnan(expected))
    if name in ULPS:
        finite = np.isfinite(expected) & np.isfinite(result)
        np.testing.assert_array_equal(result[~finite], expected[~finite])
        error = np.abs(result[finite] - expected[finite])
        assert np.all(error <= ULPS[name] * np.spacing(np.abs(expected[finite])))
    else:
        np.testing.assert_array_equal(result, expected)
        real = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(result[real]), np.signbit(expected[real]))


def polynomial():
    """Return w·x² + x and x² of leaves x and w."""
    return tape([("multiply", (0, 0)), ("multiply", (1, 2)), ("add", (3, 0))], 2)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=2 * len(LANES) + 1), st.sampled_from([ONE, LANES]))
def test_samples_in_blocks(x, lanes):
    x = np.array(x)
    results = np.full((2, len(x)), np.nan)
    blocks = -(-len(x) // len(lanes))
    wanted = np.array([4, 2], np.uint32)
    for first in range(blocks):
        map_blocks(first, first + 1, 3, polynomial(), np.array([np.nan, 3.0]), x[None], wanted, results, lanes)
    np.testing.assert_array_equal(results, [3 * (x * x) + x, x * x])


def test_only_the_runs_that_are_asked_for():
    values = np.array([2.0, 5.0, 0.0, 0.0, 0.0])
    run(1, 2, polynomial(), values, ONE)
    np.testing.assert_array_equal(values, [2.0, 5.0, 0.0, 0.0, 0.0])
    run(0, 2, polynomial(), values, ONE)
    np.testing.assert_array_equal(values, [2.0, 5.0, 4.0, 20.0, 0.0])


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=len(LANES) + 3),
    st.integers(0, 4),
    st.sampled_from([ONE, LANES]),
    st.booleans(),
)
@example([(k / 10, k / 7 - 1) for k in range(len(LANES) + 3)], 2, LANES, True)  # a block that is not full
@example([(0.5, 1.0), (1.0, 0.25)], 2, LANES, False)
def test_training_steps(samples, steps, lanes, both):
    """Least squares (w·x + b − y)², whose gradients are written out here."""
    data = np.array(samples).T.copy()
    loss = tape(
        [
            *[("multiply", (2, 0)), ("add", (6, 3)), ("subtract", (7, 1)), ("multiply", (8, 8))],
            *[("multiply", (8, 5)), ("multiply", (10, 4)), ("multiply", (11, 0))],
        ],
        6,
    )  # rows: x, y, w, b, seed, 2; w·x, + b, − y, squared; 2·error·seed, which is the gradient of b; that of w
    update = tape([("multiply", (1, 2)), ("subtract", (0, 3))], 3)
    leaves = np.array([0.0, 0.0, 0.5, -0.25, 1 / data.shape[1], 2.0])
    losses = np.empty(steps)
    trained, wanted, updated = (np.array(rows, np.uint32) for rows in ([2, 3], [9, 12, 11], [4]))
    if not both:  # b stays what it is
        trained, wanted = trained[:1], wanted[:2]
    train(loss, leaves, data, trained, wanted, update, np.array([0.0, 0.0, 0.1]), updated, losses, lanes)

    (x, y), w, b, expected = data, 0.5, -0.25, []
    for _ in range(steps):
        error = w * x + b - y
        expected.append(np.mean(error * error))
        w, b = w - 0.1 * np.mean(2 * error * x), b - both * 0.1 * np.mean(2 * error)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(leaves[2:4], [w, b], rtol=1e-12, atol=1e-14)
