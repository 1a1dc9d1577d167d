"""Many threads and processes at once: scopes, tapes, recordings, random numbers and monitors do not mix."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim, train
from autograd_cnn.graph import serial
from autograd_cnn.kernels import threads as kernel_threads

THREADS = 4


def at_once(work: Callable[[int], None], number: int = THREADS) -> None:
    """Do the work in several threads, switched as often as can be; raise what one of them raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(number)

    def guarded(i: int) -> None:
        try:
            start.wait(30)
            work(i)
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        running = [threading.Thread(target=guarded, args=(i,)) for i in range(number)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(60)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]


def test_scopes_no_grad_and_anomalies_belong_to_their_thread() -> None:
    def work(i: int) -> None:
        for k in range(50):
            with ag.scope(f"thread{i}"), ag.scope(f"round{k}"):
                x = ag.Scalar(float(i))
                if i % 2:
                    with ag.no_grad():
                        assert (x * x).gate is None
                y = x * x
                assert y.scope == f"thread{i}/round{k}"
                y.backward()
                assert x.grad == 2.0 * i
            if i == 0:
                with pytest.raises(ag.GradientError, match="not finite"), ag.detect_anomaly():
                    ag.Scalar(np.inf) * 1
            else:
                assert (ag.Scalar(np.inf) * 1).value == np.inf

    at_once(work)


def drawn() -> int:
    """Return a serial number, as every node draws one."""
    page, index = next(serial.page, None) or serial.turned()
    return page * serial.PAGE + index


def test_serial_numbers_rise_whoever_comes_between_while_a_page_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object freed there may make nodes in its __del__, or another thread go on for pages."""
    numbers: list[int] = []
    made = serial._Page.__init__
    between = iter([0, 1, 3, serial.PAGE + 10, 2 * serial.PAGE])

    def disturbed(page: Any, number: int) -> None:
        made(page, number)
        numbers.extend([drawn() for _ in range(next(between, 0))])

    monkeypatch.setattr(serial._Page, "__init__", disturbed)
    for _ in range(8 * serial.PAGE):
        numbers.append(drawn())
    assert next(between, None) is None
    late, here = serial.page, serial._here
    numbers += [drawn() for _ in range(3 * serial.PAGE)]
    serial.page, serial._here = late, here  # as a thread leaves them that was stopped at the end of turned()
    numbers += [drawn() for _ in range(serial.PAGE)]
    assert numbers == sorted({*numbers})


def test_one_object_may_be_entered_by_many_threads() -> None:
    """A thread took the way out of another, and Python said that the token was made in another context."""
    off, named = ag.no_grad(), ag.scope("shared")
    turn = threading.Barrier(2)

    def work(i: int) -> None:
        for first in (True, False):
            if i:
                turn.wait(30)  # the other is inside
            with named, off:
                if not i:
                    turn.wait(30)
                turn.wait(30)  # both are inside
                if i == first:
                    turn.wait(30)  # the other is outside again
                assert (ag.Scalar(1.0) * 2).gate is None
            node = ag.Scalar(1.0) * 2
            assert node.gate is not None
            assert node.scope == ""
            if i != first:
                turn.wait(30)

    at_once(work, 2)


def test_one_network_is_called_by_many_threads() -> None:
    model = nn.Sequential(hidden=nn.Linear(3, 4, rng=0), relu=nn.ReLU(), out=nn.Linear(4, 2, rng=1))

    def gradient_of(i: int) -> Any:
        x = ag.Tensor(np.full((2, 3), i + 1, np.float32), requires_grad=True)
        loss = F.cross_entropy(model(x), np.array([0, 1]))
        assert {n.scope for n in ag.nodes(loss) if n.gate and n.gate.name == "relu"} == {"relu"}
        return ag.grad(loss, x)[0]

    expected = [gradient_of(i) for i in range(THREADS)]

    def work(i: int) -> None:
        for _ in range(20):
            np.testing.assert_array_equal(gradient_of(i), expected[i])

    at_once(work)


def test_functions_are_recorded_by_many_threads_at_once() -> None:
    """Each thread records anew: the others' gates must not get into its recording, nor be refused meanwhile."""
    w = ag.Parameter(np.arange(1.0, 4.0))
    f = ag.compile(lambda x: (ag.sin(w * x)).sum())
    scalar = ag.compile(lambda x: ag.tanh(x) * x)

    def work(i: int) -> None:
        for k in range(10):
            x = ag.Tensor(np.full((1 + k, 3), float(i)), requires_grad=True)
            (found,) = ag.grad(f(x), x)
            np.testing.assert_array_equal(found, np.cos(w.value * x.value) * w.value)
            own = ag.compile(lambda x, i=i: (x * i).sum())
            assert own(np.ones(3)).item() == 3.0 * i
            s = ag.Scalar(0.1 * (i + k))
            s_result = scalar(s)
            s_result.backward()
            t = np.tanh(s.value)
            assert s.grad == pytest.approx(t + (1 - t * t) * s.value, rel=1e-12)
            eager = ag.Scalar(2.0) * i
            assert float(eager.value) == 2.0 * i  # which a recording would refuse

    at_once(work)


def test_generators_of_threads_and_the_default_one() -> None:
    """A generator of one's own gives the same in any crowd; the default one gives every number once."""
    expected = [nn.Linear(5, 5, rng=i).weight.value for i in range(THREADS)]
    ag.manual_seed(7)
    alone = np.sort(np.concatenate([nn.Linear(5, 5, bias=False).weight.value.reshape(-1) for _ in range(THREADS)]))
    ag.manual_seed(7)
    drawn: list[Any] = [None] * THREADS

    def work(i: int) -> None:
        np.testing.assert_array_equal(nn.Linear(5, 5, rng=i).weight.value, expected[i])
        drawn[i] = nn.Linear(5, 5, bias=False).weight.value.reshape(-1)

    at_once(work)
    np.testing.assert_array_equal(np.sort(np.concatenate(drawn)), alone)


