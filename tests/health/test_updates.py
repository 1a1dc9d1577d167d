"""How far steps move the weights: the same by hand, whichever way the weights are kept, written to and grouped."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.health.updates import Updates

DEEDS = ("stay", "write", "replace")
"""What a step does to the weights: nothing, write into their arrays, put others in their place."""

KINDS = {
    "arrays": lambda: [ag.Parameter(np.array([[3.0, 4.0]])), ag.Parameter(np.array([2.0])), ag.Parameter([6.0, 8.0])],
    "two dtypes": lambda: [ag.Parameter(np.array([3.0, 4.0])), ag.Parameter(np.array([1.0], np.float32))],
    "Scalars": lambda: [ag.Scalar(3.0), ag.Scalar(4.0), ag.Scalar(-5.0)],
    "gaps": lambda: [ag.Parameter(np.ones((4, 4))[:, ::2]), ag.Parameter(np.ones((2, 3)).T)],
    "small": lambda: [ag.Parameter(np.array([0.1, 0.2])), ag.Parameter(np.array([[0.3]]))],
    "zeros": lambda: [ag.Parameter(np.zeros(2)), ag.Parameter(np.ones(2))],
}
GROUPS = ("each", "first", "last", "together", "shared")


def grouped(weights, how):
    """Return layers: each weight one, the first alone, the last alone, all in one, or one that two layers share."""
    if how == "together":
        return [("all", weights)]
    if how == "shared":
        return [("a", weights), ("b", weights[:1])]
    names = list(zip("abc", weights, strict=False))
    chosen = {"each": names, "first": names[:1], "last": names[-1:]}[how]
    return [(name, [weight]) for name, weight in chosen]


def row(weights, values):
    return np.concatenate([np.ravel(values[weight]).astype(np.float64) for weight in weights])


@given(st.sampled_from(list(KINDS)), st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(GROUPS)), max_size=6))
@example("arrays", [("stay", "each"), ("write", "first"), ("write", "last"), ("write", "last")])
@example("arrays", [("write", "each"), ("replace", "each"), ("replace", "each")])
@example("small", [("write", "each"), ("write", "each"), ("replace", "each")])
@example("Scalars", [("stay", "each"), ("stay", "each"), ("write", "each")])
@example("two dtypes", [("write", "each"), ("write", "each"), ("stay", "each")])
def test_steps_are_as_long_as_by_hand(kind, turns):
    """‖Δw‖/‖w‖ of the layers that were remembered; 0 where nothing moved, and none where there was nothing to move."""
    weights, updates, known, before = KINDS[kind](), Updates(), [], {}
    for turn, (deed, how) in enumerate(turns, 1):
        for weight in weights:
            moved = weight.value + 0.1 * turn
            if deed == "write":
                weight.assign(moved)
            elif deed == "replace":
                weight._value = moved if isinstance(weight, ag.Scalar) else moved.astype(weight.dtype)
        now = {weight: np.copy(weight.value) for weight in weights}
        expected = {
            name: np.linalg.norm(row(own, now) - row(own, before)) / size
            for name, own in known
            if (size := np.linalg.norm(row(own, before))) > 0
        }
        known, before = grouped(weights, how), now
        assert updates.renew(known) == {name: pytest.approx(ratio, rel=1e-6) for name, ratio in expected.items()}


def test_layers_whose_step_may_still_come_are_left_out():
    still, moved = ag.Parameter([3.0, 4.0]), ag.Parameter([6.0, 8.0])
    updates = Updates()
    updates.renew([("still", [still]), ("moved", [moved])])
    moved.assign([6.0, 9.0])
    assert updates.ratios(stepped=False) == {"moved": pytest.approx(0.1)}
    assert updates.ratios(stepped=True) == {"still": 0.0, "moved": pytest.approx(0.1)}
    updates.forget()
    assert updates.ratios(stepped=True) == {}
