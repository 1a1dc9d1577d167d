"""The typed errors of the viewer: what failed, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from autograd_cnn.errors import AutogradError, UnknownNameError, suggestion


class PictureError(AutogradError):
    """Base of every error that the viewer raises on purpose."""


class UnknownThemeError(PictureError, UnknownNameError):
    """A theme that does not exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = tuple(known)
        super().__init__(f"theme {name!r} is unknown; known: {', '.join(known)}{suggestion(str(name), known)}")


class UndrawableError(PictureError, ValueError):
    """Something that cannot be drawn: no node, or a graph whose record was freed."""


class TooLargeError(PictureError, ValueError):
    """A graph with more gates than a reader could follow."""


class FormatError(PictureError, ValueError):
    """A file format that pictures cannot be saved in, or not on this host."""


class SaveError(PictureError, OSError):
    """A file that cannot be written."""


class LabelError(PictureError, ValueError):
    """DOT text with a malformed HTML-like label; Graphviz would drop it silently."""


class LayoutError(PictureError, RuntimeError):
    """Graphviz was found, but did not lay the picture out; ``source`` keeps the DOT text."""

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source


class LayoutTimeout(LayoutError):  # noqa: N818 - named like TimeoutError, which it is
    """A layout that took longer than its limit and was stopped; ``source`` keeps the DOT text."""


class RendererNotFound(PictureError, RuntimeError):  # noqa: N818 - says what happened
    """No Graphviz on this host; the message names each thing tried, and the fix."""


class ChartError(PictureError, ValueError):
    """A chart whose data does not fit together: other counts, an unknown colour, an axis without a label."""


class ExchangeError(PictureError, ValueError):
    """A JSON file that holds no picture, or one with a field missing or of another type."""


class TextbookError(PictureError, ValueError):
    """A textbook page asked for something that it cannot show; the message says what it can."""


class MalformedReferenceError(PictureError, RuntimeError):
    """A reference whose sources Sphinx finds malformed; the message names file and line."""


@contextmanager
def speaking_as(viewer: str) -> Iterator[None]:
    """Let what a backward pass complains of begin with the viewer that takes the pass: that is what was called.

    Not around functions of the user, which may take passes of their own.
    """
    try:
        yield
    except AutogradError as error:
        if not str(error).startswith("backward: "):
            raise
        raise type(error)(viewer + str(error).removeprefix("backward")) from None
