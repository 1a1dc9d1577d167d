"""A folder with the checkpoints of one training: the last few, and the best."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd_cnn.errors import ArgumentError, DataFileError, FileAccessError, NewerFileError, warn
from autograd_cnn.files import as_path
from autograd_cnn.settings import whole
from autograd_cnn.train.checkpoints import load_checkpoint, save_checkpoint

BEST = "best.npz"


@dataclass(frozen=True)
class Checkpoints:
    """Where a training keeps its checkpoints, and when it writes them.

    Parameters
    ----------
    folder : path
        Of this training alone; it is made when it is not there. Files are named by the number of steps,
        ``step-00001200.npz``, and ``best.npz`` is the state after the best epoch; its weights alone are had by
        ``load_checkpoint("folder/best.npz", model=model)``.
    every_epochs, every_steps : int or None
        After how many epochs, and after how many steps one is written; None for never. One more is written at
        the end.
    keep : int
        How many of the last stay, beside the best.

    Raises
    ------
    ArgumentError
        For numbers below 1.
    """

    folder: str | os.PathLike[str]
    every_epochs: int | None = 1
    every_steps: int | None = None
    keep: int = 2

    def __post_init__(self) -> None:
        for name in ("every_epochs", "every_steps", "keep"):
            number = getattr(self, name)
            if number is not None or name == "keep":
                object.__setattr__(self, name, whole("Checkpoints", name, number, 1))

    def prepare(self, *, resume: bool) -> None:
        """Make the folder, and sweep it of what a kill left half written.

        Raises
        ------
        ArgumentError
            When another training's checkpoints are there, which a new one would be mixed with.
        FileAccessError
            When the folder cannot be made or written to.
        """
        folder = as_path(self.folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for draft in (*folder.glob(".step-*.npz.*.tmp"), *folder.glob(f".{BEST}.*.tmp")):
                draft.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # before the training, not after its first epoch
                pass
        except OSError as error:
            raise FileAccessError(f"checkpoints: cannot write to {str(folder)!r}: {error.strerror}") from error
        if not resume and self.files():
            raise ArgumentError(
                f"checkpoints: {str(folder)!r} holds those of an earlier training; fit(..., resume=True) continues "
                "it, another folder begins anew"
            )

    def files(self) -> list[Path]:
        """Return the checkpoints but the best, the newest last."""
        return sorted(as_path(self.folder).glob("step-*.npz"))

    def save_best(self, content: dict[str, Any]) -> None:
        """Write the checkpoint of the best epoch over that of an earlier one."""
        save_checkpoint(as_path(self.folder) / BEST, **content)

    def save(self, step: int, content: dict[str, Any]) -> Path:
        """Write a checkpoint, then delete those that are no longer among the last; see `save_checkpoint`."""
        path = save_checkpoint(as_path(self.folder) / f"step-{step:08d}.npz", **content)
        for old in self.files()[: -self.keep]:
            old.unlink(missing_ok=True)
        return path

    def newest(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the newest checkpoint that is whole, and what it holds; None where none was written yet.

        Damaged ones after it are renamed, so that they never count as one of the last, and a warning names them.

        Raises
        ------
        NewerFileError
            When a newer version of this library wrote it. All files keep their names.
        DataFileError
            When there are some, and all are damaged.
        """
        damaged: list[Path] = []
        for path in reversed(self.files()):
            try:
                found = load_checkpoint(path)
            except NewerFileError:
                raise
            except DataFileError as error:
                damaged.append(path)
                warn(f"{error}; the one before it is used", RuntimeWarning)
                continue
            for other in damaged:
                other.replace(other.with_suffix(".damaged"))
            return path, found
        if damaged:  # they keep their names, so that another attempt does not begin anew either
            raise DataFileError(
                f"checkpoints: all in {os.fspath(self.folder)!r} are damaged: "
                f"{', '.join(path.name for path in damaged)}; is {BEST} whole? load_checkpoint reads it"
            )
        return None


def folder_of(given: Any) -> Checkpoints | None:
    """Return the checkpoints that a path stands for; raise ArgumentError for what is none."""
    if given is None or isinstance(given, Checkpoints):
        return given
    if isinstance(given, str | os.PathLike):
        return Checkpoints(given)
    raise ArgumentError(f"Trainer: checkpoints={given!r}, expected a folder or Checkpoints")
