import os
import re
import shutil
import signal
import subprocess
import sys
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.viz.references import PICTURES
from tests.viz.test_circuits import check_geometry
from viz import rendering
from viz.errors import FormatError, LabelError, LayoutError, LayoutTimeout, RendererNotFound
from viz.rendering import FORMATS, RENDERERS, Failure, Renderer, render
from viz.svg import cleaned, prefixed

SMALL = 'digraph { a -> b [label=<<B>wire</B>>]; a [style=filled fillcolor="red:blue" tooltip="first <node>"] }'
STARTS = {"svg": b"<svg", "png": b"\x89PNG\r\n", "pdf": b"%PDF"}
SYSTEM, PYGRAPHVIZ, CORE = RENDERERS


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def broken_import(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make ``import pygraphviz`` fail in child processes, as it does where glib is missing."""
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / "pygraphviz.py").write_text("raise ImportError('libgobject-2.0.so.0: cannot open shared object file')")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def no_wheel(broken_import: Path) -> None:
    """Hide the wheel's list of files too, as if pygraphviz were not installed."""
    metadata = broken_import / "pygraphviz-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pygraphviz\nVersion: 0\n")


def script(name: str, code: str) -> Renderer:
    return Renderer(name, FORMATS, lambda suffix, dpi: [sys.executable, "-c", code])


def drawn_by(renderer: Renderer, dot: str, suffix: str = "svg") -> bytes:
    drawn = rendering._attempt(renderer, dot, suffix, 20.0, 96)
    if isinstance(drawn, Failure) and drawn.absent:
        pytest.skip(f"{renderer.name} is not on this host: {drawn.reason}")
    assert isinstance(drawn, bytes), drawn
    return drawn


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_each_renderer_draws_each_of_its_formats(renderer: Renderer, suffix: str) -> None:
    if suffix not in renderer.formats:
        assert renderer is CORE  # it writes SVG only
        return
    drawn = drawn_by(renderer, SMALL, suffix)
    assert (cleaned(drawn) if suffix == "svg" else drawn).startswith(STARTS[suffix])


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_labels_fit_with_each_renderer(renderer: Renderer, name: str) -> None:
    """The core libraries have no fonts and estimate how wide a text is: labels must fit all the same."""
    check_geometry(cleaned(drawn_by(renderer, PICTURES[name].source)).decode())


@pytest.mark.usefixtures("no_dot", "broken_import")
def test_a_host_without_dot_glib_and_x11_still_draws() -> None:
    assert SYSTEM.command("svg", 96) is None
    failed = rendering._attempt(PYGRAPHVIZ, SMALL, "svg", 20.0, 96)
    assert failed == Failure("pygraphviz", "libgobject-2.0.so.0: cannot open shared object file", absent=True)
    assert b">wire</text>" in render(SMALL)


@pytest.mark.usefixtures("no_dot")
def test_a_host_without_dot_uses_the_bundled_graphviz() -> None:
    assert b">wire</text>" in render(SMALL)


@pytest.mark.usefixtures("no_dot", "no_wheel")
@pytest.mark.parametrize("suffix", FORMATS)
def test_no_graphviz_names_each_thing_tried_and_the_fix(suffix: str) -> None:
    with pytest.raises(RendererNotFound) as caught:
        render(SMALL, suffix)
    message = str(caught.value)
    for words in (
        "dot on the PATH: not found",
        "pygraphviz: libgobject",
        "core libraries: ",
        "apt install",
        "brew",
        "winget",
    ):
        assert words in message


