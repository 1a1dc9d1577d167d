"""What the modules that a function calls were like when it was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.recording import recording

changes = [0]
"""How often an attribute of any module was set: until it rises, all are as they were."""


def called(module: Any) -> None:
    """Remember the attributes of a module that a recorded function calls."""
    log = recording().log
    if log is not None and module not in log.modules:
        log.modules[module] = dict(vars(module))


def is_same(old: Any, new: Any) -> bool:
    """Whether a value that a function reads is what it was: the same object, or an equal number, text or tuple."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, tuple):
        return len(old) == len(new) and all(map(is_same, old, new))
    return isinstance(old, bool | int | float | str | bytes | np.generic | np.dtype | slice) and bool(old == new)
