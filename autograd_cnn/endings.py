"""How a program ends when its reader has gone, the disk is full, a library is missing, or at Ctrl-C: no traceback."""

from __future__ import annotations

import atexit
import errno
import os
import sys
from types import TracebackType

from autograd_cnn.errors import MissingExtraError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def end_quietly() -> None:
    """Let this program end without a traceback by what is no fault of its own.

    That is a reader, such as ``head``, that has seen enough; Ctrl-C, with status 130; and, told in a line and with
    status 2, a full disk, and an extra that is not installed. Of everything else Python tells as before.
    """
    tell = sys.excepthook

    def tell_unless_known(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, BrokenPipeError):
            _write_nowhere()
        elif issubclass(kind, KeyboardInterrupt):
            print(f"\n{_program()}: stopped", file=sys.stderr)
        elif isinstance(error, MissingExtraError):
            _complain(error)
            sys.exit(2)
        elif isinstance(error, OSError) and error.errno in _FULL:
            _write_nowhere()
            _complain(f"cannot write the output: {error.strerror}")
            sys.exit(2)
        else:
            tell(kind, error, where)

    sys.excepthook = tell_unless_known
    atexit.register(_flush)


def _flush() -> None:
    """Write what is left now: Python, which does it later, would tell of a reader that has gone, and of a full disk."""
    if sys.stdout is None:  # closed from the beginning
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        _write_nowhere()
        if not isinstance(error, BrokenPipeError):
            _complain(f"cannot write the output: {error.strerror}")
            os._exit(2)  # it is too late for any other way to set the status


def _write_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(what: object) -> None:
    print(f"{_program()}: error: {what}", file=sys.stderr)


def _program() -> str:
    """Return what was run: a script by its name, a module by its dotted one."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return os.path.basename(sys.argv[0]) if spec is None else spec.name.removesuffix(".__main__")
