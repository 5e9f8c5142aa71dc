"""Days as exports write them. Whether `03/04` is in March or April is decided per column, never per cell."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from campaigns.exports.months import month_of
from campaigns.exports.numbers import AmbiguousError, CellError, western

EARLIEST = 2004
"""Before this year there was nothing to advertise on."""
BUDDHIST = 543
"""Years by which the calendar of Thailand runs ahead."""
SPREADSHEET_EPOCH = date(1899, 12, 30)
_TIME = re.compile(r"(?:T|,? )\d{1,2}:\d{2}.*$")
_YEAR_FIRST = re.compile(r"^(\d{4})[-/.年년] ?(\d{1,2})[-/.月월] ?(\d{1,2})[日일.]?$")
_DOTTED = re.compile(r"^(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2})\.?$")
_SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?:,? \d{1,2}:\d{2}.*)?$")
_COMPACT = re.compile(r"^(20\d{2})(\d{2})(\d{2})$")
_SERIAL = re.compile(r"^[34567]\d{4}(?:\.0*)?$")
_DAY_NAMED = re.compile(r"^(\d{1,2})(?:st|nd|rd|th|º|er)?[. -]*(?:de )?(\D+?)[. ,-]*(?:(?<= )del? )?(\d{4}|\d{2})\b.*$")
_NAMED_DAY = re.compile(r"^(\D+?)[. ]+(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$")
_VIETNAMESE = re.compile(r"^(\d{1,2}) tháng (\d{1,2}),? (?:năm )?(\d{4})$")
_WEEKDAY = re.compile(r"^[^\d\W]{2,12}[.,]+ ?(?=\S* ?\d)")
_RANGE = re.compile(r"\s+(?:-|–|—|to|bis|until|au|al|a|até|hasta)\s+|\s*~\s*|(?<=\d)\s*[–—]\s*(?=[\d\w])")
_MONTH_ONLY = re.compile(r"^(?:(\d{4})[-/.年년] ?(\d{1,2})[月월]?|(\d{1,2})[/.-](\d{4}))$")
_NAMED_MONTH = re.compile(r"^(\D+?)[., ]+(?:de |del )?(\d{4})$")
_YEAR = re.compile(r"\b\d{4}\b")


class DayError(CellError):
    """The cell names no day. The message names the remedy."""


def split_period(text: str) -> tuple[str, str]:
    """`2026-03-01 - 2026-03-31` → both ends; a month is its first and last day; a single day is its own end."""
    text = text.strip()
    if month := _month(text):
        return month
    parts = _RANGE.split(text, maxsplit=1)
    if len(parts) != 2 or not parts[1]:
        return text, text
    if not _YEAR.search(parts[0]) and (year := _YEAR.search(parts[1])) and not parts[0].rstrip()[-1:].isalpha():
        parts[0] = f"{parts[0].rstrip(' ,')}, {year.group()}"  # `Jan 6 - Jan 12, 2025` says the year once
    return parts[0], parts[1]


def _month(text: str) -> tuple[str, str] | None:
    found = _MONTH_ONLY.match(western(text))
    if found:
        year, month = (int(found[1]), int(found[2])) if found[1] else (int(found[4]), int(found[3]))
    elif (named := _NAMED_MONTH.match(text)) and (number := month_of(named[1])):
        year, month = int(named[2]), number
    else:
        return None
    if not (1 <= month <= 12 and EARLIEST <= year <= 2100):
        return None
    return f"{year}-{month:02}-01", f"{year}-{month:02}-{monthrange(year, month)[1]}"


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
    year, month, day = _parts(western(text.strip()), order)
    if year > 2400:
        year -= BUDDHIST
    try:
        found = date(year, month, day)
    except ValueError:
        raise DayError("is not a day of the calendar; correct the cell") from None
    if not EARLIEST <= found.year <= 2100:
        raise DayError("lies outside the years in which ads were run; correct the cell")
    return found


def _parts(text: str, order: str | None) -> tuple[int, int, int]:
    if found := _SLASHED.match(text):
        return _slashed(int(found[1]), int(found[2]), found[3], order)
    plain = _TIME.sub("", text)
    if found := _YEAR_FIRST.match(plain) or _COMPACT.match(plain):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DOTTED.match(plain):
        return _full(found[3]), int(found[2]), int(found[1])
    if _SERIAL.match(plain):
        day = SPREADSHEET_EPOCH + timedelta(days=int(plain[:5]))
        return day.year, day.month, day.day
    if found := _VIETNAMESE.match(plain):
        return int(found[3]), int(found[2]), int(found[1])
    named = _named(plain) or _named(_WEEKDAY.sub("", plain))
    if named is None:
        raise DayError("is not a day that I can read; write it like 2026-04-25")
    return named


def _named(text: str) -> tuple[int, int, int] | None:
    if (found := _DAY_NAMED.match(text)) and (month := month_of(found[2])):
        return _full(found[3]), month, int(found[1])
    if (found := _NAMED_DAY.match(text)) and (month := month_of(found[1])):
        return int(found[3]), month, int(found[2])
    return None


def _full(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)


def _slashed(first: int, second: int, year: str, order: str | None) -> tuple[int, int, int]:
    if order not in ("dmy", "mdy"):
        raise AmbiguousError("can be read in two ways; say whether the day or the month comes first")
    return (_full(year), second, first) if order == "dmy" else (_full(year), first, second)


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
