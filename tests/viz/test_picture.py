import os
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from viz import picture, rendering
from viz.errors import FormatError, LayoutError, RendererNotFound, SaveError
from viz.picture import SUFFIXES, Picture

SOURCE = 'digraph { a [label="α"]; a -> b }'


@pytest.fixture
def drawing() -> Picture:
    return Picture(SOURCE, "two boxes")


def no_renderer(*_: object, **__: object) -> bytes:
    raise RendererNotFound("no Graphviz on this host; tried\n  dot: not found")


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".svg", b"<svg"), (".SVG", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".dot", b"digraph")],
)
def test_the_suffix_says_how(drawing: Picture, tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"ü x{suffix}"
    try:
        assert drawing.save(path) == path
    except FormatError as error:  # PNG and PDF, where Graphviz is the bare core
        pytest.skip(str(error))
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_saved_files_hold_what_the_picture_says(drawing: Picture, tmp_path: Path) -> None:
    assert drawing.save(str(tmp_path / "a.dot")).read_text(encoding="utf-8") == drawing.source == SOURCE
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg()
    ElementTree.fromstring(drawing.svg())


@pytest.mark.parametrize("name", ["x.gif", "x", "x.svg.gz", ".svg"])
def test_other_suffixes_are_told_with_the_supported_ones(drawing: Picture, tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError) as caught:
        drawing.save(tmp_path / name)
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced(drawing: Picture, tmp_path: Path) -> None:
    path = tmp_path / "x.dot"
    path.write_text("old" * 1000)
    drawing.save(path)
    assert path.read_text(encoding="utf-8") == SOURCE


def test_an_existing_file_survives_a_failed_drawing(
    drawing: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "render", no_renderer)
    path = tmp_path / "x.svg"
    path.write_text("old")
    with pytest.raises(RendererNotFound):
        drawing.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["replace", "fdopen"])
def test_an_existing_file_survives_a_failed_write(
    drawing: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "x.dot"
    path.write_text("old")
    closed = []

    def disk_full(descriptor: object, *_: object) -> None:
        closed.append(descriptor)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(picture.os, step, disk_full)
        with pytest.raises(SaveError, match=r"cannot write .*x\.dot.*No space left"):
            drawing.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_paths_are_told(drawing: Picture, tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="No such file or directory; is its folder there"):
        drawing.save(tmp_path / "missing" / "x.dot")
    folder = tmp_path / "folder.dot"
    folder.mkdir()
    with pytest.raises(SaveError, match=r"folder\.dot"):
        drawing.save(folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_are_those_of_any_new_file(drawing: Picture, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    saved = drawing.save(tmp_path / "x.dot")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_a_link_keeps_pointing_to_its_file(drawing: Picture, tmp_path: Path) -> None:
    (tmp_path / "link.dot").symlink_to(tmp_path / "file.dot")
    drawing.save(tmp_path / "link.dot")
    assert (tmp_path / "link.dot").is_symlink()
    assert (tmp_path / "file.dot").read_text(encoding="utf-8") == SOURCE


def test_long_names_are_saved(drawing: Picture, tmp_path: Path) -> None:
    assert drawing.save(tmp_path / ("x" * 250 + ".dot")).exists()


def test_notebooks_show_svg(drawing: Picture) -> None:
    bundle = drawing._repr_mimebundle_()
    assert bundle == {"image/svg+xml": drawing.svg(), "text/plain": repr(drawing)}
    assert "two boxes" in repr(drawing)


@pytest.mark.parametrize("error", [RendererNotFound("line one\nline two"), LayoutError("line one\nline two", SOURCE)])
def test_notebooks_show_dot_where_nothing_can_be_drawn(
    drawing: Picture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(*_: object, **__: object) -> bytes:
        raise error

    monkeypatch.setattr(rendering, "render", failing)
    assert drawing._repr_mimebundle_() == {"text/plain": f"// line one\n// line two\n{SOURCE}"}


def test_dot_needs_no_renderer(drawing: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "render", no_renderer)
    assert drawing.save(tmp_path / "x.dot").exists()


def test_pictures_are_rendered_once_and_prefixed_on_demand(drawing: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    svg = drawing.svg()
    monkeypatch.setattr(rendering, "render", no_renderer)
    assert drawing.svg() == svg
    assert 'id="p-node1"' in drawing.svg(prefix="p-")
