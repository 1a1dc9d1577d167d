"""How many cores this process may keep busy: what the user asks for, else what the machine grants.

In the order in which they are asked: ``OMP_NUM_THREADS`` and ``NUMBA_NUM_THREADS``, the smaller of the
two; else the physical cores among the CPUs of the process's affinity, or fewer where a control group
limits its CPU time, as containers do. Two hardware threads of a core share its arithmetic units, which
one of our kernels fills: they count once.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

VARIABLES = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


def default_num_threads() -> int:
    """Return how many threads suit this process, from its environment and the machine."""
    asked = [number for name in VARIABLES if (number := _asked_for(os.environ.get(name, "")))]
    return min(asked) if asked else int(min(physical_cores(_available_cpus()), cpu_quota()))


def _asked_for(words: str) -> int:
    """Return the number in a variable such as ``4``, or ``4,2`` for nested loops; 0 where there is none."""
    number = words.split(",")[0].strip()
    return int(number) if number.isdecimal() else 0


def _available_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):  # only those that this process may use
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def physical_cores(cpus: set[int], devices: Path = Path("/sys/devices/system/cpu")) -> int:
    """Return on how many cores some CPUs stand; a CPU whose core is not known stands alone."""
    cores = set()
    for cpu in cpus:
        try:
            cores.add((devices / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text())
        except OSError:
            cores.add(f"{cpu}\n")
    return len(cores)


def cpu_quota(membership: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")) -> float:
    """Return how many CPUs' time the control groups of this process grant, rounded up; inf where they set no limit."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    granted = [math.inf]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            granted += _granted_above(mount, path, "cpu.max")
        elif "cpu" in controllers.split(","):
            granted += _granted_above(mount / controllers, path, "cpu.cfs_quota_us", "cpu.cfs_period_us")
    return max(1, min(map(_rounded_up, granted)))


def _rounded_up(number: float) -> float:
    return number if math.isinf(number) else math.ceil(number)


def _granted_above(mount: Path, path: str, *names: str) -> Iterator[float]:
    """Yield the limits of a group and of all that hold it: quota and period stand in one file or in two."""
    group = mount / path.strip("/")  # a container may not see the outer part of its path: then the root is its own
    for folder in [folder for folder in (group, *group.parents) if folder.is_relative_to(mount)]:
        try:
            quota, period = " ".join((folder / name).read_text() for name in names).split()
        except (OSError, ValueError):
            continue
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)
