"""Opens what Ads Manager, a spreadsheet or the API wrote, and streams its records without knowing their meaning."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, NamedTuple, cast

from campaigns.exports import delimited, jsonrows, workbook
from campaigns.exports.headers import count_known
from campaigns.exports.limits import MAX_COLUMNS, MAX_FILE_BYTES, MAX_UNPACKED_BYTES, UnreadableError

Cell = str | int | Decimal | date
SAMPLE_BYTES = 4 * 1024 * 1024
ENCODING_NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp1258": "Windows-1258",
    "cp874": "Windows-874",
    "cp932": "Shift JIS",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "cp949": "Korean (949)",
    "mac_roman": "Mac Roman",
}
LEGACY = tuple(name for name in ENCODING_NAMES if not name.startswith("utf"))
"""What spreadsheets save as where it is not UTF-8; the first wins where headings do not tell."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


class Record(NamedTuple):
    """One line of the file. `problem` is set where the line cannot be used at all."""

    line: int
    cells: list[Cell]
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """A file that can be read again and again. `decimal` is set where the format itself fixes the decimal sign."""

    name: str
    size: int
    kind: str
    header: list[str]
    header_line: int
    records: Callable[[], Iterator[Record]] = field(repr=False)
    encoding: str = ""
    delimiter: str = ""
    decimal: str | None = None


def open_source(file: Path | str | IO[bytes], name: str = "") -> Source:
    """Finds out format, encoding, delimiter and heading row. Raises UnreadableError with words for people.

    A file object must be seekable; it is rewound for each pass and never closed here.
    """
    opened = _Opener(file)
    name = name or opened.name
    size = opened.size()
    if size > MAX_FILE_BYTES:
        raise UnreadableError(f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB. Split it by month.")
    if size == 0:
        raise UnreadableError("The file is empty. Export it again.")
    head = opened.head(8)
    if head.startswith(b"PK\x03\x04"):
        return _workbook_source(opened, name, size)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("This is an old Excel file (.xls). Save it as .xlsx or .csv.")
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise UnreadableError("This is not a table. Export the report as CSV or XLSX.")
    return _text_source(opened, name, size)


class _Opener:
    """Opens the same bytes again for each pass, unpacked, and counts what comes out of a packed file."""

    def __init__(self, file: Path | str | IO[bytes]) -> None:
        self.file = Path(file) if isinstance(file, str) else file
        self.name = Path(str(getattr(self.file, "name", ""))).name

    def size(self) -> int:
        if isinstance(self.file, Path):
            return self.file.stat().st_size
        return self.file.seek(0, io.SEEK_END)

    def raw(self) -> IO[bytes]:
        if isinstance(self.file, Path):
            return self.file.open("rb")
        self.file.seek(0)
        return _Unclosable(self.file)

    def unpacked(self) -> IO[bytes]:
        raw = self.raw()
        magic = raw.read(2)
        raw.seek(0)
        if magic != b"\x1f\x8b":
            return raw
        return cast(IO[bytes], io.BufferedReader(_Metered(gzip.GzipFile(fileobj=raw, mode="rb")), 1 << 16))

    def head(self, size: int) -> bytes:
        with self.unpacked() as stream:
            return stream.read(size)


class _Unclosable(io.BufferedIOBase, IO[bytes]):
    """A caller's file object: reading wrappers may close us, never it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class _Metered(io.RawIOBase):
    """Stops a packed file that unpacks to more than we accept."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            piece = self._stream.read(len(view))
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableError("The packed file is damaged. Pack or download it again.") from error
        view[: len(piece)] = piece
        self._count += len(piece)
        if self._count > MAX_UNPACKED_BYTES:
            raise UnreadableError(
                f"The file unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB. Split it by month."
            )
        return len(piece)


def _text_source(opened: _Opener, name: str, size: int) -> Source:
    sample = opened.head(SAMPLE_BYTES)
    encoding = detect_encoding(sample)
    text = sample.decode(encoding, errors="replace")
    if text.lstrip("\ufeff \r\n\t")[:1] in ("{", "["):
        return _json_source(opened, name, size, encoding)
    if text.count("\0") > len(text) // 100:
        raise UnreadableError("This is not a table. Export the report as CSV or XLSX.")
    form = delimited.find_form(text)
    _check_header(form.header)

    def records() -> Iterator[Record]:
        with io.TextIOWrapper(opened.unpacked(), encoding=encoding, errors="replace", newline="") as lines:
            for line, cells, problem in delimited.records(lines, form):
                yield Record(line, cast(list[Cell], cells), problem)

    return Source(
        name,
        size,
        "csv",
        form.header,
        form.header_line,
        records,
        ENCODING_NAMES[encoding],
        DELIMITER_NAMES[form.delimiter],
    )


def _json_source(opened: _Opener, name: str, size: int, encoding: str) -> Source:
    def objects() -> Iterator[tuple[int, dict[str, object] | None]]:
        with io.TextIOWrapper(opened.unpacked(), encoding=encoding, errors="replace") as text:
            yield from jsonrows.objects(text)

    header = jsonrows.read_header(objects())
    _check_header(header)

    def records() -> Iterator[Record]:
        for number, row in objects():
            if row is None:
                yield Record(number, [], "is not an insights row; ask the API for the page again")
            else:
                flat = jsonrows.flatten(row)
                yield Record(number, [flat.get(column, "") for column in header])

    return Source(name, size, "json", header, 0, records, "UTF-8", decimal=".")


def _workbook_source(opened: _Opener, name: str, size: int) -> Source:
    with opened.raw() as raw:
        workbook.check_bomb(raw)
        sheet, header, header_line = workbook.find_sheet(raw)
    _check_header(header)

    def records() -> Iterator[Record]:
        with opened.raw() as raw:
            for line, cells in workbook.records(raw, sheet, header_line, len(header)):
                yield Record(line, cells)

    return Source(name, size, "xlsx", header, header_line, records)


def _check_header(header: list[str]) -> None:
    if len(header) > MAX_COLUMNS:
        raise UnreadableError(f"The file has more than {MAX_COLUMNS} columns. Export fewer columns.")
    if not any(header):
        raise UnreadableError("The file has no heading row. Export it again with headings.")


def detect_encoding(sample: bytes) -> str:
    """By the byte order mark; else UTF-16 by its empty bytes; else UTF-8 if it fits (a few broken bytes allowed)."""
    for mark, encoding in MARKS:
        if sample.startswith(mark):
            return encoding
    start = sample[:4000]
    if start.count(0) > len(start) // 4:
        return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    broken = text.count("\ufffd")
    foreign = sum(1 for character in text if character > "\x7f") - broken if broken else 0
    if broken * 10 <= foreign:
        return "utf-8"
    lines = sample[: 1 << 16].splitlines()[: delimited.HEADER_SEARCH]
    return max(LEGACY, key=lambda encoding: max((_known_in(line, encoding) for line in lines), default=0))


def _known_in(line: bytes, encoding: str) -> int:
    """Headings that are known if the line is in this encoding: only the right one spells them."""
    text = line.decode(encoding, errors="replace").replace('"', "")
    return max(count_known(text.split(delimiter)) for delimiter in delimited.CANDIDATES)
