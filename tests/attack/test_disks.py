"""Disks that are full, read-only or shared, hosts without fonts or renderer: a clear error, or a correct result."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
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


def test_a_small_file_system_that_is_full(tmp_path: Path) -> None:
    """A real one, where this process may mount it: 64 kB of memory."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        path = train.save_checkpoint(tmp_path / "a.npz", weights=np.zeros(1000))
        with pytest.raises(ag.FileAccessError, match="No space left on device"):
            train.save_checkpoint(path, weights=np.zeros(100_000))
        assert os.listdir(tmp_path) == ["a.npz"]
        assert train.load_checkpoint(path)["weights"].shape == (1000,)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


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
