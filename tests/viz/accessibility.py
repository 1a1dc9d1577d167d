"""Checks of a page's accessibility in a real browser: names, roles, contrast in both themes, focus order."""

from itertools import pairwise
from pathlib import Path
from typing import Any

_STATIC = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

_FOCUSED = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  window.visits ??= new Map();
  if (!window.visits.has(node)) window.visits.set(node, window.visits.size);
  const box = node.getBoundingClientRect(), style = getComputedStyle(node);
  const GROUPS = "section, header, form, nav, fieldset, table, [role=toolbar], svg, main, body";
  const group = node.parentElement.closest(GROUPS);
  window.groups ??= new Map();
  if (!window.groups.has(group)) window.groups.set(group, window.groups.size);
  const name = (node.getAttribute("aria-label") || node.textContent || "").trim().slice(0, 30);
  return {
    key: window.visits.get(node), group: window.groups.get(group),
    words: `<${node.tagName.toLowerCase()} ${node.id}> ${name}`,
    left: box.left + scrollX, right: box.right + scrollX,
    top: box.top + scrollY, bottom: box.bottom + scrollY,
    marked: style.outlineStyle !== "none" || style.boxShadow !== "none" || node.matches("svg *, iframe"), // inside
    drawn: node instanceof SVGElement,
  };
}"""

_TO_THE_TOP = """() => {
  scrollTo(0, 0);
  getSelection().removeAllRanges();
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""


def faults(page: Any, *, most_stops: int = 400) -> list[str]:
    """Return what keeps someone from using the page: its structure, its names, its contrast and its focus order.

    Parameters
    ----------
    page : playwright's Page
        Opened, in the state to be judged; the theme is the system's again when this returns, and the focus moved.
    most_stops : int
        How many presses of Tab may be needed to go once through the page.
    """
    found = []
    page.emulate_media(reduced_motion="reduce")  # contrast is judged when nothing fades
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found += [f"{theme}: {fault}" for fault in page.evaluate(_STATIC)]
    page.evaluate("() => { delete document.documentElement.dataset.theme; }")
    page.emulate_media(reduced_motion=None)
    return list(dict.fromkeys(found + nameless(page) + misplaced_focus(page, most_stops)))


def nameless(page: Any) -> list[str]:
    """Return the controls without a name, as the browser tells them to a screen reader."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    found = []
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        focusable = any(p["name"] == "focusable" and p["value"].get("value") for p in node.get("properties", ()))
        silent = not str(node.get("name", {}).get("value", "")).strip()
        if focusable and silent and not node.get("ignored") and role not in ("RootWebArea", "main", "option"):
            found.append(f"a {role} has no name")
    return found


def tab_stops(page: Any, most: int = 400) -> list[dict[str, Any]]:
    """Press Tab from the top of the page to its end; return what held the focus, one after another."""
    page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); getSelection().removeAllRanges(); }")
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    )
    stops: list[dict[str, Any]] = []
    met: set[int] = set()
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUSED)
        if stop is None or stop["key"] in met:
            return stops
        met.add(stop["key"])
        stops.append(stop)
    raise AssertionError(f"more than {most} stops: {stops[-1]['words']}")


def misplaced_focus(page: Any, most: int = 400) -> list[str]:
    """Return where Tab leaves the order in which one reads, or does not show where it is."""
    found = []
    stops = tab_stops(page, most)
    for stop in stops:
        if stop["right"] <= stop["left"] or stop["bottom"] <= stop["top"]:
            found.append(f"{stop['words']} takes the focus and cannot be seen")
        if not stop["marked"]:
            found.append(f"{stop['words']} does not show that it has the focus")
    for one, other in pairwise(stops):
        if one["group"] != other["group"] or one["drawn"] or other["drawn"]:
            continue
        beside = other["top"] < one["bottom"] and one["top"] < other["bottom"]
        if other["bottom"] <= one["top"] or (beside and other["right"] <= one["left"]):
            found.append(f"the focus goes backwards from {one['words']} to {other['words']}")
    return found
