"""Runs with other algorithms and processors: what each is told, and what is made of a failure."""

import pytest

from autograd_cnn.kernels.planning import ALGORITHMS, VARIABLE
from tests import everywhere

PROGRAM = """
import os

def test_environment():
    assert os.environ["NUMBA_CPU_NAME"] == "x86-64"
    assert os.environ["NUMBA_CPU_FEATURES"] == ""
    assert os.listdir(os.environ["NUMBA_CACHE_DIR"]) == []
"""


def test_every_algorithm_has_its_run():
    assert [run[VARIABLE] for run in everywhere.runs() if VARIABLE in run] == [*ALGORITHMS]


def test_a_processor_comes_with_no_other_features_and_an_empty_cache(tmp_path, capfd):
    file = tmp_path / "test_environment.py"
    file.write_text(PROGRAM)
    assert everywhere.run({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}, [str(file)])
    assert "NUMBA_CPU_NAME=x86-64 NUMBA_CPU_FEATURES=: well" in capfd.readouterr().out
    assert not everywhere.run({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+avx2"}, [str(file)])


@pytest.mark.parametrize("arguments", [[], ["--quick"], ["tests/kernels", "-k", "winograd"]])
def test_a_failure_is_counted(arguments, monkeypatch):
    asked = []
    monkeypatch.setattr(everywhere, "run", lambda changed, tests: asked.append(tests) or VARIABLE not in changed)
    with pytest.raises(SystemExit, match=f"{len(ALGORITHMS)} of {len(everywhere.runs())} runs failed"):
        everywhere.main(arguments)
    assert len(asked) == len(everywhere.runs())
    if arguments and arguments[0] != "--quick":
        assert all(tests == arguments for tests in asked)
