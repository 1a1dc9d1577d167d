"""The typed errors of the engine: what was given, what was expected, the way out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from types import ModuleType
from typing import Any, NoReturn, TypeVar, cast

Kind = TypeVar("Kind")
Function = TypeVar("Function", bound=Callable[..., Any])


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
    """An option that a layer or an optimizer does not have; the message suggests the nearest."""


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


class DataFileError(AutogradError, ValueError):
    """A file that is truncated, damaged, or not what it should be."""


class FileAccessError(AutogradError, OSError):
    """A file that cannot be read or written: not there, not permitted, or the disk is full."""


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


def suggest_options(kind: type[Kind]) -> type[Kind]:
    """Let a class suggest the nearest of its options where one is mistyped: ``nn.Conv2d(1, 8, 3, paddin=1)``.

    Parameters
    ----------
    kind : type
        Its own ``__init__`` is replaced by one that fails with an `UnknownArgumentError`, and is the same otherwise.

    Returns
    -------
    type
        The same class: this serves as a decorator too.
    """
    original = vars(kind).get("__init__")
    if original is None:
        return kind

    @wraps(original)
    def made(self: Any, *sizes: Any, **options: Any) -> None:
        try:
            original(self, *sizes, **options)
        except TypeError:
            own = kind if "__init__" in vars(type(self)) else type(self)  # what was called, not what it inherits from
            _check_options(own.__name__, original, options)
            raise

    setattr(kind, "__init__", made)  # noqa: B010 - type checkers go on seeing the original
    return kind


def suggesting(hands_to: str = "") -> Callable[[Function], Function]:
    """Let a function suggest the nearest of its options where one is mistyped: ``models.resnet18(num_clases=10)``.

    Parameters
    ----------
    hands_to : str
        The function of the same file that takes what this one collects in ``**options``.
    """

    def suggesting_function(function: Function) -> Function:
        @wraps(function)
        def called(*given: Any, **options: Any) -> Any:
            try:
                return function(*given, **options)
            except TypeError:
                further = [function.__globals__[hands_to]] if hands_to else []
                _check_options(function.__name__, function, options, *further)
                raise

        return cast(Function, called)

    return suggesting_function


def _check_options(name: str, called: Callable[..., Any], given: Iterable[str], *further: Callable[..., Any]) -> None:
    from inspect import signature  # only a mistake needs it

    own, handed_on = list(signature(called).parameters.values()), []
    for other in further:
        own = [each for each in own if each.kind is not each.VAR_KEYWORD]
        handed_on += [each for each in signature(other).parameters.values() if each.kind is each.KEYWORD_ONLY]
    if any(each.kind is each.VAR_KEYWORD for each in own):
        return
    known = [each.name for each in (*own, *handed_on) if each.name != "self"]
    for option in given:
        if option not in known:
            raise UnknownArgumentError(
                f"{name}: there is no option {option!r}; there are {', '.join(known)}{suggestion(option, known)}"
            ) from None


def unknown_attribute(package: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error of a package that is asked for a name it does not have."""
    near = "" if name.startswith("_") else suggestion(name, known)  # tools ask for __wrapped__ and its kin
    return AttributeError(f"module {package!r} has no attribute {name!r}{near}")


def suggest_names(package: str) -> None:
    """Let a package suggest the nearest of its public names where one is mistyped: ``nn.Conv2D``.

    Its ``__getattr__`` is set from here, not defined there, so that type checkers still see which names exist.

    Parameters
    ----------
    package : str
        Its ``__name__``; its ``__all__`` has the names.
    """
    module = sys.modules[package]

    def missing(name: str) -> NoReturn:
        raise unknown_attribute(package, name, module.__all__)

    module.__dict__["__getattr__"] = missing
