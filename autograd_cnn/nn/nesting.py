"""Layers inside layers, also where they are inside each other more deeply than Python's calls reach."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from autograd_cnn.errors import DepthError

if TYPE_CHECKING:
    from autograd_cnn.nn.module import Module

DEEP = 50
"""Fewer layers than these inside each other are not what a recursion without end comes from."""


def nested(module: Module) -> int:
    """Return how many modules are inside each other where they are deepest, this one counted."""
    deepest, seen, stack = 0, set(), [(module, 1)]
    while stack:
        inner, depth = stack.pop()
        deepest = max(deepest, depth)
        if inner not in seen:
            seen.add(inner)
            stack += [(child, depth + 1) for child in inner.children()]
    return deepest


def too_deep(error: RecursionError, module: Module, around: int = 0) -> RecursionError:
    """Return the error of a module that went into its layers, `around` more outside, until Python refused.

    It is the one given where these are too few to be the cause, or one that told of as many.
    """
    depth = around + nested(module)
    if depth < DEEP or (isinstance(error, DepthError) and error.depth >= depth):
        return error
    limit = f"Python's recursion limit of {sys.getrecursionlimit()} calls"
    is_fixed = sys.version_info[:2] == (3, 12)  # it counts calls through C up to a limit of its own
    more = "" if is_fixed else f", or raise it: sys.setrecursionlimit({10 * depth})"
    return DepthError(
        f"{type(module).__name__}: {depth} layers inside each other, more than {limit} allows; "
        f"put layers in a row{more}",
        depth,
    )


def written_out(module: Module, usual: Callable[[Module], str]) -> str:
    """Return a module's repr: its layers, each in a line, those inside a layer indented below it.

    Layers whose class has not the `usual` repr write themselves.
    """
    lines: list[str] = []
    opened: set[Module] = set()
    stack = [("", "", module)]
    while stack:
        indent, title, inner = stack.pop()
        children, kind = list(inner.named_children()), f"{indent}{title}{type(inner).__name__}"
        if title == ")":
            lines.append(indent + title)
            opened.remove(inner)
        elif type(inner).__repr__ is not usual and inner is not module:
            lines.append(indent + title + repr(inner).replace("\n", f"\n{indent}"))
        elif not children or inner in opened:
            lines.append(f"{kind}({'...' if children else inner.extra_repr()})")
        else:
            lines.append(f"{kind}(")
            opened.add(inner)
            stack.append((indent, ")", inner))
            stack += [(indent + "  ", f"({name}): ", child) for name, child in reversed(children)]
    return "\n".join(lines)
