"""Write the chain rule of one gradient as text and as LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd_cnn.explanation.paths import Link, Path
from autograd_cnn.gates.facts import lesson, title
from autograd_cnn.graph import Node

if TYPE_CHECKING:
    from autograd_cnn.explanation import Explanation

_INFIX = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷"}
_MOST_FACTORS = 6
_LONG_RUN = 4


def text(explanation: Explanation) -> str:
    """Return the gradient, the listed paths with their local gradients, the rest, and the lesson of each gate."""
    names = _names(explanation)
    f, x = names[explanation.output], names[explanation.wrt]
    count = explanation.count
    ways = f"one path leads from {x} to {f}" if count == 1 else f"the sum over {_count(count)} paths from {x} to {f}"
    lines = [f"{_gradient(explanation, names)}: {ways}."]
    if count > len(explanation.paths):
        lines.append(f"The heaviest {len(explanation.paths)}:")
    for i, path in enumerate(explanation.paths, 1):
        lines += _path_lines(f"{i}. ", path, names)
    if count > len(explanation.paths):
        others = _count(count - len(explanation.paths))
        lines.append(f"The other {others} paths add {_number(explanation.rest)}.")
    if explanation.closed:
        closed = explanation.closed
        verb = "path is" if closed == 1 else "paths are"
        lines.append(f"{_count(closed)} {verb} closed: a local gradient on the way is 0.")
    return "\n".join(lines + _lessons(explanation.paths))


def gradient_words(explanation: Explanation) -> str:
    """Return ``∂f/∂x = −4``."""
    return _gradient(explanation, _names(explanation))


def equations(explanation: Explanation) -> tuple[str, ...]:
    """Return each listed path as one line: its local gradients by name, as numbers, and their product."""
    names = _names(explanation)
    return tuple(_equation(path, names) for path in explanation.paths)


def _gradient(explanation: Explanation, names: dict[Node, str]) -> str:
    f, x = names[explanation.output], names[explanation.wrt]
    return f"∂{f}/∂{x} = {_number(explanation.gradient)}"


def _path_lines(lead: str, path: Path, names: dict[Node, str]) -> list[str]:
    equation = _equation(path, names)
    if not path.links:
        return [lead + equation]
    rows = []
    for _, run in groupby(path.links, key=lambda link: (link.user.gate, link.local)):
        equal = list(run)
        kept = equal if len(equal) <= _LONG_RUN else equal[:2]
        rows += [_row(link, names) for link in kept]
        if len(equal) > len(kept):
            rows.append((f"… {len(equal) - len(kept)} more like it", f"each {_number(equal[0].local)}"))
    width = max(len(left) for left, _ in rows)
    return [lead + equation, *(f"     {left:{width}}   {right}" for left, right in rows)]


def _equation(path: Path, names: dict[Node, str]) -> str:
    if not path.links:
        return "the output itself: 1"
    shown = path.links if len(path.links) <= _MOST_FACTORS else (*path.links[:3], None, *path.links[-2:])
    chain = " · ".join("…" if link is None else _derivative(link, names) for link in shown)
    factors = " · ".join("…" if link is None else _factor(link.local) for link in shown)
    product = "" if len(path.links) == 1 else f" = {_number(path.product)}"
    return f"{chain} = {factors}{product}"


def _row(link: Link, names: dict[Node, str]) -> tuple[str, str]:
    """Return how a node was computed, and the local gradient of one of its edges."""
    computed = f"{names[link.user]} = {expression(link.user, names)}"
    return computed, f"{_derivative(link, names)} = {_number(link.local)}{_slot(link)}"


def _lessons(paths: tuple[Path, ...]) -> list[str]:
    """Return the first line of the docstring of each gate on the paths."""
    gates = dict.fromkeys(link.user.gate for path in paths for link in path.links)
    lines = []
    for gate in gates:
        if gate is not None and lesson(gate):
            lines.append(f"{title(gate)}: {lesson(gate)}")
    return lines


def latex(explanation: Explanation) -> str:
    r"""Return ``\frac{\partial f}{\partial x} = \underbrace{...}_{...} + ... = ...`` numbers below."""
    names = {node: _in_latex(name) for node, name in _names(explanation).items()}
    left = _fraction(names[explanation.output], names[explanation.wrt])
    terms = [_latex_product(path, names) for path in explanation.paths]
    if explanation.count > len(explanation.paths):
        others = explanation.count - len(explanation.paths)
        words = f"{others:,}".replace(",", "{,}") if others < 10**21 else f"> 2^{{{others.bit_length() - 1}}}"
        terms.append(rf"\underbrace{{\cdots}}_{{{words}\text{{ more: }}{_number(explanation.rest, 'latex')}}}")
    return f"{left} = {' + '.join(terms)} = {_number(explanation.gradient, 'latex')}"


def _latex_product(path: Path, names: dict[Node, str]) -> str:
    links = path.links
    if not links:
        return "1"
    factors = [_latex_factor(link, names) for link in links]
    if len(links) > _MOST_FACTORS:
        between = math.prod(link.local for link in links[3:-2])
        middle = rf"\underbrace{{\cdots}}_{{{len(links) - 5}\text{{ factors: }}{_number(between, 'latex')}}}"
        factors = [*factors[:3], middle, *factors[-2:]]
    return r" \cdot ".join(factors)


def _latex_factor(link: Link, names: dict[Node, str]) -> str:
    return rf"\underbrace{{{_fraction(names[link.user], names[link.source])}}}_{{{_number(link.local, 'latex')}}}"


def _fraction(above: str, below: str) -> str:
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def _names(explanation: Explanation) -> dict[Node, str]:
    """Return a short name for every node that is written: its own, f and x for the ends, else v1, v2 ..."""
    met = dict.fromkeys(
        node
        for path in explanation.paths
        for link in path.links
        for node in (link.user, *(x for x in link.user.inputs or () if isinstance(x, Node)))
    )
    usual = ((explanation.output, "f"), (explanation.wrt, "x"))
    return short_names({*met, explanation.output, explanation.wrt}, usual)


def short_names(nodes: Iterable[Node], usual: Iterable[tuple[Node, str]]) -> dict[Node, str]:
    """Return a short name for every node: its own, the `usual` one of some, else v1, v2 ...

    Parameters
    ----------
    nodes : iterable of Node
        All that are written.
    usual : iterable of (Node, str)
        Some of them, and what they are called when they have no name and nothing else is called so.
    """
    nodes = sorted(nodes, key=lambda node: node.serial)
    names = {node: node.name for node in nodes if node.name}
    taken = set(names.values())
    for node, name in usual:
        if node not in names and name not in taken:
            names[node] = name
            taken.add(name)
    free = (f"v{i}" for i in range(1, 10 * len(nodes) + 10))
    for node in nodes:
        if node not in names:
            names[node] = next(name for name in free if name not in taken)
    return {node: str(name) for node, name in names.items()}


def _derivative(link: Link, names: dict[Node, str]) -> str:
    return f"∂{names[link.user]}/∂{names[link.source]}"


def _slot(link: Link) -> str:
    """Return which edge is meant, where one input fills several slots."""
    inputs = link.user.inputs or ()
    return f"  (input {link.slot + 1})" if sum(x is link.source for x in inputs) > 1 else ""


def expression(node: Node, names: Mapping[Node, str]) -> str:
    """Return what a gate computed, such as ``x + y``; with numbers for names the same with its numbers put in."""
    assert node.gate is not None
    inputs = node.inputs or ()
    words = [names[x] if isinstance(x, Node) else _factor(x) if isinstance(x, Real) else "array" for x in inputs]
    if node.gate.name == "negative":
        return f"−{words[0]}"
    if len(words) == 2 and node.gate.name in _INFIX:
        return f"{words[0]} {_INFIX[node.gate.name]} {words[1]}"
    return f"{node.gate.name}({', '.join(words)})"


def _number(value: Any, form: str = "text") -> str:
    """Return six digits; with a true minus sign in text, a power of ten in LaTeX."""
    digits = f"{value + 0.0:.6g}"  # + 0.0: no negative zero
    if form == "text":
        return digits.replace("-", "−")
    digits = re.sub(r"e([+-])0*(\d+)", lambda m: rf"\cdot 10^{{{'-' if m[1] == '-' else ''}{m[2]}}}", digits)
    return digits.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")


def _factor(value: Any) -> str:
    """Return a number that may stand after an operator: in parentheses when it is negative."""
    return f"({_number(value)})" if value < 0 else _number(value)


def _count(value: int) -> str:
    return f"{value:,}" if value < 10**21 else f"more than 2^{value.bit_length() - 1}"


def _in_latex(name: str) -> str:
    """Return a name as LaTeX: ``w[0,1]`` and ``v12`` get subscripts, words stand upright."""
    match = re.fullmatch(r"([^\W\d_]+)(?:\[([\d,]*)\]|_?(\d+))?", name)
    if match is None:
        return r"\mathrm{" + re.sub(r"([_#$%&{}])", r"\\\1", name).replace("\\\\", "\\") + "}"
    word = match[1] if len(match[1]) == 1 else rf"\mathrm{{{match[1]}}}"
    below = match[2] or match[3]
    return f"{word}_{{{below}}}" if below else word
