"""Hypothesis profiles: HYPOTHESIS_PROFILE=dev (default), ci or intense."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("AUTOGRAD_CNN_PROGRESS", "0")  # no lines about compiles in the output of tests

_shared = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=25, **_shared)
settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, **_shared)
settings.register_profile("intense", max_examples=1000, **_shared)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
