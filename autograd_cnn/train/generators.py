"""The random generators that a training draws from, and their states."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.nn import Module
from autograd_cnn.random import generator


class Generators:
    """Generators by name; one that several layers share has several names.

    Parameters
    ----------
    **sources : object
        Where to look: a Generator itself, a Module (its layers' generators, such as those of dropout), a function
        that closes over one or reads one from outside, or any other object with generators among its attributes,
        also in lists, dicts and objects there; not in modules, classes, and functions that a function calls.
        The default generator (see `autograd_cnn.manual_seed`) is always among them.
    """

    def __init__(self, **sources: Any) -> None:
        self.found: dict[str, np.random.Generator] = {"default": generator()}
        for name, source in sources.items():
            self.found.update(_generators(name, source, set()))

    def state_dict(self) -> dict[str, dict[str, Any]]:
        """Return the state of each, as plain data."""
        return {name: dict(rng.bit_generator.state) for name, rng in self.found.items()}

    def load_state_dict(self, states: Mapping[str, Any]) -> None:
        """Return each to a state.

        Raises
        ------
        ArgumentError
            When there are other generators than these, or of other kinds.
        """
        if states.keys() != self.found.keys():
            raise ArgumentError(
                f"generators: saved were {sorted(states)}, expected {sorted(self.found)}; "
                "was the network built in another way?"
            )
        for name, rng in self.found.items():
            kind = type(rng.bit_generator).__name__
            if states[name].get("bit_generator") != kind:
                raise ArgumentError(f"generators: {name} was a {states[name].get('bit_generator')}, expected {kind}")
        for name, rng in self.found.items():
            rng.bit_generator.state = states[name]


def _generators(name: str, source: Any, seen: set[int]) -> Iterator[tuple[str, np.random.Generator]]:
    """Yield the generators in an object, and in what it holds, each object looked into once."""
    if isinstance(source, np.random.Generator):
        yield name, source
    elif id(source) not in seen and not isinstance(source, type | ModuleType):
        seen.add(id(source))
        for part, value in _parts(source):
            yield from _generators(f"{name}.{part}", value, seen)


def _parts(source: Any) -> Iterable[tuple[str, Any]]:
    """Return what an object holds, by name: a function what it closes over, anything else its attributes."""
    if isinstance(source, Module):
        return [
            (f"{path}.{attribute}".lstrip("."), value)
            for path, layer in source.named_modules()
            for attribute, value in vars(layer).items()
            if isinstance(value, np.random.Generator)
        ]
    if isinstance(source, list | tuple):
        return [(str(i), part) for i, part in enumerate(source)]
    if isinstance(source, dict):
        return [(str(name), part) for name, part in source.items()]
    if isinstance(source, partial):
        return [("function", source.func), *((str(i), x) for i, x in enumerate(source.args)), *source.keywords.items()]
    if isinstance(source, MethodType):
        return [("object", source.__self__)]
    if isinstance(source, FunctionType):
        outside = inspect.getclosurevars(source)
        read = {name: x for name, x in outside.globals.items() if not isinstance(x, FunctionType)}
        return (read | dict(outside.nonlocals)).items()
    return vars(source).items() if hasattr(source, "__dict__") else ()
