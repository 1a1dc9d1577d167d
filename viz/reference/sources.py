"""The sources of the reference: one page for the whole, for each chapter, each section, and each gate."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from autograd_cnn.gates.facts import fact, title
from autograd_cnn.registry import Gate
from viz.reference.chapters import Chapter, Section
from viz.reference.gate_pages import gate_page, save_pictures
from viz.reference.markup import contents, escaped, heading, literal, table
from viz.reference.names import Entry, entries_of


def write_sources(folder: Path, chapters: Sequence[Chapter]) -> None:
    """Write the sources of some chapters."""
    _write(folder / "index.rst", _opening(chapters))
    for chapter in chapters:
        pages = [f"{_key(section)}{'/index' * bool(_gates(section))}" for section in chapter.sections]
        gates = (":titlesonly:", ":includehidden:") if any(map(_gates, chapter.sections)) else ()
        words = [heading(chapter.title, "="), chapter.words, contents(pages, ":maxdepth: 2", *gates)]
        _write(folder / chapter.key / "index.rst", "\n\n".join(words))
        for section, page in zip(chapter.sections, pages, strict=True):
            _write_section(folder / chapter.key / f"{page}.rst", section)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip() + "\n", encoding="utf-8")


def _opening(chapters: Sequence[Chapter]) -> str:
    """Return the first page: what the package says of itself, and the chapters."""
    pages = [f"{chapter.key}/index" for chapter in chapters]
    parts = [heading("autograd_cnn", "="), _doc("autograd_cnn"), contents(pages, ":numbered: 2", ":maxdepth: 2")]
    return "\n\n".join(parts)


def _write_section(page: Path, section: Section) -> None:
    parts = [heading(section.title, "=")]
    parts += [_read_out(module, alone=len(section.modules) == 1) for module in section.modules]
    gates = _gates(section)
    if gates:
        parts.append(contents([entry.what.name for entry in gates], ":hidden:"))
    _write(page, "\n\n".join(parts))
    for entry in gates:
        _write(page.with_name(f"{entry.what.name}.rst"), gate_page(entry))
        save_pictures(entry.what, page.parent)


def _gates(section: Section) -> list[Entry]:
    return [entry for module in section.modules for entry in entries_of(module) if isinstance(entry.what, Gate)]


def _key(section: Section) -> str:
    return "-".join(re.findall(r"\w+", section.title.lower()))


def _doc(module: str) -> str:
    return inspect.getdoc(import_module(module)) or ""


def _read_out(module: str, *, alone: bool) -> str:
    """Return what a module says of itself, and then its public names in the order of its file.

    A package opens its section; so does a module that has the section to itself.
    """
    opens = alone or hasattr(import_module(module), "__path__")
    first, _, rest = _doc(module).partition("\n")
    parts = [first if opens else heading(_plain(first), "-"), rest.strip()]
    found = entries_of(module)
    gates = [entry for entry in found if isinstance(entry.what, Gate)]
    if gates:
        parts.append(table([("gate", "formula", "local gradient"), *map(_row, gates)], header=True))
    return "\n\n".join([*parts, *(_directive(entry) for entry in found if entry not in gates)])


def _plain(sentence: str) -> str:
    return sentence.rstrip(".").replace("`", "")


def _row(entry: Entry) -> tuple[str, str, str]:
    gate: Gate = entry.what
    local = fact(gate, "Local gradient") or "none"
    return f":doc:`{escaped(title(gate))} <{gate.name}>`", literal(fact(gate, "Formula")), literal(local)


def _directive(entry: Entry) -> str:
    """Return what has Sphinx read out a class, a function or a value."""
    what, also = entry.what, ""
    if inspect.isclass(what):
        kind = "autoexception" if issubclass(what, BaseException) else "autoclass"
        options = "\n   :members:" if kind == "autoclass" else ""
    else:
        kind, options = ("autofunction", "") if callable(what) else ("autodata", "\n   :no-value:")
    if len(entry.names) > 1:
        others = [name for name in entry.names if name != entry.name]
        also = f"\n\n   Also {', '.join(map(literal, others))}."
    return f".. {kind}:: {entry.name}{options}{also}"
