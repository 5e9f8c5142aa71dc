from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from campaigns.exports.limits import UnreadableError
from campaigns.exports.mapping import Mapping
from campaigns.exports.parse import ParsedRow, RowError, Totals, rows
from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand

SAMPLES = Path(__file__).parent / "samples"
HEAD = "Day,Campaign name,Amount spent (EUR),Impressions,Clicks (all),Results\n"


def parse(content: str | Path, **answers: str) -> tuple[Mapping, list[ParsedRow], list[RowError], Totals]:
    source = open_source(content if isinstance(content, Path) else io.BytesIO(content.encode()))
    mapping = understand(source, answers)
    read = list(rows(source, mapping))
    good = [row for row in read if isinstance(row, ParsedRow)]
    totals = Totals(mapping)
    for row in good:
        totals.add(row)
    return mapping, good, [row for row in read if isinstance(row, RowError)], totals


def test_german_export_is_understood() -> None:
    mapping, good, errors, totals = parse(SAMPLES / "german-ad-sets-by-day.csv")
    assert (mapping.language, mapping.level, mapping.currency, mapping.delimiter) == (
        "German",
        "ad_set",
        "EUR",
        "semicolon",
    )
    assert mapping.breakdowns == ("day",)
    assert (mapping.first_day, mapping.last_day) == (date(2026, 9, 1), date(2026, 9, 2))
    assert errors == []
    assert totals.as_dict() == {
        "spend": Decimal("1310.50"), "impressions": 14236, "clicks": 128, "results": 4, "revenue": Decimal("476.00"),
    }  # fmt: skip
    assert {check.title: check.is_same for check in totals.checks()} == dict.fromkeys(
        ["Spend", "Impressions", "Clicks", "Link clicks", "Results", "Revenue"], True
    )
    assert good[2].names["ad_set"] == "=cmd|'/c calc'!A1"
    notes = {column.header: column.note for column in mapping.used}
    assert notes["Tag"] == "2 days, none missing"
    assert notes["Ausgegebener Betrag (EUR)"] == "decimal comma, EUR"
    assert notes["Impressionen"] == "decimal comma"
    assert set(mapping.ignored) == {"ROAS der Website-Käufe"}


def test_english_breakdown_is_understood() -> None:
    mapping, good, errors, totals = parse(SAMPLES / "english-ads-by-age.tsv")
    assert (mapping.level, mapping.breakdowns, mapping.currency) == ("ad", ("age",), "USD")
    assert mapping.total_lines == {5}
    assert [row.breakdown for row in good] == [("25-34",), ("35-44",), ("25-34",)]
    assert good[1].values["results"] is None
    assert (mapping.merged_rows, mapping.result_types, errors) == (1, ("actions:lead",), [])
    assert totals.as_dict()["spend"] == Decimal("20.75")


def test_broken_row_stops_nothing() -> None:
    content = HEAD + "".join(f"2026-01-{day:02},A,1.50,10,1,0\n" for day in range(1, 21))
    lines = content.splitlines(keepends=True)
    lines[7] = "2026-01-07,A,a lot,10,1,0\n"
    lines[9] = "2026-01-39,A,1.50,10,1,0\n"
    lines[11] = "2026-01-11,A\n"
    _, good, errors, totals = parse("".join(lines))
    assert [(error.line, error.column, error.value) for error in errors] == [
        (8, "Amount spent (EUR)", "a lot"),
        (10, "Day", "2026-01-39"),
        (12, "", "2026-01-11 A"),
    ]
    assert errors[0].message == "“a lot” is not a number; correct the cell or leave it empty."
    assert len(good) == 17
    assert totals.as_dict()["spend"] == Decimal("25.50")


def test_other_currency_in_a_cell_is_reported() -> None:
    _, _, errors, _ = parse(HEAD + "2026-01-01,A,1.50,10,1,0\n2026-01-02,A,20.00 USD,10,1,0\n")
    assert errors[0].message == "“20.00 USD” is in USD and the file in EUR; convert the cell or leave the row out."


def test_ambiguous_column_asks_and_reports() -> None:
    content = "Day,Campaign name,Amount spent (EUR)\n2026-01-01,A,1.234\n2026-01-02,A,17\n"
    mapping, _, errors, _ = parse(content)
    assert [question.key for question in mapping.open_questions] == ["decimal"]
    assert [(error.line, error.column, error.value) for error in errors] == [(2, "Amount spent (EUR)", "1.234")]
    mapping, _, errors, totals = parse(content, decimal=",")
    assert mapping.is_ready
    assert (errors, totals.as_dict()["spend"]) == ([], 1251)


