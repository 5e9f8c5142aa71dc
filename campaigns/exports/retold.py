"""Rows that tell the money of other rows again: totals in any language, subtotals above a breakdown.

A row that leaves blank what others name may be a subtotal, or money that Meta could not place. Only the sums tell:
where all rows with the same blanks add up to the same as the rows without, they are the same money.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from campaigns.exports.header_names import ALL_WORDS
from campaigns.exports.headers import is_total_label, normalise
from campaigns.exports.numbers import CellError, Number
from campaigns.exports.reader import Cell, Record

ADDITIVE = ("spend", "impressions", "clicks", "results", "revenue")
_ALL = frozenset(normalise(word) for word in ALL_WORDS.split("|"))
MOST_SHAPES = 64
"""Different combinations of blanks in one file; more is no table of Ads Manager."""
MOST_ROWS = 20_000
"""Up to here the first and the last row are compared with the sum of the others, whatever they are called."""
FEW = 3
"""Rows among which one may be the sum of the others by chance."""
NEAR = Decimal("0.005")
"""Subtotals are rounded, and a broken row is missing on one side."""

Shape = tuple[bool, ...]


def shape_of(cells: Sequence[Cell], dimensions: Sequence[int]) -> Shape:
    """Which of the naming columns are blank, or say “all”."""
    return tuple([_is_all(cells[index]) for index in dimensions])


def _is_all(cell: Cell) -> bool:
    return cell in ("", "-") or (isinstance(cell, str) and len(cell) < 20 and _says_all(cell))


@lru_cache(maxsize=4096)
def _says_all(text: str) -> bool:
    return normalise(text) in _ALL or is_total_label(text)


@dataclass
class Sums:
    """Of some rows: each additive figure, how many rows there are, and how many have any figure."""

    figures: dict[str, Number] = field(default_factory=dict)
    rows: int = 0
    filled: int = 0

    def add(self, values: dict[str, Number]) -> None:
        self.rows += 1
        self.filled += any(values.values())
        for name, value in values.items():
            self.figures[name] = self.figures.get(name, 0) + value

    def take_away(self, values: dict[str, Number]) -> None:
        self.rows, self.filled = self.rows - 1, self.filled - 1
        for name, value in values.items():
            self.figures[name] -= value


@dataclass(frozen=True)
class Retold:
    """Rows to leave out: by their line, or by which naming columns they leave blank."""

    lines: frozenset[int] = frozenset()
    shapes: frozenset[Shape] = frozenset()
    rows: int = 0
    total: Record | None = None
    """The total row that only its sum gave away."""


class _End(NamedTuple):
    """The first or the last row of the file, with the row beside it."""

    record: Record
    values: dict[str, Number]
    beside: Record | None


def find_retold(
    records: Iterable[Record], dimensions: Sequence[int], read: Callable[[list[Cell]], dict[str, Number]], rows: int
) -> Retold:
    """One more pass, with the numbers' style known. `read` gives the additive figures of a row."""
    shapes: dict[Shape, Sums] = {}
    first: _End | None = None
    last: _End | None = None
    for record in records:
        if record.problem:
            continue
        try:
            values = read(record.cells)
        except CellError:
            continue
        shape = shape_of(record.cells, dimensions)
        if shape not in shapes and len(shapes) == MOST_SHAPES:
            return Retold()
        shapes.setdefault(shape, Sums()).add(values)
        last = _End(record, values, last.record if last else None)
        if first is None or first.beside is None:
            first = last if first is None else first._replace(beside=record)
    ends = [end for end in (first, last) if end]
    total = next((end for end in ends if _is_whole(end, shapes, dimensions)), None)
    if total:
        shapes[shape_of(total.record.cells, dimensions)].take_away(total.values)
    found = _repeating(shapes)
    if not total and not found and rows <= MOST_ROWS:
        total = next((end for end in ends if _betrays_itself(end, rows) and _is_sum_of_others(end, shapes)), None)
    return Retold(
        lines=frozenset({total.record.line}) if total else frozenset(),
        shapes=frozenset(found),
        rows=sum(shapes[shape].rows for shape in found) + (1 if total else 0),
        total=total.record if total else None,
    )


def _is_whole(end: _End, shapes: dict[Shape, Sums], dimensions: Sequence[int]) -> bool:
    """It leaves blank what others name and says to the cent what those add up to: a total of any name."""
    finest = min(shapes, key=sum)
    is_coarser = shape_of(end.record.cells, dimensions) != finest
    filled = shapes[finest].filled > 1 and any(end.values.values())
    return is_coarser and filled and end.values == shapes[finest].figures


def _repeating(shapes: dict[Shape, Sums]) -> list[Shape]:
    """The rows that name most are the money; coarser ones of the same sum repeat it."""
    if len(shapes) < 2:
        return []
    finest = min(shapes, key=sum)
    if shapes[finest].filled < 2:
        return []
    return [
        shape
        for shape, sums in shapes.items()
        if shape != finest
        and all(blank or not base for blank, base in zip(shape, finest, strict=True))
        and _are_near(sums.figures, shapes[finest].figures)
    ]


def _are_near(some: dict[str, Number], others: dict[str, Number]) -> bool:
    pairs = [(Decimal(some[name]), Decimal(others.get(name, 0))) for name in ("spend", "impressions") if name in some]
    return any(one for one, _ in pairs) and all(abs(one - other) <= NEAR * abs(other) for one, other in pairs)


def _betrays_itself(end: _End, rows: int) -> bool:
    """It counts the rows in its name, or leaves blank what the row beside it fills (its status, its attribution)."""
    if str(rows - 1) in re.findall(r"\d+", str(next((cell for cell in end.record.cells if cell != ""), ""))):
        return True
    beside = end.beside.cells if end.beside else []
    return any(cell == "" and other != "" for cell, other in zip(end.record.cells, beside, strict=False))


def _is_sum_of_others(end: _End, shapes: dict[Shape, Sums]) -> bool:
    """Exactly half of everything, in two figures at least; rows without any name are not counted as money anyway."""
    parts = [sums for shape, sums in shapes.items() if shape == () or not all(shape)]
    return (
        sum(part.filled for part in parts) > FEW
        and sum(1 for value in end.values.values() if value) >= 2
        and all(2 * value == sum(part.figures[name] for part in parts) for name, value in end.values.items())
    )
