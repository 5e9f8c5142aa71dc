"""The days that a page shows and what they are compared with, from the address. Pure but for the input.

Days are the account's and both ends count. Whatever cannot be read falls back to the default and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from portfolio.performance import is_whole, last_days, previous_period

RANGES = {"7d": 7, "14d": 14, "28d": 28, "30d": 30, "90d": 90}
COMPARISONS = ("previous", "year", "none")
DEFAULT = "28d"
OWN = frozenset(["period", "from", "to", "compare", "page", "format"])
"""Parameters that the control writes itself, or that make no sense on another period."""
LONGEST = timedelta(days=1100)
EARLIEST = date(2000, 1, 1)
NOTHING_BEFORE = "there is nothing before"
PART_BEFORE = "only a part of the period before has figures"


@dataclass(frozen=True)
class Period:
    """What `components/period.html` shows and the figures are asked for. `problem` says what was not understood."""

    key: str  # a key of the address, or "all": the whole span of an imported account
    start: date
    end: date
    label: str
    compare: str = "previous"
    compare_label: str = ""
    before: tuple[date, date] | None = None
    problem: str = ""
    is_running: bool = False
    """The last day is today, which is not over."""
    has_all: bool = False
    """All days can be asked for at once."""
    note: str = ""
    """What limits these figures, in whole sentences: they begin later, today is not over, nothing is compared."""
    kept: tuple[tuple[str, str], ...] = ()
    """The other parameters of the address, for the form that sends a custom range."""

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def address(self) -> dict[str, str]:
        """The parameters that ask for the same days on another page."""
        if self.key == "custom":
            return {"from": self.start.isoformat(), "to": self.end.isoformat()}
        return {} if self.key in ("all", DEFAULT) else {"period": self.key}

    @property
    def query(self) -> str:
        """The same as the end of an address; empty for the default."""
        return f"?{urlencode(self.address)}" if self.address else ""

    @property
    def words(self) -> str:
        """For sentences: `in 28 days`, `on 20 Nov`."""
        return f"on {self.label}" if self.days == 1 else f"in {self.days} days"


def parse_period(given: Mapping[str, str], today: date, span: tuple[date, date] | None = None) -> Period:
    """`today` is the account's day. `span` are the days of an imported account, which are then the default."""
    problem = ""
    try:
        key, start, end = _range(given, today, span)
    except ValueError as error:
        key, start, end = _default(today, span)
        problem = f"{error} Shown instead: {label_of(start, end, today, with_year=span is not None)}."
    label = label_of(start, end, today, with_year=span is not None)
    compare = given.get("compare") or ("none" if key == "all" else "previous")
    if compare not in COMPARISONS:
        compare, problem = "previous", f"{problem} That comparison is not known: shown is the period before.".strip()
    before = _before(start, end, compare)
    return Period(
        key=key,
        start=start,
        end=end,
        label=label,
        compare=compare,
        compare_label=_compare_label(compare, (end - start).days + 1),
        before=before,
        problem=problem,
        is_running=end >= today and span is None,
        has_all=span is not None,
        kept=tuple((name, value) for name, value in _pairs(given) if name not in OWN),
    )


def within_figures(period: Period, first: date | None) -> Period:
    """The same period as the figures allow, which begin on `first`; None while there are none.

    Days before that are no days without results, and a part of a day or of a period is less than any whole one, so
    none of them is compared with.
    """
    notes = []
    is_part = period.is_running and period.days == 1
    is_short = period.before is not None and not is_whole(period.before, first)
    is_new = is_short and first is not None and period.before is not None and period.before[1] < first
    if first is not None and period.end >= first and (is_short or period.start < first):
        notes.append(_begin(first, period.end))
    if is_short:
        notes.append(f"Nothing is compared, as {NOTHING_BEFORE if is_new else PART_BEFORE}.")
    if is_part:
        notes.append("Today is not over: a part of a day is compared with nothing.")
    elif period.is_running:
        compared = "; the days it is compared with are whole" if period.before is not None and not is_short else ""
        notes.append(f"Today is not over and counts as far as it has come{compared}.")
    note = " ".join(notes)
    if is_short or is_part:
        return replace(period, before=None, compare_label="", note=note)
    return replace(period, note=note)


def begin_words(period: tuple[date, date], first: date) -> str:
    """Since when there are figures, where the period before is for that reason compared with nothing."""
    is_new = previous_period(*period)[1] < first
    return f"{_begin(first, period[1])} Nothing is compared, as {NOTHING_BEFORE if is_new else PART_BEFORE}."


def _begin(first: date, end: date) -> str:
    return f"Figures begin {label_of(first, first, end)}."


def label_of(start: date, end: date, today: date, *, with_year: bool = False) -> str:
    """`24 Oct – 20 Nov`; with years where they are not this one."""
    with_year = with_year or today.year != start.year or today.year != end.year
    ends = [f"{day.day} {day:%b}{f' {day.year}' if with_year else ''}" for day in (start, end)]
    return ends[0] if start == end else " – ".join(ends)


def _range(given: Mapping[str, str], today: date, span: tuple[date, date] | None) -> tuple[str, date, date]:
    """Raises ValueError with a sentence for people."""
    key = given.get("period", "")
    if key == "custom" or (not key and (given.get("from") or given.get("to"))):
        return "custom", *_custom(given.get("from", ""), given.get("to", ""), today)
    if not key or (key == "all" and span):
        return _default(today, span)
    if key in RANGES:
        return key, *last_days(today, RANGES[key])
    yesterday = today - timedelta(days=1)
    last = span[1] if span else today
    named = {"today": (last, last), "yesterday": (yesterday, yesterday), "month": (last.replace(day=1), last)}
    if key not in named:
        raise ValueError("That period is not known.")
    return key, *named[key]


def _default(today: date, span: tuple[date, date] | None) -> tuple[str, date, date]:
    return ("all", *span) if span else (DEFAULT, *last_days(today, RANGES[DEFAULT]))


def _custom(first: str, last: str, today: date) -> tuple[date, date]:
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise ValueError("A range needs two days, written like 2026-11-20.") from None
    if start > end:
        raise ValueError("The first day is after the last.")
    if start < EARLIEST or start > today:
        raise ValueError("There can be no figures for those days.")
    end = min(end, today)
    if end - start > LONGEST:
        raise ValueError("A range may be three years at most.")
    return start, end


def _before(start: date, end: date, compare: str) -> tuple[date, date] | None:
    if compare == "none":
        return None
    if compare == "previous":
        return previous_period(start, end)
    first = _year_before(start)
    return first, first + (end - start)


def _year_before(day: date) -> date:
    """The same date; of 29 February the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _compare_label(compare: str, days: int) -> str:
    """Empty without a comparison: the component has its own words for that."""
    before = "vs the day before" if days == 1 else f"vs previous {days} days"
    return {"previous": before, "year": "vs a year before", "none": ""}[compare]


def _pairs(given: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """All values of a QueryDict, or the one of a plain mapping."""
    lists = getattr(given, "lists", None)
    if lists is None:
        return given.items()
    return [(name, value) for name, values in lists() for value in values]
