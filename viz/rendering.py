"""DOT -> SVG, PNG or PDF. This file and its child program are all that touches Graphviz binaries.

The renderers are tried in this order: ``dot`` on the PATH; the Graphviz bundled in the pygraphviz
wheel; the same wheel's core libraries alone, for hosts without glib and X11 (SVG only). Each runs in
a child process with a time limit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from viz.errors import FormatError, LayoutError, LayoutTimeout, RendererNotFound
from viz.labels import check_labels
from viz.style import DPI
from viz.svg import cleaned

FORMATS = ("svg", "png", "pdf")
TIME_LIMIT = 20.0
"""Seconds after which a layout is stopped."""

_CHILD = Path(__file__).with_name("bundled_graphviz.py")
_FIX = (
    "install Graphviz: apt install graphviz | brew install graphviz | conda install graphviz | "
    "winget install graphviz (then open a new terminal), or reinstall the wheel: pip install pygraphviz"
)


@dataclass(frozen=True)
class Failure:
    """Why one renderer drew nothing.

    ``absent`` means that it is not on this host, otherwise it was there and refused the picture.
    """

    renderer: str
    reason: str
    absent: bool


@dataclass(frozen=True)
class Renderer:
    """One way to run Graphviz: its name, formats, and the command that reads DOT and writes the picture.

    The command is None where the program is missing.
    """

    name: str
    formats: tuple[str, ...]
    command: Callable[[str, int], list[str] | None]


def _system_command(suffix: str, dpi: int) -> list[str] | None:
    import graphviz  # names the program as the ecosystem does

    program = shutil.which(os.fspath(graphviz.DOT_BINARY))
    scale = [f"-Gdpi={dpi}"] if suffix == "png" else []
    return [program, f"-T{suffix}", *scale] if program else None


def _child_command(way: str) -> Callable[[str, int], list[str] | None]:
    def command(suffix: str, dpi: int) -> list[str] | None:
        return [sys.executable, str(_CHILD), way, suffix, str(dpi)] if sys.executable else None

    return command


RENDERERS = (
    Renderer("dot on the PATH", FORMATS, _system_command),
    Renderer("pygraphviz", FORMATS, _child_command("pygraphviz")),
    Renderer("the pygraphviz wheel's core libraries", ("svg",), _child_command("ctypes")),
)


def render(dot: str, suffix: str = "svg", *, time_limit: float = TIME_LIMIT, dpi: int = DPI) -> bytes:
    """Return the picture that `dot` describes.

    Parameters
    ----------
    dot : str
        DOT text.
    suffix : {"svg", "png", "pdf"}
        The format. SVG is UTF-8, the same bytes for the same DOT text.
    time_limit : float
        Seconds after which the layout is stopped.
    dpi : int
        Dots per inch of a PNG.

    Raises
    ------
    FormatError
        For another format, or for PNG and PDF where only SVG can be had.
    LabelError
        When an HTML-like label is malformed.
    LayoutTimeout
        When the layout took longer than `time_limit`; the error's ``source`` keeps the DOT text.
    LayoutError
        When Graphviz was found and failed.
    RendererNotFound
        When there is no Graphviz on this host.
    """
    if suffix not in FORMATS:
        raise FormatError(f"render: format {suffix!r}; supported: {', '.join(FORMATS)}")
    check_labels(dot)
    failures: list[Failure] = []
    for renderer in RENDERERS:
        if suffix not in renderer.formats:
            continue
        drawn = _attempt(renderer, dot, suffix, time_limit, dpi)
        if isinstance(drawn, bytes):
            return cleaned(drawn) if suffix == "svg" else drawn
        failures.append(drawn)
    if suffix != "svg":  # perhaps SVG can be had, and another program can convert it
        return converted(render(dot, time_limit=time_limit), suffix, dpi)
    reasons = "".join(f"\n  {failure.renderer}: {failure.reason}" for failure in failures)
    if all(failure.absent for failure in failures):
        raise RendererNotFound(f"no Graphviz on this host; tried{reasons}\n{_FIX}")
    raise LayoutError(f"Graphviz could not draw the picture; tried{reasons}", dot)


def _attempt(renderer: Renderer, dot: str, suffix: str, time_limit: float, dpi: int) -> bytes | Failure:
    """Run one renderer on `dot`."""
    command = renderer.command(suffix, dpi)
    if command is None:
        return Failure(renderer.name, "not found", absent=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(
            command, input=dot.encode(), capture_output=True, timeout=time_limit, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise LayoutTimeout(
            f"the layout took more than {time_limit:g} s and was stopped; draw less of the graph: viz.flow(node) "
            "for layers, ag.nodes(node, scope=...) for one part. The DOT text is in this error's .source",
            dot,
        ) from None
    except OSError as error:
        return Failure(renderer.name, str(error), absent=True)
    said = done.stderr.decode(errors="replace").strip()
    complaints = list(_complaints(said))
    if done.returncode == 0 and done.stdout and not complaints:
        return done.stdout
    reason = complaints[0] if complaints else said.splitlines()[-1] if said else f"exit code {done.returncode}"
    return Failure(renderer.name, reason.removeprefix("absent: ").removeprefix("failed: "), "absent: " in said)


def _complaints(said: str) -> Iterator[str]:
    """Yield Graphviz's own errors; it reports some of them and then draws an incomplete picture."""
    return (line for line in said.splitlines() if line.startswith("Error:"))


def converted(svg: bytes, suffix: str, dpi: int = DPI) -> bytes:
    """Return SVG as PNG or PDF through the optional cairosvg.

    Raises
    ------
    FormatError
        When it is not installed.
    """
    try:
        cairosvg = import_module("cairosvg")
    except (ImportError, OSError):  # OSError: the module is there, libcairo is not
        raise FormatError(
            f"this host writes only SVG, not {suffix.upper()}; save as .svg, or "
            "pip install 'autograd-cnn[png]' (cairosvg)"
        ) from None
    convert = {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[suffix]
    converted: bytes = convert(bytestring=svg, dpi=dpi)
    return converted
