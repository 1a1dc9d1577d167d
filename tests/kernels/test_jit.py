import ctypes
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from numba.core import caching

import autograd_cnn
from autograd_cnn.kernels import jit as jit_module
from autograd_cnn.kernels.compiles import announced, watched
from autograd_cnn.kernels.jit import cached_files, jit, native, private_cache_folder

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no uid and no such modes")

PROGRAM = """
import numpy as np
from autograd_cnn.kernels import softmax

y = softmax.log_softmax(np.zeros((1, 2), np.float32))
np.testing.assert_allclose(y, -np.log(2), rtol=1e-6)
stats = softmax._log_softmax.stats
print(stats.cache_path, sum(stats.cache_hits.values()), sep="|")
"""


def add_one(x):
    return x + 1


def quotient(x, y):
    return x / y


def obey_permissions():
    """Let root, too, respect read-only folders in the program that is about to start."""
    drop_from_bounding_set, override, search = 24, 1, 2  # linux/prctl.h, linux/capability.h
    for capability in (override, search):
        if ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0):
            raise PermissionError("this root may not give up capabilities")


@pytest.fixture
def read_only_installation(tmp_path):
    """Copy the kernels to where nobody may write, without a home; return how to run them there."""
    if numba.config.DISABLE_JIT:
        pytest.skip("its processes compile, whether NUMBA_DISABLE_JIT is set here or not")
    if os.getuid() == 0 and sys.platform != "linux":
        pytest.skip("to root no folder is read-only, and only Linux can change that")
    source, package = Path(autograd_cnn.__file__).parent, tmp_path / "site" / "autograd_cnn"
    shutil.copytree(source / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("errors.py", "settings.py"):  # what they stand on
        shutil.copy(source / name, package)
    (package / "__init__.py").touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for inner in (package, package / "kernels"):
        inner.chmod(0o555)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path / "site"),
        "TMPDIR": str(temporary),
        "HOME": "/proc/no/home",
    }

    def run(**more):
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            check=False,
            capture_output=True,
            text=True,
            env=environment | more,
            cwd=tmp_path,
            preexec_fn=obey_permissions if os.getuid() == 0 else None,
        )

    run.private = temporary / f"autograd_cnn-numba-{os.getuid()}"
    return run


def result_of(finished):
    assert finished.returncode == 0, finished.stderr
    path, hits = finished.stdout.strip().split("|")
    return path, int(hits)


@posix_only
def test_read_only_installation_caches_in_a_private_folder(read_only_installation):
    run = read_only_installation
    path, hits = result_of(run())
    assert Path(path).parent == run.private
    assert hits == 0
    status = run.private.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, os.getuid())
    path, hits = result_of(run())
    assert Path(path).parent == run.private
    assert hits == 1


@posix_only
def test_a_folder_open_to_others_is_not_trusted(read_only_installation):
    run = read_only_installation
    run.private.mkdir()
    run.private.chmod(0o777)
    assert result_of(run()) == ("None", 0)
    assert list(run.private.iterdir()) == []


@posix_only
def test_the_users_own_choice_goes_first(read_only_installation):
    run = read_only_installation
    chosen = run.private.parent / "chosen"
    path, _ = result_of(run(NUMBA_CACHE_DIR=str(chosen)))
    assert Path(path).parent == chosen
    assert not run.private.exists()


@pytest.fixture
def nowhere_to_cache(monkeypatch, tmp_path):
    """Leave numba the folder of NUMBA_CACHE_DIR alone, with JIT on, and an own temp folder."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [caching.UserProvidedCacheLocator])
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@posix_only
def test_the_fallback_leaves_numba_as_it_was(nowhere_to_cache):
    compiled = jit(add_one)
    assert Path(compiled.stats.cache_path).parent == nowhere_to_cache / f"autograd_cnn-numba-{os.getuid()}"
    assert numba.config.CACHE_DIR == ""
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(add_one)


def test_an_unusable_choice_of_the_user_is_not_replaced(nowhere_to_cache, monkeypatch):
    (nowhere_to_cache / "file").touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(nowhere_to_cache / "file"))
    assert jit(add_one).stats.cache_path is None
    assert [path.name for path in nowhere_to_cache.iterdir()] == ["file"]


def test_no_folder_at_all_means_no_cache(nowhere_to_cache, monkeypatch):
    monkeypatch.setattr(jit_module, "private_cache_folder", lambda: None)
    compiled = jit(add_one)
    assert compiled.stats.cache_path is None
    assert compiled(1) == 2


def test_numba_s_own_folder_is_used_where_it_can_be(nowhere_to_cache, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(nowhere_to_cache / "own"))
    assert Path(jit(add_one).stats.cache_path).parent == nowhere_to_cache / "own"


@posix_only
def test_private_folder_is_made_once_and_closed_to_others(nowhere_to_cache):
    folder = private_cache_folder()
    assert folder is not None
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert private_cache_folder() == folder


@posix_only
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o701])
def test_private_folder_open_to_others_is_refused(nowhere_to_cache, mode):
    os.chmod(private_cache_folder(), mode)
    assert private_cache_folder() is None


@posix_only
def test_private_folder_behind_a_link_or_of_another_user_is_refused(nowhere_to_cache, monkeypatch):
    folder = private_cache_folder()
    os.rename(folder, nowhere_to_cache / "elsewhere")
    os.symlink(nowhere_to_cache / "elsewhere", folder)
    assert private_cache_folder() is None
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert private_cache_folder() is None


@posix_only
def test_no_temp_folder_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    assert private_cache_folder() is None


def test_systems_without_uids_have_no_private_folder(monkeypatch):
    monkeypatch.delattr(os, "getuid", raising=False)
    assert private_cache_folder() is None


def test_without_jit_kernels_are_plain_python_and_silent(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    divide = jit(lambda x, y: x / y)
    assert not hasattr(divide, "stats")
    assert np.isnan(divide(np.float32(0), np.float32(0)))  # a warning would be an error here


def test_compiled_kernels_follow_ieee_arithmetic(nowhere_to_cache):
    divide = jit(quotient)
    assert divide(1.0, 0.0) == np.inf
    assert np.isnan(divide(np.nan, 1.0))
    assert divide(1.0, -np.inf) == 0
    assert divide.targetoptions["nogil"]
    assert not divide.targetoptions.get("fastmath")
    assert jit(flags=frozenset({"contract"}))(quotient).targetoptions["fastmath"] == {"contract"}


def test_the_compile_of_a_native_function_is_announced_and_its_machine_code_kept():
    begun, ended = [], []
    watcher = SimpleNamespace(begun=begun.append, ended=lambda kernel, seconds: ended.append(kernel))
    unique = id(watcher)  # in a closure that no cache knows

    def forget(number):
        number + unique

    signature = numba.types.void(numba.types.int64)
    with watched(watcher):
        kernel, again = native(forget, signature), native(forget, signature)
    assert begun == ended == ["test_jit.forget"]
    assert kernel.address
    assert kernel in announced()
    assert (kernel.stats.cache_hits, again.stats.cache_hits) == (0, 1)
    assert Path(again.stats.cache_path) in cached_files()


@posix_only
def test_a_native_function_is_cached_privately_or_not_at_all_too(nowhere_to_cache, monkeypatch):
    def forget(number):
        number + 1

    signature = numba.types.void(numba.types.int64)
    private = nowhere_to_cache / f"autograd_cnn-numba-{os.getuid()}"
    assert Path(native(forget, signature).stats.cache_path).parent == private
    private.chmod(0o777)
    assert native(forget, signature).stats.cache_path is None
