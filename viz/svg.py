"""Graphviz's SVG made fit for pages: strictly valid, deterministic, with ids that can be prefixed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PORT = re.compile(r":\w+")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def cleaned(drawn: bytes) -> bytes:
    """Return the SVG that Graphviz drew without what differs from call to call or is not SVG.

    ``transparent`` becomes ``none``, gradients are numbered in order of appearance, edges are named by
    their ends, tooltips become titles, comments and the document type go, and bars that are not wires
    get crisp edges.
    """
    root = ElementTree.fromstring(drawn)
    for element in root.iter():
        for name in ("fill", "stroke"):
            if element.get(name) == "transparent":
                element.set(name, "none")
    _number_gradients(root)
    _name_edges(root)
    for group in root.iter(f"{{{_SVG}}}g"):
        _tooltip_to_title(group)
        _sharpen(group)
    return _written(root)


def prefixed(svg: bytes, prefix: str) -> bytes:
    """Return `svg` with `prefix` before every id and reference, so that one page can hold several pictures."""
    root = ElementTree.fromstring(svg)
    _rename_ids(root, lambda old: prefix + old)
    return _written(root)


def _written(root: Element) -> bytes:
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _rename_ids(root: Element, renamed: Callable[[str], str]) -> None:
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, renamed(value))
            elif name.endswith("href") and value.startswith("#"):
                element.set(name, "#" + renamed(value[1:]))
            elif "url(#" in value:
                element.set(name, _REFERENCE.sub(lambda found: f"url(#{renamed(found[1])})", value))


def _number_gradients(root: Element) -> None:
    tags = {f"{{{_SVG}}}linearGradient", f"{{{_SVG}}}radialGradient"}
    gradients = [element.get("id", "") for element in root.iter() if element.tag in tags]
    numbered = {old: f"gradient{i}" for i, old in enumerate(dict.fromkeys(gradients))}
    _rename_ids(root, lambda old: numbered.get(old, old))


def _name_edges(root: Element) -> None:
    """Name edges ``tail->head`` without ports; a second one between the same two gets ``tail->head.1``."""
    seen: Counter[str] = Counter()
    for group in root.iter(f"{{{_SVG}}}g"):
        name = _PORT.sub("", group.get("id", ""))
        if "edge" in (group.get("class") or "").split() and "->" in name:
            group.set("id", f"{name}.{seen[name]}" if seen[name] else name)
            seen[name] += 1


def _tooltip_to_title(group: Element) -> None:
    """Show the tooltip, not the identifier, when a box is hovered: browsers show a group's title."""
    title = group.find(f"{{{_SVG}}}title")
    link = group.find(f"{{{_SVG}}}g/{{{_SVG}}}a")
    if title is None:
        return
    tip = link.get(f"{{{_XLINK}}}title") if link is not None else None
    if link is not None and tip is not None:
        title.text = tip
        del link.attrib[f"{{{_XLINK}}}title"]
    else:
        group.remove(title)


def _sharpen(group: Element) -> None:
    """Give the bars of a box crisp edges; not a wire's bar and the legend's: their width is a number to be compared."""
    kinds = (group.get("class") or "").split()
    if "wire" in kinds or kinds[:1] != ["node"]:
        return
    for shape in group.iter(f"{{{_SVG}}}polygon"):
        if shape.get("stroke") == "none":
            shape.set("shape-rendering", "crispEdges")
