"""Disks that are full, read-only or shared, hosts without fonts or renderer: a clear error, or a correct result."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn import data, models, nn, optim, train
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.errors import RendererNotFound


@cache
def graph() -> ag.Scalar:
    x = ag.Scalar(2.0, name="x")
    output = x * x + ag.exp(x)
    output.backward()
    return output


def written_by(name: str) -> Callable[[Path], Any]:
    suffix = name.rpartition(".")[2]
    if name.startswith("chart"):
        line = Line("l", (0, 1), (2.0, 1.0))
        return lambda path: chart(ChartData("c", (Panel(Axis("epoch"), Axis("loss"), (line,)),))).save(path)
    if name.startswith("circuit"):
        return lambda path: viz.circuit(graph()).save(path)
    return {
        "page.html": lambda path: viz.player(graph()).save(path),
        "page.json": lambda path: viz.player(graph()).save(path),
        "graph.graphml": lambda path: viz.write_graphml(graph(), path),
        "state.npz": lambda path: train.save_checkpoint(path, model=nn.Linear(2, 2, rng=0)),
        "state.safetensors": lambda path: models.save_safetensors(nn.Linear(2, 2, rng=0), path),
        "labels.idx": lambda path: data.write_idx(path, np.arange(9, dtype=np.uint8)),
    }[f"{name.partition('.')[0]}.{suffix}"]


SAVED = [
    *(f"circuit.{suffix}" for suffix in ("svg", "png", "pdf", "dot", "json", "html")),
    *("chart.svg", "page.html", "page.json", "graph.graphml", "state.npz", "state.safetensors", "labels.idx"),
]


@pytest.mark.parametrize("name", SAVED)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    """The disk is full when the data has to get there; the file system turns read-only; the folder is gone."""
    path = tmp_path / name
    write = written_by(name)
    write(path)
    good = path.read_bytes()

    def fails(number: int) -> Callable[..., Any]:
        def failing(*arguments: Any, **named: Any) -> Any:
            raise OSError(number, os.strerror(number))

        return failing

    real = os.open

    def read_only(target: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and str(target).startswith(str(tmp_path)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(target, flags, *rest, **named)

    for place, value, words in (
        ("fsync", fails(errno.ENOSPC), "No space left on device"),
        ("replace", fails(errno.EDQUOT), os.strerror(errno.EDQUOT)),
        ("open", read_only, "Read-only file system"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(os, place, value)
            with pytest.raises(ag.AutogradError, match=words) as caught:
                write(path)
            assert isinstance(caught.value, OSError)
            assert name in str(caught.value)
        assert path.read_bytes() == good
        assert os.listdir(tmp_path) == [name]
    with pytest.raises(ag.AutogradError, match="cannot write"):
        write(tmp_path / "gone" / name)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Put a file system of 64 kB of memory there, where this process may: a real one."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_small_file_system_that_is_full(tmp_path: Path) -> None:
    """Whatever is written, the good file stays, and nothing else."""
    with mounted(tmp_path):
        path = train.save_checkpoint(tmp_path / "a.npz", weights=np.zeros(1000))
        with pytest.raises(ag.FileAccessError, match="No space left on device"):
            train.save_checkpoint(path, weights=np.zeros(100_000))
        assert os.listdir(tmp_path) == ["a.npz"]
        assert train.load_checkpoint(path)["weights"].shape == (1000,)
        (tmp_path / "filler").write_bytes(bytes(8192))  # pages of 4 kB: what is left holds neither file
        for name, write in (
            ("page.html", written_by("page.html")),
            ("labels.idx", lambda path: data.write_idx(path, np.zeros(60_000, np.uint8))),
            ("out", lambda path: data.extract(tmp_path.parent / "big.tar", path)),
        ):
            with tarfile.open(tmp_path.parent / "big.tar", "w") as made:
                made.addfile(tarfile.TarInfo("a"))
                info = tarfile.TarInfo("b")
                info.size = 60_000
                made.addfile(info, BytesIO(bytes(60_000)))
            with pytest.raises(ag.AutogradError, match="No space left on device"):
                write(tmp_path / name)
            assert sorted(os.listdir(tmp_path)) == ["a.npz", "filler"]


def test_a_training_on_a_full_file_system_goes_on(tmp_path: Path) -> None:
    """It keeps the checkpoints that it has, says so, and when there is space again it writes."""
    wide = np.zeros((4, 1000), np.float32), np.array([0, 1, 0, 1])

    def fill(running: train.Trainer) -> None:
        if running.position.epoch == 2:
            (tmp_path / "filler").write_bytes(bytes(4096 * (os.statvfs(tmp_path).f_bavail - 1)))

    with mounted(tmp_path):
        model = nn.Linear(1000, 2, rng=0)
        running = train.Trainer(
            model,
            nn.CrossEntropyLoss(),
            optim.SGD(model.parameters(), lr=0.1),
            checkpoints=train.Checkpoints(tmp_path, keep=1),
            callbacks=[fill],
            progress=False,
        )
        with pytest.warns(RuntimeWarning, match="No space left on device.*Training goes on"):
            history = running.fit(wide, epochs=3, rng=0)
        assert len(history.epochs) == 3
        steps = sorted(file.name for file in tmp_path.glob("*step*"))
        assert steps == ["step-00000001.npz"]
        (tmp_path / "filler").unlink()
        running.callbacks = ()
        running.fit(wide, epochs=4, rng=0, resume=True)
        assert [file.name for file in tmp_path.glob("*step*")] == ["step-00000004.npz"]


READ_ONLY = """
import os, sys
import numpy as np
import autograd_cnn as ag
from autograd_cnn import data, nn, optim, train
import viz
from viz.cli import main

