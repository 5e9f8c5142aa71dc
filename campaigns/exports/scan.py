"""The first pass over a file: everything that only the whole file can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.exports.headers import COMPUTED, CUSTOM, Heading, is_total_label
from campaigns.exports.numbers import StyleEvidence
from campaigns.exports.reader import Cell, Record, Source
from campaigns.exports.retold import MOST_SHAPES, Shape, shape_of

NAMES = ("account", "campaign_id", "campaign", "ad_set_id", "ad_set", "ad_id", "ad")
BREAKDOWNS = ("age", "gender", "country", "region", "dma", "platform", "placement", "device", "objective", "hour")
METRICS = (
    "spend",
    "impressions",
    "reach",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "content_views",
    "adds_to_cart",
    "checkouts",
    "results",
    "purchases",
    "leads",
    "messages",
    "conversions",
    "revenue",
)
COUNTS = frozenset(METRICS) - {"spend", "revenue", "results", "purchases", "leads", "conversions"}
TIMES = ("day", "starts", "ends", "period")
DISTINCT_LIMIT = 5000
NAMELESS = ("", "-")


@dataclass
class Scan:
    """What was seen: per column its first filled cell and style, per file its rows, days and total row."""

    rows: int = 0
    first: dict[int, Cell] = field(default_factory=dict)
    styles: dict[int, StyleEvidence] = field(default_factory=dict)
    distinct: dict[int, set[Cell]] = field(default_factory=dict)
    kinds: dict[int, Counter[str]] = field(default_factory=dict)
    total: Record | None = None
    total_lines: set[int] = field(default_factory=set)
    shapes: set[Shape] = field(default_factory=set)

    def is_empty(self, column: int) -> bool:
        return column not in self.first


def scan(source: Source, headings: Sequence[Heading]) -> Scan:
    """Reads the file once. Memory is bounded: distinct values are kept up to a limit, rows are not kept."""
    found = Scan()
    dimensions = dimension_columns(headings)
    found.distinct = {i: set() for i in columns_of(headings, *TIMES, *NAMES)}
    found.kinds = {
        i: Counter() for i in columns_of(headings, "delivery_level", "result_type", "attribution", "currency")
    }
    if not source.decimal:
        found.styles = {
            i: StyleEvidence(h.field in COUNTS)
            for i, h in enumerate(headings)
            if h.field in METRICS or h.reason in (COMPUTED, CUSTOM)
        }
    evidence, unseen = dict(found.styles), set(range(len(headings)))
    tail: list[Record] = []
    for record in source.records():
        if record.problem:
            continue
        if is_total(record.cells, dimensions):
            tail.append(record)
            if found.rows == 0:
                _take_totals(found, tail)
            continue
        for row in (*tail, record):  # a total in the middle is a row like others, until the second pass judges it
            found.rows += 1
            if len(found.shapes) < MOST_SHAPES:
                found.shapes.add(shape_of(row.cells, dimensions))
        tail.clear()
        _look(record.cells, found, evidence, unseen)
    _take_totals(found, tail)
    return found


def _take_totals(found: Scan, rows: list[Record]) -> None:
    """Total rows stand at the top or at the end; there may be several. The first one is compared with our sums."""
    if rows and found.total is None:
        found.total = rows[0]
    found.total_lines.update(row.line for row in rows)
    rows.clear()


def columns_of(headings: Sequence[Heading], *fields: str) -> list[int]:
    return [i for i, heading in enumerate(headings) if heading.field in fields]


def dimension_columns(headings: Sequence[Heading]) -> list[int]:
    """The columns that say what a row is about. Where all are empty, the row is about everything: a total."""
    return columns_of(headings, *NAMES, *BREAKDOWNS, "day", "period")


def _look(cells: list[Cell], found: Scan, evidence: dict[int, StyleEvidence], unseen: set[int]) -> None:
    for column in list(unseen):
        if cells[column] != "":
            found.first[column] = cells[column]
            unseen.discard(column)
    for column, values in found.distinct.items():
        if len(values) < DISTINCT_LIMIT:
            values.add(cells[column])
    for column, counter in found.kinds.items():
        if cells[column] != "":
            counter[str(cells[column])] += 1
    for column, style in list(evidence.items()):
        cell = cells[column]
        if isinstance(cell, str) and not cell.isdigit() and cell:
            style.see(cell)
            if style.is_settled:
                del evidence[column]


def is_total(cells: Sequence[Cell], dimensions: Sequence[int]) -> bool:
    """Nothing is named in it, or the only thing named is a word for “total”."""
    named: Cell = ""
    for index in dimensions:
        if cells[index] not in NAMELESS:
            if named != "":
                return False
            named = cells[index]
    return bool(dimensions) and (named == "" or (isinstance(named, str) and is_total_label(named)))


def names_nothing(cells: Sequence[Cell], dimensions: Sequence[int]) -> bool:
    return bool(dimensions) and all(cells[i] in NAMELESS for i in dimensions)


def days_in(values: set[Cell]) -> list[Cell]:
    return [value for value in values if value not in NAMELESS]
