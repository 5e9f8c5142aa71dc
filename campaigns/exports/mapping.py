"""What a file was understood to be. Everything the Import page shows before it imports comes from here."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from campaigns.exports.numbers import Number

STORED = ("spend", "impressions", "reach", "clicks", "link_clicks", "landing_page_views", "results", "revenue")
"""The figures that are kept; anything else in the file is named with the reason why it is not."""
TOTALS = ("spend", "impressions", "clicks", "results", "revenue")
TITLES = {
    "account": "Account, name",
    "campaign_id": "Campaign, id",
    "campaign": "Campaign, name",
    "ad_set_id": "Ad set, id",
    "ad_set": "Ad set, name",
    "ad_id": "Ad, id",
    "ad": "Ad, name",
    "day": "Day",
    "starts": "First day",
    "ends": "Last day",
    "period": "Period",
    "hour": "Hour",
    "age": "Age",
    "gender": "Gender",
    "country": "Country",
    "region": "Region",
    "dma": "Market area",
    "platform": "Platform",
    "placement": "Placement",
    "device": "Device",
    "objective": "Objective",
    "spend": "Spend",
    "impressions": "Impressions",
    "reach": "Reach",
    "clicks": "Clicks",
    "link_clicks": "Link clicks",
    "outbound_clicks": "Outbound clicks",
    "landing_page_views": "Landing page views",
    "results": "Results",
    "purchases": "Purchases",
    "leads": "Leads",
    "messages": "Conversations started",
    "conversions": "Other conversions",
    "revenue": "Revenue",
    "result_type": "Kind of result",
    "attribution": "Attribution",
    "delivery": "Status",
    "delivery_level": "Level",
    "currency": "Currency",
    "content_views": "Content views",
    "adds_to_cart": "Adds to cart",
    "checkouts": "Checkouts",
}


@dataclass(frozen=True)
class Column:
    """One column of the file: what it means here, or why it is left out."""

    index: int
    header: str
    field: str | None
    title: str
    sample: str
    note: str = ""
    ignored: str = ""
    decimal: str | None = None


@dataclass(frozen=True)
class Question:
    """What cannot be known from the file. One without `default` must be answered before anything is stored."""

    key: str
    text: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class Mapping:
    """The file understood. `metrics` names the column of each stored figure; absent figures stay unknown.

    `retold` are the shapes of rows that repeat the sum of others, by which columns of `identity` they leave blank.
    """

    name: str
    kind: str
    encoding: str
    delimiter: str
    size: int
    language: str | None
    level: str
    breakdowns: tuple[str, ...]
    columns: tuple[Column, ...]
    metrics: Dictionary[str, int]
    dimensions: Dictionary[str, int]
    decimals: Dictionary[int, str | None]
    blank_columns: frozenset[int]
    currency: str | None
    first_day: date | None
    last_day: date | None
    date_order: str | None
    is_daily: bool
    rows: int
    total_lines: frozenset[int]
    retold: frozenset[tuple[bool, ...]]
    identity: tuple[int, ...]
    total: Dictionary[str, Number | None]
    merged_rows: int
    result_types: tuple[str, ...]
    result_kinds: tuple[str, ...]
    attributions: tuple[str, ...]
    questions: tuple[Question, ...]
    answers: Dictionary[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(q for q in self.questions if q.default is None and not self.answers.get(q.key))

    @property
    def is_ready(self) -> bool:
        """Nothing stands between this file and its import."""
        return not self.open_questions

    @property
    def has_figures(self) -> bool:
        """False for a bulk export, which says what ads are and not what they did."""
        return bool(self.metrics)

    @property
    def ignored(self) -> dict[str, str]:
        return {column.header: column.ignored for column in self.columns if column.ignored}

    @property
    def used(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.field and not column.ignored)

    def answer(self, key: str) -> str | None:
        given = self.answers.get(key)
        return given or next((q.default for q in self.questions if q.key == key), None)

    def as_dict(self) -> dict[str, Any]:
        """For storing beside the file and for the page; JSON types only."""
        return {
            "name": self.name,
            "kind": self.kind,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "size": self.size,
            "language": self.language,
            "level": self.level,
            "breakdowns": list(self.breakdowns),
            "currency": self.currency,
            "days": [_iso(self.first_day), _iso(self.last_day)],
            "is_daily": self.is_daily,
            "rows": self.rows,
            "total": {name: _text(value) for name, value in self.total.items()} if self.total else None,
            "merged_rows": self.merged_rows,
            "result_types": list(self.result_types),
            "result_kinds": list(self.result_kinds),
            "attributions": list(self.attributions),
            "warnings": list(self.warnings),
            "columns": [_column(column) for column in self.used],
            "ignored": self.ignored,
            "questions": [_question(question) for question in self.questions],
            "is_ready": self.is_ready,
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _text(value: Number | None) -> str | None:
    return None if value is None else format(Decimal(value), "f")


def _column(column: Column) -> dict[str, str]:
    return {"header": column.header, "title": column.title, "sample": column.sample, "note": column.note}


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "text": question.text,
        "kind": question.kind,
        "choices": [list(choice) for choice in question.choices],
        "default": question.default,
    }


CellReader = Callable[[str], Number | None]
