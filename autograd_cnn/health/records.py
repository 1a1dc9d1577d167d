"""The numbers of many steps as columns: a tenth as large as record by record, and quick to look back over."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.history import StepRecord

_COUNTS = ("dead", "starved", "silent", "saturated")
_BY_LAYER = ("gradients", "weight_gradients", "activations", "attenuations", *_COUNTS, "same_sign", "update_ratios")
_STEP, _LOSS, _SAMPLES, _FIRST = range(4)
"""Columns: step, loss, samples, and the first of those by layer, which follow field after field."""


class Records(Sequence[StepRecord]):
    """The records of all steps.

    Reading one makes it anew from the columns, to the last bit, so that writing into it changes nothing; only the
    last one is still open.

    Parameters
    ----------
    records : iterable of StepRecord
    """

    def __init__(self, records: Iterable[StepRecord] = ()) -> None:
        self._tables: list[_Table] = []
        self._alike: dict[_Looks, int] = {}
        self._where, self._rows = array("l"), array("q")
        self._silent: dict[int, dict[str, array[int]]] = {}
        self._last: StepRecord | None = None
        for record in records:
            self.append(record)

    def append(self, record: StepRecord) -> None:
        """Add the record of the next step; the one before it is closed."""
        if self._last is not None:
            self._close(self._last)
        self._last = record

    def copied(self) -> Records:
        """Return the same records, apart from what is still to come."""
        other = Records()
        other._tables = [table.copied() for table in self._tables]
        other._alike, other._silent = dict(self._alike), dict(self._silent)
        other._where, other._rows = self._where[:], self._rows[:]
        other._last = None if self._last is None else _Table.of(self._last).record(0, dict(self._last.silent_units))
        return other

    @property
    def steps(self) -> list[int]:
        """The step of each record."""
        _, steps = self._collected(lambda table: table.column(_STEP))
        return [int(step) for step in steps.tolist()]

    @property
    def losses(self) -> list[float]:
        """The loss of each record."""
        losses: list[float] = self._collected(lambda table: table.column(_LOSS))[1].tolist()
        return losses

    def known(self, field: str, layer: str) -> tuple[Array, Array]:
        """Return the places of the records in which a number of a layer is known, and these numbers."""
        return self._collected(lambda table: table.known(field, layer))

    def ends(self, field: str) -> tuple[Array, Array]:
        """Return the places of the records in which two layers or more have a number, and of each first and last."""
        return self._collected(lambda table: table.ends(field))

    def totals(self, field: str) -> list[float]:
        """Return the numbers of all layers added up, of each record."""
        totals: list[float] = self._collected(lambda table: table.totals(field))[1].tolist()
        return totals

    def __len__(self) -> int:
        return len(self._rows) + (self._last is not None)

    @overload
    def __getitem__(self, place: int) -> StepRecord: ...
    @overload
    def __getitem__(self, place: slice) -> list[StepRecord]: ...
    def __getitem__(self, place: int | slice) -> StepRecord | list[StepRecord]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        index = place + len(self) if place < 0 else place
        if index == len(self._rows) and self._last is not None:
            return self._last
        if not 0 <= index < len(self._rows):
            raise IndexError(f"record {place} of {len(self)}")
        silent = {layer: tuple(units) for layer, units in self._silent.get(index, {}).items()}
        return self._tables[self._where[index]].record(self._rows[index], silent)

    def __iter__(self) -> Iterator[StepRecord]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self is other or (len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True)))

    __hash__ = None  # type: ignore[assignment]

    def _close(self, record: StepRecord) -> None:
        looks, row = _looks_and_row(record)
        number = self._alike.setdefault(looks, len(self._tables))
        if number == len(self._tables):
            self._tables.append(_Table(looks))
        if record.silent_units:
            self._silent[len(self._rows)] = {layer: array("I", units) for layer, units in record.silent_units.items()}
        table = self._tables[number]
        self._where.append(number)
        self._rows.append(len(table.places))
        table.append(len(self._rows) - 1, row)

    def _collected(self, of: Callable[[_Table], Array | None]) -> tuple[Array, Array]:
        """Return what each table has, put into the order of steps, after its places."""
        tables = [*self._tables, *([] if self._last is None else [_Table.of(self._last, len(self._rows))])]
        found = [(np.array(table.places), own) for table in tables if (own := of(table)) is not None]
        if not found:
            return np.zeros(0, int), np.zeros(0)
        places, numbers = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(places, kind="stable")  # nearly in order already
        return places[order], numbers[order]


_Looks = tuple[tuple[tuple[str, ...], ...], tuple[int, ...]]
"""Of which layers each field speaks, and which columns hold None."""


def _looks_and_row(record: StepRecord) -> tuple[_Looks, list[Any]]:
    layers, row = [], [record.step, record.loss, record.samples]
    for field in _BY_LAYER:
        numbers = getattr(record, field)
        layers.append(tuple(numbers))
        row += numbers.values()
    unknown = tuple([i for i, number in enumerate(row) if number is None])
    for column in unknown:
        row[column] = 0.0
    return (tuple(layers), unknown), row


class _Table:
    """The records that look alike, one row of numbers each, and their places among all."""

    def __init__(self, looks: _Looks) -> None:
        self._looks = looks
        self._layers, self._unknown = looks
        self.places, self._numbers = array("q"), array("d")
        self._spans, self._width = {}, _FIRST
        for field, layers in zip(_BY_LAYER, self._layers, strict=True):
            self._spans[field] = slice(self._width, self._width + len(layers))
            self._width += len(layers)

    @classmethod
    def of(cls, record: StepRecord, place: int = 0) -> _Table:
        """Return the table of a single record."""
        looks, row = _looks_and_row(record)
        table = cls(looks)
        table.append(place, row)
        return table

    def append(self, place: int, row: Sequence[float]) -> None:
        self.places.append(place)
        self._numbers.extend(row)

    def copied(self) -> _Table:
        other = _Table(self._looks)
        other.places, other._numbers = self.places[:], self._numbers[:]
        return other

    def column(self, column: int) -> Array:
        return self._array()[:, column].copy()

    def known(self, field: str, layer: str) -> Array | None:
        """Return the numbers of a layer; None where it is not there, or holds None."""
        layers = self._layers[_BY_LAYER.index(field)]
        column = self._spans[field].start + layers.index(layer) if layer in layers else None
        return None if column is None or column in self._unknown else self.column(column)

    def ends(self, field: str) -> Array | None:
        """Return the first and the last number that is known; None where there are not two."""
        span = self._spans[field]
        known = [column for column in range(span.start, span.stop) if column not in self._unknown]
        return self._array()[:, [known[0], known[-1]]] if len(known) > 1 else None

    def totals(self, field: str) -> Array:
        totals: Array = np.add.reduce(self._array()[:, self._spans[field]], axis=1)
        return totals

    def record(self, row: int, silent_units: dict[str, tuple[int, ...]]) -> StepRecord:
        numbers: list[Any] = self._numbers[row * self._width : (row + 1) * self._width].tolist()
        for column in self._unknown:
            numbers[column] = None
        step, loss, samples = numbers[:_FIRST]
        fields: dict[str, dict[str, Any]] = {
            field: dict(zip(layers, numbers[self._spans[field]], strict=True))
            for field, layers in zip(_BY_LAYER, self._layers, strict=True)
        }
        counts = {field: {layer: int(count) for layer, count in fields[field].items()} for field in _COUNTS}
        return StepRecord(int(step), loss, samples=int(samples), silent_units=silent_units, **(fields | counts))

    def _array(self) -> Array:
        """Return the rows; let go of them before the next is appended."""
        rows: Array = np.frombuffer(self._numbers).reshape(-1, self._width)
        return rows
