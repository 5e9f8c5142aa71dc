from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from campaigns.exports import reader, workbook
from campaigns.exports.limits import UnreadableError
from campaigns.exports.reader import detect_encoding, open_source

TEXT = "Day,Campaign name,Amount spent (EUR),Impressions\n2026-01-01,Bücher,1.50,10\n2026-01-02,Zürich,2.25,20\n"


def read(content: bytes) -> list[list[object]]:
    return [record.cells for record in open_source(io.BytesIO(content)).records()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_is_found(encoding: str) -> None:
    assert read(TEXT.encode(encoding)) == [
        ["2026-01-01", "Bücher", "1.50", "10"],
        ["2026-01-02", "Zürich", "2.25", "20"],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_end_are_found(delimiter: str, ending: str) -> None:
    content = TEXT.replace(",", delimiter).replace("\n", ending).encode()
    source = open_source(io.BytesIO(content))
    assert source.header == ["Day", "Campaign name", "Amount spent (EUR)", "Impressions"]
    assert [record.line for record in source.records()] == [2, 3]


def test_semicolons_inside_names_do_not_mislead() -> None:
    content = "Ads,Impressions\n" + "".join(f"Ads {i};...and 3 more ads,{i}\n" for i in range(9))
    assert open_source(io.BytesIO(content.encode())).delimiter == "comma"


def test_decimal_commas_do_not_mislead() -> None:
    content = "Tag;Impressionen;Ausgegebener Betrag (EUR)\n" + "2026-01-01;1,5;2,5\n" * 5
    assert open_source(io.BytesIO(content.encode())).delimiter == "semicolon"


def test_lines_above_the_headings_are_passed_over() -> None:
    source = open_source(io.BytesIO(b"sep=,\nReport of my shop\n\n" + TEXT.encode()))
    assert source.header_line == 4
    assert [record.line for record in source.records()] == [5, 6]


def test_unclosed_quotation_mark_costs_one_line() -> None:
    content = TEXT + '2026-01-03,"broken,3,30\n' + "2026-01-04,fine,4,40\n" * 3
    records = list(open_source(io.BytesIO(content.encode())).records())
    assert [record.line for record in records if record.problem] == [4]
    assert [record.line for record in records if not record.problem] == [2, 3, 5, 6, 7]


def test_line_breaks_inside_quotation_marks_are_kept() -> None:
    content = 'Ad name,Impressions\n"two\nlines",5\nnext,6\n'
    records = list(open_source(io.BytesIO(content.encode())).records())
    assert [(record.line, record.cells) for record in records] == [(2, ["two\nlines", "5"]), (4, ["next", "6"])]


def test_short_line_is_reported_unless_its_end_is_blank() -> None:
    records = list(open_source(io.BytesIO((TEXT + "2026-01-03,cut\n2026-01-04,blank,\n").encode())).records())
    assert records[2].problem == "has 2 cells where the headings are 4; correct the line"
    assert records[3].cells == ["2026-01-04", "blank", "", ""]


def test_packed_text_is_unpacked() -> None:
    assert len(read(gzip.compress(TEXT.encode("utf-16")))) == 2


def test_packed_text_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        read(gzip.compress(TEXT.encode() + b"2026-01-03,x,1,1\n" * 1000))


def test_damaged_packed_file_is_refused() -> None:
    with pytest.raises(UnreadableError, match="damaged"):
        read(gzip.compress(TEXT.encode())[:20])


def test_packed_file_cut_off_is_refused() -> None:
    with pytest.raises(UnreadableError, match="damaged"):
        read(gzip.compress(TEXT.encode() * 50)[:-20])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "not a table"),
        (b"\xd0\xcf\x11\xe0 old excel", "old Excel"),
        (b"name,colour\nx,red\n", "No heading"),
        (bytes(range(256)) * 20, "."),
        (b"[1, 2, 3]", "no heading row"),
        (b"PK\x03\x04 nothing", "damaged"),
    ],
)
def test_unusable_file_is_refused_with_words(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read(content)


def test_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_FILE_BYTES", 10)
    with pytest.raises(UnreadableError, match="larger than"):
        read(TEXT.encode())


def test_workbook_gives_numbers_and_days() -> None:
    book = openpyxl.Workbook()
    book.active.append(["About this report"])
    sheet = book.create_sheet("Raw Data Report")
    sheet.append(["Day", "Campaign name", "Amount spent (EUR)", "Impressions"])
    sheet.append(["2026-01-01", "=1+1", 1234.567, 10])
    content = io.BytesIO()
    book.save(content)
    source = open_source(content)
    assert source.kind == "xlsx"
    (record,) = source.records()
    assert [str(cell) for cell in record.cells] == ["2026-01-01", "", "1234.567", "10"]


def packed(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b"0" * 8 * 1024**2}, "far more than it weighs"),
        ({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "b">]>'}, "declares entities"),
        ({"../../etc/passwd": b"x"}, "packed folder"),
    ],
)
def test_hostile_workbook_is_refused(parts: dict[str, bytes], words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read(packed(parts))


def test_workbook_with_too_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_PARTS", 1)
    with pytest.raises(UnreadableError, match="far more"):
        read(packed({"a": b"", "xl/workbook.xml": b""}))


ROWS = [
    {
        "campaign_name": "A",
        "spend": "1.234",
        "actions": [{"action_type": "lead", "value": "2"}],
        "date_start": "2026-01-01",
    },
    {"campaign_name": "B", "spend": 10.10, "clicks": 3, "date_start": "2026-01-01"},
]


@pytest.mark.parametrize(
    "text",
    [json.dumps({"data": ROWS}, indent=1), json.dumps(ROWS), "\n".join(json.dumps(row) for row in ROWS)],
)
def test_insights_answer_becomes_columns(text: str) -> None:
    source = open_source(io.BytesIO(text.encode()))
    assert source.header == ["campaign_name", "spend", "actions:lead", "date_start", "clicks"]
    assert [record.cells for record in source.records()] == [
        ["A", "1.234", "2", "2026-01-01", ""],
        ["B", "10.1", "", "2026-01-01", "3"],
    ]


def test_answer_cut_off_keeps_what_came() -> None:
    text = json.dumps({"data": ROWS})[:-30]
    records = list(open_source(io.BytesIO(text.encode())).records())
    assert [bool(record.problem) for record in records] == [False, True]


def test_encoding_survives_a_few_broken_bytes() -> None:
    assert detect_encoding("Zürich".encode() * 100 + b"\xff") == "utf-8"


def test_path_is_read_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(TEXT.encode())
    source = open_source(path)
    assert source.name == "export.csv"
    assert len(list(source.records())) == len(list(source.records())) == 2


def test_workbook_with_a_broken_part_is_refused() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Day", "Impressions"])
    book.active.append(["2026-01-01", 5])
    content = io.BytesIO()
    book.save(content)
    with zipfile.ZipFile(content) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-60]
    with pytest.raises(UnreadableError, match="damaged"):
        read(packed(parts))


