"""What is seen on a page as a file: CSV, Excel or JSON, streamed, with the account and its mode named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from tempfile import NamedTemporaryFile
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from campaigns.models import AdAccount
from mediabuyer.lib.money import meta_offset

FORMATS = ("csv", "xlsx", "json")
Value = str | int | float | Decimal | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet runs what begins like this, the full-width forms included."""
DIGITS = {"count": 0, "number": 2, "share": 6, "certainty": 4, "multiple": 4}
BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the letters of another century."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Head:
    """One column. `kind` is text, money, count, number, share and certainty (0 to 1) or multiple (ROAS)."""

    key: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows of one view; they may be a generator. Unknown is None and becomes an empty cell."""

    title: str
    account: AdAccount
    start: date
    end: date
    heads: Sequence[Head]
    rows: Iterable[Sequence[Value]]

    @property
    def mode(self) -> str:
        return self.account.mode.upper()


def export(table: Table, kind: str) -> HttpResponseBase:
    """Raises KeyError for what is not in FORMATS."""
    return {"csv": _csv, "xlsx": _xlsx, "json": _json}[kind](table)


def file_name(table: Table, kind: str) -> str:
    """`ads_norden-kaffee_de-shop_SANDBOX_2026-10-24_2026-11-20.csv`"""
    account = table.account
    names = [slugify(part) or "account" for part in (table.title, account.brand.name, account.name)]
    return "_".join([*names, table.mode, table.start.isoformat(), table.end.isoformat()]) + f".{kind}"


def neutral(text: str) -> str:
    """Text that a spreadsheet shows and never runs."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def rounded(value: Value, kind: str, currency: str) -> Value:
    """As many digits as are shown, so that file and page agree."""
    if value is None or isinstance(value, str):
        return value
    money_digits = 0 if meta_offset(currency) == 1 else 2
    digits = money_digits if kind == "money" else DIGITS[kind]
    exact = round(Decimal(str(value)), digits)
    return exact if kind == "money" else int(exact) if not digits else float(exact)


def _labels(table: Table) -> list[str]:
    """The first head names account and mode, so that a file without its name still says what it is."""
    labels = [
        f"{head.label} ({table.account.currency})" if head.kind == "money" else head.label for head in table.heads
    ]
    return [neutral(f"{labels[0]} · {table.account.name} · {table.mode}"), *(neutral(label) for label in labels[1:])]


def _values(table: Table) -> Iterator[list[Value]]:
    for row in table.rows:
        yield [rounded(value, head.kind, table.account.currency) for head, value in zip(table.heads, row, strict=True)]


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv(table: Table) -> HttpResponseBase:
    writer = csv.writer(_Echo())
    cells = ([neutral(value) if isinstance(value, str) else value for value in row] for row in _values(table))
    rows: Iterable[Sequence[Value]] = chain([_labels(table)], cells)
    lines = chain([BOM], (writer.writerow(row) for row in rows))
    return _answer(lines, table, "csv", "text/csv; charset=utf-8")


def _json(table: Table) -> HttpResponseBase:
    head = {
        "title": table.title,
        "account": table.account.name,
        "mode": table.account.mode,
        "currency": table.account.currency,
        "from": table.start.isoformat(),
        "to": table.end.isoformat(),
        "columns": [{"key": one.key, "label": one.label, "kind": one.kind} for one in table.heads],
    }

    def lines() -> Iterator[str]:
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
        for number, row in enumerate(_values(table)):
            values = {one.key: float(value) if isinstance(value, Decimal) else value
                      for one, value in zip(table.heads, row, strict=True)}  # fmt: skip
            yield f"{',' if number else ''}\n{json.dumps(values, ensure_ascii=False)}"
        yield "\n]}\n"

    return _answer(lines(), table, "json", "application/json")


def _xlsx(table: Table) -> HttpResponseBase:
    """A workbook is a zip, so it is written to a file first, a row at a time, and sent from there."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.title[:31] or "Table")
    sheet.append(_labels(table))
    for row in _values(table):
        sheet.append([_cell(sheet, value) for value in row])
    file = NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - the answer closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=file_name(table, "xlsx"), content_type=EXCEL)


def _cell(sheet: Any, value: Value) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=neutral(_printable(value)))
    cell.data_type = "s"
    return cell


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")


def _answer(lines: Iterable[str], table: Table, kind: str, content_type: str) -> HttpResponseBase:
    answer = StreamingHttpResponse(lines, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{file_name(table, kind)}"'
    return answer
