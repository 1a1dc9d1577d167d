import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels import cores
from autograd_cnn.kernels.cores import cpu_quota, default_num_threads, physical_cores


@pytest.fixture(autouse=True)
def a_machine_of_eight_cores(monkeypatch):
    monkeypatch.setattr(cores, "physical_cores", lambda cpus: 8)
    monkeypatch.setattr(cores, "cpu_quota", lambda: math.inf)
    for name in cores.VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("omp", "numba", "expected"),
    [
        ("", "", 8),
        ("3", "", 3),
        ("", "2", 2),
        ("3", "2", 2),
        ("4,2", "", 4),  # OpenMP's list for nested loops
        (" 5 ", "", 5),
        ("16", "", 16),  # the user's word, even where it is unwise
        ("0", "many", 8),
        ("-1", "", 8),
    ],
)
def test_variables_go_before_the_machine(monkeypatch, omp, numba, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", omp)
    monkeypatch.setenv("NUMBA_NUM_THREADS", numba)
    assert default_num_threads() == expected


@given(st.floats(0.01, 100))
def test_a_quota_of_time_limits_the_cores(granted):
    quota = max(1, math.ceil(granted))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "cpu_quota", lambda: quota)
        assert default_num_threads() == min(8, quota)


def test_only_cpus_of_the_affinity_count(monkeypatch):
    this_process = 0  # as the system calls it
    monkeypatch.setattr(os, "sched_getaffinity", {this_process: {1, 5, 6}}.__getitem__, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setattr(cores, "physical_cores", len)
    assert default_num_threads() == 3


@pytest.mark.parametrize(("told", "expected"), [(6, 6), (None, 1)])
def test_where_the_system_tells_of_no_affinity_all_cpus_count_or_one(monkeypatch, told, expected):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: told)
    monkeypatch.setattr(cores, "physical_cores", len)
    assert default_num_threads() == expected


def write(file, words):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words)


def test_hardware_threads_of_one_core_count_once(tmp_path):
    for cpu in range(4):
        write(tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list", f"{cpu % 2},{cpu % 2 + 2}\n")
    assert physical_cores({0, 1, 2, 3}, tmp_path) == 2
    assert physical_cores({0, 2}, tmp_path) == 1
    assert physical_cores({0, 7, 8}, tmp_path) == 3  # of 7 and 8 nothing is known


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        *(("max 100000", math.inf), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)),
        *(("damaged", math.inf), ("0 100000", 1)),  # without any thread nothing would ever be done
    ],
)
def test_the_quota_of_a_container(tmp_path, words, expected):
    """A container that sees its own group as the root, or, by the path of the outside, none of its own."""
    write(tmp_path / "mount" / "cpu.max", words)
    write(tmp_path / "membership", "0::/outside/group\n")
    assert cpu_quota(tmp_path / "membership", tmp_path / "mount") == expected


def test_the_narrowest_of_all_groups_limits(tmp_path):
    for folder, words in (("", "800000 100000"), ("a:1", "300000 100000"), ("a:1/b", "max 100000")):
        write(tmp_path / "mount" / folder / "cpu.max", words)
    write(tmp_path / "membership", "0::/a:1/b\n")  # a name may hold colons
    assert cpu_quota(tmp_path / "membership", tmp_path / "mount") == 3


def test_the_first_version_of_control_groups(tmp_path):
    group = tmp_path / "mount" / "cpu,cpuacct" / "a"
    write(group / "cpu.cfs_quota_us", "400000\n")
    write(group / "cpu.cfs_period_us", "100000\n")
    write(group.parent / "cpu.cfs_quota_us", "-1\n")
    write(group.parent / "cpu.cfs_period_us", "100000\n")
    write(tmp_path / "membership", "5:memory:/a\n4:cpu,cpuacct:/a\n0::/\n")
    assert cpu_quota(tmp_path / "membership", tmp_path / "mount") == 4


def test_systems_without_control_groups_set_no_limit(tmp_path):
    assert cpu_quota(tmp_path / "missing") == math.inf
