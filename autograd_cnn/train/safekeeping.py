"""A training that survives: what of it goes into a checkpoint, when, and how it goes on from there to the same bits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd_cnn.data import Batches
from autograd_cnn.errors import ArgumentError, FileAccessError, warn
from autograd_cnn.train.checkpoint_folder import Checkpoints
from autograd_cnn.train.checkpoints import state_of, take_over


class Safekeeping:
    """Writes the checkpoints of one training, and lets it go on from the newest.

    Parameters
    ----------
    checkpoints : Checkpoints or None
        Where and when; None for never.
    parts : mapping of str to object
        What the training's future depends on, and its history; those without ``load_state_dict`` have no state.
    batches : Batches
        What it learns from: of these only the sizes are kept, to be compared.

    Attributes
    ----------
    newest : Path or None
        The last checkpoint that was written or read.
    """

    def __init__(self, checkpoints: Checkpoints | None, parts: Mapping[str, Any], batches: Batches) -> None:
        self.checkpoints = checkpoints
        self.parts = {name: part for name, part in parts.items() if hasattr(part, "load_state_dict")}
        self.sizes = {
            "samples": len(batches.labels), "batch_size": batches.batch_size, "drop_last": batches.drop_last
        }  # fmt: skip
        self.newest: Path | None = None

    def begin(self, *, resume: bool) -> None:
        """Make the folder ready, and give all parts their state in the newest checkpoint where that is wanted.

        Raises
        ------
        ArgumentError
            When there is none to go on from, another training's are in the way, or it learned from other batches.
        AutogradError
            When the checkpoint does not fit the model or the optimizer. Nothing is changed then.
        """
        if self.checkpoints is None:
            if resume:
                raise ArgumentError("fit: resume=True without checkpoints; make it Trainer(..., checkpoints=folder)")
            return
        self.checkpoints.prepare(resume=resume)
        found = self.checkpoints.newest() if resume else None
        if found is None:
            return
        path, saved = found
        what = repr(os.fspath(path))
        expected = {*self.parts, "sizes"}
        if {*saved} != expected:
            raise ArgumentError(
                f"resume: {what} holds {', '.join(sorted(saved))}; this training has {', '.join(sorted(expected))}"
            )
        if saved["sizes"] != self.sizes:
            raise ArgumentError(f"resume: {what} was trained with {saved['sizes']}, expected {self.sizes}")
        take_over(self.parts, saved, what)
        self.newest = path

    def after_step(self, steps: int) -> None:
        """Write a checkpoint if one is due after so many steps."""
        if self.checkpoints and self.checkpoints.every_steps and not steps % self.checkpoints.every_steps:
            self._write(steps)

    def after_epoch(self, epochs: int, steps: int, *, best: bool) -> None:
        """Write a checkpoint if one is due after so many epochs, and that of the best epoch if this is it."""
        if self.checkpoints and best:
            self._write(None)
        if self.checkpoints and self.checkpoints.every_epochs and not epochs % self.checkpoints.every_epochs:
            self._write(steps)

    def at_end(self, steps: int) -> None:
        """Write the last state."""
        if self.checkpoints:
            self._write(steps)

    def _write(self, steps: int | None) -> None:
        """Write a checkpoint, the best one for None; where that fails, as on a full disk, the training goes on."""
        assert self.checkpoints is not None
        content = {**{name: state_of(part) for name, part in self.parts.items()}, "sizes": self.sizes}
        try:
            if steps is None:
                self.checkpoints.save_best(content)
            else:
                self.newest = self.checkpoints.save(steps, content)
        except FileAccessError as error:
            warn(f"Trainer: {error} Training goes on without this checkpoint.", RuntimeWarning)
