"""Explain pictures: the paths of one gradient lit in the circuit, each product written out, their sum the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from autograd_cnn.backward import backward_steps
from autograd_cnn.explanation import Explanation
from autograd_cnn.explanation import explain as explained
from autograd_cnn.explanation.paths import Path
from autograd_cnn.graph import Node
from viz.circuits import MOST_GATES, diagram_of, gathered
from viz.collapsing import collapsed
from viz.diagram import Diagram, Light
from viz.dot import document
from viz.errors import UndrawableError, speaking_as
from viz.folding import selection
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Content, Picture
from viz.selected import Operand
from viz.style import Theme, number, theme_named
from viz.wiring import Drawing

_MOST_FACTORS = 9
"""Factors of a product that are written out."""


@dataclass(frozen=True)
class PathLine:
    """One path as it is written.

    Attributes
    ----------
    factors : str
        Its local gradients from the output backwards, and their product, in numbers.
    equation : str
        The same with their names.
    product : float
        What it adds to the gradient.
    """

    factors: str
    equation: str
    product: float


@dataclass(frozen=True)
class PathDiagram:
    """An explain picture as plain data.

    Attributes
    ----------
    diagram : Diagram
        The circuit; what lies on path 1 has the class ``path1``, and so on.
    paths : tuple of PathLine
        The listed paths, heaviest first.
    sum_words : str
        Their products and what the other paths add, summed up to the gradient.
    """

    diagram: Diagram
    paths: tuple[PathLine, ...]
    sum_words: str


class PathPicture(Picture):
    """An explain picture; its page lights up one path while that is hovered or focused in the list."""

    def page(self) -> Page:
        """Return the page: the list of paths beside the picture.

        Raises
        ------
        RendererNotFound, LayoutError, LayoutTimeout
            When Graphviz is missing, fails, or takes too long.
        """
        content = self._content("page")
        shown: PathDiagram = content.data
        drawn = Picture(content.draw(shown, PAGE_THEME), time_limit=self.time_limit).svg("picture-")
        rows = "\n".join(
            f'<li><button type="button" data-path="path{i}" aria-pressed="false">{text_of(path.factors)}</button>'
            f'<p class="note">{text_of(path.equation)}</p></li>'
            for i, path in enumerate(shown.paths, 1)
        )
        return filled_page(
            "explanation",
            {},
            title=self.title,
            status=f'<p class="verdict gradient">{text_of(shown.sum_words)}</p>',
            assets=("stage",),
            kind=content.kind,
            made_from=shown,
            picture=with_variables(drawn),
            paths=rows,
        )


def explain(
    output: Node | Explanation,
    wrt: Node | None = None,
    index: int | tuple[int, ...] | None = None,
    *,
    most: int = 5,
    title: str | None = None,
    theme: str = "light",
    limit: int = MOST_GATES,
) -> PathPicture:
    """Draw one gradient as the sum over its paths: along every path multiply, over all paths add.

    The heaviest paths are lit, and the local gradients that make up each product stand on their wires.
    The products are written out in the legend. Saved as .html, or as a page, a path lights up alone
    while it is hovered or focused in the list.

    Parameters
    ----------
    output : Node or Explanation
        One element, such as a loss; or what `autograd_cnn.explain` returned, and then nothing else.
    wrt : Node
        With respect to what.
    index : int or tuple of int, optional
        Which element of `wrt`, when it is a Tensor of several.
    most : int
        How many paths to light.
    title : str, optional
        The header; by default the gradient, ``∂f/∂x = −4``.
    theme : {"light", "dark"}
        The colours.
    limit : int
        Most gates to draw.

    Returns
    -------
    PathPicture
        A `Picture`; no ``grad`` is written.

    Raises
    ------
    UndrawableError
        When `wrt` is missing, or given beside an Explanation.
    TooLargeError
        When more than `limit` gates would be drawn.
    AutogradError
        What `autograd_cnn.explain` raises, where there is nothing to explain.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0, name="x")
    >>> picture = explain(x * x + x, x)
    >>> picture.title
    '∂f/∂x = 7'
    >>> [path.factors for path in picture.content.data.paths]
    ['1 · 3 = 3', '1 · 3 = 3', '1']
    """
    colours = theme_named(theme)
    return drawn(path_diagram(_explanation(output, wrt, index, most), title=title, limit=limit), colours)


def drawn(shown: PathDiagram, theme: Theme) -> PathPicture:
    """Return the picture of an explanation's plain data."""
    content = Content("explanation", shown, _source)
    return PathPicture(_source(shown, theme), shown.diagram.title, content=content, theme=theme.name)


def _source(shown: PathDiagram, theme: Theme) -> str:
    return document(shown.diagram, theme)


