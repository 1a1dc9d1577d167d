"""The page of what a classifier of images does: confusions, worst mistakes, filters, activation maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.graph import Node
from viz.classifier import Predictions, predictions_of
from viz.exchange import encoded
from viz.page import Page, filled_page, page_part, text_of
from viz.style import LIGHT, Theme


def predictions(
    model: Callable[[Any], Node],
    images: Any,
    labels: Any,
    *,
    classes: Sequence[str] | None = None,
    chosen: Sequence[int] | None = None,
    most: int = 12,
    title: str = "What the network sees",
) -> Page:
    """Make a page of what a classifier does with images.

    It holds the confusion matrix, the worst mistakes as images, the filters of the first convolution, and the
    activation maps of the image that the reader chooses.

    Parameters
    ----------
    model : callable
        Takes a Tensor of images and returns scores (N, classes). A `Module` is put into evaluation mode meanwhile.
    images : array_like, shape (N, C, H, W)
        The images, as the model takes them.
    labels : array_like of int, shape (N,)
        Their classes.
    classes : sequence of str, optional
        Names of the classes; by default their numbers.
    chosen : sequence of int, optional
        Whose activation maps are kept; by default those of the worst mistakes and a few right ones.
    most : int
        How many mistakes to show.
    title : str
        The heading.

    Returns
    -------
    Page
        With ``.save("x.html")``, ``.save("x.json")``; notebooks show it.

    Raises
    ------
    UndrawableError
        When images, labels and scores do not fit together.

    Notes
    -----
    The filters and the maps are those of CS231n's chapter "Visualizing what ConvNets learn": first-layer weights
    should be smooth, and a map that is zero for many images is a sign of a dead filter.
    """
    return drawn(predictions_of(model, images, labels, classes=classes, chosen=chosen, most=most, title=title))


def drawn(shown: Predictions, theme: Theme = LIGHT) -> Page:
    """Return the page of predictions; its reader chooses the theme."""
    status = f'<p class="verdict">{text_of(summary(shown))}</p>'
    data = {"predictions": page_data(shown)}
    return filled_page("predictions", data, title=shown.title, status=status, kind="predictions", made_from=shown)


def section() -> str:
    """Return the sections of a page that ``predictions.js`` fills from ``data.predictions``."""
    return page_part("predictions")


def page_data(shown: Predictions) -> dict[str, Any]:
    """Return what ``predictions.js`` reads."""
    found: dict[str, Any] = encoded(shown)
    found["counts"] = shown.counts.tolist()
    return found


def summary(shown: Predictions) -> str:
    """Return the accuracy, and the class that does worst, in words."""
    rows = shown.counts.sum(axis=1)
    kept = np.diag(shown.counts) / np.maximum(rows, 1)
    worst = int(np.argmin(np.where(rows > 0, kept, 2)))
    words = f"{shown.accuracy:.1%} of {rows.sum():,} images right"
    return f"{words}; class {shown.classes[worst]} does worst: {kept[worst]:.1%} of it" if kept[worst] < 1 else words
