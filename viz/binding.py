"""Several pages bound into one file: a tab for each."""

from __future__ import annotations

from collections.abc import Mapping

from viz.errors import UndrawableError
from viz.page import Page, filled_page, text_of
from viz.picture import Picture


def bind(pages: Mapping[str, Page | Picture], *, title: str) -> Page:
    """Bind pages and pictures into one page with a tab for each: one file to send to a colleague.

    Parameters
    ----------
    pages : mapping of str to Page or Picture
        What stands behind each tab, by the tab's words.
    title : str
        The heading.

    Returns
    -------
    Page
        With ``.save("all.html")``; notebooks show it.

    Raises
    ------
    UndrawableError
        For no pages, or something that is neither page nor picture.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> import viz
    >>> x = ag.Scalar(3.0, name="x")
    >>> f = x * x + x
    >>> f.backward()
    >>> bound = viz.bind({"Circuit": viz.circuit(f), "Step by step": viz.player(f)}, title="x² + x")
    >>> bound.title
    'x² + x'
    """
    if not pages:
        raise UndrawableError("bind: no pages; expected a mapping such as {'Report': viz.report(monitor)}")
    bound = []
    for words, page in pages.items():
        if not isinstance(page, Page | Picture):
            raise UndrawableError(f"bind: {words!r} is {type(page).__name__}, expected a page or picture of viz")
        bound.append({"words": str(words), "html": (page.page() if isinstance(page, Picture) else page).html})
    tabs = "".join(
        f'<button type="button" role="tab" id="tab{i}" aria-controls="panel{i}" aria-selected="false" tabindex="-1">'
        f"{text_of(page['words'])}</button>"
        for i, page in enumerate(bound)
    )
    panels = "".join(
        f'<section role="tabpanel" id="panel{i}" aria-labelledby="tab{i}" hidden></section>' for i in range(len(bound))
    )
    return filled_page("bound", {"pages": bound}, title=title, tabs=tabs, panels=panels)
