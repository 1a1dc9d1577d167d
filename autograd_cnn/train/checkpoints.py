"""Checkpoints: a training's whole state in one file that is complete or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, AutogradError, DataFileError, UnknownNameError, suggestion
from autograd_cnn.files import as_path, opened, replacing
from autograd_cnn.settings import a_kind
from autograd_cnn.train.archive import Packed, read

Path_ = str | os.PathLike[str]


def save_checkpoint(path: Path_, **things: Any) -> Path:
    """Write models, optimizers, generators and plain data into one .npz file, atomically and without pickle.

    Parameters
    ----------
    path : path
        Where to. A kill at any moment leaves there the old file or the new one.
    **things : object
        By name: objects with ``state_dict()``, numpy Generators, arrays, numbers, strings, None, and lists, tuples
        and dicts of these.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        For a thing that cannot be saved.
    FileAccessError
        When the folder cannot be written to, or the disk is full; a file that was there before stays.

    Examples
    --------
    >>> import tempfile
    >>> from autograd_cnn import nn, optim, train
    >>> model = nn.Linear(4, 3)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = train.save_checkpoint(f"{folder}/last.npz", model=model, optimizer=optimizer, epoch=3)
    ...     saved = train.load_checkpoint(path, model=model, optimizer=optimizer)
    >>> saved["epoch"]
    3
    """
    packed = Packed({name: state_of(thing) for name, thing in things.items()})
    target = as_path(path)
    with replacing(target) as file:
        packed.write(file)
    _sync_folder(target.parent)
    return target


def load_checkpoint(path: Path_, **things: Any) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; what is given by name takes its state over, all of it or nothing.

    Parameters
    ----------
    path : path
        The file.
    **things : object
        Objects with ``load_state_dict()`` and numpy Generators, by the names they were saved under.

    Returns
    -------
    dict
        All that was saved, by name, as plain data.

    Raises
    ------
    FileAccessError
        When the file is not there or not readable.
    DataFileError
        When it is damaged, or of a newer version.
    UnknownNameError
        When it holds nothing of such a name; or a model has other parameters.
    ShapeError, DtypeError, ArgumentError
        When what it holds does not fit.
    """
    with opened(path) as file:
        saved = read(file, repr(os.fspath(path)))
    for name in things:
        if name not in saved:
            raise UnknownNameError(
                f"load_checkpoint: {os.fspath(path)!r} holds no {name!r}{suggestion(name, saved)}; "
                f"it holds {', '.join(saved)}"
            )
    take_over(things, saved, repr(os.fspath(path)))
    return saved


def state_of(thing: Any) -> Any:
    """Return the state of a thing as plain data; plain data is its own."""
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    return thing.state_dict() if hasattr(thing, "state_dict") else thing


def take_over(things: Mapping[str, Any], saved: Mapping[str, Any], what: str) -> None:
    """Give each thing its saved state; when one does not fit, all are what they were before."""
    with unless_it_fails(things):
        for name, thing in things.items():
            try:
                _give(thing, saved[name])
            except AutogradError as error:
                error.add_note(f"in {name} of {what}")
                raise
            except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise DataFileError(f"{what}: its {name} does not fit: {error!r}") from error


@contextmanager
def unless_it_fails(things: Mapping[str, Any]) -> Iterator[None]:
    """Return all things to their state when the block raises."""
    before = {name: state_of(thing) for name, thing in things.items()}
    try:
        yield
    except BaseException:
        for name, thing in things.items():
            _give(thing, before[name])
        raise


def _give(thing: Any, state: Any) -> None:
    if isinstance(thing, np.random.Generator):
        thing.bit_generator.state = state
    elif hasattr(thing, "load_state_dict"):
        thing.load_state_dict(state)
    else:
        raise ArgumentError(f"load_checkpoint: {a_kind(thing)} has no load_state_dict; take it from what is returned")


def _sync_folder(folder: Path) -> None:
    """Make the file's new name itself survive a power cut, where the system can."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some network drives refuse; the file is there all the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
