"""What every viewer function returns: a picture that can be saved, shown in a notebook, and read as DOT."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from viz import rendering, svg
from viz.errors import FormatError, PictureError
from viz.files import write_atomically
from viz.style import DPI

SUFFIXES = (".svg", ".png", ".pdf", ".dot")


class Picture:
    """A picture, kept as DOT text and rendered when it is needed.

    Parameters
    ----------
    source : str
        The DOT text.
    title : str
        What the picture shows, in a few words.
    time_limit : float
        Seconds after which a layout is stopped.
    """

    def __init__(self, source: str, title: str = "", *, time_limit: float = rendering.TIME_LIMIT) -> None:
        self.source = source
        self.title = title
        self.time_limit = time_limit
        self._svg: bytes | None = None

    def svg(self, prefix: str = "") -> str:
        """Return the picture as SVG; `prefix` goes before its ids, so that one page can hold several.

        Raises
        ------
        RendererNotFound, LayoutError, LayoutTimeout
            When Graphviz is missing, fails, or takes too long.
        """
        if self._svg is None:
            self._svg = rendering.render(self.source, time_limit=self.time_limit)
        return (svg.prefixed(self._svg, prefix) if prefix else self._svg).decode()

    def save(self, path: str | os.PathLike[str], *, dpi: int = DPI) -> Path:
        """Write the picture to `path`; its suffix says how: .svg, .png, .pdf or .dot.

        A file that exists is replaced only once the new one is complete. DOT needs no Graphviz.

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
        RendererNotFound, LayoutError, LayoutTimeout
            When Graphviz is missing, fails, or takes too long.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise FormatError(f"save: {path.name!r} has suffix {suffix!r}; supported: {', '.join(SUFFIXES)}")
        if suffix == ".dot":
            content = self.source.encode()
        elif suffix == ".svg":
            content = self.svg().encode()
        else:
            content = rendering.render(self.source, suffix[1:], time_limit=self.time_limit, dpi=dpi)
        write_atomically(path, content)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except PictureError as error:
            comment = "".join(f"// {line}\n" for line in str(error).splitlines())
            return {"text/plain": comment + self.source}

    def __repr__(self) -> str:
        return f"<Picture {self.title!r}: {len(self.source):,} characters of DOT; .save('x.svg'), .svg(), .source>"
