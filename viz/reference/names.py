"""The public names, and in which file of the package each is defined."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from autograd_cnn.registry import GATES, Gate

PACKAGES = (
    *("autograd_cnn", "autograd_cnn.functional", "autograd_cnn.nn", "autograd_cnn.init", "autograd_cnn.optim"),
    *("autograd_cnn.optim.lr_scheduler", "autograd_cnn.data", "autograd_cnn.data.preprocessing"),
    *("autograd_cnn.data.augmentation", "autograd_cnn.train", "autograd_cnn.models", "autograd_cnn.health"),
    *("autograd_cnn.testing", "autograd_cnn.compilation", "viz", "viz.textbook", "viz.charts"),
)
"""Whose ``__all__`` is public, and that of what `ag.compile` returns."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One thing to be documented.

    Attributes
    ----------
    what : object
        A gate, class, function, module, or a value.
    home : str
        The module that defines it.
    names : tuple of str
        Under which it is public, such as ``"autograd_cnn.relu"`` and ``"autograd_cnn.functional.relu"``; a gate that
        no package hands out is called by its home.
    """

    what: Any
    home: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first of its names; of a gate that which is its own, of a plain value that in its home."""
        if isinstance(self.what, Gate):
            return next((name for name in self.names if name.endswith(f".{self.what.name}")), self.names[0])
        if _is_defined(self.what):
            return self.names[0]
        return f"{self.home}.{self.names[0].rpartition('.')[2]}"

    @property
    def line(self) -> int:
        """Where in its file it is defined."""
        found = re.search(rf"^(?:class |def )?{self._written}\b", inspect.getsource(import_module(self.home)), re.M)
        return found.start() if found else 0

    @property
    def _written(self) -> str:
        own = self.what.name if isinstance(self.what, Gate) else getattr(self.what, "__name__", None)
        return str(own or self.names[0].rpartition(".")[2])


def _is_defined(what: Any) -> bool:
    return isinstance(what, Gate | ModuleType) or inspect.isclass(what) or inspect.isfunction(what)


def _named() -> Iterator[tuple[str, Any]]:
    """Go through all public names, and all gates of the package."""
    for package in PACKAGES:
        module = import_module(package)
        for name in module.__all__:
            yield f"{package}.{name}", getattr(module, name)
    for name, gate in GATES.items():
        if gate.forward.__module__.startswith("autograd_cnn."):
            yield f"{gate.forward.__module__}.{name}", gate


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return everything that is public, each thing once, however many names it has."""
    names: dict[int, list[str]] = {}
    things: dict[int, Any] = {}
    for name, what in _named():
        things[id(what)] = what
        names.setdefault(id(what), []).append(name)
    return tuple(Entry(what, _home(what, names[key][0]), tuple(_called(names[key]))) for key, what in things.items())


def _called(names: list[str]) -> list[str]:
    """Leave out the home of a gate that has a public name."""
    return [name for name in names if not name.startswith("autograd_cnn.gates.")] or names


def _home(what: Any, name: str) -> str:
    if isinstance(what, ModuleType):
        return what.__name__
    if isinstance(what, Gate):
        return what.forward.__module__
    return str(what.__module__) if _is_defined(what) else _assigning(name)


def _assigning(name: str) -> str:
    """Return the module from which a package has a plain value."""
    package, _, last = name.rpartition(".")
    source = inspect.getsource(import_module(package))
    found = re.search(rf"^from (\S+) import (?:\([^)]*\b{last}\b|[^(#\n]*\b{last}\b)", source, re.M)
    return found[1] if found else package


def entries_of(module: str) -> tuple[Entry, ...]:
    """Return what a module defines, in the order of its file."""
    found = [entry for entry in entries() if entry.home == module and not isinstance(entry.what, ModuleType)]
    return tuple(sorted(found, key=lambda entry: entry.line))
