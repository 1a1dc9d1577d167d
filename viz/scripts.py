"""The command line of the examples, and of any script that writes its pictures into a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from autograd_cnn.endings import end_quietly
from viz.arguments import Parser, folder, seed


@dataclass(frozen=True)
class ScriptArguments:
    """What a script was called with.

    Attributes
    ----------
    folder : Path
        Where to write; it is there.
    quick : bool
        Whether a smaller computation will do.
    numbers : dict
        Its own options, by name.
    """

    folder: Path
    quick: bool
    numbers: dict[str, int]


def arguments(documentation: str | None, *, quick: bool = True, **numbers: int) -> ScriptArguments:
    """Read ``[folder] [--quick]`` from the command line of the script that is running.

    What is mistyped, and a folder that is not there, ends the script at once, not after its computation. From here on
    the script also ends without a traceback at Ctrl-C, and when a reader such as ``head`` has seen enough.

    Parameters
    ----------
    documentation : str
        What ``--help`` says: the ``__doc__`` of the script.
    quick : bool
        Whether there is a ``--quick``.
    **numbers : int
        Further options with their defaults, whole numbers of 0 or more.

    Examples
    --------
    >>> import sys
    >>> sys.argv = ["bumps.py", "--quick", "--split", "3"]
    >>> given = arguments("Bumps.", split=0)
    >>> given.folder, given.quick, given.numbers
    (PosixPath('.'), True, {'split': 3})
    """
    end_quietly()
    lesson = (documentation or "").partition("\nRun: ")[0].strip()
    parser = Parser(description=re.sub(r"(?<=\S)\n(?=\S)", " ", lesson))
    parser.add_argument("folder", nargs="?", type=folder, default=Path(), help="where to write (default: here)")
    if quick:
        parser.add_argument("--quick", action="store_true", help="compute less, in seconds")
    for name, usual in numbers.items():
        parser.add_argument(f"--{name}", type=seed, default=usual, metavar="N", help=f"(default: {usual})")
    given = vars(parser.parse_args())
    return ScriptArguments(given["folder"], given.get("quick", False), {name: given[name] for name in numbers})
