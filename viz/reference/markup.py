"""The few pieces of reStructuredText that the pages are made of."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence


def escaped(text: str) -> str:
    """Return a line whose signs mean nothing but themselves, names in backticks apart."""
    line = "".join(f"\\{sign}" if sign in "\\*|_" else sign for sign in text)
    return f"\\{line}" if line.startswith(("+", "-")) else line  # no list


def literal(text: str) -> str:
    """Return text in the type of code."""
    return f"``{text}``" if text else ""


def heading(text: str, underline: str) -> str:
    """Return a heading; its line is long enough for signs that count as two columns, too."""
    return f"{escaped(text)}\n{underline * (2 * len(escaped(text)))}"


def code_block(source: str) -> str:
    """Return Python source to be highlighted."""
    return ".. code-block:: python\n\n" + textwrap.indent(source, "   ")


def table(rows: Sequence[Sequence[str]], *, header: bool = False, stub: bool = False) -> str:
    """Return a table whose cells are markup; its first row or column may be its head."""
    options = ["   :align: left", f"   :header-rows: {int(header)}", f"   :stub-columns: {int(stub)}"]
    lines = [".. list-table::", *options, ""]
    for row in rows:
        for column, cell in enumerate(row):
            first, *more = cell.split("\n")
            lines.append(f"   {'* -' if column == 0 else '  -'} {first}".rstrip())
            lines += [f"       {line}" for line in more]
    return "\n".join(lines)


def contents(pages: Sequence[str], *options: str) -> str:
    """Return a table of contents of other pages, with options of Sphinx's toctree, such as ``:maxdepth: 2``."""
    given = (f"   {option}" for option in options)
    return "\n".join([".. toctree::", *given, "", *(f"   {page}" for page in pages)])
