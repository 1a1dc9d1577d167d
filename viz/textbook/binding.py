"""All textbook pictures in one page, in the order in which one would read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.textbook.decision import decision_line, two_clouds
from viz.textbook.landscape import loss_along, svm_on_digits
from viz.textbook.nonlinearities import activation, activations
from viz.textbook.rates import learning_rates
from viz.textbook.receptive import receptive_field
from viz.textbook.remarks import REMARKS
from viz.textbook.wiring import connectivity


@dataclass(frozen=True)
class Chapter:
    """One chapter of the page.

    Attributes
    ----------
    key : str
        Its address in the page.
    title : str
    words : tuple of str
        Paragraphs that stand before the pictures.
    pictures : tuple of Picture
    more : tuple of Picture
        Pictures to unfold.
    """

    key: str
    title: str
    words: tuple[str, ...]
    pictures: tuple[Picture, ...]
    more: tuple[Picture, ...] = ()


def page(*, seed: int = 0, title: str = "Neural networks, drawn from their own numbers") -> Page:
    """Bind all textbook pictures in one self-contained page.

    Parameters
    ----------
    seed : int
        Of everything random: weights, directions, points.
    title : str
        The heading.

    Returns
    -------
    Page
        Nothing in it is fetched; it takes a few seconds to make, most of them to train at four learning rates.

    Examples
    --------
    >>> import viz
    >>> written = viz.textbook.page().save("textbook.html")  # doctest: +SKIP
    """
    parts = chapters(seed)
    contents = "".join(f'<li><a href="#{part.key}">{text_of(part.title)}</a></li>' for part in parts)
    status = (
        '<p class="note">Every curve, wire and number below was computed by the engine when this page was made.</p>'
    )
    body = "\n".join(_chapter(number, part) for number, part in enumerate(parts, start=1))
    return filled_page("textbook", {}, title=title, status=status, contents=contents, chapters=body)


def chapters(seed: int = 0) -> tuple[Chapter, ...]:
    """Return the chapters in reading order; see `page`."""
    return _neuron(seed), _activations(), _connections(seed), _loss(seed), _rates(seed)


def _neuron(seed: int) -> Chapter:
    words = (
        "A neuron adds up its inputs, each times a weight, and a bias. Where this score is 0 it cannot decide: that "
        "is a straight line in the plane of two inputs. The weights turn the line, the bias moves it.",
        "The hinge loss asks for more than the right side: a score of at least 1 for class 1, at most −1 for class "
        "−1. Points that fall short pull at the line with their gradient; all others have no say.",
    )
    points, labels = two_clouds(rng=seed)
    picture = decision_line((0.4, 1.2, 0.6), points, labels, push=0.5)
    return Chapter("neuron", "A neuron draws a line", words, (picture,))


def _activations() -> Chapter:
    words = (
        "What follows the sum decides how gradients travel: backpropagation multiplies by the local gradient f′(x). "
        "Where f′ is close to 0 the unit is saturated and passes nothing on; where a ReLU's input is negative f′ is "
        "exactly 0, and a unit that is there on every sample is dead.",
        "The notes’ advice: use ReLU, mind the learning rate, and watch the share of dead units. If that is a concern, "
        "try leaky ReLU or maxout, the largest of several linear functions, which has no dead side but twice the "
        "parameters. Try tanh, but expect it to be worse. Never use the sigmoid.",
    )
    return Chapter(
        "activations", "Activations and their slopes", words, (activations(),), tuple(map(activation, REMARKS))
    )


def _connections(seed: int) -> Chapter:
    words = (
        "A convolution is a layer with most of its weights left out and the others shared: each output sees a few "
        "neighbours, and all outputs use the same filter. The same gradient rule serves both layers: a weight that "
        "is used on several wires receives the sum of what comes back on them.",
        "An output sees few inputs, but stacked layers see further: two filters of three see five inputs, three of "
        "them seven.",
    )
    pictures = connectivity(seed=seed), receptive_field(layers=2)
    return Chapter("connections", "Sparse connections, shared weights", words, pictures)


def _loss(seed: int) -> Chapter:
    words = (
        "A loss has as many dimensions as there are weights; a cut along random directions shows its shape. The loss "
        "of a linear SVM on a single image is made of straight pieces, one for each set of classes that violate the "
        "margin. The mean over many images adds up many such pieces to a bowl.",
        "It is convex, so walking downhill finds the bottom. With hidden layers it is not, yet downhill is the way "
        "all the same.",
    )
    one, many = svm_on_digits(1, seed=seed), svm_on_digits(100, seed=seed)
    pictures = (
        loss_along(*one, 1, rng=seed + 8, reach=4.0, title="A line through the SVM loss of one image"),
        loss_along(*many, 1, rng=seed + 8, reach=4.0, title="The same line through the mean loss of 100 images"),
        loss_along(*one, 2, rng=seed + 8, reach=4.0, title="A plane through the SVM loss of one image"),
        loss_along(*many, 2, rng=seed + 8, reach=4.0, title="The same plane through the mean loss of 100 images"),
    )
    return Chapter("loss", "What the loss looks like", words, pictures)


def _rates(seed: int) -> Chapter:
    words = (
        "The gradient says which way is down, not how far to go. A learning rate that is too low gets there slowly, "
        "almost along a straight line; a high one falls fast and then bounces around above the bottom; a too high one "
        "climbs out of the bowl and ends at infinity. The good one is in between, and only a trial finds it.",
    )
    return Chapter("rates", "The learning rate", words, (learning_rates(seed=seed),))


def _chapter(number: int, chapter: Chapter) -> str:
    words = "\n".join(f"<p>{text_of(paragraph)}</p>" for paragraph in chapter.words)
    pictures = _figures(chapter.pictures, f"{chapter.key}-")
    more = ""
    if chapter.more:
        unfolded = _figures(chapter.more, f"{chapter.key}-more-")
        more = f"<details><summary>One by one, with what the notes say</summary>\n{unfolded}</details>"
    heading = f'<h2 id="{chapter.key}-title">{number}. {text_of(chapter.title)}</h2>'
    opening = f'<section id="{chapter.key}" aria-labelledby="{chapter.key}-title">'
    return f"{opening}\n{heading}\n{words}\n{pictures}{more}</section>"


def _figures(pictures: Sequence[Picture], prefix: str) -> str:
    drawn = [_figure(picture, f"{prefix}{i}-") for i, picture in enumerate(pictures)]
    return '<div class="figures">\n' + "\n".join(drawn) + "\n</div>"


def _figure(picture: Picture, prefix: str) -> str:
    opening = f'<div class="picture" role="group" tabindex="0" aria-label="{text_of(picture.title)}">'
    return f"{opening}{on_page(picture, prefix)}</div>"


def on_page(picture: Picture, prefix: str) -> str:
    """Return a chart as SVG in the page's own colours, its ids prefixed."""
    assert picture.content is not None
    content = picture.content
    return with_variables(Picture(content.draw(content.data, PAGE_THEME)).svg(prefix))
