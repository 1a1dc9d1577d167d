"""Hypothesis profiles, by HYPOTHESIS_PROFILE (dev is the default); and what no test may leave behind."""

import gc
import os
import signal
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

# A shell's background jobs ignore Ctrl-C, and so would all processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("AUTOGRAD_CNN_PROGRESS", "0")  # no lines about compiles in the output of tests

_ALWAYS_TRACED = tracemalloc.is_tracing()  # python -X tracemalloc
_shared = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=25, **_shared)
settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, **_shared)
settings.register_profile("plain", max_examples=8, derandomize=True, print_blob=True, **_shared)  # without JIT
settings.register_profile(
    "mutations", max_examples=25, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate], **_shared
)  # that a test fails is all that counts
settings.register_profile("intense", max_examples=1000, **_shared)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: archives hold the second they were made in, and workers must agree on names."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the cycle collector's rounds: it lives as long as the tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail where a test leaves memory traced: what runs after it in this process would take several times as long."""
    yield
    if tracemalloc.is_tracing() and not _ALWAYS_TRACED:
        tracemalloc.stop()
        pytest.fail(f"{item.nodeid} leaves tracemalloc on: stop it, in a finally", pytrace=False)


@pytest.fixture
def registry() -> Iterator[None]:
    """Forget the gates that a test registers."""
    from autograd_cnn.registry import GATES

    before = dict(GATES)
    yield
    GATES.clear()
    GATES.update(before)
