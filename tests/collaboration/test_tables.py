from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from collaboration.tables import Head, Table, Value, export, neutral, rounded
from tests.factories import AccountFactory, BrandFactory

HEADS = [Head("name", "Ad"), Head("spend", "Spend", "money"), Head("roas", "ROAS", "multiple")]
ROWS: list[list[Value]] = [
    ["=HYPERLINK(1)", Decimal("1226.7149"), 2.09174],
    ["Gift, “big”\nbox", Decimal("-3.5"), None],
]


def table(rows: Iterable[list[Value]] = ROWS, **account: Any) -> Table:
    brand = BrandFactory.build(name="Norden Kaffee")
    made = AccountFactory.build(brand=brand, name="DE shop", **account)
    return Table("Ads", made, date(2026, 10, 24), date(2026, 11, 20), HEADS, rows)


def body(kind: str, **account: Any) -> bytes:
    return b"".join(export(table(**account), kind).streaming_content)  # type: ignore[attr-defined]


def test_csv_holds_the_rows_and_names_account_and_mode() -> None:
    content = body("csv")
    assert content.startswith(b"\xef\xbb\xbf")  # else Excel mangles every umlaut
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows == [
        ["Ad · DE shop · SANDBOX", "Spend (EUR)", "ROAS"],
        ["'=HYPERLINK(1)", "1226.71", "2.0917"],
        ["Gift, “big”\nbox", "-3.50", ""],
    ]


def test_file_name_says_whose_and_which_days() -> None:
    answer = export(table(), "csv")
    assert answer["Content-Disposition"] == (
        'attachment; filename="ads_norden-kaffee_de-shop_SANDBOX_2026-10-24_2026-11-20.csv"'
    )


def test_csv_is_written_while_rows_are_read() -> None:
    read = []

    def rows() -> Iterable[list[Value]]:
        for number in range(1000):
            read.append(number)
            yield ["Ad", Decimal(number), None]

    lines = iter(export(table(rows()), "csv").streaming_content)  # type: ignore[attr-defined]
    assert next(lines) == "\ufeff".encode()
    assert next(lines) == "Ad · DE shop · SANDBOX,Spend (EUR),ROAS\r\n".encode()
    next(lines)
    assert read == [0]


def test_excel_keeps_numbers_and_runs_no_formula() -> None:
    sheet = load_workbook(io.BytesIO(body("xlsx"))).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["Ad · DE shop · SANDBOX", "Spend (EUR)", "ROAS"]
    assert rows[1] == ["'=HYPERLINK(1)", 1226.71, 2.0917]
    assert sheet["A2"].data_type == "s"


def test_json_names_its_columns_and_keeps_text_as_it_is() -> None:
    found = json.loads(body("json", mode="live", graph_url=""))
    assert (found["account"], found["mode"], found["currency"]) == ("DE shop", "live", "EUR")
    assert (found["from"], found["to"]) == ("2026-10-24", "2026-11-20")
    assert found["rows"][0] == {"name": "=HYPERLINK(1)", "spend": 1226.71, "roas": 2.0917}
    assert found["rows"][1]["roas"] is None


def test_empty_table_is_still_valid() -> None:
    assert json.loads(b"".join(export(table([]), "json").streaming_content))["rows"] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "  =1"])
def test_formula_is_neutralised(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Broad", "1=1", "", "a-b"])
def test_plain_text_is_left_alone(text: str) -> None:
    assert neutral(text) == text


def test_whole_unit_currencies_have_no_decimals() -> None:
    assert rounded(Decimal("1234.6"), "money", "JPY") == Decimal(1235)
    assert rounded(Decimal("0.123456789"), "share", "EUR") == 0.123457
    assert rounded(None, "money", "EUR") is None
