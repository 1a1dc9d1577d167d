"""A self-contained HTML page: one file that fetches nothing and opens without a server."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from viz import exchange
from viz.errors import FormatError
from viz.files import suffix_of, write_atomically
from viz.labels import plain
from viz.style import DARK, LIGHT, Theme

_COLOURS = tuple(field.name for field in fields(Theme) if isinstance(getattr(LIGHT, field.name), str))[1:]
_STANDING_IN: dict[str, Any] = {name: f"#fe{i:02x}5a" for i, name in enumerate(_COLOURS)}

PAGE_THEME = replace(LIGHT, name="page", **_STANDING_IN)
"""A theme whose colours stand in for the page's CSS variables, each a colour that no other theme has."""


class Page:
    """A page, kept as HTML.

    Parameters
    ----------
    html : str
        The whole document.
    title : str
        What the page shows, in a few words.
    kind : str
        The name under which `viz.load` knows its data; empty for a page that is saved as .html only.
    data : frozen dataclass
        What the page was made from, as plain data.
    """

    def __init__(self, html: str, title: str, *, kind: str = "", data: Any = None) -> None:
        self.html = html
        self.title = title
        self.kind = kind
        self.data = data

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, which ends in .html or .json, and return it; the file is complete or not there.

        Raises
        ------
        FormatError
            For another suffix.
        SaveError
            When the file cannot be written.
        """
        path = Path(path)
        suffixes = (".html", ".htm", ".json") if self.kind else (".html", ".htm")
        wanted = "a page is saved as .html" + (", its data as .json" if self.kind else "")
        text = self.json() if suffix_of("save", path, suffixes, wanted) == ".json" else self.html
        write_atomically(path, text.encode())
        return path

    def json(self) -> str:
        """Return what the page was made from as JSON text, which `viz.load` reads; see `viz.json_schema`.

        Raises
        ------
        FormatError
            For a page that keeps no data.
        """
        if not self.kind:
            raise FormatError("this page keeps no data to write as JSON; save it as .html")
        return exchange.written(self.kind, self.data)

    def _repr_html_(self) -> str:
        # a frame of its own: the page's styles and scripts stay off the notebook, and its off the page
        frame = f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(plain(self.title))}"'
        return f'{frame} style="width:100%;height:800px;border:0"></iframe>'

    def __repr__(self) -> str:
        return f"<Page {self.title!r}: {len(self.html):,} characters of HTML; .save('x.html'), .html>"


def filled_page(
    name: str,
    data: Mapping[str, Any],
    *,
    title: str,
    status: str = "",
    assets: Sequence[str] = (),
    kind: str = "",
    made_from: Any = None,
    **parts: str,
) -> Page:
    """Return the page `name` of this package, in the frame that all pages share.

    Parameters
    ----------
    name : str
        Its files are ``pages/<name>.html``, the content of the main element, ``.css`` and ``.js``.
    data : mapping
        What its script reads as ``data``; numbers that are not finite become words.
    title : str
        The heading; any text.
    status : str
        Well-formed HTML under the heading.
    assets : sequence of str
        Further styles and scripts that the page uses: ``"stage"``, ``"charts"``.
    kind, made_from
        What `Page` keeps for its JSON, if anything.
    **parts : str
        Well-formed HTML for each placeholder of the page.
    """
    names = ("frame", *assets, name)
    parts = {"title": text_of(title), **parts}
    return Page(
        Template(_asset("frame.html")).substitute(
            name=name,
            title=text_of(title),
            status=status,
            main=page_part(name, **parts),
            style=variables() + "".join(_asset(f"{x}.css") for x in names),
            script="\n".join(_asset(f"{x}.js") for x in names),
            data=json_words(data),
        ),
        title,
        kind=kind,
        data=made_from,
    )


def page_part(name: str, **parts: str) -> str:
    """Return the HTML of ``pages/<name>.html`` with its placeholders filled: a part of another page."""
    return Template(_asset(f"{name}.html")).substitute(parts)


def _asset(file: str) -> str:
    return (resources.files("viz") / "pages" / file).read_text(encoding="utf-8")


def variables() -> str:
    """Return the colours of both themes as CSS variables: the system's choice, unless the reader chose one."""
    light, dark = ("".join(f"--{name}:{getattr(theme, name)};" for name in _COLOURS) for theme in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )


def with_variables(svg: str) -> str:
    """Return an SVG that was drawn with `PAGE_THEME` with its colours as CSS variables."""
    for name, colour in _STANDING_IN.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg


def text_of(words: object) -> str:
    """Return `words` as text of a page: escaped, on one line, nothing invisible."""
    return escape(plain(words))


def json_words(data: Any) -> str:
    """Return JSON that is safe inside of a script element."""
    return json.dumps(_finite(data), ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _finite(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _finite(x) for key, x in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(x) for x in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "∞" if data > 0 else "−∞"
    return data
