"""From the arrays that a fitted step was kept as, back to the step."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.preprocessing.chaining import Chain
from autograd_cnn.data.preprocessing.components import PCA, Whitening
from autograd_cnn.data.preprocessing.fitting import Preprocessing
from autograd_cnn.data.preprocessing.scaling import MeanSubtraction, Normalization, PixelRange
from autograd_cnn.errors import AutogradError, DataFileError

_DAMAGED = (BadZipFile, zlib.error, RuntimeError)
"""What reading an array out of a damaged .npz file raises, beside Python's own errors."""
_KINDS: dict[str, type[Preprocessing]] = {
    kind.__name__: kind for kind in (PixelRange, MeanSubtraction, Normalization, PCA, Whitening)
}


def from_state(state: Mapping[str, NDArray[Any]]) -> Preprocessing:
    """Return the fitted step that ``step.state()`` was taken from.

    Parameters
    ----------
    state : mapping of str to array
        Such as ``np.load(file)`` of what ``np.savez(file, **step.state())`` wrote; no pickle is needed.

    Raises
    ------
    DataFileError
        When it is no such state.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> from autograd_cnn.data.preprocessing import PixelRange, from_state
    >>> from_state(PixelRange(white=255).state())
    PixelRange(low=-1.0, high=1.0, white=255.0)
    """
    try:
        return _step({name: np.asarray(state[name]) for name in state})
    except AutogradError as error:
        raise DataFileError(f"from_state: {error}; is this the state of a preprocessing step?") from error
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, OSError, EOFError, *_DAMAGED) as error:
        raise DataFileError(f"from_state: not the state of a preprocessing step ({error})") from error


def _step(state: dict[str, NDArray[Any]]) -> Preprocessing:
    kind = str(state.pop("kind", "")) or "no kind"
    if kind == "Chain":
        return Chain(*_steps(state))
    if kind not in _KINDS:
        raise DataFileError(f"kind {kind!r} is unknown")
    known = {field.name for field in fields(_KINDS[kind])}
    if set(state) - known:
        raise DataFileError(f"{kind} has no {sorted(set(state) - known)[0]!r}")
    step = _KINDS[kind](**{name: array.item() if not array.ndim else array for name, array in state.items()})
    if not step.is_fitted:
        raise DataFileError(f"the statistics of {kind} are missing")
    return step


def _steps(state: dict[str, NDArray[Any]]) -> list[Preprocessing]:
    """Return the steps of a chain, whose arrays are called by their number: ``0.mean``."""
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in state.items():
        number, _, field = name.partition(".")
        parts.setdefault(number, {})[field] = array
    numbers = [str(i) for i in range(len(parts))]
    if set(parts) != set(numbers):
        raise DataFileError(f"a chain of steps {sorted(parts)}, expected 0 to {len(parts) - 1}")
    return [_step(parts[number]) for number in numbers]
