"""Weights in files of the safetensors format, as torch writes and reads them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import nn
from autograd_cnn.errors import DataFileError, DtypeError, ShapeError, UnknownNameError, extra, suggestion
from autograd_cnn.files import as_path, opened, replacing

_FLOATS = ("F16", "BF16", "F32", "F64")
_WHOLE = ("BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64")


class LoadedWeights(NamedTuple):
    """Names that `load_safetensors` found on one side only; see there."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]


def load_safetensors(
    model: nn.Module, path: str | os.PathLike[str], *, strict: bool = True, prefix: str = ""
) -> LoadedWeights:
    """Write the weights of a file into a network's parameters and buffers under the same names, all or nothing.

    Files of this format hold numbers only: nothing in them is ever run. Numbers of half precision (float16,
    bfloat16) become those of the parameter's dtype, which holds them exactly.

    Parameters
    ----------
    model : Module
        Best built inside `nn.skeleton`, so that no starting values are drawn in vain.
    path : str or path
        A file that torch wrote (``safetensors.torch.save_file(model.state_dict(), path)``), or `save_safetensors`.
    strict : bool
        Whether names that only the network or only the file has are an error. A missing ``num_batches_tracked``
        never is: torch did not always save it.
    prefix : str
        What the file's names have in front, such as ``"module."``; others are passed over.

    Returns
    -------
    LoadedWeights
        The names that were ``missing`` in the file and ``unexpected`` in it; both empty when strict.

    Raises
    ------
    UnknownNameError
        When strict, and names are missing or unexpected; the message suggests the nearest.
    ShapeError, DtypeError
        When a value has another shape, or no kind of number that fits.
    DataFileError, FileAccessError
        When the file is truncated, damaged or no such file, or cannot be read.
    MissingExtraError
        Without the library: ``pip install 'autograd-cnn[weights]'``.

    Examples
    --------
    >>> import os, tempfile
    >>> from autograd_cnn import models, nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "lenet5.safetensors")
    ...     models.save_safetensors(models.lenet5(rng=0), path)
    ...     with nn.skeleton():
    ...         model = models.lenet5()
    ...     models.load_safetensors(model, path)
    LoadedWeights(missing=(), unexpected=())
    """
    safetensors = extra("safetensors", "weights", "load_safetensors")
    targets: dict[str, Any] = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    opened(path).close()  # says what is wrong with a path, and waits for no pipe
    try:
        with safetensors.safe_open(as_path(path), framework="numpy") as file:
            names = {name.removeprefix(prefix): name for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
            missing = tuple(name for name in targets if name not in names)
            unexpected = tuple(name for name in names if name not in targets)
            if strict:
                missing = tuple(name for name in missing if not name.endswith("num_batches_tracked"))
                _check_names(type(model).__name__, missing, unexpected, targets, names)
            kinds = {name: file.get_slice(names[name]) for name in targets if name in names}
            _check_values(targets, {name: (kind.get_dtype(), tuple(kind.get_shape())) for name, kind in kinds.items()})
            halves = {name for name, kind in kinds.items() if kind.get_dtype() == "BF16"}
            values = _widened(safetensors, path, {names[name]: name for name in halves})
            for name in kinds:
                _write(targets[name], values[name] if name in halves else file.get_tensor(names[name]))
    except safetensors.SafetensorError as error:
        raise DataFileError(
            f"load_safetensors: {os.fspath(path)!r} is truncated, damaged or no safetensors: {error}"
        ) from None
    return LoadedWeights(missing, unexpected)


def save_safetensors(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a network's parameters and buffers to a file that torch reads, whole or not at all.

    Parameters
    ----------
    model : Module
    path : str or path
        An existing file is replaced once the new one is complete.

    Raises
    ------
    FileAccessError
        When the folder is not there or not writable, or the disk is full.
    MissingExtraError
        Without the library: ``pip install 'autograd-cnn[weights]'``.
    """
    writing = extra("safetensors.numpy", "weights", "save_safetensors")
    state = {name: np.array(value, order="C") for name, value in model.state_dict().items()}
    data = writing.save(state, metadata={"format": "pt"})  # torch's own reader asks for this word
    with replacing(path) as file:
        file.write(data)


def _check_names(
    kind: str, missing: Sequence[str], unexpected: Sequence[str], targets: Iterable[str], names: Iterable[str]
) -> None:
    """Raise UnknownNameError unless network and file have the same names; the first few are named."""
    lines = [
        f"{word} in the file: {', '.join(name + suggestion(name, known) for name in found[:4])}"
        + (f" and {len(found) - 4} more" if len(found) > 4 else "")
        for word, found, known in (("missing", missing, names), ("unexpected", unexpected, targets))
        if found
    ]
    if lines:
        raise UnknownNameError(
            f"load_safetensors: the file is not of this {kind}; strict=False loads what agrees.\n" + "\n".join(lines)
        )


def _check_values(targets: dict[str, Any], values: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    """Raise ShapeError or DtypeError where a value of the file does not fit what has its name."""
    shapes = [
        f"{name} has shape {shape}, expected {tuple(targets[name].shape)}"
        for name, (_, shape) in values.items()
        if shape != tuple(targets[name].shape)
    ]
    if shapes:
        raise ShapeError(f"load_safetensors: {'; '.join(shapes[:4])}" + "; ..." * (len(shapes) > 4))
    for name, (kind, _) in values.items():
        expected = _FLOATS if np.dtype(targets[name].dtype).kind == "f" else _WHOLE
        if kind not in expected:
            raise DtypeError(f"load_safetensors: {name} is made of {kind}, expected one of {', '.join(expected)}")


def _widened(safetensors: Any, path: str | os.PathLike[str], wanted: dict[str, str]) -> dict[str, NDArray[Any]]:
    """Return tensors of bfloat16, which NumPy does not know: each is the upper half of a float32."""
    if not wanted:
        return {}
    with opened(path) as file:
        tensors = safetensors.deserialize(file.read())
    return {
        wanted[name]: (np.frombuffer(x["data"], "<u2").astype(np.uint32) << 16).view(np.float32).reshape(x["shape"])
        for name, x in tensors
        if name in wanted
    }


def _write(target: Any, value: NDArray[Any]) -> None:
    if isinstance(target, np.ndarray):
        target[...] = value
    else:
        target.assign(value)
