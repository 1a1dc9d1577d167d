"""The Graphviz inside the pygraphviz wheel, run as a program of its own: DOT in, picture out.

``python bundled_graphviz.py {pygraphviz|ctypes} {svg|png|pdf} DPI`` reads DOT from standard input.
It runs in a child process, so that a layout can be stopped and a crash in C harms nobody; it
imports nothing of this package, so that it can be run by its path.

``pygraphviz`` needs glib and X11 on the host. ``ctypes`` does without: it loads the wheel's libgvc
with its core and dot plugins only. Those write SVG, and estimate how wide a text is.
"""

from __future__ import annotations

import ctypes
import re
import sys
from importlib import metadata
from pathlib import Path

_PLUGINS = ("core", "dot_layout")


def with_pygraphviz(dot: str, suffix: str, dpi: str) -> bytes:
    """Draw through pygraphviz's own bindings."""
    import pygraphviz

    graph = pygraphviz.AGraph(string=dot)
    if suffix == "png":
        graph.graph_attr["dpi"] = dpi
    drawn: bytes = graph.draw(format=suffix, prog="dot")
    return drawn


def with_ctypes(dot: str) -> bytes:
    """Draw SVG through libgvc's C interface (Graphviz as a library, section "Using Graphviz as a Library")."""
    for name in ("cdt", "cgraph", "pathplan", "xdot"):  # its dependencies first, found by no search path on Windows
        _library(name)
    gvc = _library("gvc")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    gvc.gvContextPlugins.restype = pointer
    gvc.gvContextPlugins.argtypes = [pointer, ctypes.c_int]
    gvc.gvLayout.argtypes = [pointer, pointer, text]
    gvc.gvRenderData.argtypes = [pointer, pointer, text, ctypes.POINTER(pointer), ctypes.POINTER(ctypes.c_size_t)]
    cgraph = _library("cgraph")
    cgraph.agmemread.restype, cgraph.agmemread.argtypes = pointer, [text]

    table, kept = _plugin_table()
    context = gvc.gvContextPlugins(ctypes.cast(table, pointer), 0)
    graph = cgraph.agmemread(dot.encode())
    if not graph:
        raise ValueError("the DOT text has a syntax error")
    if gvc.gvLayout(context, graph, b"dot"):
        raise ValueError("gvLayout failed")
    data, length = pointer(), ctypes.c_size_t(0)
    if gvc.gvRenderData(context, graph, b"svg", ctypes.byref(data), ctypes.byref(length)):
        raise ValueError("gvRenderData failed")
    del kept
    return ctypes.string_at(data, length.value) if data.value else b""


class _Symbol(ctypes.Structure):
    """Graphviz's ``lt_symlist_t``: the name and address of a plugin's table."""

    _fields_ = (("name", ctypes.c_char_p), ("address", ctypes.c_void_p))


def _plugin_table() -> tuple[ctypes.Array[_Symbol], list[ctypes.CDLL]]:
    """Return the builtin plugins as a null-terminated array, and the libraries that must stay loaded."""
    table, libraries = (_Symbol * (len(_PLUGINS) + 1))(), []
    for entry, plugin in zip(table, _PLUGINS, strict=False):
        name = f"gvplugin_{plugin}_LTX_library"
        libraries.append(_library(f"gvplugin_{plugin}"))
        entry.name = name.encode()
        entry.address = ctypes.addressof(ctypes.c_char.in_dll(libraries[-1], name))
    return table, libraries


def _library(name: str) -> ctypes.CDLL:
    """Load one library of the wheel, found in its list of files without importing the package."""
    pattern = re.compile(rf"(lib)?{name}[-.][^/]*(so|dylib|dll)[^/]*$", re.IGNORECASE)
    for file in metadata.files("pygraphviz") or ():
        if pattern.fullmatch(file.name):
            return ctypes.CDLL(str(Path(str(file.locate()))))
    raise FileNotFoundError(f"the pygraphviz wheel holds no {name} library; was it built from source?")


def main() -> None:
    """Read DOT from standard input and write the picture to standard output."""
    way, suffix, dpi = sys.argv[1:]
    dot = sys.stdin.buffer.read().decode()
    try:
        drawn = with_pygraphviz(dot, suffix, dpi) if way == "pygraphviz" else with_ctypes(dot)
    except ImportError as error:
        sys.exit(f"absent: {error}")
    except Exception as error:  # the parent turns whatever it is into one readable line
        absent = isinstance(error, OSError)
        sys.exit(f"{'absent' if absent else 'failed'}: {error or type(error).__name__}")
    sys.stdout.buffer.write(drawn)


if __name__ == "__main__":
    main()
