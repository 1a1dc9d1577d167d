"""Every row of the target table: ``pytest tests/benchmarks --benchmark-only``, by us and by every installed peer.

Without that option each row is done once instead, by all who can, and what they return is compared.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.steps import WORK
from tests.benchmarks.training_steps import watched_training
from tests.benchmarks.work import DISTRIBUTIONS, OURS, Measured, Steps, has

STARTS_PROCESSES = [name for name in WORK if name.startswith(("import", "first"))]
WATCHED = [name for name in WORK if name.endswith("watched")]
CASES = [(name, who) for name, work in WORK.items() for who in (OURS, *work.peers)]


if importlib.util.find_spec("pytest_benchmark") is None:

    @pytest.fixture
    def benchmark() -> Any:
        pytest.skip("pytest-benchmark is missing: pip install 'autograd-cnn[peers]'")


@pytest.mark.parametrize(("name", "who"), [pytest.param(*case, id=", by ".join(case)) for case in CASES])
def test_row(name: str, who: str, benchmark: Any, request: Any) -> None:
    if not request.config.getoption("--benchmark-only"):
        pytest.skip("rows are timed on request: pytest tests/benchmarks --benchmark-only")
    if who in DISTRIBUTIONS and not has(who):
        pytest.skip(f"{who} is missing: pip install 'autograd-cnn[peers]'")
    steps = WORK[name].steps()
    if who not in steps:
        pytest.skip(f"{who} cannot do this work")
    benchmark.group = name
    if name in STARTS_PROCESSES:
        benchmark.pedantic(steps[who], rounds=min(3, WORK[name].rounds))
    else:
        benchmark(steps[who])


@pytest.mark.parametrize("name", [name for name in WORK if name not in (*STARTS_PROCESSES, *WATCHED)])
def test_all_who_do_a_row_do_the_same_work(name: str) -> None:
    assert_same_work(WORK[name].steps())


@pytest.mark.parametrize("name", sorted({name.split(",")[0] for name in WATCHED}))
def test_watched_training_does_the_same_work(name: str) -> None:
    """In four steps: a row takes a hundred or more, of which the first few get full reports."""
    assert_same_work(watched_training(name, 4))


def assert_same_work(steps: Steps) -> None:
    found = {who: np.asarray(step()) for who, step in steps.items()}
    ours = found.pop(OURS)
    assert ours.size
    assert np.isfinite(ours).all()
    for who, theirs in found.items():
        assert ours.shape == theirs.shape, who
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-4 * np.abs(theirs).max(), err_msg=who)


def test_processes_tell_how_long_they_took() -> None:
    for who, step in WORK["import autograd_cnn"].steps().items():
        taken = step()
        assert isinstance(taken, Measured), who
        assert 0 < taken.wall < math.inf
        assert 0 < taken.process < math.inf


def test_the_rows_of_the_first_step_have_a_network() -> None:
    from tests.benchmarks.startup_steps import prepared

    for name in ("demo", "LeNet-5", "LeNet-5, compiled"):
        assert np.isfinite(prepared(name)() or 0)


def test_only_known_peers_take_part() -> None:
    for name, work in WORK.items():
        assert set(work.targets) <= {*work.peers, OURS}, name
        if name not in STARTS_PROCESSES:
            assert {*work.steps()} <= {*work.peers, OURS}, name
