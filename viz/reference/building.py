"""The reference, built: sources are written to a folder that goes again, and Sphinx makes pages of them."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from autograd_cnn.errors import extra
from viz.errors import MalformedReferenceError
from viz.reference.chapters import CHAPTERS, Chapter
from viz.reference.sources import write_sources

_STYLE = "reference.css"
_SETTINGS: dict[str, Any] = {
    "project": "autograd_cnn",
    "extensions": ["sphinx.ext.autodoc", "numpydoc", "viz.reference.docstrings"],
    "html_theme": "furo",
    "html_title": "autograd_cnn",
    "html_static_path": ["_static"],
    "html_css_files": [_STYLE],
    "html_copy_source": False,
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,
    "html_use_index": True,
    "default_role": "py:obj",
    "autodoc_typehints": "none",
    "autodoc_preserve_defaults": True,
    "autodoc_member_order": "bysource",
    "numpydoc_show_class_members": False,
    "numpydoc_validation_checks": set(),
    "pygments_style": "friendly",
}


def build(folder: str | os.PathLike[str], *, chapters: Sequence[Chapter] = CHAPTERS) -> Path:
    """Write the reference as pages that open without a server and fetch nothing.

    Parameters
    ----------
    folder : path
        Where to; files of an earlier build are replaced.
    chapters : sequence of Chapter
        Which; by default all.

    Returns
    -------
    Path
        Its first page.

    Raises
    ------
    MissingExtraError
        Where Sphinx, numpydoc or furo are missing.
    MalformedReferenceError
        When Sphinx warns, as of a docstring that is malformed; the message names its line.
    """
    for library in ("numpydoc", "furo"):
        extra(library, "docs", "the reference")
    sphinx = extra("sphinx.application", "docs", "the reference")
    namespaces = extra("sphinx.util.docutils", "docs", "the reference")
    warnings, folder = io.StringIO(), Path(folder).absolute()
    with tempfile.TemporaryDirectory() as scratch, namespaces.docutils_namespace():
        sources, trees = Path(scratch, "sources"), Path(scratch, "trees")
        write_sources(sources, chapters)
        _write_style(sources / "_static")
        app = sphinx.Sphinx(sources, None, folder, trees, "html", _SETTINGS, status=None, warning=warnings)
        app.build(force_all=True)
    found = re.sub(r"\x1b\[\d+(;\d+)*m", "", warnings.getvalue()).strip()  # it colours them
    if found:
        raise MalformedReferenceError(f"reference: Sphinx warns of\n{found}")
    return folder / "index.html"


def _write_style(folder: Path) -> None:
    folder.mkdir()
    (folder / _STYLE).write_bytes((resources.files("viz") / "pages" / _STYLE).read_bytes())
