"""What Sphinx is told of docstrings: loaded by it as an extension."""

from __future__ import annotations

import re
from typing import Any

from autograd_cnn.gates.facts import NAMES, PATTERN
from autograd_cnn.graph import Node
from autograd_cnn.nn import Module
from autograd_cnn.registry import Gate


def setup(app: Any) -> dict[str, bool]:
    """Enter what is done to docstrings, before numpydoc reads them."""
    app.connect("autodoc-process-docstring", shorten, priority=400)
    app.connect("autodoc-skip-member", is_told_elsewhere)
    return {"parallel_read_safe": True}


def shorten(app: Any, kind: str, name: str, what: Any, options: Any, lines: list[str]) -> None:
    """Take the lesson and the facts out of a gate's docstring: they stand at the head of its page."""
    if isinstance(what, Gate):
        text = "\n".join(lines).partition("\n")[2]
        for fact in NAMES:
            text = re.sub(PATTERN.format(fact), "", text, flags=re.M | re.S)
        lines[:] = text.strip("\n").splitlines()


def is_told_elsewhere(app: Any, kind: str, name: str, member: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out the methods of nodes that are gates or made of gates, which have pages of their own.

    And the settings that layers print: they are their parameters.
    """
    if name == "extra_repr":
        return True if member is not Module.extra_repr else None
    own = vars(Node).get(name)
    bound = own is not None and own is member and getattr(member, "__module__", Node.__module__) != Node.__module__
    return True if bound else None
