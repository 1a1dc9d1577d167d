"""Circuits: every gate of a graph, with the value above and the gradient below each wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd_cnn.backward import PASS
from autograd_cnn.graph import Node, Scalar, changed_since_use, describe
from viz.collapsing import collapsed, gates_of
from viz.diagram import Diagram, signs_used
from viz.dot import document
from viz.errors import TooLargeError, UndrawableError, speaking_as
from viz.folding import selection
from viz.picture import Content, Picture
from viz.running import run
from viz.scopes import clusters
from viz.selected import Selection
from viz.style import LEGEND, Theme, shortened, theme_named
from viz.wiring import Drawing

MOST_GATES = 150
"""Drawn gates up to which a reader can follow a circuit."""
_MOST_NAMES = 4


def circuit(
    what: Node | Callable[..., Any],
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    explain: bool = False,
    theme: str = "light",
    limit: int = MOST_GATES,
) -> Picture:
    """Draw a graph gate by gate, left to right: the one that a node was made from, or that a model makes.

    Each wire carries the value above and the gradient below; its width shows the gradient's size.
    Where a node is used more than once, the wire splits at a dot and shows what each branch sends
    back. Tensors show their RMS. Layers are frames. Sums of many terms become one gate, terms alike and
    layers alike in a row one block; where more than `limit` gates are left, so do whole layers. Gates
    that a rule made, in graphs of gradients, are octagons.

    Parameters
    ----------
    what : Node or callable
        The output; call ``node.backward()`` first to see gradients. Or a model or function to run: its
        gradients are worked out on the side where it returns one number, and no ``grad`` is written.
    *inputs : number, array_like or Node
        What to run it with. They are named like its parameters.
    loss : callable, optional
        Makes one number of what the model returns, such as ``lambda scores: F.cross_entropy(scores, labels)``.
        Without a loss a model of many outputs is drawn with its values alone.
    title, subtitle : str, optional
        The header; by default the output's name and what was counted.
    explain : bool
        Write "local × upstream" under each gradient; between Tensors, by how much its RMS grew × the
        upstream gradient's RMS.
    theme : {"light", "dark"}
        The colours.
    limit : int
        Most gates to draw.

    Returns
    -------
    Picture
        With ``.save``, ``.svg`` and ``.source``; notebooks show it.

    Raises
    ------
    UndrawableError
        When `what` is neither node nor callable, the inputs do not fit it, it returns no node, or its
        graph was freed.
    TooLargeError
        When more than `limit` gates and blocks are left; the message says how to draw less.
    GradientError
        When a leaf was written into after ``backward()``: what each branch sends back can no longer be told.
    UnknownThemeError
        For a theme that does not exist.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x, y, z = (ag.Scalar(v, name=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    >>> f = (x + y) * z
    >>> f.backward()
    >>> circuit(f, title="f = (x + y) · z").source.splitlines()[0]
    'digraph picture {'

    The same from a function:

    >>> circuit(lambda x, y, z: (x + y) * z, -2, 5, -4, title="f = (x + y) · z").title
    'f = (x + y) · z'
    """
    colours = theme_named(theme)
    diagram = circuit_diagram(what, *inputs, loss=loss, title=title, subtitle=subtitle, explain=explain, limit=limit)
    return drawn(diagram, colours)


def drawn(diagram: Diagram, theme: Theme) -> Picture:
    """Return the picture of a diagram."""
    return Picture.of(Content("circuit", diagram, document), theme, diagram.title)


def circuit_diagram(
    what: Node | Callable[..., Any],
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    explain: bool = False,
    limit: int = MOST_GATES,
) -> Diagram:
    """Return what `circuit` draws as plain data; parameters and errors are the same."""
    gradients: Mapping[Node, Any] | None = None
    if isinstance(what, Node):
        if inputs or loss is not None:
            raise UndrawableError(
                "circuit: inputs and loss= go with a model or function; this is a node: draw it alone"
            )
        node = what
    elif callable(what):
        found = run(what, inputs, loss)
        node, gradients = found.output, found.gradients
        title = found.title if title is None else title
    else:
        raise UndrawableError(
            f"circuit: got {type(what).__name__}, expected a Scalar or Tensor, such as a loss, "
            "or a model and its inputs"
        )
    with speaking_as("circuit"):
        drawing = gathered(node, explain, limit, gradients, collapsed(selection(node), limit))
    title = title if title is not None else node.name or "circuit"
    return diagram_of(drawing, title, counts(drawing) if subtitle is None else subtitle, _changes(drawing))


def gathered(
    node: Node,
    explain: bool = False,
    limit: int = MOST_GATES,
    gradients: Mapping[Node, Any] | None = None,
    chosen: Selection | None = None,
) -> Drawing:
    """Return boxes and wires of the graph that `node` was made from.

    `gradients` stand for those of the nodes; `chosen` is what is drawn, by default all but what folds.
    """
    chosen = selection(node) if chosen is None else chosen
    if any(d.node.inputs is None for d in chosen.drawn):
        raise UndrawableError(
            f"the graph of {describe(node)} was freed by backward(retain='leaves'); "
            "run the forward pass again and call backward() without retain"
        )
    gates = gates_of(chosen)
    if gates > limit:
        raise TooLargeError(
            f"{gates:,} gates to draw, readable up to {limit}; draw layers with viz.flow(node), one part "
            "with viz.circuit(ag.nodes(node, scope='...')[-1]), or pass limit="
        )
    drawing = Drawing(chosen, explain, gradients)
    drawing.draw()
    return drawing


def diagram_of(drawing: Drawing, title: str, subtitle: str, facts: tuple[str, ...] = ()) -> Diagram:
    """Return what was gathered as a diagram, with its frames and its legend."""
    boxes, wires = tuple(drawing.boxes), tuple(drawing.wires)
    frames = clusters(boxes, wires, drawing.scope_of)
    used = {*signs_used(boxes, wires), "numbers"} | {"frame" for f in frames if not f.words.startswith(PASS)}
    kinds = {"explain" if isinstance(d.node, Scalar) else "explain tensor" for d in drawing.chosen.drawn}
    used |= kinds if drawing.explain else set()
    used |= {"tensor"} if any(d.node.size > 1 for d in drawing.chosen.drawn) else set()
    legend = tuple(key for key in LEGEND if key in used)
    return Diagram(title, subtitle, boxes, wires, frames, legend, facts)


def counts(drawing: Drawing) -> str:
    """Return how large the graph is, and how much of it is drawn."""
    chosen: Selection = drawing.chosen
    gates = sum(node.gate is not None for node in chosen.uses)
    shown = sum(d.node.gate is not None for d in chosen.drawn if not d.chain and not d.layer)
    words = f"{_counted(len(chosen.uses) - gates, 'leaf', 'leaves')}, {_counted(gates, 'gate', 'gates')}"
    layers = sum(d.layer is not None for d in chosen.drawn)
    words += f", drawn with {_counted(shown, 'gate', 'gates')}" if shown < gates else ""
    words += f" and {_counted(layers, 'layer', 'layers')} as one block each" if layers else ""
    if any(drawing.gradient(d.node) is not None for d in chosen.drawn):
        return words
    hint = "values alone: gradients need a loss=" if drawing.run else "no gradients yet: call .backward() first"
    return f"{words} · {hint}"


def _changes(drawing: Drawing) -> tuple[str, ...]:
    """Say which leaves were written into since the graph was computed: beside them stand numbers of before."""
    found = [x.name or describe(x) for x in changed_since_use(drawing.chosen.uses)]
    if not found:
        return ()
    names = ", ".join(map(shortened, found[:_MOST_NAMES])) + (" …" if len(found) > _MOST_NAMES else "")
    return (f"! written into since this graph was computed: {names}; the gates show values of before",)


def _counted(n: int, one: str, several: str) -> str:
    return f"{n:,} {one if n == 1 else several}"
