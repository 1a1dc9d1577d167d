"""``autograd-cnn play``: build an expression, and write the page that steps through it."""

from __future__ import annotations

import numpy as np

from viz.expressions import assignments, build
from viz.players import player


def play(expression: str, values: list[str], output: str) -> None:
    """Write the player of an arithmetic expression to `output`, and say how to step through it.

    Parameters
    ----------
    expression : str
        As `viz.expressions.build` reads it.
    values : list of str
        ``name=number`` for each of its names.
    output : str
        Where to write the page.
    """
    expression = expression.strip()
    with np.errstate(all="ignore"):  # inf and NaN are shown in the page
        node, _ = build(expression, assignments(values))
        player(node, title=expression).save(output)
    print(f"written: {output}")
    print("Open it in a browser: → and ← step, space plays, Home and End go to the ends.")
    print("Exercise there hides the gradients and checks those that you type.")
