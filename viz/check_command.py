"""``autograd-cnn check``: find a function by its name, check its gradients, print what was found."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import autograd_cnn.testing as testing
from autograd_cnn.errors import ArgumentError, AutogradError, UnknownNameError, suggestion
from autograd_cnn.testing import Verdict


def check(target: str, given: Sequence[str], *, output: str | None, theme: str, **options: Any) -> int:
    """Check a function, print the report and the gate to blame, and save the picture.

    Parameters
    ----------
    target : str
        ``package.module:name`` or ``folder/file.py:name``.
    given : sequence of str
        Its inputs as JSON; where there are none, those of its attribute ``inputs``.
    output : str or None
        Where to save the picture.
    theme : {"light", "dark"}
        Of the picture.
    **options
        Those of `autograd_cnn.testing.check`.

    Returns
    -------
    int
        0 when the gradients are proved right, else 1.

    Raises
    ------
    AutogradError
        When there is no such function, its inputs are missing, it cannot run, or the picture cannot be saved.
    """
    function = function_named(target)
    inputs = inputs_of(function, target, given)
    try:
        report = testing.check(function, *inputs, **options)
    except AutogradError:
        raise
    except Exception as error:  # of the user's function: theirs to mend, not ours to trace
        raise ArgumentError(f"{target} raised {type(error).__name__}: {error}") from error
    print(report)
    if report.verdict in (Verdict.WRONG, Verdict.NONFINITE):
        print(report.blame())
    if output:
        from viz.checks import gradient_check

        print(f"written: {gradient_check(report, title=f'{target}: {report.verdict}', theme=theme).save(output)}")
    return 0 if report.ok else 1


def function_named(target: str) -> Callable[..., Any]:
    """Return the function that ``module:name`` or ``file.py:name`` means.

    Raises
    ------
    ArgumentError, UnknownNameError
        When there is none.
    """
    place, colon, name = target.rpartition(":")
    if not (place and colon and name):
        raise ArgumentError(f"{target!r} is no MODULE:NAME; expected package.module:name or folder/file.py:name")
    try:
        found: Any = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
    except AutogradError:
        raise
    except (Exception, SystemExit) as error:  # whatever a module does when it is imported
        raise ArgumentError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        known = [n for n in dir(found) if callable(getattr(found, n, None))]
        if not hasattr(found, part):
            raise UnknownNameError(f"{place} has no function {part!r}{suggestion(part, known)}")
        found = getattr(found, part)
    if not callable(found):
        raise ArgumentError(f"{target} is {type(found).__name__}, expected a function of nodes")
    function: Callable[..., Any] = found
    return function


def _from_file(path: Path) -> ModuleType:
    """Import a file, with its neighbours in reach."""
    if not os.path.isfile(path):
        near = [str(p) for p in path.parent.glob("*.py")] if os.path.isdir(path.parent) else []
        raise ArgumentError(f"there is no file {str(path)!r}{suggestion(str(path), near)}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"{str(path)!r} cannot be imported")
    sys.path.insert(0, str(path.parent.resolve()))
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # dataclasses and pickle look it up
    spec.loader.exec_module(module)
    return module


def _from_module(name: str) -> ModuleType:
    """Import a module, from the current folder too, as ``python -m`` does."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def inputs_of(function: Callable[..., Any], target: str, given: Sequence[str]) -> tuple[Any, ...]:
    """Return what to call a function with.

    Raises
    ------
    ArgumentError
        When nothing says, or JSON holds something else than numbers.
    """
    if given:
        return tuple(_input(words) for words in given)
    if not hasattr(function, "inputs"):
        raise ArgumentError(f"{target} has no inputs; give one --input for each, or set its attribute 'inputs'")
    inputs = function.inputs
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


def _input(words: str) -> Any:
    try:
        found = json.loads(words)
        array = np.asarray(found)
    except ValueError as error:
        raise ArgumentError(f"--input {words!r} is no array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"--input {words!r} holds something else than numbers")
    return array if isinstance(found, list) else found