def trained(folder):
    model = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    trainer = train.Trainer(model, nn.CrossEntropyLoss(), optimizer, checkpoints=folder, progress=False)
    try:
        trainer.fit((np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])), epochs=1, rng=0)
    except ag.FileAccessError:
        same = zip(nn.Linear(2, 2, rng=0).parameters(), model.parameters(), strict=True)
        assert all(np.array_equal(a.value, b.value) for a, b in same), "it trained before it looked"
        raise

WRITERS = (
    lambda folder: train.save_checkpoint(folder + "/x.npz", a=1),
    lambda folder: train.save_checkpoint(folder + "/old.npz", a=1),
    lambda folder: viz.player(ag.Scalar(1.0) * 2).save(folder + "/x.html"),
    lambda folder: data.write_idx(folder + "/x", np.zeros(3, np.uint8)),
    lambda folder: train.tune(lambda trial: 1.0, {"a": train.Choice([1])}, trials=1, storage=folder + "/study.log"),
    trained,
)
COMMANDS = ["draw", "x*2", "x=1", "-o", "x.dot"], ["play", "x*2", "x=1", "-o", "x.html"]
closed, opened = sys.argv[1:]
for write in WRITERS:  # so that all is imported
    write(opened)
for *command, name in COMMANDS:
    assert main([*command, opened + "/" + name]) == 0
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # to whom the folder is closed, as it is not to root
for write in WRITERS:
    try:
        write(closed)
    except ag.AutogradError as error:
        assert "Permission denied" in str(error) and closed in str(error), error
    else:
        raise SystemExit("something was written")
for *command, name in COMMANDS:
    try:
        assert main([*command, closed + "/" + name]) == 2
    except SystemExit as refused:  # before anything is computed
        assert refused.code == 2
for read in (data.mnist, data.cifar10):
    try:
        read(closed)
    except ag.FileAccessError:
        pass
