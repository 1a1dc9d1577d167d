"""Blocks of layers drawn as one card: a network with more layers than a reader can follow stays readable.

A block is a scope that holds several layers, such as ``stage2/block1``. The innermost blocks fold first, and of
those first the ones that repeat, until the picture is small enough; what is left of a long chain without scopes
folds into runs of neighbours.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from autograd_cnn.health.findings import worst_first
from autograd_cnn.health.report import Connection, Finding, Layer, Report, Units
from viz.errors import UndrawableError

MOST_CARDS = 40
"""Layers up to which none is folded: some twelve fill a screen, and more than forty nobody reads."""


@dataclass(frozen=True)
class Block(Layer):
    """Several layers as one: their parameters, units and findings together, the output of the last.

    Attributes
    ----------
    members : tuple of Layer
        What is folded into it, in forward order.
    """

    members: tuple[Layer, ...] = ()


def with_folded_blocks(report: Report, fold: bool | str = "auto", expand: Sequence[str] = ()) -> Report:
    """Return `report` with blocks in the place of layers.

    Parameters
    ----------
    report : Report
    fold : bool or "auto"
        True folds every block, False none, "auto" as many as needed to leave at most `MOST_CARDS` layers.
    expand : sequence of str
        Scopes that stay unfolded, with all that is around them and all that is in them.

    Raises
    ------
    UndrawableError
        For another `fold`, or a scope to expand that the report has not.
    """
    if fold not in (True, False, "auto"):
        raise UndrawableError(f"flow: fold={fold!r}; expected True, False or 'auto'")
    names = [layer.name for layer in report.layers]
    if fold is False or (fold == "auto" and len(names) <= MOST_CARDS):
        return report
    home = _homes(report, names, MOST_CARDS if fold == "auto" else 0, expand)
    if fold == "auto" and len(set(home.values())) > 2 * MOST_CARDS:
        home = _runs(names, home, expand)
    return _folded(report, home)


def check_scopes(report: Report, expand: Sequence[str]) -> None:
    """Raise UndrawableError for a scope to expand that holds no layer of the report."""
    names = [layer.name for layer in report.layers]
    for scope in expand:
        if not any(_inside(name, scope) for name in names):
            known = sorted({name.rpartition("/")[0] for name in names} - {""})
            raise UndrawableError(
                f"flow: expand={scope!r} is no scope of the network; it has {', '.join(known[:8]) or 'no blocks'}"
                + (" …" if len(known) > 8 else "")
            )


def _inside(name: str, scope: str) -> bool:
    return name == scope or name.startswith(f"{scope}/")


def _homes(report: Report, names: Sequence[str], most: int, expand: Sequence[str]) -> dict[str, str]:
    """Return for each layer the card that shows it: itself, or the block it is folded into."""
    home = {name: name for name in names}
    position = {name: i for i, name in enumerate(names)}
    wires = sorted(
        ((w.source, w.target) for w in report.connections if w.source and w.target), key=lambda w: position[w[0]]
    )
    for scopes in _candidates(names):
        for scope in scopes:
            inner = [name for name in names if _inside(name, scope)]
            asked = any(_inside(scope, other) or _inside(other, scope) for other in expand)
            cards = len({home[name] for name in inner})
            if not asked and len(inner) < len(names) and 1 < cards <= MOST_CARDS and _is_closed(inner, wires, position):
                home |= dict.fromkeys(inner, scope)
        if len(set(home.values())) <= most:
            break
    return home


def _candidates(names: Sequence[str]) -> Iterable[list[str]]:
    """Yield scopes to fold at once: by depth from the innermost, those that repeat before the others."""
    members: dict[str, list[str]] = {}
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            members.setdefault("/".join(parts[:depth]), []).append("/".join(parts[depth:]))
    look = {scope: tuple(inner) for scope, inner in members.items() if len(inner) > 1}
    times = Counter(look.values())
    deepest = max((scope.count("/") for scope in look), default=-1)
    for repeated in (True, False):
        for depth in range(deepest, -1, -1):
            yield [s for s in look if s.count("/") == depth and (times[look[s]] > 1) is repeated]


def _is_closed(inner: Collection[str], wires: Sequence[tuple[str, str]], position: dict[str, int]) -> bool:
    """Whether no path leaves the block and comes back: folded, it would close a circle."""
    inside = set(inner)
    last = max(position[name] for name in inner)
    reached: set[str] = set()
    for source, target in wires:  # in forward order of their sources
        if source in inside and target not in inside:
            reached.add(target)
        elif source in reached and position[source] < last:
            if target in inside:
                return False
            reached.add(target)
    return True


def _runs(names: Sequence[str], home: dict[str, str], expand: Sequence[str]) -> dict[str, str]:
    """Fold neighbours into runs of equal length: what lies between two places of a forward order closes no circle."""
    cards = list(dict.fromkeys(home[name] for name in names))
    length = math.ceil(len(cards) / MOST_CARDS)
    run: dict[str, str] = {}
    for i in range(0, len(cards), length):
        part = cards[i : i + length]
        kept = len(part) == 1 or any(_inside(card, scope) for card in part for scope in expand)
        run |= {card: card if kept else f"{part[0]} … {part[-1]}" for card in part}
    return {name: run[home[name]] for name in names}


def _folded(report: Report, home: dict[str, str]) -> Report:
    """Return the report with one layer per card."""
    members: dict[str, list[Layer]] = {}
    for layer in report.layers:
        members.setdefault(home[layer.name], []).append(layer)
    wires = _joined_wires(report, home)
    cards = [inner[0] if len(inner) == 1 else _block(name, inner, wires) for name, inner in members.items()]
    return replace(report, layers=tuple(cards), connections=tuple(wires))


def _joined_wires(report: Report, home: dict[str, str]) -> list[Connection]:
    """Return the wires between cards; all that a layer sends into one block is one wire with its whole gradient."""
    whole = {layer.name: layer.gradient.rms if layer.gradient else None for layer in report.layers}
    bundles: dict[tuple[str, str], list[Connection]] = {}
    partly_inside = set()
    for wire in report.connections:
        target = home.get(wire.target, "")
        if wire.source and home[wire.source] == target:
            partly_inside.add(wire.source)
        else:
            bundles.setdefault((wire.source, target), []).append(wire)
    uses = Counter(source for source, _ in bundles)
    joined = []
    for (source, target), wires in bundles.items():
        ends = {"source": home.get(source, ""), "target": target}
        if len(wires) > 1 and uses[source] == 1 and source not in partly_inside:
            joined.append(replace(wires[0], source=ends["source"], target=target, gradient=whole.get(source)))
        else:  # shares whose sum is not known stay apart
            joined += [replace(wire, source=ends["source"], target=target) for wire in wires]
    return joined


def _block(name: str, members: Sequence[Layer], wires: Sequence[Connection]) -> Block:
    first, last = members[0], members[-1]
    findings = [_told(finding, name, layer) for layer in members for finding in layer.findings]
    return Block(
        name=name,
        kind=_kinds(members),
        input_shape=first.input_shape,
        output_shape=last.output_shape,
        parameters=sum(layer.parameters for layer in members),
        activation=last.activation,
        gradient=last.gradient,
        attenuation=_attenuation(name, first, last, wires),
        update_ratio=_worst_update(members),
        units=_all_units([layer.units for layer in members if layer.units is not None]),
        findings=worst_first(findings),
        members=tuple(members),
    )


def _kinds(members: Sequence[Layer]) -> str:
    """Return what the layers of a block do, in their order: ``3 conv2d, max pool``."""
    times = Counter(re.split(r"[,+]| \d", layer.kind)[0].strip() for layer in members)
    return ", ".join(f"{n} {kind}" if n > 1 else kind for kind, n in times.items())


def _told(finding: Finding, block: str, layer: Layer) -> Finding:
    inner = layer.name.removeprefix(f"{block}/")
    return replace(finding, words=f"{finding.words} in {inner}")


def _attenuation(name: str, first: Layer, last: Layer, wires: Sequence[Connection]) -> float | None:
    """Return the decades between the gradient that one wire carries out of a block and the one at its output."""
    entering = [wire for wire in wires if wire.target == name and wire.source != name]
    sent = entering[0].gradient if len(entering) == 1 else None
    received = last.gradient.rms if last.gradient else None
    sizes = math.prod(first.input_shape), math.prod(last.output_shape)
    if not sent or not received or not math.isfinite(sent) or not math.isfinite(received) or 0 in sizes:
        return None
    return math.log10(sent) - math.log10(received) + 0.5 * (math.log10(sizes[0]) - math.log10(sizes[1]))


def _worst_update(members: Sequence[Layer]) -> float | None:
    """Return the update ratio farthest from the 1e-3 of the notes."""
    known = [layer.update_ratio for layer in members if layer.update_ratio is not None]
    return max(known, key=lambda u: abs(math.log10(u) + 3) if 0 < u < math.inf else math.inf, default=None)


def _all_units(parts: Sequence[Units]) -> Units | None:
    """Return the units of several layers as those of one, numbered on."""
    if not parts:
        return None
    found: dict[str, list[int]] = {"dead": [], "silent": [], "starved": [], "saturated": []}
    count = 0
    for units in parts:
        for state, ids in found.items():
            ids += [count + unit for unit in getattr(units, state)]
        count += units.count
    return Units(count, **{state: tuple(ids) for state, ids in found.items()})
