"""What every viewer function returns: a picture that can be saved, shown in a notebook, and read as text."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viz import exchange, rendering, svg
from viz.errors import FormatError, LayoutTimeout, PictureError
from viz.files import suffix_of, write_atomically
from viz.page import PAGE_THEME, Page, filled_page, with_variables
from viz.style import DPI, Theme

SUFFIXES = (".svg", ".png", ".pdf", ".dot", ".json", ".html")


@dataclass(frozen=True)
class Content:
    """What a picture shows, and how it is drawn.

    Attributes
    ----------
    kind : str
        The name under which `viz.load` knows it.
    data : frozen dataclass
        Plain data: numbers, words, tuples, arrays.
    draw : callable
        Takes the data and a theme, returns the source; it may be asked for several themes.
    """

    kind: str
    data: Any
    draw: Callable[[Any, Theme], str]


class Picture:
    """A picture, kept as the text it is drawn from, and rendered when it is needed.

    Parameters
    ----------
    source : str
        DOT text, or SVG that is ready, such as a chart's.
    title : str
        What the picture shows, in a few words.
    content : Content, optional
        What `source` was made from: with it the picture can be saved as .json and .html.
    theme : str
        The name of the colours of `source`.
    time_limit : float
        Seconds after which a layout is stopped.
    """

    def __init__(
        self,
        source: str,
        title: str = "",
        *,
        content: Content | None = None,
        theme: str = "light",
        time_limit: float = rendering.TIME_LIMIT,
    ) -> None:
        self.source = source
        self.title = title
        self.content = content
        self.theme = theme
        self.time_limit = time_limit
        self._svg: bytes | None = None

    @classmethod
    def of(cls, content: Content, theme: Theme, title: str) -> Picture:
        """Return the picture of `content` in one theme."""
        return cls(content.draw(content.data, theme), title, content=content, theme=theme.name)

    @property
    def language(self) -> str:
        """What `source` is written in: ``"svg"`` or ``"dot"``."""
        return "svg" if self.source.startswith("<") else "dot"

    def svg(self, prefix: str = "") -> str:
        """Return the picture as SVG; `prefix` goes before its ids, so that one page can hold several.

        Raises
        ------
        RendererNotFound, LayoutError, LayoutTimeout
            When Graphviz is missing, fails, or takes too long.
        """
        if self._svg is None:
            ready = self.language == "svg"
            self._svg = self.source.encode() if ready else rendering.render(self.source, time_limit=self.time_limit)
        return (svg.prefixed(self._svg, prefix) if prefix else self._svg).decode()

    def page(self) -> Page:
        """Return the picture as a page of its own: it can be moved, enlarged and searched, in both themes.

        Raises
        ------
        FormatError
            For a picture that was made from text alone.
        RendererNotFound, LayoutError, LayoutTimeout
            When Graphviz is missing, fails, or takes too long.
        """
        content = self._content("page")
        drawn = Picture(content.draw(content.data, PAGE_THEME), time_limit=self.time_limit).svg("picture-")
        return filled_page("picture", {}, title=self.title, assets=("stage",), picture=with_variables(drawn))

    def json(self) -> str:
        """Return what the picture shows as JSON text, which `viz.load` reads; see `viz.json_schema`.

        Raises
        ------
        FormatError
            For a picture that was made from text alone.
        """
        content = self._content("JSON")
        return exchange.written(content.kind, content.data, self.theme)

    def _content(self, wanted: str) -> Content:
        if self.content is None:
            raise FormatError(f"this picture was made from text alone, so there is no {wanted} of it; save it as .svg")
        return self.content

    def save(self, path: str | os.PathLike[str], *, dpi: int = DPI) -> Path:
        """Write the picture to `path`; its suffix says how: .svg, .png, .pdf, .dot, .json or .html.

        A file that exists is replaced only once the new one is complete. DOT and JSON need no Graphviz.

        Parameters
        ----------
        path : path
            Where to.
        dpi : int
            Dots per inch of a PNG.

        Returns
        -------
        Path
            Where it is now.

        Raises
        ------
        FormatError
            For another suffix, or a format that this host cannot make.
        SaveError
            When the file cannot be written.
        LayoutTimeout
            When Graphviz takes too long; the DOT text is then saved beside `path`.
        RendererNotFound, LayoutError
            When Graphviz is missing, or fails.
        """
        path = Path(path)
        suffix = suffix_of("save", path, SUFFIXES, f"supported: {', '.join(SUFFIXES)}")
        if suffix == ".html":
            return self.page().save(path)
        try:
            content = self._bytes(suffix, dpi)
        except LayoutTimeout as error:
            kept = path.with_suffix(".dot")
            write_atomically(kept, self.source.encode())
            raise LayoutTimeout(f"{error}, and saved as {str(kept)!r}", error.source) from None
        write_atomically(path, content)
        return path

    def _bytes(self, suffix: str, dpi: int) -> bytes:
        if suffix == ".json":
            return self.json().encode()
        if suffix == ".svg":
            return self.svg().encode()
        if suffix == ".dot":
            if self.language == "svg":
                raise FormatError("this picture is a chart and was not laid out by Graphviz; save it as .svg")
            return self.source.encode()
        if self.language == "svg":
            return rendering.converted(self.source.encode(), suffix[1:], dpi)
        return rendering.render(self.source, suffix[1:], time_limit=self.time_limit, dpi=dpi)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except PictureError as error:
            comment = "".join(f"// {line}\n" for line in str(error).splitlines())
            return {"text/plain": comment + self.source}

    def __repr__(self) -> str:
        size = f"{len(self.source):,} characters of {self.language.upper()}"
        return f"<Picture {self.title!r}: {size}; .save('x.svg'), .svg(), .source>"