@pytest.mark.parametrize(
    ("encoding", "headings"),
    [
        ("cp1250", "Název kampaně;Zobrazení;Utracená částka (CZK)"),
        ("cp1251", "Название кампании;Показы;Сумма затрат (RUB)"),
        ("cp932", "キャンペーン名;インプレッション;消化金額 (JPY)"),
        ("gb18030", "广告系列名称;展示次数;花费金额 (USD)"),
        ("big5", "行銷活動名稱;曝光次數;花費金額 (TWD)"),
        ("cp874", "ชื่อแคมเปญ;การเข้าถึง;จำนวนเงินที่ใช้จ่ายไป (THB)"),
    ],
)
def test_encoding_of_a_spreadsheet_is_told_by_its_headings(encoding: str, headings: str) -> None:
    source = open_source(io.BytesIO(f"{headings}\r\nA;1;2\r\n".encode(encoding)))
    assert source.header == headings.split(";")


def test_many_lines_above_the_headings_are_passed_over() -> None:
    assert read(b"".join(b"Note %d\n" % n for n in range(30)) + b"Campaign name,Impressions\nA,5\n") == [["A", "5"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_behind_a_long_comment_are_found(encoding: str) -> None:
    hidden = f'<?xml version="1.0" encoding="{encoding}"?><!--{" " * 9000}--><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    with pytest.raises(UnreadableError, match="declares entities"):
        open_source(io.BytesIO(packed({"xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": hidden.encode(encoding)})))
