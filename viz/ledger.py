"""The attenuation ledger: how many decades the gradient loses on its way back, and where.

Entries are cut at the layers that every path from the input to the loss goes through, so they add up to the
whole; what lies between two of them, such as a residual block, is one entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.wording import number
from viz.layers import common_path
from viz.style import LONGEST_NAME, shortened

_WORTH_TELLING = -0.3
"""Decades above which an entry is not named: a factor of two."""
_ALLOWANCE = 0.5
"""Decades that each layer of a bottleneck must lose, or another makes up for it."""
_BOTTLENECK = -1.0
"""Decades that a bottleneck loses at least."""
_AVERAGES = ("mean", "average pool")


@dataclass(frozen=True)
class Entry:
    """What the gradient loses between two layers that all of it goes through.

    Attributes
    ----------
    name : str
        The layer in between, or the scope of several.
    layers : tuple of str
        All layers that the gradient meets there, in forward order.
    decades : float
        log10 of its L2 norm after them over that before; negative where signal is lost.
    averages : bool
        Whether the one layer only averages over positions.
    """

    name: str
    layers: tuple[str, ...]
    decades: float
    averages: bool = False


@dataclass(frozen=True)
class Ledger:
    """The entries from the input's side to the loss's, and between which layers they lie."""

    first: str
    last: str
    entries: tuple[Entry, ...]

    @property
    def total(self) -> float:
        """Decades between the gradient at the last layer's output and at the first layer's."""
        return math.fsum(entry.decades for entry in self.entries)

    def bottleneck(self) -> tuple[Entry, ...]:
        """Return the run of entries that loses most; empty when none, or the whole way, loses no decade.

        An average over positions does not count: what it divides adds up again in the weights before it.
        """
        best, start, lost = (0.0, 0, 0), 0, 0.0
        for i, entry in enumerate(self.entries if self.total < _BOTTLENECK else ()):
            if lost >= 0:
                start, lost = i, 0.0
            lost += _ALLOWANCE + (0.0 if entry.averages else entry.decades)
            best = min(best, (lost, start, i + 1))
        run = self.entries[best[1] : best[2]]
        return run if math.fsum(entry.decades for entry in run) < _BOTTLENECK else ()

    def words(self) -> str:
        """Return the ledger in one line: the total, and the largest losses.

        Examples
        --------
        >>> entries = (Entry("fc1", ("fc1",), -0.25), Entry("sigmoid_3", ("sigmoid_3",), -2.1))
        >>> Ledger("conv", "fc2", entries).words()
        'gradient, fc2 back to conv: lost 2.35 decades, 2.10 of them at sigmoid_3'
        """
        way = f"gradient, {_short(self.last)} back to {_short(self.first)}:"
        if self.total >= 0:
            return f"{way} gained {number(self.total, '.2f')} decades"
        lost = sorted((e for e in self.entries if e.decades < _WORTH_TELLING), key=lambda entry: entry.decades)
        parts = [f"{number(-entry.decades, '.2f')} at {_short(entry.name)}" for entry in lost[:2]]
        if lost and lost[0].decades >= self.total:  # where nothing is won back, the parts are parts of the whole
            parts[0] = parts[0].replace(" at ", " of them at ", 1)
        return ", ".join([f"{way} lost {number(-self.total, '.2f')} decades", *parts])


def _short(name: str) -> str:
    """Return the end of a path that fits, which tells more than its beginning."""
    parts = name.split("/")
    while len(parts) > 1 and len("/".join(parts)) > LONGEST_NAME:
        parts = parts[1:]
    return shortened("/".join(parts))


def ledger_of(report: Report) -> Ledger | None:
    """Return the ledger of a report; None where fewer than two layers know the gradient that all of it goes through."""
    gates = [(layer, norm) for layer in _passed_by_all(report) if (norm := _norm(layer)) is not None]
    if len(gates) < 2:
        return None
    position = {layer.name: i for i, layer in enumerate(report.layers)}
    entries = []
    for (before, sent), (after, received) in pairwise(gates):
        between = report.layers[position[before.name] + 1 : position[after.name] + 1]
        names = tuple(layer.name for layer in between)
        averages = len(between) == 1 and after.kind.startswith(_AVERAGES)
        entries.append(Entry(_common_name(names), names, math.log10(sent) - math.log10(received), averages))
    return Ledger(gates[0][0].name, gates[-1][0].name, tuple(entries))


def _passed_by_all(report: Report) -> Iterator[Layer]:
    """Yield the layers that no wire passes by, in forward order: all paths go through them."""
    place = {layer.name: i for i, layer in enumerate(report.layers)}
    end = len(place)
    farthest = {i: i for i in range(-1, end)}
    for wire in report.connections:
        source = place[wire.source] if wire.source else -1
        farthest[source] = max(farthest[source], place[wire.target] if wire.target else end)
    reached = farthest[-1]
    for i, layer in enumerate(report.layers):
        if reached <= i:
            yield layer
        reached = max(reached, farthest[i])


def _norm(layer: Layer) -> float | None:
    """Return the L2 norm of the gradient at a layer's output, per sample; None for none, 0, NaN and infinity."""
    size = math.prod(layer.output_shape)
    if layer.gradient is None or not 0 < layer.gradient.rms < math.inf or not size:
        return None
    return layer.gradient.rms * math.sqrt(size)


def _common_name(names: Sequence[str]) -> str:
    """Return the name of one layer, or the scope of several; without one, from the first to the last."""
    if len(names) == 1:
        return names[0]
    paths = [tuple(name.split("/")) for name in names]
    return "/".join(common_path(paths)) or f"{names[0]} … {names[-1]}"
