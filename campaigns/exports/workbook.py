"""XLSX, streamed row by row. Guards against files that unpack to far more than they weigh."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from xml.parsers import expat

import openpyxl

from campaigns.exports.headers import count_known
from campaigns.exports.limits import MAX_COLUMNS, MAX_PARTS, MAX_RATIO, MAX_SHEET_BYTES, UnreadableError

HEADER_SEARCH = 100
DAMAGE = (
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    SyntaxError,
    zlib.error,
    zipfile.BadZipFile,
)
"""What openpyxl raises for a broken part; broken XML is a SyntaxError."""
DAMAGED = "The workbook is damaged. Save it again, or save the table as CSV."
Cell = str | int | Decimal | date


def check_bomb(raw: IO[bytes]) -> None:
    """Refuses by the sizes in the file's own directory, before anything is unpacked, and by declared entities."""
    try:
        with zipfile.ZipFile(raw) as parts:
            listed = parts.infolist()
            total = sum(part.file_size for part in listed)
            steep = [p for p in listed if p.file_size > 1024**2 and p.file_size > MAX_RATIO * max(p.compress_size, 1)]
            if len(listed) > MAX_PARTS or total > MAX_SHEET_BYTES or steep:
                raise UnreadableError("The workbook unpacks to far more than it weighs. Save the table as CSV instead.")
            for part in listed:
                if part.filename.endswith((".xml", ".rels")) and _declares_entities(parts, part):
                    raise UnreadableError("The workbook declares entities, which no spreadsheet does. Save it as CSV.")
            if "xl/workbook.xml" not in parts.namelist():
                raise UnreadableError("This is a packed folder, not a workbook. Unpack it and drop the files inside.")
    except (*DAMAGE, NotImplementedError, RuntimeError) as error:
        raise UnreadableError("The workbook is damaged or locked. Save it again without a password.") from error
    raw.seek(0)


def _declares_entities(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Reads up to the first element, before which a document type must stand; nothing is expanded on the way."""
    parser, met = expat.ParserCreate(), list[bool]()
    parser.StartDoctypeDeclHandler = lambda *_: met.append(True)
    parser.StartElementHandler = lambda *_: met.append(False)
    with parts.open(part) as stream:
        while not met and (piece := stream.read(1 << 14)):
            try:
                parser.Parse(piece)
            except expat.ExpatError:
                return True in met  # broken XML is for the reader to report
    return met[:1] == [True]


def find_sheet(raw: IO[bytes]) -> tuple[str, list[str], int]:
    """Name of the sheet whose first rows hold the most known headings, those headings, and their row."""
    best: tuple[int, str, list[str], int] = (0, "", [], 0)
    book = _load(raw)
    try:
        for sheet in book.worksheets:
            for line, row in enumerate(_rows(sheet, 1, HEADER_SEARCH), start=1):
                known = count_known(row)
                if known > best[0]:
                    best = (known, sheet.title, ["" if c is None else str(c).strip() for c in row], line)
    finally:
        book.close()
    if not best[0]:
        raise UnreadableError("No sheet has headings that Ads Manager writes. Drop the sheet with the raw data.")
    header = best[2]
    while header and not header[-1]:
        header.pop()
    return best[1], header, best[3]


def records(raw: IO[bytes], sheet: str, header_line: int, width: int) -> Iterator[tuple[int, list[Cell]]]:
    book = _load(raw)
    try:
        for line, row in enumerate(_rows(book[sheet], header_line + 1, None), start=header_line + 1):
            cells = [_plain(value) for value in row[:width]]
            if any(cell != "" for cell in cells):
                yield line, cells + [""] * (width - len(cells))
    finally:
        book.close()


def _load(raw: IO[bytes]) -> Any:
    try:
        return openpyxl.load_workbook(raw, read_only=True, data_only=True, keep_links=False)
    except DAMAGE as error:
        raise UnreadableError(DAMAGED) from error


def _rows(sheet: Any, first: int, last: int | None) -> Iterator[tuple[Any, ...]]:
    if not hasattr(sheet, "iter_rows"):
        return
    sheet.reset_dimensions()  # exporters write dimensions that are too small
    try:
        yield from sheet.iter_rows(min_row=first, max_row=last, max_col=MAX_COLUMNS, values_only=True)
    except DAMAGE as error:
        raise UnreadableError(DAMAGED) from error


def _plain(value: object) -> Cell:
    """Numbers as numbers, so that nothing about them is ambiguous; a float by its shortest digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return Decimal(repr(value)) if value == value and abs(value) != float("inf") else ""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return str(value)