@speaking_as("explain")
def path_diagram(explanation: Explanation, *, title: str | None = None, limit: int = MOST_GATES) -> PathDiagram:
    """Return what `explain` draws as plain data."""
    gradients = {step.node: step.upstream for step in backward_steps(explanation.output)}
    on_paths = {node for path in explanation.paths for link in path.links for node in (link.user, link.source)}
    chosen = collapsed(selection(explanation.output, keep=on_paths), limit)
    drawing = gathered(explanation.output, limit=limit, gradients=gradients, chosen=chosen)
    _light(drawing, explanation)
    written = zip(explanation.paths, explanation.equations(), strict=True)
    lines = tuple(PathLine(factors(path), equation, path.product) for path, equation in written)
    facts = tuple(f"path {i}, from the output:  {line.factors}" for i, line in enumerate(lines, 1))
    words = sum_words(explanation)
    diagram = diagram_of(drawing, explanation.title if title is None else title, words, facts)
    return PathDiagram(diagram, lines, words)


def factors(path: Path) -> str:
    """Return ``1 · 0.1 · 4 = 0.4``: the local gradients of a path, from the output backwards, and their product."""
    numbers = [number(link.local) for link in path.links]
    if len(numbers) < 2:
        return number(path.product)
    words = [f"({x})" if x.startswith("−") else x for x in numbers]
    shown = words if len(words) <= _MOST_FACTORS else [*words[:5], "…", *words[-3:]]
    return f"{' · '.join(shown)} = {number(path.product)}"


def sum_words(explanation: Explanation) -> str:
    """Return ``0.4 + (−0.1966) = 0.2034``: the products of all paths add up to the gradient."""
    terms = [number(path.product) for path in explanation.paths]
    others = explanation.count - len(terms)
    if others:
        count = f"{others:,}" if others < 10**12 else f"more than 2^{others.bit_length() - 1}"
        terms.append(f"{number(explanation.rest)} of {count} other paths")
    if len(terms) == 1:
        return f"one path: {terms[0]}"
    first, *rest = terms
    words = " + ".join([first, *(f"({term})" if term.startswith("−") else term for term in rest)])
    return f"{explanation.count if others == 0 else 'all'} paths: {words} = {number(explanation.gradient)}"


@speaking_as("explain")
def _explanation(output: Any, wrt: Any, index: Any, most: int) -> Explanation:
    if isinstance(output, Explanation):
        if wrt is not None or index is not None:
            raise UndrawableError("explain: an Explanation says itself with respect to what; give it alone")
        return output
    if wrt is None:
        raise UndrawableError("explain: expected an output and with respect to what, such as viz.explain(loss, w)")
    return explained(output, wrt, index, most=most)


def _light(drawing: Drawing, explanation: Explanation) -> None:
    """Mark boxes and wires with the paths that run through them; what no path runs through is dim."""
    locals_of = {(link.user, link.slot): link.local for path in explanation.paths for link in path.links}
    runs = {f"path{i}": {(link.user, link.slot) for link in path.links} for i, path in enumerate(explanation.paths, 1)}
    found: dict[str, dict[str, None]] = {box.name: {} for box in drawing.boxes}
    wires = [_paths_through(edges, runs) for edges in drawing.edges_of]
    for wire, paths in zip(drawing.wires, wires, strict=True):
        for end in (wire.tail, wire.head):
            found[end] |= dict.fromkeys(paths)
    for i, wire in enumerate(drawing.wires):  # trunks and the output's wire stand for no edge of their own
        if not drawing.edges_of[i]:
            wires[i] = list(runs) if wire.head == "out" else list(found[wire.head])
            found[wire.tail] |= dict.fromkeys(wires[i])
            found[wire.head] |= dict.fromkeys(wires[i])
    order = list(runs)
    for i, (wire, edges) in enumerate(zip(drawing.wires, drawing.edges_of, strict=True)):
        paths = wires[i]
        note = _note(paths, edges, locals_of)
        drawing.wires[i] = replace(wire, light=_light_of(paths), classes=tuple(paths), below=note)
    drawing.boxes = [
        replace(box, light=_light_of(found[box.name]), classes=tuple(p for p in order if p in found[box.name]))
        for box in drawing.boxes
    ]


def _paths_through(edges: Iterable[Operand], runs: dict[str, set[tuple[Node, int]]]) -> list[str]:
    """Return the paths that run along one of these edges, in their order."""
    ends = {(edge.user, edge.slot) for edge in edges}
    return [name for name, run in runs.items() if not ends.isdisjoint(run)]


def _light_of(paths: Iterable[str]) -> Light:
    return "lit" if any(True for _ in paths) else "dim"


def _note(paths: list[str], edges: tuple[Operand, ...], locals_of: dict[tuple[Node, int], float]) -> str:
    """Return the local gradient of a lit wire: its factor in the product of each path."""
    if not paths or len(edges) != 1:
        return ""
    (edge,) = edges
    return f"local {number(locals_of[edge.user, edge.slot])}"
