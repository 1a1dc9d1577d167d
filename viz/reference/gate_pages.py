"""The page of one gate: what it declares, one application with numbers, a picture, and its definition."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import numpy as np

from autograd_cnn import functional
from autograd_cnn.expansion import expand
from autograd_cnn.gates.facts import fact, lesson, title
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.registry import Gate
from viz.circuits import circuit
from viz.picture import Picture
from viz.reference.applications import Application, application
from viz.reference.markup import code_block, escaped, heading, literal, table
from viz.reference.names import Entry
from viz.style import number
from viz.textbook.nonlinearities import activation
from viz.textbook.remarks import REMARKS

THEMES = ("light", "dark")
IMAGES = "../../_images"
"""Where Sphinx puts pictures, seen from the page of a gate: a click shows one at its own size."""


def gate_page(entry: Entry) -> str:
    """Return the page of a gate, whose pictures `save_pictures` writes beside it."""
    gate: Gate = entry.what
    applied = application(gate)
    parts = [
        heading(title(gate), "="),
        escaped(lesson(gate)),
        table(_facts(entry), stub=True),
        _image(gate, _kind(gate)),
        heading("With numbers", "-"),
        table([("", "value", "gradient"), *_numbers(applied)], header=True),
        _attributes(applied),
        *([heading("The last output, in single numbers", "-"), _image(gate, "expanded")] if gate.expand else []),
        heading("Definition", "-"),
        code_block(definition(gate)),
        heading("Call", "-"),
        f".. autofunction:: {entry.name}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def save_pictures(gate: Gate, folder: Path) -> None:
    """Write the pictures of a gate's page, in light and in dark."""
    for theme in THEMES:
        for kind, picture in _drawn(gate, theme).items():
            picture.save(folder / f"{gate.name}-{kind}-{theme}.svg")


_ALTERNATIVES = {
    "curve": "The curve of {}, and its slope from the gate's own rule",
    "circuit": "The circuit of one application of {}, with its values and gradients",
    "expanded": "The last output of {}, made of numbers joined by smaller gates",
}
"""What stands for each kind of picture where it cannot be seen."""


def _kind(gate: Gate) -> str:
    return "curve" if gate.name in REMARKS else "circuit"


def _drawn(gate: Gate, theme: str) -> dict[str, Picture]:
    output = application(gate).output
    if gate.name in REMARKS:
        drawn = {"curve": activation(gate, theme=theme)}
    else:
        drawn = {"circuit": circuit(output, title=f"{gate.name}, applied", theme=theme)}
    if gate.expand:
        title = f"{gate.name}, its last output in single numbers"
        drawn["expanded"] = circuit(_last_number(output), title=title, theme=theme)
    return drawn


def _last_number(output: Node) -> Scalar:
    """Return the last number of an output as Scalars make it, with their gradients."""
    numbers = expand(output, level="scalar").output
    last: Scalar = numbers if isinstance(numbers, Scalar) else numbers.flat[-1]
    last.backward()
    return last


def _image(gate: Gate, kind: str) -> str:
    alternative = _ALTERNATIVES[kind].format(gate.name)
    shown = []
    for theme in THEMES:
        name = f"{gate.name}-{kind}-{theme}.svg"
        image = f".. image:: {name}\n   :alt: {alternative}\n   :target: {IMAGES}/{name}"
        shown.append(f".. container:: only-{theme}\n\n{indent(image, '   ')}")
    return "\n\n".join(shown)


def _facts(entry: Entry) -> list[tuple[str, str]]:
    gate: Gate = entry.what
    expansion = (inspect.getdoc(gate.expand) or "").split("\n")[0] if gate.expand else ""
    rows = [
        ("Symbol", gate.symbol),
        ("Formula", fact(gate, "Formula")),
        ("Local gradient", fact(gate, "Local gradient") or "none"),
        ("At a tie or kink", fact(gate, "Kink")),
        ("In smaller gates", expansion),
    ]
    called = [("Called as", ", ".join(literal(name) for name in (*entry.names, *_methods(gate))))]
    if getattr(functional, gate.name, gate) is not gate:
        called.append(("Called through", f":py:obj:`autograd_cnn.functional.{gate.name}`"))
    return [(name, literal(words)) for name, words in rows if words] + called


def _methods(gate: Gate) -> list[str]:
    """Return the methods and operators of nodes that are this gate."""
    own = gate.forward.__doc__
    return [f"node.{name}" for name, method in vars(Node).items() if own and getattr(method, "__doc__", None) == own]


def _numbers(applied: Application) -> list[tuple[str, str, str]]:
    rows = [(node.name or "", node.value, node.grad) for node in applied.inputs]
    rows.append(("output", applied.output.value, applied.output.grad))
    return [(literal(name), _number(value), "none" if grad is None else _number(grad)) for name, value, grad in rows]


def _number(value: Any) -> str:
    """Return numbers as lines of a table's cell, images without the axes that are 1 long."""
    if isinstance(value, float):
        return literal(number(value))
    array = np.asarray(value)
    if array.ndim == 4:
        array = array.reshape([size for size in array.shape if size != 1])
    text = np.array2string(array + 0.0 if array.dtype.kind == "f" else array, precision=4, suppress_small=True)
    if array.ndim < 2:
        return literal(text)
    rows = [line[1:] for line in text.removesuffix("]").split("\n")]  # without the brackets around all of them
    return "\n".join(f"| {literal(row)}" for row in rows)


def _attributes(applied: Application) -> str:
    given = [f"{name}={value!r}" for name, value in applied.attributes.items()]
    return f"With {literal(', '.join(' '.join(each.split()) for each in given))}." if given else ""


def definition(gate: Gate) -> str:
    """Return the source of a gate: forward, rule, branch and expansion, without what its docstring says above."""
    parts = [gate.forward, gate.rule, gate.branches, gate.expand]
    return "\n\n".join(_without_docstring(part) for part in parts if part is not None)


def _without_docstring(function: Callable[..., Any]) -> str:
    source = dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    lines = source.splitlines()
    first = tree.body[0] if isinstance(tree, ast.FunctionDef) else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno is not None:
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines).rstrip()
