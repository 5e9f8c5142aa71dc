"""The second pass: rows of figures out of the file, errors by line, and totals to check against the file's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from campaigns.exports.currencies import currency_in
from campaigns.exports.dates import day_reader, parse_day, split_period
from campaigns.exports.mapping import STORED, TITLES, TOTALS, Mapping
from campaigns.exports.numbers import PLAIN, CellError, Number, parse_number
from campaigns.exports.reader import Cell, Record, Source
from campaigns.exports.result_kinds import name_kind
from campaigns.exports.retold import shape_of
from campaigns.exports.scan import BREAKDOWNS, NAMELESS, NAMES, names_nothing

MONEY = frozenset({"spend", "revenue"})
GENDERS = {"m": "male", "f": "female"}
CENT = Decimal("0.005")
LARGEST = Decimal(10) ** 13
"""What the columns of the database can hold; no account has spent this much in one row."""


class RowError(NamedTuple):
    """A row that was left out, with the cell that broke it. `message` names the remedy."""

    line: int
    column: str
    value: str
    message: str


class ParsedRow(NamedTuple):
    """One row of figures. A figure that the file does not have, or leaves blank, is None and never 0.

    `breakdown` holds the values of the mapping's breakdowns other than the day, in their order.
    """

    line: int
    day: date | None
    until: date | None
    names: dict[str, str]
    breakdown: tuple[str, ...]
    values: dict[str, Number | None]
    delivery: str
    kind: str = ""
    """What its results are, as `name_kind` says it; empty where the file does not tell."""


def rows(source: Source, mapping: Mapping) -> Iterator[ParsedRow | RowError]:
    """Every row that is no total or subtotal, in order. A broken row comes as a RowError and stops nothing."""
    reader = _RowReader(source, mapping)
    totals, retold, identity = mapping.total_lines, mapping.retold, mapping.identity
    for record in source.records():
        if record.line in totals:
            continue
        if retold and not record.problem and shape_of(record.cells, identity) in retold:
            continue
        yield reader.read(record)


def _kind_reader(mapping: Mapping) -> Callable[[list[Cell]], str]:
    """By the column of kinds; where there is none or only one is told, what the whole file counts."""
    kinds = mapping.result_kinds
    index = mapping.dimensions.get("result_type") if len(kinds) > 1 else None
    if index is None:
        whole = kinds[0] if len(kinds) == 1 else ""
        return lambda _: whole
    name = cache(name_kind)
    return lambda cells: name(text) if (text := _text(cells[index])) else ""


class _BadCellError(Exception):
    def __init__(self, index: int, cell: Cell, message: str) -> None:
        super().__init__(message)
        self.index, self.cell, self.message = index, cell, message


class _RowReader:
    """One reader a column, and a memory for what recurs: names, values of breakdowns, periods."""

    def __init__(self, source: Source, mapping: Mapping) -> None:
        self.header, self.mapping = source.header, mapping
        spots = mapping.dimensions
        self.names = [(name, spots[name]) for name in NAMES if name in spots]
        self.breakdowns = [(name, spots[name]) for name in mapping.breakdowns if name in BREAKDOWNS]
        self.identity = [i for _, i in (*self.names, *self.breakdowns)] + [
            spots[f] for f in ("day", "period") if f in spots
        ]
        self.metrics = [(name, i, _figure_reader(mapping, name, i)) for name, i in mapping.metrics.items()]
        self.delivery = spots.get("delivery")
        self.kind_of = _kind_reader(mapping)
        pairs = (("day", "day"), ("starts", "ends"), ("period", "period"))
        self.periods = [(spots[one], spots[other]) for one, other in pairs if one in spots and other in spots]
        self.read_day = day_reader(mapping.date_order)
        self.read_period = _period_reader(self.read_day)
        self.asked = self._asked_period()
        self.known_names: dict[tuple[Cell, ...], dict[str, str]] = {}
        self.known_values: dict[tuple[Cell, ...], tuple[str, ...]] = {}
        self.known_periods: dict[tuple[Cell, Cell], tuple[date | None, date | None]] = {}

    def _asked_period(self) -> tuple[date | None, date | None]:
        answers = self.mapping.answers
        if answers.get("from") and answers.get("until"):
            return parse_day(answers["from"], None), parse_day(answers["until"], None)
        return None, None

    def read(self, record: Record) -> ParsedRow | RowError:
        line, cells, problem = record
        if problem:
            return RowError(line, "", " ".join(str(cell) for cell in cells)[:80], f"The line {problem}.")
        if self.identity and cells[self.identity[0]] in NAMELESS and names_nothing(cells, self.identity):
            return RowError(
                line,
                self.header[self.identity[0]],
                "",
                "The row names nothing and looks like a total; left out, so that nothing counts twice.",
            )
        try:
            values = {name: read(cells[i]) for name, i, read in self.metrics}
            day, until = self._period(cells)
        except _BadCellError as bad:
            return RowError(line, self.header[bad.index], str(bad.cell)[:80], f"“{str(bad.cell)[:40]}” {bad.message}.")
        return ParsedRow(
            line,
            day,
            until,
            self._names(cells),
            self._values(cells) if self.breakdowns else (),
            values,
            "" if self.delivery is None else _text(cells[self.delivery]),
            self.kind_of(cells),
        )

    def _names(self, cells: list[Cell]) -> dict[str, str]:
        written = tuple([cells[i] for _, i in self.names])
        known = self.known_names.get(written)
        if known is None:
            known = {name: _text(cells[i]) for name, i in self.names}
            _remember(self.known_names, written, known)
        return known

    def _values(self, cells: list[Cell]) -> tuple[str, ...]:
        written = tuple([cells[i] for _, i in self.breakdowns])
        known = self.known_values.get(written)
        if known is None:
            known = tuple(_clean(name, cells[i]) for name, i in self.breakdowns)
            _remember(self.known_values, written, known)
        return known

    def _period(self, cells: list[Cell]) -> tuple[date | None, date | None]:
        for first, last in self.periods:
            if cells[first] == "":
                continue
            written = (cells[first], cells[last])
            known = self.known_periods.get(written)
            if known is None:
                known = self._ends(cells, first, last)
                _remember(self.known_periods, written, known)
            return known
        if self.asked[0] is None and self.mapping.first_day is not None:
            spots = self.mapping.dimensions
            index = next(spots[f] for f in ("day", "starts", "period") if f in spots)
            raise _BadCellError(index, "", "is empty where the day should be; fill in the cell")
        return self.asked

    def _ends(self, cells: list[Cell], first: int, last: int) -> tuple[date | None, date | None]:
        index = first
        try:
            if first == last and isinstance(cells[first], str):
                start, end = self.read_period(str(cells[first]))
            else:
                start = self.read_day(cells[first])
                index = last
                end = start if first == last else self.read_day(cells[last])
        except CellError as error:
            if self.mapping.date_order is None and any(q.key == "date_order" for q in self.mapping.open_questions):
                return None, None
            raise _BadCellError(index, cells[index], str(error)) from None
        if end < start:
            raise _BadCellError(last, cells[last], "lies before the first day of its row; correct the cell")
        return start, end


MOST_KNOWN = 20_000
"""Different names, values and periods that are remembered; a file of more starts over."""


def _remember(known: dict[Any, Any], key: tuple[Cell, ...], value: object) -> None:
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[key] = value


def _figure_reader(mapping: Mapping, name: str, index: int) -> Callable[[Cell], Number | None]:
    """Reads one column. Nine cells in ten are plain digits, or with a decimal point, and cost no more than that."""
    decimal, is_money = mapping.decimals[index], name in MONEY
    is_plain = PLAIN.match if decimal == "." else _never

    def read(cell: Cell) -> Number | None:
        if isinstance(cell, str):
            if len(cell) < 13 and cell.isdigit() and cell.isascii():
                return int(cell)
            if len(cell) < 13 and is_plain(cell):
                return Decimal(cell)
            value = read_text(cell)
        elif isinstance(cell, date):
            raise _BadCellError(index, cell, "is a date, not a number; correct the cell")
        else:
            value = cell
        if value is not None and ((value < 0 and name != "revenue") or not -LARGEST <= value <= LARGEST):
            raise _BadCellError(index, cell, "is out of range; correct the cell")
        return value

    def read_text(cell: str) -> Number | None:
        try:
            value = parse_number(cell, decimal)
        except CellError as error:
            raise _BadCellError(index, cell, str(error)) from None
        code = currency_in(cell) if is_money and value is not None else None
        if code and code != mapping.currency:
            message = f"is in {code} and the file in {mapping.currency}; convert the cell or leave the row out"
            raise _BadCellError(index, cell, message)
        return value

    return read


def _never(_: str) -> None:
    return None


def _period_reader(read: Callable[[object], date]) -> Callable[[str], tuple[date, date]]:
    known: dict[str, tuple[date, date]] = {}

    def read_both(text: str) -> tuple[date, date]:
        if text not in known:
            start, end = split_period(text)
            known[text] = read(start), read(end)
        return known[text]

    return read_both


def _text(cell: Cell) -> str:
    """Without what no database stores."""
    return str(cell).replace("\0", "").strip()


def _clean(name: str, cell: Cell) -> str:
    text = _text(cell) or "unknown"
    if name == "gender":
        return GENDERS.get(text.lower(), text.lower())
    return text if text.casefold() != "unknown" else "unknown"


@dataclass(frozen=True)
class Check:
    """One line of “totals to check”. `file` is what the file's own total row says, None where it says nothing."""

    field: str
    title: str
    file: Number | None
    computed: Number | None

    @property
    def is_same(self) -> bool | None:
        """None where the file says nothing to compare with."""
        if self.file is None or self.computed is None:
            return None
        return abs(Decimal(self.file) - Decimal(self.computed)) < CENT


@dataclass
class Totals:
    """Sums of the rows that were read; exact, in Decimal. A figure the file does not have stays None."""

    mapping: Mapping
    rows: int = 0
    sums: dict[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sums = {name: 0 for name in STORED if name in self.mapping.metrics and name != "reach"}

    def add(self, row: ParsedRow) -> None:
        self.rows += 1
        sums, values = self.sums, row.values
        for name in sums:
            value = values[name]
            if value:
                sums[name] += value

    def as_dict(self) -> dict[str, Number | None]:
        """The sum of each column; the file's own total where the column is blank below it (Meta splits no purchases
        by region), None where the file has no such column."""
        return {name: self._unsplit(name) or self.sums.get(name) for name in TOTALS}

    def checks(self) -> list[Check]:
        total = self.mapping.total
        return [
            Check(name, TITLES[name], total.get(name), None if self._is_blank(name) else value)
            for name, value in self.sums.items()
        ]

    def _unsplit(self, name: str) -> Number | None:
        return self.mapping.total.get(name) if name in self.sums and self._is_blank(name) else None

    def _is_blank(self, name: str) -> bool:
        return self.mapping.metrics[name] in self.mapping.blank_columns