def test_ambiguous_column_follows_the_others() -> None:
    content = "Day;Campaign name;Amount spent (EUR);Impressions;CPC (all)\n2026-01-01;A;1.234;10;0,25\n"
    _, good, errors, _ = parse(content)
    assert (good[0].values["spend"], errors) == (1234, [])


def test_days_with_two_readings_are_asked() -> None:
    content = "Date,Campaign,Spend [USD]\n03/04/2026,A,1\n05/04/2026,A,2\n"
    mapping, good, _, totals = parse(content)
    assert [question.key for question in mapping.open_questions] == ["date_order"]
    assert (good[0].day, totals.as_dict()["spend"]) == (None, 3)
    mapping, good, _, _ = parse(content, date_order="dmy")
    assert (good[0].day, mapping.is_ready) == (date(2026, 4, 3), True)


def test_missing_period_and_currency_are_asked() -> None:
    content = "ad_id,Impressions,Spent,Approved_Conversion\n7,10,1.5,1\n"
    mapping, good, _, totals = parse(content)
    assert [question.key for question in mapping.open_questions] == ["currency", "from", "until"]
    assert totals.as_dict()["results"] == 1
    answers = {"currency": "EUR", "from": "2017-08-01", "until": "2017-08-31"}
    mapping, good, _, _ = parse(content, **answers)
    assert (good[0].day, good[0].until) == (date(2017, 8, 1), date(2017, 8, 31))
    assert (mapping.currency, mapping.is_ready, mapping.answer("time_zone")) == ("EUR", True, "UTC")


@pytest.mark.parametrize("line", [",,30,3,3,3\n", "Total,,30,3,3,3\n", "-,合計,30,3,3,3\n"])
@pytest.mark.parametrize("is_first", [True, False])
def test_total_row_is_not_counted(line: str, is_first: bool) -> None:
    body = "2026-01-01,A,10,1,1,1\n2026-01-02,A,20,2,2,2\n"
    mapping, good, errors, totals = parse(HEAD + (line + body if is_first else body + line))
    assert mapping.total_lines == {2 if is_first else 4}
    assert (len(good), errors, mapping.rows) == (2, [], 2)
    assert [check.is_same for check in totals.checks()] == [True] * 4


def test_wrong_total_is_shown() -> None:
    _, _, _, totals = parse(HEAD + ",,31,3,3,3\n2026-01-01,A,10,1,1,1\n2026-01-02,A,20,2,2,2\n")
    (spend,) = [check for check in totals.checks() if check.field == "spend"]
    assert (spend.file, spend.computed, spend.is_same) == (31, 30, False)


def test_subtotal_between_the_rows_is_left_out() -> None:
    _, good, errors, _ = parse(HEAD + "2026-01-01,A,10,1,1,1\n,,10,1,1,1\n2026-01-02,A,20,2,2,2\n")
    assert len(good) == 2
    assert "looks like a total" in errors[0].message


def test_file_without_names_is_about_the_account() -> None:
    mapping, good, _, _ = parse(
        "Amount spent (EUR),Impressions,Reporting starts,Reporting ends\n5,10,2026-01-01,2026-01-31\n"
    )
    assert (mapping.level, mapping.total_lines, len(good)) == ("account", frozenset(), 1)


def test_same_count_under_two_names_counts_once() -> None:
    content = "Day,Campaign name,Website purchases,Purchases,Amount spent (EUR)\n2026-01-01,A,2,3,1\n"
    mapping, _, _, totals = parse(content)
    assert totals.as_dict()["results"] == 3
    assert mapping.ignored["Website purchases"].startswith("Counts the same as “Purchases”")


def test_result_without_a_column_is_asked() -> None:
    content = "Day,Campaign name,Amount spent (EUR),Checkouts initiated\n2026-01-01,A,10,4\n"
    mapping, _, _, totals = parse(content)
    assert (mapping.is_ready, totals.as_dict()["results"]) == (True, None)
    assert [question.key for question in mapping.questions] == ["result", "time_zone"]
    assert parse(content, result="checkouts")[3].as_dict()["results"] == 4


def test_headings_without_rows_are_no_error() -> None:
    mapping, good, errors, _ = parse(HEAD)
    assert (good, errors, mapping.rows) == ([], [], 0)
    assert mapping.warnings == ("The file has headings and no rows.",)


def test_mixed_meanings_are_said() -> None:
    content = (
        HEAD.replace("Results", "Results,Result type") + "2026-01-01,A,1,1,1,1,Leads\n2026-01-02,A,1,1,1,1,Purchases\n"
    )
    assert parse(content)[0].warnings == (
        "“Result” has 2 meanings here: lead, purchase. Their sum mixes them.",
    )  # fmt: skip


