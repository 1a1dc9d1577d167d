"""What the arrays of a step come to, against NumPy: all of them, a part of them, and what was counted before."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.health.census import census_of


def node(shape, seed=0, dtype=np.float64, gradient=True):
    rng = np.random.default_rng(seed)
    made = ag.Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)
    made.grad = rng.normal(size=shape).astype(dtype) if gradient else None
    return made


def squares(array):
    return pytest.approx(float(np.sum(np.square(array, dtype=np.float64))), rel=1e-6)


def tally(values=None, gradients=None):
    return SimpleNamespace(values=values, gradients=gradients)


ORDER = [
    node((4, 3)),
    node((4, 3), 1, np.float32),
    node(()),
    ag.Scalar(2.0),
    ag.Tensor(np.array([1, 2])),
    node((0, 3)),
    node((5,)),
]


def test_arrays_of_floats_are_counted_once_each():
    census = census_of(ORDER, [0, 1, 2, 3, 4, 5, 0], [1, 6, 2, 1, 0], [0, 3, 5, 0], [6])
    assert (census.of_values, census.of_gradients, census.of_units) == ((0, 1), (1, 6), (0,))
    assert census.counts == {0: 12, 1: 12, 6: 5}
    assert (census.weights, census.part, census.taken) == (frozenset([6]), None, 0)
    assert census_of([node((1, 1))], [0], [], [0], []).counts == {0: 1}


def test_arrays_come_to_what_numpy_says():
    census = census_of(ORDER, [0, 1], [1, 6], [0], [6])
    for taken in (1, 2):
        census.take(ORDER)
        assert census.taken == taken
        assert census.values == {0: squares(ORDER[0].value), 1: squares(ORDER[1].value)}
        assert census.gradients == {i: squares(ORDER[i].grad) for i in (0, 1, 6)}
        np.testing.assert_allclose(census.units[0], np.sum(ORDER[0].grad ** 2, axis=0))
        assert census.is_finite


def test_a_gradient_that_is_missing_is_left_out():
    order = [node((2, 3), gradient=False), node((2, 3), gradient=False), node((2, 3))]
    census = census_of(order, [0], [0, 2], [1], [])
    census.take(order)
    assert (set(census.values), set(census.gradients), census.units) == ({0}, {2}, {})
    assert census.driven(1, None) is census.active(0) is None


def test_what_was_counted_before_is_taken_over():
    order = [node((2, 3)), node((2, 3)), node((2, 3))]
    counted = {
        0: tally(np.array([1.0, 0.0, 2.0, 30.0])),
        1: tally(None, np.array([0.0, 5.0, 6.0, 110.0])),
        2: tally(np.array([0.0, 0.0, 0.0, 7.0]), np.array([1.0, 1.0, 1.0, 30.0])),
    }
    census = census_of(order, [0, 1, 2], [2], [0, 1], [])
    census.take(order, counted)
    assert census.values == {0: 30.0, 1: squares(order[1].value), 2: 7.0}
    assert census.gradients == {0: squares(order[0].grad), 1: 110.0, 2: 30.0}
    assert census.units[1].tolist() == [0.0, 5.0, 6.0]
    assert census.active(0).tolist() == [True, False, True]
    assert census.active(1) is census.active(7) is None
    assert census.driven(1, order[1].grad.astype(np.float32)).tolist() == [False, True, True]
    assert census.driven(1, None).tolist() == [False, True, True]
    assert census.driven(1, order[1].grad).tolist() == [True] * 3  # of float64 squares may have vanished


@pytest.mark.parametrize(
    ("wrong", "finite"),
    [(math.nan, False), (math.inf, False), (1.0, True)],
)
def test_what_is_not_finite_is_seen(wrong, finite):
    for field in ("values", "gradients"):
        order = [node((2, 3))]
        census = census_of(order, [0], [0], [], [])
        array = order[0]._value if field == "values" else order[0].grad
        array[1, 1] = wrong
        census.take(order)
        assert census.is_finite == finite


@pytest.mark.parametrize(
    ("shape", "order_of_axes", "part", "axis", "step"),
    [
        *(((8, 4), (0, 1), 16, 0, 2), ((8, 4), (0, 1), 15, 0, 3), ((8, 4), (0, 1), 31, 0, 2)),
        *(((2, 5, 4, 3), (0, 1, 2, 3), 40, 0, 2), ((2, 5, 6, 3), (2, 0, 1, 3), 60, 2, 3), ((8, 4), (0, 1), 1, 0, 8)),
        *(((1, 5, 6, 3), (0, 1, 2, 3), 45, 2, 2), ((4, 6, 5), (1, 0, 2), 40, 1, 3)),
        *(((1, 40), (0, 1), 10, 1, 4), ((1, 40), (0, 1), 20, 1, 2)),
    ],
)
def test_each_step_reads_its_share_of_the_rows_outermost_in_memory(shape, order_of_axes, part, axis, step):
    made = np.arange(1.0, 1 + math.prod(shape)).reshape([shape[i] for i in order_of_axes])
    x = ag.Tensor(made.transpose(np.argsort(order_of_axes)))
    x._value = made.transpose(np.argsort(order_of_axes))
    assert x.shape == shape
    census = census_of([x], [0], [], [], [], part)
    for turn in range(step + 1):
        census.take([x])
        rows = np.moveaxis(x.value, axis, 0)[turn % step :: step]
        assert census.values[0] == pytest.approx(np.sum(rows**2) * x.size / rows.size)


def test_what_units_received_is_estimated_from_a_part():
    x = node((8, 4))
    census = census_of([x], [], [], [0], [], 16)
    for turn in range(3):
        census.take([x])
        rows = x.grad[turn % 2 :: 2]
        np.testing.assert_allclose(census.units[0], np.sum(rows**2, axis=0))
        assert census.gradients[0] == pytest.approx(2 * np.sum(rows**2))


def test_small_arrays_and_weights_are_read_whole():
    order = [node((8, 4)), node((8, 4)), node((9, 4))]
    census = census_of(order, [0, 2], [1, 0], [], [1], 32)
    for _ in range(2):
        census.take(order)
        assert census.values[0] == squares(order[0].value)
        assert census.gradients == {0: squares(order[0].grad), 1: squares(order[1].grad)}
        assert census.values[2] != squares(order[2].value)
    census = census_of(order, [], [1], [], [1], 8)
    census.take(order)
    assert census.gradients == {1: squares(order[1].grad)}


@given(
    st.integers(0, 99), st.sampled_from([(6, 3), (6, 2, 3), (4, 3, 2, 2)]), st.sampled_from([np.float32, np.float64])
)
def test_which_units_are_driven_is_exact_whatever_part_is_read(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    x = node(shape, seed, dtype)
    axis = 1 if len(shape) == 4 else len(shape) - 1
    x.grad *= rng.random(shape) < 0.2
    x.grad *= 1e-30 if dtype == np.float32 else 1e-200  # squares vanish in float64 alone
    others = tuple(i for i in range(len(shape)) if i != axis)
    for part in (None, 5):
        census = census_of([x], [], [], [0], [], part)
        for _ in range(3):
            census.take([x])
            np.testing.assert_array_equal(census.driven(0, x.grad), (x.grad != 0).any(axis=others))


def test_rows_are_kept_for_who_has_the_same_arrays():
    order, rows = [node((4, 3))], {}
    census = census_of(order, [0], [0], [], [])
    census.take(order, rows=rows)
    kept = dict(rows)
    order[0]._value *= 2.0
    order[0].grad = order[0].grad * 3.0
    census.take(order, rows=rows)
    assert census.values[0] == squares(order[0].value)
    assert census.gradients[0] == squares(order[0].grad)
    assert [rows[key] is kept[key] for key in sorted(kept)] == [False, True]
