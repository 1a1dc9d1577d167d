"""The notes' pattern language: ``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC``, read.

CS231n, convolutional networks, "Layer Patterns": an arrow leads from layer to layer, ``*`` repeats a layer or what
stands in brackets, ``?`` marks what may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from autograd_cnn.errors import ArgumentError, suggestion
from autograd_cnn.settings import whole

LAYERS = ("INPUT", "CONV", "FC", "POOL", "RELU", "TANH", "SIGMOID", "NORM", "DROPOUT")
"""What a pattern may name; NORM is batch norm."""

MOST_LAYERS, MOST_BRACKETS, MOST_CHARACTERS = 1000, 20, 10_000
"""Bounds, so that no short text makes an endless network."""

_TOKEN = re.compile(r"\s*(->|→|\[|\]|\*|\?|[0-9]+|[A-Za-z]\w*)", re.ASCII)


@dataclass(frozen=True)
class Part:
    """A layer or a chain of parts in brackets, how often it comes, and whether it may be left out.

    Attributes
    ----------
    content : str or tuple of Part
    times : int or str
        A number, or a letter whose number comes later.
    optional : bool
    at : int
        Where it stands in the text; two parts are equal wherever they stand.
    """

    content: str | tuple[Part, ...]
    times: int | str = 1
    optional: bool = False
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        inside = self.content if isinstance(self.content, str) else f"[{_chain(self.content)}]"
        return inside + (f"*{self.times}" if self.times != 1 else "") + "?" * self.optional


@dataclass(frozen=True)
class Pattern:
    """What `parse_pattern` returns; as text it is a pattern again.

    Attributes
    ----------
    parts : tuple of Part
    text : str
        What was read.
    """

    parts: tuple[Part, ...]
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return _chain(self.parts)

    def letters(self) -> tuple[str, ...]:
        """Return the letters that stand for numbers, each once."""
        return tuple(dict.fromkeys(part.times for part in _all(self.parts) if isinstance(part.times, str)))

    def layers(self, counts: Mapping[str, int] | None = None, *, optional: bool = True) -> list[Part]:
        """Return the layers one by one, with all repetitions written out.

        Parameters
        ----------
        counts : mapping of str to int, optional
            Numbers for the letters.
        optional : bool
            Whether to keep what may be left out.

        Raises
        ------
        ArgumentError
            When a letter has no number, a number belongs to no letter, or there are too many layers.
        """
        counts = dict(counts or {})
        for name, number in counts.items():
            if name not in self.letters():
                raise ArgumentError(
                    f"pattern: {name}={number!r}, but the pattern has {', '.join(self.letters()) or 'no letters'}"
                    + suggestion(name, self.letters())
                )
            counts[name] = whole("pattern", name, number, 0)
        return self._written_out(self.parts, counts, optional)

    def depth(self, counts: Mapping[str, int] | None = None) -> int:
        """Count the layers with weights, CONV and FC, as the notes do: pooling and activations do not count."""
        return sum(layer.content in ("CONV", "FC") for layer in self.layers(counts))

    def fail(self, message: str, at: int) -> NoReturn:
        """Raise ArgumentError that shows where in the text something is wrong."""
        _fail(self.text, message, at)

    def _written_out(self, parts: tuple[Part, ...], counts: Mapping[str, int], optional: bool) -> list[Part]:
        layers: list[Part] = []
        for part in parts:
            if part.optional and not optional:
                continue
            times = counts.get(part.times) if isinstance(part.times, str) else part.times
            if times is None:
                self.fail(f"how often is {part.times}? give {part.times}=2 or another number", part.at)
            inside = [part] if isinstance(part.content, str) else self._written_out(part.content, counts, optional)
            if len(layers) + times * len(inside) > MOST_LAYERS:
                self.fail(f"more than {MOST_LAYERS:,} layers", part.at)
            layers += times * inside
        return layers


def parse_pattern(text: str) -> Pattern:
    """Read a pattern such as ``INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC``.

    Parameters
    ----------
    text : str
        Layers are INPUT, CONV, FC, POOL, RELU, TANH, SIGMOID, NORM (batch norm) and DROPOUT, in any case.
        A repetition is a number, or a letter whose number is given later.

    Raises
    ------
    ArgumentError
        When it is no pattern; the message points at the place.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> convolutions = "[[CONV -> RELU]*2 -> POOL]*2 -> [[CONV -> RELU]*3 -> POOL]*3"
    >>> vgg = models.parse_pattern(f"INPUT -> {convolutions} -> [FC -> RELU]*2 -> FC")
    >>> vgg.depth()
    16
    >>> models.parse_pattern("INPUT -> [CONV -> RELU*2 -> FC")
    Traceback (most recent call last):
        ...
    autograd_cnn.errors.ArgumentError: pattern: this bracket is never closed
      INPUT -> [CONV -> RELU*2 -> FC
               ^
    """
    if not isinstance(text, str):
        raise ArgumentError(f"pattern: got {type(text).__name__}, expected a string such as 'INPUT -> FC'")
    if len(text) > MOST_CHARACTERS:
        raise ArgumentError(f"pattern: {len(text):,} characters, expected at most {MOST_CHARACTERS:,}")
    reader = _Reader(text)
    parts = reader.chain(None)
    return Pattern(parts, text)


class _Reader:
    """Reads one token after the other; each method leaves the place behind what it read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: list[int] = []
        """Where brackets were opened that are not closed yet."""
        self.place = 0
        self.advance()

    def advance(self) -> None:
        """Go to the next token, which is empty at the end."""
        found = _TOKEN.match(self.text, self.place)
        if found:
            self.token, self.at, self.place = found[1], found.start(1), found.end()
            return
        rest = self.text[self.place :]
        self.token, self.at = "", self.place + len(rest) - len(rest.lstrip())
        if rest.strip():
            _fail(self.text, f"{rest.strip()[0]!r} has no meaning here", self.at)

    def chain(self, opened: int | None) -> tuple[Part, ...]:
        """Read parts with arrows between, up to the end or the bracket that closes."""
        parts = [self.part()]
        while self.token in ("->", "→"):
            self.advance()
            parts.append(self.part())
        if self.token == "" and opened is not None:
            _fail(self.text, "this bracket is never closed", opened)
        if self.token not in ("", "]") or (self.token == "]" and opened is None):
            word = "no bracket is open here" if self.token == "]" else "expected -> before the next layer"
            _fail(self.text, word, self.at)
        return tuple(parts)

    def part(self) -> Part:
        """Read a layer or a bracket, with its repetition."""
        at, content = self.at, self.content()
        times: int | str = 1
        if self.token == "*":
            self.advance()
            times = self.times()
        optional = self.token == "?"
        if optional:
            self.advance()
        if self.token in ("*", "?"):
            _fail(self.text, "one repetition, then one question mark: X*2?", self.at)
        return Part(content, times, optional, at)

    def content(self) -> str | tuple[Part, ...]:
        """Read the name of a layer, or what stands in brackets."""
        at, token = self.at, self.token
        if token == "[":
            self.open.append(at)
            if len(self.open) > MOST_BRACKETS:
                _fail(self.text, f"more than {MOST_BRACKETS} brackets inside each other", at)
            self.advance()
            parts = self.chain(at)
            self.open.pop()
            self.advance()
            return parts
        if token.upper() in LAYERS:
            self.advance()
            return token.upper()
        if token[:1].isalpha():
            _fail(self.text, f"no layer is called {token[:40]}{suggestion(token[:40].upper(), LAYERS)}", at)
        return _fail(self.text, "expected a layer or [" + (f", got {token[:9]}" if token else ""), at)

    def times(self) -> int | str:
        """Read how often a part comes."""
        token, at = self.token, self.at
        if token.isdigit():
            if len(token) > 4 or int(token) > MOST_LAYERS:
                _fail(self.text, f"more than {MOST_LAYERS:,} repetitions", at)
            self.advance()
            return int(token)
        if len(token) != 1 or not token.isalpha():
            _fail(self.text, "expected a number or a letter after *", at)
        self.advance()
        return token


def _chain(parts: tuple[Part, ...]) -> str:
    return " -> ".join(map(str, parts))


def _all(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        if not isinstance(part.content, str):
            yield from _all(part.content)


def _fail(text: str, message: str, at: int) -> NoReturn:
    """Raise ArgumentError with the text around a place, and a caret under it."""
    start = max(0, at - 60)
    around = "".join(character if character.isprintable() else " " for character in text[start : at + 30])
    raise ArgumentError(f"pattern: {message}\n  {around.rstrip()}\n  {' ' * (at - start)}^")
