"""Can a picture be read? Measured in a real browser, where text has the size that readers see."""

from typing import Any

SMALLEST_POINTS = 7
MOST_BOXES = 150

_TEXTS = """(number) => {
  const svg = document.querySelectorAll("svg.measured, .stage svg, .picture svg, body > svg")[number];
  const paper = (svg.querySelector("g.graph > polygon") ?? svg).getBoundingClientRect();
  const back = svg.getScreenCTM().inverse(), xy = (p) => [p.x, p.y];
  const inside = (x, y) => xy(new DOMPoint(x, y).matrixTransform(back));
  const boxOf = (b) => [...inside(b.left, b.top), ...inside(b.right, b.bottom)];
  const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim() && t.getClientRects().length);
  return {
    boxes: svg.querySelectorAll("g.node:not(.wire):not(.junction)").length,
    paper: boxOf(paper),
    texts: texts.map((t) => ({
      words: t.textContent, size: parseFloat(getComputedStyle(t).fontSize), box: boxOf(t.getBoundingClientRect()),
    })),
  };
}"""


def illegible(page: Any, number: int = 0, slack: float = 1.5) -> list[str]:
    """Return what cannot be read in a page's picture: overlaps, small type, clipped words, too many boxes.

    Parameters
    ----------
    page : playwright's Page
        Opened, with its picture in full size: small type is placed on whole pixels.
    number : int
        Which of the page's pictures.
    slack : float
        Points by which the boxes of two texts may overlap: they are higher than their letters.
    """
    found = page.evaluate(_TEXTS, number)
    texts, (left, top, right, bottom) = found["texts"], found["paper"]
    faults = [] if texts else ["the picture has no words"]
    if found["boxes"] > MOST_BOXES:
        faults.append(f"{found['boxes']} boxes")
    for each in texts:
        x0, y0, x1, y1 = each["box"]
        if each["size"] < SMALLEST_POINTS:
            faults.append(f"{each['words']!r} has {each['size']:g} points")
        if x0 < left - slack or y0 < top - slack or x1 > right + slack or y1 > bottom + slack:
            faults.append(f"{each['words']!r} leaves the picture")
    return faults + list(_overlaps(texts, slack))


def _overlaps(texts: list[dict[str, Any]], slack: float) -> Any:
    texts = sorted(texts, key=lambda each: each["box"][0])
    for i, one in enumerate(texts):
        height = (one["box"][3] - one["box"][1]) * 0.25  # leading above and below the letters
        for other in texts[i + 1 :]:
            if other["box"][0] > one["box"][2] - slack:
                break
            if min(one["box"][3], other["box"][3]) - max(one["box"][1], other["box"][1]) > max(slack, height):
                yield f"{one['words']!r} overlaps {other['words']!r}"
