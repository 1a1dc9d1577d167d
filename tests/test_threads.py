"""The number of threads, from the outside: kernels and BLAS together, the same bits, children."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from autograd_cnn.kernels.blas import get_blas_threads


@pytest.fixture(autouse=True)
def number_of_threads():
    before, of_blas = ag.get_num_threads(), get_blas_threads()
    yield
    ag.set_num_threads(before)
    if of_blas:
        from autograd_cnn.kernels.blas import set_blas_threads

        set_blas_threads(max(of_blas))


def one_step():
    """Return the loss and all gradients of a CNN whose convolutions and products are worth several threads."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 16 * 16, 120, rng=rng),
        nn.ReLU(),
        nn.Linear(120, 10, rng=rng),
    )
    images = rng.standard_normal((32, 3, 32, 32)).astype(np.float32)
    loss = F.cross_entropy(model(images), rng.integers(0, 10, 32))
    loss.backward()
    return [loss.value, *(p.grad for p in model.parameters())]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_same_number_gives_the_same_bits(number):
    ag.set_num_threads(number)
    first, second = one_step(), one_step()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_numbers_differ_by_rounding_at_most():
    ag.set_num_threads(1)
    one = one_step()
    ag.set_num_threads(3)
    for a, b in zip(one, one_step(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6 * np.abs(a).max())


def test_blas_follows_and_keeps_its_number_over_a_step():
    ag.set_num_threads(2)
    numbers = get_blas_threads()
    assert all(number <= 2 for number in numbers)
    one_step()
    assert get_blas_threads() == numbers
    ag.set_num_threads(1)
    assert all(number == 1 for number in get_blas_threads())


def test_wrong_numbers_raise_typed_errors():
    with pytest.raises(ag.ArgumentError, match="give 1 or more"):
        ag.set_num_threads(0)
    with pytest.raises(ag.DtypeError, match="give a whole number"):
        ag.set_num_threads("all")


def test_variables_of_the_environment_are_respected():
    program = "import autograd_cnn as ag; print(ag.get_num_threads())"
    for variables, expected in (({"OMP_NUM_THREADS": "3"}, "3"), ({"NUMBA_NUM_THREADS": "1"}, "1")):
        kept = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
        finished = subprocess.run(
            [sys.executable, "-c", program], env=kept | variables, capture_output=True, text=True, check=True
        )
        assert finished.stdout.strip() == expected


def test_neither_the_import_nor_a_small_graph_searches_for_blas():
    program = """
import sys, autograd_cnn as ag
x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
(x @ x).sum().backward()
print("threadpoolctl" in sys.modules)
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "False"


def _in_a_child(connection, threads):
    ag.set_num_threads(threads)
    connection.send([np.asarray(x) for x in one_step()])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_computes_the_same():
    ag.set_num_threads(2)
    expected = one_step()
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(sender, 2))
    child.start()
    assert receiver.poll(60)
    for a, b in zip(expected, receiver.recv(), strict=True):
        np.testing.assert_array_equal(a, b)
    child.join(20)
    assert child.exitcode == 0


SPAWN = """
import multiprocessing
import autograd_cnn as ag

def number(_):
    product = ag.Tensor([[1.0] * 300] * 300) @ ag.Tensor([[1.0] * 300] * 300)
    assert (product.value == 300).all()
    return ag.get_num_threads()

if __name__ == "__main__":
    ag.set_num_threads(7)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(number, range(2)))
"""


def test_a_spawned_child_begins_with_the_default(tmp_path):
    (tmp_path / "spawning.py").write_text(SPAWN)
    environment = os.environ | {"OMP_NUM_THREADS": "3", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    environment.pop("NUMBA_NUM_THREADS", None)
    finished = subprocess.run(
        [sys.executable, str(tmp_path / "spawning.py")], env=environment, capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == "[3, 3]", finished.stderr
