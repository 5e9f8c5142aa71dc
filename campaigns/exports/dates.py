"""Days as exports write them. Whether `03/04` is in March or April is decided per column, never per cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from campaigns.exports.numbers import AmbiguousError, CellError

EARLIEST = 2004
"""Before this year there was nothing to advertise on."""
_ISO = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ].*)?$")
_DOTTED = re.compile(r"^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})$")
_SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})$")
_COMPACT = re.compile(r"^(20\d{2})(\d{2})(\d{2})$")
_NAMED = re.compile(r"^(?:([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})|(\d{1,2}) ([A-Za-z]{3,9})\.?,? (\d{4}))$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RANGE = re.compile(r"\s+(?:-|–|—|to|bis)\s+")


class DayError(CellError):
    """The cell names no day. The message names the remedy."""


def split_period(text: str) -> tuple[str, str]:
    """`2026-03-01 - 2026-03-31` → both ends; a single day is its own end."""
    parts = _RANGE.split(text.strip(), maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], parts[0])


def decide_order(texts: Iterable[str]) -> str | None:
    """`dmy`, `mdy`, `any` where no cell has two readings, None where the column does not tell or contradicts itself."""
    day_first = month_first = slashed = False
    for text in texts:
        found = _SLASHED.match(text.strip())
        if found:
            slashed = True
            day_first |= int(found.group(1)) > 12
            month_first |= int(found.group(2)) > 12
    if not slashed:
        return "any"
    if day_first == month_first:
        return None
    return "dmy" if day_first else "mdy"


def parse_day(text: str, order: str | None) -> date:
    """Raises DayError, or AmbiguousError where `order` is needed and unknown."""
    year, month, day = _parts(text.strip(), order)
    try:
        found = date(year, month, day)
    except ValueError:
        raise DayError("is not a day of the calendar; correct the cell") from None
    if not EARLIEST <= found.year <= 2100:
        raise DayError("lies outside the years in which ads were run; correct the cell")
    return found


def _parts(text: str, order: str | None) -> tuple[int, int, int]:
    if found := _ISO.match(text) or _COMPACT.match(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DOTTED.match(text):
        return int(found[3]), int(found[2]), int(found[1])
    if found := _SLASHED.match(text):
        return _slashed(int(found[1]), int(found[2]), found[3], order)
    if found := _NAMED.match(text):
        name, day, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        if name[:3].lower() in _MONTHS:
            return int(year), _MONTHS.index(name[:3].lower()) + 1, int(day)
    raise DayError("is not a day that I can read; write it like 2026-04-25")


def _slashed(first: int, second: int, year: str, order: str | None) -> tuple[int, int, int]:
    if order not in ("dmy", "mdy"):
        raise AmbiguousError("can be read in two ways; say whether the day or the month comes first")
    full = int(year) + (2000 if len(year) == 2 else 0)
    return (full, second, first) if order == "dmy" else (full, first, second)


def day_reader(order: str | None) -> Callable[[object], date]:
    """Remembers what it has read: a file has few different days and many rows."""
    known: dict[str, date] = {}

    def read(cell: object) -> date:
        if isinstance(cell, date):
            return cell
        text = str(cell)
        if text not in known:
            known[text] = parse_day(text, order)
        return known[text]

    return read