def test_mapping_can_be_stored_as_json() -> None:
    stored = parse(SAMPLES / "german-ad-sets-by-day.csv")[0].as_dict()
    assert stored["total"]["spend"] == "1310.50"
    assert stored["columns"][0] == {
        "header": "Tag", "title": "Day", "sample": "2026-09-01", "note": "2 days, none missing",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "Date,Description,Amount,Balance\n2026-01-02,Rent,-900.00,1200.00\n",
        "Date,Payee,Cost,Account,Category\n2026-01-02,Rent,900.00,Checking,Home\n",
        "Buchungstag;Verwendungszweck;Betrag;Datum\n02.01.2026;Miete;-900,00;02.01.2026\n",
        "Name,Email,Age,Gender,Country\nAnn,ann@example.com,30,female,DE\n",
        "Date,Lead,Country,Platform,Result\n2026-01-02,Ann,DE,web,won\n",
        '{"hello": "world", "date": "2026-01-01"}',
    ],
)
def test_table_of_something_else_is_refused_with_the_way_out(content: str) -> None:
    with pytest.raises(UnreadableError, match=r"no report of ads.*I read: ") as refused:
        parse(content)
    assert "Export table data" in refused.value.remedy


def test_ids_that_a_spreadsheet_rounded_do_not_merge_ads() -> None:
    head = "Ad ID,Ad name,Impressions,Amount spent (EUR),Day\n"
    mapping, good, _, _ = parse(head + "".join(f"1.20213E+17,Ad {n},100,1.00,2026-01-0{n}\n" for n in (1, 2, 3)))
    assert [row.names for row in good] == [{"ad": f"Ad {n}"} for n in (1, 2, 3)]
    assert mapping.ignored["Ad ID"].startswith("A spreadsheet has rounded these ids")


@pytest.mark.parametrize("months", [("January 2026", "February 2026"), ("2026-01", "2026-02"), ("01/2026", "02/2026")])
def test_month_of_a_row_is_its_first_to_last_day(months: tuple[str, str]) -> None:
    mapping, good, errors, _ = parse(
        "Campaign name,Month,Impressions,Amount spent (EUR)\n" + "".join(f"A,{month},100,1.00\n" for month in months)
    )
    assert errors == []
    assert [(row.day, row.until) for row in good] == [
        (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28)),
    ]  # fmt: skip
    assert mapping.is_ready


@pytest.mark.parametrize(
    ("head", "row", "language", "currency"),
    [
        ("Kampány neve;Nap;Megjelenések;Kattintások (összes);Eredmények;Elköltött összeg (HUF)",
         "A;2026.01.05.;12 345;67;8;1 234,50", "Hungarian", "HUF"),
        ("Kampanjenavn;Dag;Eksponeringer;Klikk (alle);Resultater;Beløp brukt (NOK)",
         "A;05.01.2026;12 345;67;8;1 234,50", "Norwegian", "NOK"),
        ("ชื่อแคมเปญ;วัน;อิมเพรสชัน;จำนวนคลิก (ทั้งหมด);ผลลัพธ์;จำนวนเงินที่ใช้จ่ายไป (THB)",
         "A;2026-01-05;12,345;67;8;1,234.50", "Thai", "THB"),
        ("اسم الحملة;اليوم;مرات الظهور;النقرات (الكل);النتائج;المبلغ الذي تم إنفاقه (EGP)",
         "A;2026-01-05;12345;67;8;1234.50", "Arabic", "EGP"),
    ],
)  # fmt: skip
def test_further_languages_are_understood(head: str, row: str, language: str, currency: str) -> None:
    mapping, good, errors, totals = parse(f"{head}\n{row}\n")
    assert (mapping.language, mapping.currency, mapping.level, errors) == (language, currency, "campaign", [])
    assert good[0].day == date(2026, 1, 5)
    assert totals.as_dict() == {
        "spend": Decimal("1234.50"), "impressions": 12345, "clicks": 67, "results": 8, "revenue": None,
    }  # fmt: skip


def test_second_amount_in_another_currency_is_named_as_such() -> None:
    text = "Day,Ad name,Amount spent (USD),Amount spent (EUR)\n2026-09-01,A,1.50,1.30\n"
    mapping = understand(open_source(io.BytesIO(text.encode()), "a.csv"))
    assert mapping.currency == "USD"
    assert mapping.ignored["Amount spent (EUR)"] == "The same in another currency, EUR; I take “Amount spent (USD)”"
    assert [column.note for column in mapping.columns][:2] == ["1 day, none missing", "1 name"]
