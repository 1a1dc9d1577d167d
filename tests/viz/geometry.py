"""Where the text of an SVG picture stands: measured from the file, without a browser."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
# Helvetica's advance widths in thousandths of the font size (Adobe's font metrics), by width.
WIDTHS = {
    222: "ijl'",
    278: " !,./:;I[\\]ft|",
    333: "()`r-·",
    355: '"',
    389: "*",
    500: "cksvxyzJ",
    556: "0123456789abdeghnopqu#$_?L—",
    584: "+<=>~×−÷",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…",
    1015: "@",
}
ADVANCE = {character: width / 1000 for width, characters in WIDTHS.items() for character in characters}
BOLD = 1.07  # Helvetica Bold against regular, on average


@dataclass(frozen=True)
class Rectangle:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Rectangle, slack: float = 1.0) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > slack and down > slack

    def holds(self, other: Rectangle, slack: float = 0.5) -> bool:
        return (
            self.left <= other.left + slack
            and self.top <= other.top + slack
            and self.right >= other.right - slack
            and self.bottom >= other.bottom - slack
        )


@dataclass(frozen=True)
class Text:
    words: str
    box: Rectangle


def texts(svg: str) -> list[Text]:
    """Return every text with its box, in the coordinates of the drawing."""
    return [_text(element) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def shapes(svg: str, kinds: set[str]) -> list[tuple[str, Rectangle, list[Text]]]:
    """Return (kind, outline, texts) of the boxes of these kinds."""
    found = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        kind = (group.get("class") or "").removeprefix("node ")
        if kind in kinds:
            found.append((kind, _outline(group), [_text(t) for t in group.iter(f"{SVG}text")]))
    return found


def page(svg: str) -> Rectangle:
    """Return the page in the coordinates of the drawing."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = (float(x) for x in root.get("viewBox", "").split())
    moved = re.search(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", root.find(f"{SVG}g").get("transform"))
    x, y = float(moved[1]), float(moved[2])
    return Rectangle(-x, -y, width - x, height - y)


def _text(element: ElementTree.Element) -> Text:
    words = "".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ")
    size = float(element.get("font-size", "14"))
    bold = BOLD if element.get("font-weight") == "bold" else 1.0
    width = sum(map(_advance, unicodedata.normalize("NFD", words))) * size * bold
    x, y = float(element.get("x", "0")), float(element.get("y", "0"))
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")]
    return Text(words, Rectangle(left, y - 0.72 * size, left + width, y + 0.21 * size))


def _advance(character: str) -> float:
    """Return how wide a character is, in font sizes: at least so much, of letters that Helvetica does not have."""
    kind = unicodedata.category(character)
    if kind in ("Mn", "Me", "Cf"):  # accents stand above letters, and are told apart from them
        return 0.0
    is_wide = unicodedata.east_asian_width(character) in "WF"
    is_foreign = kind[0] == "L" and not "α" <= character.lower() <= "ω"
    return ADVANCE.get(character, 1.0 if is_wide else 0.2 if is_foreign else 0.6)


def _outline(group: ElementTree.Element) -> Rectangle:
    points: list[tuple[float, float]] = []
    for polygon in group.iter(f"{SVG}polygon"):
        points += [tuple(map(float, p.split(","))) for p in polygon.get("points", "").split()]
    for path in group.iter(f"{SVG}path"):
        numbers = [float(x) for x in re.findall(r"-?\d+\.?\d*", path.get("d", ""))]
        points += list(zip(numbers[::2], numbers[1::2], strict=True))
    for ellipse in group.iter(f"{SVG}ellipse"):
        cx, cy, rx, ry = (float(ellipse.get(k, "0")) for k in ("cx", "cy", "rx", "ry"))
        points += [(cx - rx, cy - ry), (cx + rx, cy + ry)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Rectangle(min(xs), min(ys), max(xs), max(ys))