def losses_watched(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    model = nn.Sequential(fc1=nn.Linear(4, 5, rng=rng), relu=nn.ReLU(), fc2=nn.Linear(5, 2, rng=rng))
    monitor = health.Monitor(model, every=1)
    monitor.begin_epoch()
    losses = []
    for _ in range(5):
        x = ag.Tensor(rng.standard_normal((6, 4)).astype(np.float32), requires_grad=True)
        loss = F.cross_entropy(model(x), rng.integers(0, 2, 6))
        model.zero_grad()
        loss.backward()
        monitor.observe(loss)
        for p in model.parameters():
            p.assign(p.value - 0.1 * p.grad)
        losses.append(loss.item())
    seen = [report.loss for report in monitor.history]
    assert seen == pytest.approx(losses)
    return losses


def test_monitors_watch_their_own_training() -> None:
    expected = [losses_watched(i) for i in range(THREADS)]

    def work(i: int) -> None:
        assert losses_watched(i) == expected[i]

    at_once(work)


def fitted(compile: bool = False) -> list[Any]:
    """Train a network, whose kernels `in_two_threads` shares out; return all numbers of it."""
    rng = np.random.default_rng(5)
    images, labels = rng.standard_normal((32, 3, 16, 16)).astype(np.float32), rng.integers(0, 10, 32)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, rng=rng),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 32, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.3, rng=3),
        nn.Linear(32 * 64, 120, rng=rng),
        nn.ReLU(),
        nn.Linear(120, 10, rng=rng),
    )
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    running = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, clip_norm=1.0, compile=compile, progress=False)
    history = running.fit((images, labels), (images[:20], labels[:20]), epochs=2, batch_size=16, rng=1)
    return [history.losses, *(np.asarray(value).tobytes() for value in model.state_dict().values())]


def in_two_threads() -> None:
    """Share the smallest work, too: as it is, the kernels of `fitted` are too small to be."""
    ag.set_num_threads(2)
    kernel_threads.SMALLEST_SHARE = 2_000


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = ag.get_num_threads()
    monkeypatch.setattr(kernel_threads, "SMALLEST_SHARE", kernel_threads.SMALLEST_SHARE)  # restored at the end
    in_two_threads()
    yield
    ag.set_num_threads(before)


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.usefixtures("two_threads")
def test_trainers_in_threads_end_with_the_bits_of_one_alone(compile: bool) -> None:
    """Their kernels share workers, scratch memory, plans and the threads of BLAS."""
    expected = fitted(compile)

    def work(i: int) -> None:
        for _ in range(2):
            assert fitted(compile) == expected

    at_once(work)


def shared_sum(number: int) -> float:
    """Return a sum that three threads work on."""
    parts = np.zeros(9)

    def kernel(first: int, last: int, parts: Any) -> None:
        parts[first:last] += number

    kernel_threads.share_out(kernel, 9, 3 * kernel_threads.SMALLEST_SHARE, parts)
    return float(parts.sum())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_children_forked_while_other_threads_work_do_not_hang() -> None:
    """Locks and queues of the parent's threads are not theirs; and a child may ask for another number of threads."""
    before = ag.get_num_threads()
    ag.set_num_threads(3)
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            shared_sum(1)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for threads in (2, 3, 5):
            child = os.fork()
            if not child:
                signal.alarm(30)
                try:
                    ag.set_num_threads(threads)
                    right = shared_sum(2) == 18.0 and ag.get_num_threads() == threads
                    x = ag.Scalar(3.0)
                    (x * x).backward()
                    os._exit(0 if right and x.grad == 6.0 else 1)
                finally:
                    os._exit(2)
            _, status = os.waitpid(child, 0)
            assert status == 0
    finally:
        done.set()
        thread.join(30)
        ag.set_num_threads(before)
    assert shared_sum(3) == 27.0


def fitted_for(_: int) -> list[Any]:
    """Train in another process, in as many threads as the parent had."""
    in_two_threads()
    return fitted()


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.usefixtures("two_threads")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_pools_train_as_the_parent_does_after_its_kernels_ran_in_threads(way: str) -> None:
    """A child has none of the parent's workers, whose queue and locks it must not wait for."""
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    expected = fitted()
    assert kernel_threads._workers >= 1
    with multiprocessing.get_context(way).Pool(2) as pool:
        assert pool.map_async(fitted_for, range(3), chunksize=1).get(120) == [expected] * 3
    assert fitted() == expected


def trained(model: nn.Module) -> dict[str, Any]:
    """Take one step, in another process."""
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    F.cross_entropy(model(x), np.array([0, 1])).backward()
    for p in model.parameters():
        p.assign(p.value - 0.5 * p.grad)
    return model.state_dict()


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_model_goes_to_a_child_and_its_state_comes_back(way: str, tmp_path: Path) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    program = f"""
import multiprocessing
import numpy as np
from autograd_cnn import nn
from tests.attack.test_threads_and_processes import trained

if __name__ == "__main__":
    model = nn.Sequential(fc=nn.Linear(4, 2, rng=0))
    before = model.state_dict()
    with multiprocessing.get_context({way!r}).Pool(1) as pool:
        found = pool.apply_async(trained, (model,)).get(60)
    same = model.state_dict()
    assert all(np.array_equal(before[name], same[name]) for name in before)
    model.load_state_dict(found)
    here = nn.Sequential(fc=nn.Linear(4, 2, rng=0))
    expected = trained(here)
    assert all(np.array_equal(expected[name], found[name]) for name in expected)
"""
    (tmp_path / "program.py").write_text(program)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