"""


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="POSIX")
@pytest.mark.parametrize("around", [False, True], ids=["read only", "in one that is closed"])
def test_a_folder_that_is_closed_to_this_user(tmp_path: Path, around: bool) -> None:
    """For real: a root user, to whom no folder is closed, becomes another one first."""
    folder, other = tmp_path / "closed", tmp_path / "open"
    folder.mkdir()
    other.mkdir()
    old = train.save_checkpoint(folder / "old.npz", a=0)
    for place in tmp_path.parents:
        if place.name.startswith(("pytest-", "popen-")):  # what pytest made, and closed to others
            place.chmod(0o755)
    old.chmod(0o444)
    folder.chmod(0o555)
    tmp_path.chmod(0o600 if around else 0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", READ_ONLY, str(folder), str(other)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        tmp_path.chmod(0o755)
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Permission denied") == 2, done.stderr
    assert os.listdir(folder) == ["old.npz"]
    assert train.load_checkpoint(old)["a"] == 0


WRITER = """
import sys
import numpy as np
import autograd_cnn as ag
from autograd_cnn import train
import viz
number, folder = int(sys.argv[1]), sys.argv[2]
page = viz.player(ag.Scalar(float(number), name=f"x{number}") * 2)
for i in range(40):
    train.save_checkpoint(f"{folder}/shared.npz", who=number, weights=np.full(2000, number))
    page.save(f"{folder}/report.html")
    whole = train.load_checkpoint(f"{folder}/shared.npz")
    assert (whole["weights"] == whole["who"]).all()
"""


def test_two_processes_write_the_same_checkpoint_and_the_same_report(tmp_path: Path) -> None:
    """Whoever reads finds one of them whole; the last one stays, and no drafts do."""
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(i), str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for i in (1, 2)
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert sorted(os.listdir(tmp_path)) == ["report.html", "shared.npz"]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.rstrip().endswith("</html>")
    assert ('"x1"' in html) != ('"x2"' in html)


def test_two_trainings_in_one_folder_are_told(tmp_path: Path) -> None:
    def trainer() -> train.Trainer:
        model = nn.Linear(2, 2, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        return train.Trainer(model, nn.CrossEntropyLoss(), optimizer, checkpoints=tmp_path, progress=False)

    batch = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    trainer().fit(batch, epochs=1, rng=0)
    with pytest.raises(ag.ArgumentError, match="holds those of an earlier training"):
        trainer().fit(batch, epochs=1, rng=0)


SAME = """
import sys
import numpy as np
from autograd_cnn import train
from tests.train.test_resuming import everything, fit
running, rng = everything(sys.argv[1])
history = fit(running, rng, resume=True)
print(np.float64(sum(history.losses)).hex(), len(history.losses))
"""


def test_two_processes_resume_the_same_training_at_once(tmp_path: Path) -> None:
    """As a scheduler does that starts a job twice: both end with the same bits, and all checkpoints are whole."""
    command = [sys.executable, "-W", "ignore", "-c", SAME, str(tmp_path)]
    running = [
        subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=-1, stderr=-1, text=True) for _ in range(2)
    ]
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    assert ended[0][0] == ended[1][0]
    assert ended[0][0].endswith(" 12\n")
    for path in tmp_path.glob("*.npz"):
        train.load_checkpoint(path)
    assert not list(tmp_path.glob("*.damaged"))


def test_a_host_without_fonts_draws_the_same_words(tmp_path: Path) -> None:
    """SVG names its fonts, and the reader's host brings them; only the widths that Graphviz guesses may differ."""
    (tmp_path / "fonts.conf").write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    code = "import sys, autograd_cnn as ag, viz; viz.circuit(ag.Scalar(2.0, name='weight') * 3).save(sys.argv[1])"
    for suffix in ("svg", "png"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(tmp_path / f"x.{suffix}")],
            env=os.environ | {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert ">weight</text>" in (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_a_host_without_renderer_says_so_and_saves_what_needs_none(tmp_path: Path, monkeypatch: Any) -> None:
    from viz import rendering

    monkeypatch.setattr(rendering, "RENDERERS", (rendering.RENDERERS[0],))
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = viz.circuit(graph())
    for suffix in ("svg", "html"):
        with pytest.raises(RendererNotFound, match="install Graphviz"):
            picture.save(tmp_path / f"x.{suffix}")
    assert json.loads(picture.save(tmp_path / "x.json").read_text())["kind"] == "circuit"
    picture.save(tmp_path / "x.dot")
    written_by("chart.svg")(tmp_path / "chart.svg")
    assert sorted(os.listdir(tmp_path)) == ["chart.svg", "x.dot", "x.json"]
