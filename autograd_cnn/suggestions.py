"""What is mistyped suggests the nearest: names of packages, options of classes, functions and methods.

A function is asked for its options only after Python has refused one; a call pays for one more frame, 0.1 µs. Gates
and nodes, which are called and made by the thousand, are not wrapped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from types import FunctionType
from typing import Any, NoReturn, TypeVar, cast

from autograd_cnn.errors import UnknownArgumentError, suggestion

Function = TypeVar("Function", bound=Callable[..., Any])

_suggesting: dict[Any, Any] = {}
"""What `suggesting` made: of each function, and of what was made of it."""


def suggest_names(package: str) -> None:
    """Let a package suggest the nearest of its public names, and what bears them the nearest of their options.

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
    suggest_options_of_names(package)


def suggest_options_of_names(package: str) -> None:
    """Let what bears the public names of a package suggest the nearest of its options, as far as it is imported."""
    names = sys.modules[package].__dict__
    for name in names["__all__"]:
        if name in names:
            names[name] = made_to_suggest(names[name], package)


def unknown_attribute(package: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error of a package that is asked for a name it does not have."""
    near = "" if name.startswith("_") else suggestion(name, known)  # tools ask for __wrapped__ and its kin
    return AttributeError(f"module {package!r} has no attribute {name!r}{near}")


def made_to_suggest(public: Any, package: str) -> Any:
    """Return what a package hands out such that it suggests the nearest of its options.

    A function is wrapped, for those who have it from the package or ask its file for it from now on. A class keeps its
    identity: it and those of the package from which it inherits get other methods. All else is returned as it is.
    """
    if isinstance(public, FunctionType):
        home, name = sys.modules[public.__module__].__dict__, public.__name__
        made = suggesting()(public)
        if home.get(name) is public:  # there pickle looks for it
            home[name] = made
        return made
    if isinstance(public, type) and not issubclass(public, BaseException):
        for kind in public.__mro__:
            if kind.__module__.partition(".")[0] == package.partition(".")[0]:
                if "__slots__" not in vars(kind):  # nodes are made by the thousand
                    suggest_options(kind)
                _suggest_options_of_methods(kind)
    return public


def suggest_options(kind: type) -> None:
    """Let a class suggest the nearest of its options where one is mistyped: ``nn.Conv2d(1, 8, 3, paddin=1)``.

    Parameters
    ----------
    kind : type
        Its own ``__init__`` is replaced by one that fails with an `UnknownArgumentError`, and is the same otherwise.
    """
    original = vars(kind).get("__init__")
    if isinstance(original, FunctionType):
        setattr(kind, "__init__", _making(kind, original))  # noqa: B010 - type checkers go on seeing the original


def _suggest_options_of_methods(kind: type) -> None:
    for name, own in list(vars(kind).items()):
        if isinstance(own, FunctionType) and not name.startswith("_") and _has_options(own):
            setattr(kind, name, suggesting()(own))


def _making(kind: type, original: Callable[..., None]) -> Callable[..., None]:
    """Return the ``__init__`` of a class that suggests the nearest of its options."""
    if original in _suggesting:
        return original

    @wraps(original)
    def made(self: Any, *sizes: Any, **options: Any) -> None:
        try:
            original(self, *sizes, **options)
        except TypeError:
            own = kind if "__init__" in vars(type(self)) else type(self)  # what was called, not what it inherits from
            _check_options(own.__name__, original, options)
            raise

    _suggesting[made] = made
    return made


def _has_options(function: FunctionType) -> bool:
    return bool(function.__defaults__ or function.__kwdefaults__)


def suggesting(hands_to: str = "") -> Callable[[Function], Function]:
    """Let a function suggest the nearest of its options where one is mistyped: ``models.resnet18(num_clases=10)``.

    Parameters
    ----------
    hands_to : str
        The function of the same file that takes what this one collects in ``**options``.
    """

    def suggesting_function(function: Function) -> Function:
        if function in _suggesting:
            return cast(Function, _suggesting[function])

        @wraps(function)
        def called(*given: Any, **options: Any) -> Any:
            try:
                return function(*given, **options)
            except TypeError:
                further = [function.__globals__[hands_to]] if hands_to else []
                _check_options(function.__qualname__, function, options, *further)
                raise

        _suggesting[function] = _suggesting[called] = called
        return cast(Function, called)

    return suggesting_function


def _check_options(name: str, called: Callable[..., Any], given: Iterable[str], *further: Callable[..., Any]) -> None:
    """Raise for the first option that is not among those of what was called."""
    from inspect import signature  # only a mistake needs it

    own, handed_on = list(signature(called).parameters.values()), []
    for other in further:
        own = [each for each in own if each.kind is not each.VAR_KEYWORD]
        handed_on += [each for each in signature(other).parameters.values() if each.kind is each.KEYWORD_ONLY]
    if any(each.kind is each.VAR_KEYWORD for each in own):
        return
    named = [each.name for each in (*own, *handed_on) if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    check_options(name, given, [option for option in named if option != "self"])


def check_options(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise for the first option that is not among those that something has.

    Raises
    ------
    UnknownArgumentError
        It names all options, and the nearest.
    """
    known = list(known)
    for option in given:
        if option not in known:
            there_are = f"; there are {', '.join(known)}" if known else ""
            raise UnknownArgumentError(
                f"{name}: there is no option {option!r}{there_are}{suggestion(option, known)}"
            ) from None
