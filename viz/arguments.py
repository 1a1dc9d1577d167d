"""How the command line reads its arguments: numbers with limits, and a hint for what is mistyped."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from autograd_cnn.errors import suggestion


class Parser(argparse.ArgumentParser):
    """Suggests the nearest name for a mistyped command or choice; exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in two lines, and end the program."""
        wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if wrong:
            message += suggestion(wrong[1], re.findall(r"[\w-]+", wrong[2]))
        unknown = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            message += suggestion(unknown[1], _options(self))
        self.exit(2, f"{self.prog}: error: {message}\nTry '{self.prog} --help'.\n")


def _options(of: argparse.ArgumentParser) -> list[str]:
    """Return the long options of a parser and of its commands."""
    found = []
    for action in of._actions:
        found += [option for option in action.option_strings if option.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):
            found += [option for command in action.choices.values() for option in _options(command)]
    return found


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
