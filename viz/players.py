"""Players: a page that steps through a graph, forward and then back, with the chain rule written out at each gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from autograd_cnn.graph import Node
from viz.captions import shape_words
from viz.circuits import diagram_of, gathered
from viz.collapsing import collapsed
from viz.diagram import Cluster, Diagram, Wire
from viz.dot import document
from viz.errors import TooLargeError, UndrawableError, speaking_as
from viz.folding import selection
from viz.labels import room_for
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.running import run
from viz.style import LEGEND, LIGHT, WIRE_LOG10, Theme
from viz.tape import Play, Track
from viz.taping import Taping

MOST_GATES = 300
"""Gates that a player draws at most."""


def player(
    what: Node | Callable[..., Any],
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
    seed: Any = None,
    title: str | None = None,
    limit: int = MOST_GATES,
) -> Page:
    """Make a page that plays a graph: every gate forward, then the chain rule at every gate on the way back.

    Each step shows the gate with its numbers put in, and what it sends back along every edge; where a
    node is used more than once, the branches add up. An exercise hides the gradients and checks what
    the reader types. The page is one file that fetches nothing. No ``grad`` is written.

    Parameters
    ----------
    what : Node or callable
        The output; or a model or function to run, as for `viz.circuit`.
    *inputs : number, array_like or Node
        What to run it with.
    loss : callable, optional
        Makes one number of what the model returns.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.
    title : str, optional
        The heading; by default the output's name.
    limit : int
        Most gates to draw; a step stays quick up to 300.

    Returns
    -------
    Page
        With ``.save("player.html")`` and ``.html``; notebooks show it.

    Raises
    ------
    UndrawableError
        When `what` is neither node nor callable, or its graph was freed.
    TooLargeError
        When more than `limit` gates would be drawn; the message says how to draw less.
    GradientError
        When no gradient can be taken: the output needs none, or has several elements and no seed is given.
    RendererNotFound, LayoutError, LayoutTimeout
        When Graphviz is missing, fails, or takes too long.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x, y, z = (ag.Scalar(v, name=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    >>> player((x + y) * z, title="(x + y) · z").title
    '(x + y) · z'
    """
    node = what
    if not isinstance(node, Node):
        if not callable(what):
            raise UndrawableError(
                f"player: got {type(what).__name__}, expected a Scalar or Tensor, such as a loss, or a model and its "
                "inputs"
            )
        found = run(what, inputs, loss, "player")
        node, title = found.output, found.title if title is None else title
    elif inputs or loss is not None:
        raise UndrawableError("player: inputs and loss= go with a model or function; this is a node: play it alone")
    return drawn(play_of(node, seed=seed, title=title, limit=limit))


@speaking_as("player")
def play_of(node: Node, *, seed: Any = None, title: str | None = None, limit: int = MOST_GATES) -> Play:
    """Return what `player` plays as plain data; parameters and errors are the same."""
    try:
        drawing = gathered(node, limit=limit, gradients={}, chosen=collapsed(selection(node), limit))
    except TooLargeError:
        raise TooLargeError(
            f"player: more than {limit} gates to step through; sums of many terms, blocks alike in a row and layers "
            "made in a scope fold; name layers with ag.scope('...'), play one part with "
            "viz.player(ag.nodes(node, scope='...')[-1]), or pass limit="
        ) from None
    with np.errstate(all="ignore"):  # inf and NaN are shown on the page
        taping = Taping(drawing, seed)
        tape = taping.tape()
    forward = sum(turn.kind == "forward" for turn in tape.turns)
    subtitle = f"{forward:,} steps forward, {len(tape.turns) - forward - 3:,} back"
    diagram = diagram_of(drawing, title if title is not None else node.name or "player", subtitle)
    names = {box: taping.names[node] for box, node in taping.node_of.items() if not node.name}
    shapes = {box: shape_words(node) for box, node in taping.node_of.items()}
    wires = tuple(
        replace(wire, above=" · ".join(filter(None, (names[wire.tail], shapes[wire.tail]))))
        if wire.tail in names
        else wire
        for wire in diagram.wires
    )
    return Play(replace(diagram, wires=wires), tape)


def drawn(play: Play, theme: Theme = LIGHT) -> Page:
    """Return the page that plays a tape on its picture; its reader chooses the theme."""
    picture = Picture(document(with_room(play), PAGE_THEME), play.diagram.title)
    tracks = [asdict(t) | {"many": wire.many} for t, wire in zip(play.tape.tracks, play.diagram.wires, strict=True)]
    data = asdict(play.tape) | {"tracks": tracks, "ramp": LIGHT.signed_ramp}
    data["blocks"] = [_block(cluster) for cluster in play.diagram.clusters]
    low, high = (f"1e{x:.0f}".replace("-", "−") for x in WIRE_LOG10)
    legend = [LEGEND[key] for key in play.diagram.legend if key not in ("none", "zero", "numbers")]
    return filled_page(
        "player",
        data,
        title=play.diagram.title,
        status=f'<p class="note">{text_of(play.diagram.subtitle)}</p>',
        assets=("stage", "wires", "exercise", "chainrule"),
        picture=with_variables(picture.svg()),
        last=str(len(play.tape.turns) - 1),
        legend="\n".join(f"<li>{text_of(words)}</li>" for words in legend),
        scale=f"{low} to {high}",
        output=text_of(play.tape.output),
        kind="player",
        made_from=play,
    )


def with_room(play: Play) -> Diagram:
    """Return the picture with room for the longest gradient and the widest wire that are shown at any time."""
    wires = tuple(map(_widest, play.diagram.wires, play.tape.tracks))
    return replace(play.diagram, title="", subtitle="", legend=(), facts=(), wires=wires)


def _widest(wire: Wire, track: Track) -> Wire:
    longest = max(["—", *(mark.words for mark in track.marks)], key=lambda words: room_for(words, 12))
    return replace(wire, gradient=longest, strength=10.0 ** WIRE_LOG10[1], many=False, value_finite=True)


def _block(cluster: Cluster) -> dict[str, Any]:
    """Return a frame of the picture with all that is within."""
    inner = [_block(c) for c in cluster.clusters]
    boxes = [*cluster.boxes, *(box for block in inner for box in block["boxes"])]
    return {"id": f"cluster_{cluster.name}", "words": cluster.words, "boxes": boxes, "blocks": inner}