@pytest.mark.usefixtures("no_dot", "broken_import")
@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_only_svg_names_the_extra(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(FormatError, match=rf"only SVG, not {suffix.upper()}.*cairosvg"):
        render(SMALL, suffix)


@pytest.mark.usefixtures("no_dot", "broken_import")
def test_cairosvg_converts_where_only_svg_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def converted(*, bytestring: bytes, dpi: int) -> bytes:
        assert bytestring.startswith(b"<svg")
        return f"{dpi} dpi".encode()

    monkeypatch.setitem(sys.modules, "cairosvg", types.SimpleNamespace(svg2png=converted, svg2pdf=converted))
    assert render(SMALL, "png", dpi=50) == b"50 dpi"


def test_unknown_formats_are_told() -> None:
    with pytest.raises(FormatError, match="'gif'; supported: svg, png, pdf"):
        render(SMALL, "gif")


def test_malformed_labels_are_never_drawn() -> None:
    with pytest.raises(LabelError):
        render("digraph { a [label=<<B>x>] }")


@pytest.mark.parametrize("dot", ["digraph {", "digraph { a [label=<<NOSUCHTAG>x</NOSUCHTAG>>] }"])
def test_what_graphviz_refuses_is_a_typed_error_that_keeps_the_source(dot: str) -> None:
    with pytest.raises(LayoutError) as caught:
        render(dot)
    assert caught.value.source == dot
    assert "core libraries" in str(caught.value)


def test_a_slow_layout_is_stopped_and_says_how_to_collapse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "RENDERERS", (script("slow", "import time; time.sleep(600)"),))
    with pytest.raises(LayoutTimeout, match=r"0\.2 s and was stopped.*viz\.flow.*scope=") as caught:
        render(SMALL, time_limit=0.2)
    assert caught.value.source == SMALL


@pytest.mark.parametrize("renderer", [PYGRAPHVIZ, CORE], ids=lambda renderer: renderer.name)
def test_a_real_layout_is_stopped(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_by(renderer, SMALL)
    edges = "".join(f"n{i} -> n{(i * i + 7 * j + 1) % 1000};" for i in range(1000) for j in range(9))
    monkeypatch.setattr(rendering, "RENDERERS", (renderer,))
    with pytest.raises(LayoutTimeout):
        render(f"digraph {{ {edges} }}", time_limit=0.5)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a child cannot kill itself by signal here")
def test_a_crash_of_one_renderer_is_survived_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = script("crash", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(rendering, "RENDERERS", (crash, CORE))
    assert b">wire</text>" in render(SMALL)
    monkeypatch.setattr(rendering, "RENDERERS", (crash,))
    with pytest.raises(LayoutError, match="crash: exit code -9"):
        render(SMALL)


def test_a_program_that_cannot_be_started_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    missing = Renderer("missing", FORMATS, lambda suffix, dpi: [str(tmp_path / "none")])
    monkeypatch.setattr(rendering, "RENDERERS", (missing, CORE))
    assert b">wire</text>" in render(SMALL)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_same_dot_gives_the_same_svg(renderer: Renderer) -> None:
    source = PICTURES["sigmoid_neuron"].source
    assert cleaned(drawn_by(renderer, source)) == cleaned(drawn_by(renderer, source))


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
def test_svg_is_clean(renderer: Renderer) -> None:
    svg = cleaned(drawn_by(renderer, SMALL)).decode()
    ElementTree.fromstring(svg)
    assert "transparent" not in svg
    assert "<!--" not in svg
    assert 'id="gradient0"' in svg
    assert "url(#gradient0)" in svg
    assert "first &lt;node&gt;</title>" in svg


def test_wires_are_smooth_and_other_bars_crisp() -> None:
    bar = '<TABLE BORDER="0"><TR><TD BGCOLOR="red">x</TD></TR></TABLE>'
    svg = render(
        f"digraph {{ a [class=wire shape=plain label=<{bar}>]; b [class=card shape=plain label=<{bar}>] }}"
    ).decode()
    wire, card = (g for g in re.findall(r"<g[^>]*class=\"node.*?</g>", svg, re.DOTALL))
    assert "crispEdges" not in wire
    assert "crispEdges" in card


def test_ids_are_prefixed_with_their_references() -> None:
    svg = prefixed(render(SMALL), "p1-").decode()
    ids = set(re.findall(r'id="([^"]*)"', svg))
    assert ids
    assert all(i.startswith("p1-") for i in ids)
    assert set(re.findall(r"url\(#([^)]*)\)", svg)) <= ids


def test_png_grows_with_its_resolution() -> None:
    def width(png: bytes) -> int:
        return int.from_bytes(png[16:20], "big")

    if not (shutil.which("dot") or isinstance(rendering._attempt(PYGRAPHVIZ, SMALL, "png", 20.0, 96), bytes)):
        pytest.skip("this host's Graphviz writes only SVG")
    assert width(render(SMALL, "png", dpi=192)) == pytest.approx(2 * width(render(SMALL, "png", dpi=96)), abs=3)


def test_the_parent_never_loads_graphviz() -> None:
    code = (
        "import sys; from viz.rendering import render; render('digraph { a }');"
        "assert 'pygraphviz' not in sys.modules and 'networkx' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False
    )
    assert done.returncode == 0
