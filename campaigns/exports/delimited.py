"""Delimited text: finds delimiter and heading row, and goes on after a broken line."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from campaigns.exports.headers import count_known
from campaigns.exports.limits import MAX_CELL_CHARACTERS, UnreadableError

CANDIDATES = (",", ";", "\t", "|")
HEADER_SEARCH = 100
SAMPLE_RECORDS = 120


@dataclass(frozen=True)
class Form:
    delimiter: str
    header: list[str]
    header_line: int


def find_form(text: str) -> Form:
    """The delimiter under which a heading row is known and the rows below have its width; that row with it."""
    text = text.lstrip("\ufeff")
    best: tuple[tuple[int, float, int], Form] | None = None
    for delimiter in CANDIDATES:
        rows = _sample_rows(text, delimiter)
        if not rows:
            continue
        index = max(range(min(len(rows), HEADER_SEARCH)), key=lambda i: (count_known(rows[i][1]), -i))
        line, header = rows[index]
        below = [len(cells) for _, cells in rows[index + 1 :]]
        even = sum(width == len(header) for width in below) / len(below) if below else 1.0
        score = (count_known(header), even, len(header))
        if best is None or score > best[0]:
            best = (score, Form(delimiter, [cell.strip().lstrip("\ufeff") for cell in header], line))
    if best is None:
        raise UnreadableError("The file has no rows. Export it again.")
    if best[0][0] == 0:
        raise UnreadableError("No heading is one that Ads Manager writes. Export the table with its headings.")
    return best[1]


def _sample_rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    lines = _Lines(io.StringIO(text, newline=""))
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=delimiter)
    while len(rows) < SAMPLE_RECORDS:
        lines.begin()
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            break
        if any(cells) and not cells[0].startswith("sep="):
            rows.append((lines.first, cells))
    return rows


class _Lines:
    """Feeds physical lines to the csv reader, remembers those of the current record, and takes them back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[tuple[int, str]] = deque()
        self._number = 0
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._back:
            self.taken.append(self._back.popleft())
        else:
            text = next(self._lines)
            self._number += 1
            self.taken.append((self._number, text))
        return self.taken[-1][1]

    def begin(self) -> None:
        self.taken.clear()

    @property
    def first(self) -> int:
        return self.taken[0][0] if self.taken else self._number

    def take_back_all_but_first(self) -> None:
        self._back.extendleft(reversed(self.taken[1:]))


def records(lines: Iterable[str], form: Form) -> Iterator[tuple[int, list[str], str]]:
    """(line, cells, problem) of every record below the headings. Blank lines are passed over.

    A quotation mark that is never closed swallows the lines after it; those are taken back and read on their own.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    feed, width = _Lines(lines), len(form.header)
    reader = csv.reader(feed, delimiter=form.delimiter)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        if feed.first <= form.header_line or (cells == [] and len(feed.taken) == 1 and not feed.taken[0][1].strip()):
            continue
        if 1 < len(cells) < width and not cells[-1].strip():
            cells += [""] * (width - len(cells))  # a spreadsheet cut off the blank end of the line
        problem = _width_problem(cells, width)
        if problem and len(feed.taken) > 1:
            feed.take_back_all_but_first()
            problem = "has a quotation mark that is never closed; correct the line"
        if problem or any(cells):
            yield feed.first, cells[:width], problem


def _width_problem(cells: list[str], width: int) -> str:
    if len(cells) == width or (len(cells) > width and not any(cells[width:])):
        return ""
    if not any(cells):
        return "" if cells else "cannot be read; correct the line"
    return f"has {len(cells)} cells where the headings are {width}; correct the line"
