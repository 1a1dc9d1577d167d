"""How the command line reads its arguments: numbers with limits, and a hint for what is mistyped."""

from __future__ import annotations

import argparse
import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn


class HelpText(argparse.HelpFormatter):
    """Wraps what `--help` says, and leaves indented lines, which are examples, as they were written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(line if line.startswith(" ") else textwrap.fill(line, width) for line in text.splitlines())


class Parser(argparse.ArgumentParser):
    """Suggests the nearest name for a mistyped command, option or choice; exits with 2."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, formatter_class=HelpText, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what is not known here, in the command it was given to, and not later in the program's name."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in two lines, and end the program."""
        from autograd_cnn.errors import suggestion  # brings the engine, which a right command line need not wait for

        wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if wrong:
            message += suggestion(wrong[1], re.findall(r"[\w-]+", wrong[2]))
        unknown = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            message += suggestion(unknown[1], [option for option in options if option.startswith("--")])
        self.exit(2, f"{self.prog}: error: {message}\nTry '{self.prog} --help'.\n")


class Version(argparse.Action):
    """Prints the version that is installed, which is looked up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print it, and end the program."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('autograd-cnn')}")
        parser.exit()


def _number(text: str, kind: type[float] | type[int]) -> float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a number" if kind is float else "a whole number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}") from None


def positive(text: str) -> float:
    """Return a number above 0."""
    number = _number(text, float)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def share(text: str) -> float:
    """Return a number from 0, below 1."""
    number = _number(text, float)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def seed(text: str) -> int:
    """Return a whole number of 0 or more."""
    number = int(_number(text, int))
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


def count(text: str) -> int:
    """Return a whole number of 1 or more."""
    number = int(_number(text, int))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def folder(text: str) -> Path:
    """Return a folder that is there, and that this user may look into."""
    if not os.path.isdir(text):
        if not os.access(_nearest(Path(text)), os.X_OK):
            raise argparse.ArgumentTypeError(f"the folder {text!r} is closed to you: Permission denied")
        raise argparse.ArgumentTypeError(f"there is no folder {text!r}; make it first: mkdir {text}")
    return Path(text)


def _nearest(path: Path) -> Path:
    """Return the folder around a path, or around that one, that can be seen to be there."""
    return next((place for place in path.absolute().parents if os.path.isdir(place)), Path("/"))


def file_to_write(text: str, suffixes: Sequence[str] = ()) -> str:
    """Return the path of a file in a folder that is there: who computes first and writes then should know at once."""
    if os.path.isdir(text):  # False, too, where the folder around it is closed: writing says so
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, expected a file")
    if suffixes and Path(text).suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(suffixes)}")
    folder(str(Path(text).expanduser().parent))
    return text
