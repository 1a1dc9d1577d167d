"""The typed errors of the engine: what was given, what was expected, the way out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from types import ModuleType


class AutogradError(Exception):
    """Base of every error that this library raises on purpose."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit each other, or a window that does not fit its input."""


class DtypeError(AutogradError, TypeError):
    """A dtype that an operation cannot take."""


class GradientError(AutogradError, RuntimeError):
    """A backward pass that cannot be done, or a rule that returned something wrong."""


class ArgumentError(AutogradError, ValueError):
    """An argument outside what is allowed."""


class OutOfRangeError(AutogradError, IndexError):
    """An index outside its axis, or a label outside its classes."""


class UnknownNameError(AutogradError, LookupError):
    """A name that does not exist; the message suggests the nearest."""


class UnknownArgumentError(AutogradError, TypeError):
    """An option that a gate, a layer, a function or a method does not have; the message suggests the nearest."""


class DataDependentBranch(AutogradError, RuntimeError):  # noqa: N818 - what happened, as in other libraries
    """A Python decision by the value of a node while `ag.compile` records: a replay could not decide anew."""


class ReplayMismatch(AutogradError, RuntimeError):  # noqa: N818 - what happened
    """A replay of a compiled function that differs from the function itself, found by ``check=True``."""


class NotFittedError(AutogradError, RuntimeError):
    """What learns from data was asked for an answer before it has seen any."""


class ClassChangeWarning(UserWarning):
    """An augmentation that turns images of one class into images of another."""


class SearchBorderWarning(UserWarning):
    """A search whose best value lies where its range ends: better ones may lie beyond."""


class MissingExtraError(AutogradError, ImportError):
    """A library that only some functions need, and that is not installed; see `extra`."""


class DepthError(AutogradError, RecursionError):
    """Layers inside each other, so many that Python's calls do not reach the innermost; `depth` is how many."""

    def __init__(self, message: str, depth: int = 0) -> None:
        super().__init__(message)
        self.depth = depth


class DataFileError(AutogradError, ValueError):
    """A file that is truncated, damaged, or not what it should be."""


class OutOfMemoryError(AutogradError, MemoryError):
    """An array that does not fit in memory."""


class NewerFileError(DataFileError):
    """A file that is whole, but of a format that only a newer version of this library reads."""


class FileAccessError(AutogradError, OSError):
    """A file that cannot be read or written: not there, not permitted, or the disk is full."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's code that led to what is found, however deep in the engine that is.

    Parameters
    ----------
    message : str
    category : type
        A kind of warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_PACKAGE = __name__.partition(".")[0]


def extra(module: str, group: str, purpose: str) -> ModuleType:
    """Import a library that is no dependency; say how to install it where it is missing.

    Parameters
    ----------
    module : str
        What to import, such as ``"PIL.Image"``.
    group : str
        The extra of this package that brings it, such as ``"images"``.
    purpose : str
        What needs it: the subject of the message.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs {module.partition('.')[0]}, which cannot be imported ({error}); "
            f"pip install 'autograd-cnn[{group}]'"
        ) from error


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'relu'?"`` for a mistyped name, or an empty string.

    Capitals and underscores do not count: they are what memory gets wrong first.
    """
    from difflib import get_close_matches  # a millisecond, which only a mistake should cost

    spelled: dict[str, str] = {}
    for word in known:
        spelled.setdefault(_letters(word), word)
    nearest = get_close_matches(_letters(name), spelled, n=1)
    return f"; did you mean {spelled[nearest[0]]!r}?" if nearest else ""


def _letters(word: str) -> str:
    return word.casefold().replace("_", "")
