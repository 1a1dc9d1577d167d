"""How a program ends when its reader has gone, or at Ctrl-C: without a traceback."""

from __future__ import annotations

import atexit
import os
import sys
from types import TracebackType


def end_quietly() -> None:
    """Let this program end without a traceback when a reader, such as ``head``, has seen enough, and at Ctrl-C.

    Of everything else Python tells as before. The status stays what it is: 130 after Ctrl-C.
    """
    tell = sys.excepthook

    def tell_unless_stopped(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, BrokenPipeError):
            _write_nowhere()
        elif issubclass(kind, KeyboardInterrupt):
            print(f"\n{os.path.basename(sys.argv[0])}: stopped", file=sys.stderr)
        else:
            tell(kind, error, where)

    sys.excepthook = tell_unless_stopped
    atexit.register(_flush)


def _flush() -> None:
    """Write what is left now: Python, which does it later, would tell of a reader that has gone."""
    if sys.stdout is None:  # closed from the beginning
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()


def _write_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
