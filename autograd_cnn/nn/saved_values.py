"""What is checked of saved values before a module takes them over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError, ShapeError, UnknownNameError, suggestion


def check_values(kind: str, values: Mapping[str, NDArray[Any]], targets: Mapping[str, Any]) -> None:
    """Raise for values that do not fit the parameters and buffers of a module.

    Parameters
    ----------
    kind : str
        The module's class.
    values : mapping
        What was saved, by name.
    targets : mapping
        Parameters and buffers, by name.

    Raises
    ------
    UnknownNameError
        When names are missing or unexpected.
    ShapeError, DtypeError
        When a value has the wrong shape, or is not made of real numbers.
    """
    names = {
        "missing": [name + suggestion(name, values) for name in targets if name not in values],
        "unexpected": [f"{name}{suggestion(str(name), targets)}" for name in values if name not in targets],
    }
    problems = [f"{word}: {', '.join(those)}" for word, those in names.items() if those]
    if problems:
        raise UnknownNameError(f"load_state_dict: {kind} has other parameters.\n" + "\n".join(problems))
    shapes = [
        f"{name} has shape {values[name].shape}, expected {target.shape}"
        for name, target in targets.items()
        if values[name].shape != target.shape
    ]
    if shapes:
        raise ShapeError(f"load_state_dict: {kind}: {'; '.join(shapes)}")
    strange = [f"{name} has dtype {value.dtype}" for name, value in values.items() if value.dtype.kind not in "biuf"]
    if strange:
        raise DtypeError(f"load_state_dict: {kind}: {'; '.join(strange)}, expected real numbers")
