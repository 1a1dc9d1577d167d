"""The notes' baselines: they keep the best, and nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import optim

KINDS = [optim.RandomSearch, optim.RandomLocalSearch]


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 100), st.floats(0.01, 10))
def test_the_best_parameters_of_all_that_were_tried_are_kept(kind, seed, size):
    w, x = ag.Parameter([3.0, -4.0]), ag.Scalar(2.0)
    search = kind([w, x], size, rng=seed)
    tried = []

    def loss():
        found = ((w - 1) ** 2).sum() + (x + 1) ** 2
        tried.append((found.item(), [*w.value, x.value]))
        return found

    for _ in range(20):
        returned = search.step(loss)
        lowest, where = min(tried)
        assert returned == search.best == lowest
        assert [*w.value, x.value] == where
    assert len(tried) == 20 + (kind is optim.RandomLocalSearch)
    assert w.grad is x.grad is None


def test_random_search_draws_anew_and_local_search_steps_from_where_it_is():
    seen = {}
    for kind in KINDS:
        w = ag.Parameter(np.full(1000, 100.0))
        values = []
        search = kind([w], 0.5, rng=0)
        for k in range(3):
            search.step(lambda w=w, values=values, k=k: values.append(w.value.copy()) or -k)
        seen[kind] = values
    for values in seen[optim.RandomSearch]:
        assert abs(values.mean()) < 0.1
        assert values.std() == pytest.approx(0.5, rel=0.1)
    start, first, second, third = seen[optim.RandomLocalSearch]
    assert start.tolist() == [100.0] * 1000
    assert (first - start).std() == pytest.approx(0.5, rel=0.1)
    # -k of the first step is no better than that of the start: the next step begins there again
    assert (second - start).std() == pytest.approx(0.5, rel=0.1)
    assert (third - second).std() == pytest.approx(0.5, rel=0.1)


def test_a_local_search_that_begins_at_nan_takes_what_is_a_number():
    x = ag.Scalar(-1.0)
    search = optim.RandomLocalSearch([x], step_size=3.0, rng=0)
    found = [search.step(lambda: math.nan if x.value < 0 else x * 1.0) for _ in range(20)]
    assert math.isfinite(found[-1])
    assert x.value == found[-1]


def test_following_a_random_direction_beats_guessing_as_in_the_notes():
    """Linear softmax classifier of 8 numbers into 3 classes."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 8))
    labels = (points @ rng.normal(size=(8, 3))).argmax(1)
    ends = {}
    for kind in KINDS:
        w = ag.Parameter(np.zeros((8, 3)))
        search = kind([w], 0.1, rng=1)
        for _ in range(300):
            ends[kind] = search.step(lambda w=w: ag.functional.cross_entropy(points @ w, labels))
    assert ends[optim.RandomLocalSearch] < 0.6 * ends[optim.RandomSearch] < math.log(3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_is_nan_is_no_better_and_the_same_seed_gives_the_same_search(kind):
    w = ag.Parameter([3.0])
    kind([w], rng=0).step(lambda: math.nan)
    assert w.value == 3.0
    ends = []
    for rng in (7, np.random.default_rng(7), None):
        ag.manual_seed(7)
        w = ag.Parameter([3.0])
        search = kind([w], 1.0, rng=rng)
        for _ in range(5):
            search.step(lambda w=w: (w * w).sum())
        ends.append(w.value.item())
    assert len({*ends}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_in_the_closure_leaves_the_parameters_as_they_were(kind):
    w = ag.Parameter([3.0])
    for returned, message in ((w, None), ([1.0, 2.0], "returned list"), (None, "returned NoneType")):
        search = kind([w], 1.0, rng=0)
        if message is None:
            search.step(lambda: w)  # one element is one number
            w.assign([3.0])
            continue
        with pytest.raises(ag.ArgumentError, match=f"{kind.__name__}: the closure {message}, expected one number"):
            search.step(lambda returned=returned: returned)
        assert w.value == 3.0
    with pytest.raises(ag.ArgumentError, match=r"returned shape \(2,\)"):
        kind([w], rng=0).step(lambda: ag.concatenate([w, w]))
    assert w.value == 3.0


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_settings_raise(kind):
    with pytest.raises(ag.ArgumentError, match="=-1, expected a number of at least 0"):
        kind([ag.Scalar(1.0)], -1)
    with pytest.raises(ag.ArgumentError, match=f"{kind.__name__}: got no parameters"):
        kind([])
    w = ag.Scalar(1.0)
    assert kind([w]).parameters == [w]
