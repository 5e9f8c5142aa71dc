"""From insight rows to totals: one SQL aggregation per question, rates computed afterwards.

Days are the account's days and both ends of a range count. A row of an imported file may span several days; it
counts only where it lies wholly inside the range, and then stands for the finer rows that it contains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Count, Exists, F, FloatField, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast

from campaigns.models import Ad, AdAccount, AdSet, Campaign, InsightBreakdown, InsightDay
from creatives.models import Angle, LandingPage
from mediabuyer.lib.clock import day_in_zone
from portfolio.delay import Floats
from portfolio.metrics import Totals, add_up
from portfolio.splits import split_source

DEFAULT_DAYS = 28
EVERYTHING = Q()
Period = tuple[date, date]
"""First and last day, both counted."""
Sums = dict[Any, Totals]
"""By the keys of GROUPS or the values of a breakdown."""

GROUPS: dict[str, str] = {
    "account": "account_id",
    "campaign": "ad__campaign_id",
    "ad_set": "ad__ad_set_id",
    "ad": "ad_id",
    "angle": "ad__creative__angle_id",
    "landing_page": "ad__creative__landing_page_id",
    "day": "day",
}
"""What totals can be asked by, with the field of its key: a primary key or a date."""
TREE: dict[str, Any] = {"campaign": Campaign, "ad_set": AdSet, "ad": Ad}
CONTENT: dict[str, tuple[Any, str]] = {"angle": (Angle, "name"), "landing_page": (LandingPage, "url")}

_COUNTS = ("impressions", "clicks", "link_clicks")
SUMS: dict[str, Any] = {
    f"sum_{name}": Cast(Sum(name), BigIntegerField()) if name in _COUNTS else Sum(name)
    for name in ("spend", "impressions", "clicks", "link_clicks", "results", "revenue")
} | {"reached": Max("reach"), "rows": Count("*")}
"""All of it stands in the index, so that the rows themselves need not be read: see `campaigns.models.insights`."""


@dataclass(frozen=True)
class Row:
    """Totals of one campaign, angle, day … `before` are those of the previous equal period where it was asked for."""

    key: Any
    name: str
    totals: Totals
    before: Totals | None = None


def last_days(today: date, days: int = DEFAULT_DAYS) -> tuple[date, date]:
    """The last whole days: today is not over."""
    return today - timedelta(days=days), today - timedelta(days=1)


def previous_period(start: date, end: date) -> tuple[date, date]:
    """As many days, right before."""
    return start - (end - start) - timedelta(days=1), start - timedelta(days=1)


def is_whole(period: Period, first: date | None) -> bool:
    """Whether figures that begin on `first` can tell all of it; a part of a period is compared with nothing."""
    return first is None or first <= period[0]


def whole_before(start: date, end: date, first: date | None) -> Period | None:
    """The previous period where it is whole."""
    before = previous_period(start, end)
    return before if is_whole(before, first) else None


def evaluation_day(account: AdAccount, now: datetime) -> date:
    """The day on whose morning the account is judged: today, or for an imported account the day after its last row."""
    today = day_in_zone(now, account.time_zone)
    if not account.is_read_only:
        return today
    span = data_span(account)
    return min(today, span[1] + timedelta(days=1)) if span else today


def data_span(account: AdAccount) -> tuple[date, date] | None:
    """First and last day of the account's insights, None without any."""
    ends = InsightDay.objects.filter(account=account).aggregate(first=Min("day"), last=Max("until"))
    return (ends["first"], ends["last"]) if ends["first"] else None


def span_around(account: AdAccount, start: date, end: date) -> tuple[date, date] | None:
    """First and last day of the rows that reach into these days, of a file perhaps from before to after; None without
    any.
    """
    rows = InsightDay.objects.filter(account=account, day__lte=end, until__gte=start)
    ends = rows.aggregate(first=Min("day"), last=Max("until"))
    return (ends["first"], ends["last"]) if ends["first"] else None


def first_day(account: AdAccount) -> date | None:
    """Since when there are figures."""
    return InsightDay.objects.filter(account=account).aggregate(first=Min("day"))["first"]


def totals(
    account: AdAccount,
    start: date,
    end: date,
    by: str = "account",
    *,
    compare: bool | Period = False,
    where: Q = EVERYTHING,
) -> list[Row]:
    """Totals by a key of GROUPS or by a breakdown ("age", "country", "age,gender" …), most spend first, days in order.

    With `compare` a second query reads the previous equal period, or the one given; what only that one has is listed
    with empty totals. `where` narrows the rows by fields of their ad: `Q(ad__ad_set=…)`.
    """
    now = sums(account, start, end, by, where)
    earlier_period = previous_period(start, end) if compare is True else compare
    before = sums(account, *earlier_period, by, where) if earlier_period else {}
    if by == "day" and earlier_period:
        before = _moved(before, start - earlier_period[0])
    return rows_of(account, now, before if compare else None, by)


def day_rows(account: AdAccount, by_day: Sums, period: Period, before: Period | None) -> list[Row]:
    """`totals` by day from sums by day that were read already, of both periods and perhaps more days."""
    now, earlier = (within(by_day, one) if one else {} for one in (period, before))
    return rows_of(account, now, _moved(earlier, period[0] - before[0]) if before else None, "day")


def within(by_day: Sums, period: Period) -> Sums:
    return {day: part for day, part in by_day.items() if period[0] <= day <= period[1]}


def rows_of(account: AdAccount, now: Sums, before: Sums | None, by: str) -> list[Row]:
    """Sums of one or two periods with their names, in the order of `totals`."""
    earlier = {} if before is None else before
    keys = list(dict.fromkeys([*now, *earlier]))
    names = _names(account, by, keys)
    rows = [
        Row(key, names.get(key, ""), now.get(key, Totals()), None if before is None else before.get(key, Totals()))
        for key in keys
    ]
    return sorted(rows, key=(lambda row: row.key) if by == "day" else (lambda row: (-row.totals.spend, row.name)))


def sums(account: AdAccount, start: date, end: date, by: str = "account", where: Q = EVERYTHING) -> Sums:
    """The same by their keys alone, without names and in no order: one query."""
    insights, field = _source(account, start, end, by)
    found = insights.filter(where).values_list(field).annotate(**SUMS).order_by()
    return {key: _totals(*figures) for key, *figures in plain_rows(found)}


def day_sums(account: AdAccount, periods: Iterable[Period]) -> Sums:
    """Sums by day of several periods; days that belong to more than one of them are read once."""
    found: Sums = {}
    for start, end in _joined(periods):
        found |= sums(account, start, end, "day")
    return found


def day_series(
    account: AdAccount, start: date, end: date, by: str, figures: Sequence[str], *, where: Q = EVERYTHING
) -> dict[Any, Floats]:
    """A few figures by day for each key of GROUPS, figures x days; 0 on a day without rows. One query.

    Much less than `cross_totals` has to add up, for lines of which hundreds stand on a page.
    """
    insights = whole_rows(InsightDay.objects.filter(where), account, start, end, "day")
    wanted = {f"sum_{name}": Cast(Sum(name), FloatField()) for name in figures}
    rows = plain_rows(insights.values_list(GROUPS[by], "day").annotate(**wanted).order_by())
    places: dict[Any, int] = {}
    row = [places.setdefault(key, len(places)) for key, *_ in rows]
    column = [(day - start).days for _, day, *_ in rows]
    table = np.zeros((len(places), len(figures), (end - start).days + 1))
    if rows:
        table[row, :, column] = [values for _, _, *values in rows]
    return {key: table[place] for key, place in places.items()}


def owners(account: AdAccount, by: str) -> dict[int, Any]:
    """What each ad belongs to, by a key of GROUPS."""
    return dict(Ad.objects.filter(account=account).order_by().values_list("pk", GROUPS[by].removeprefix("ad__")))


def add_up_by(by_ad: Sums, keys: Mapping[int, Any]) -> Sums:
    found: dict[Any, list[Totals]] = {}
    for ad, part in by_ad.items():
        found.setdefault(keys[ad], []).append(part)
    return {key: add_up(several) for key, several in found.items()}


def total(account: AdAccount, start: date, end: date) -> Totals:
    """The whole account; empty totals where nothing was delivered."""
    return add_up(sums(account, start, end).values())


def cross_totals(
    account: AdAccount, start: date, end: date, rows: str, columns: str, *, where: Q = EVERYTHING, only: Any = None
) -> dict[tuple[Any, Any], Totals]:
    """Totals by two keys at once: angle x ad set for a heat map, ad x day for small lines. One query.

    `columns` may be a breakdown, of which `only` is the one value that is wanted; `rows` is a key of GROUPS.
    """
    insights, field = _source(account, start, end, columns)
    if only is not None:
        insights = insights.filter(**{field: only})
    found = insights.filter(where).values_list(GROUPS[rows], field).annotate(**SUMS).order_by()
    return {(row, column): _totals(*figures) for row, column, *figures in plain_rows(found)}


def _names(account: AdAccount, by: str, keys: list[Any]) -> dict[Any, str]:
    """Read by themselves: as a part of the grouping they would double its cost."""
    if by == "account":
        return {account.pk: account.name}
    if by in TREE:
        return dict(TREE[by].objects.filter(account=account).order_by().values_list("pk", "name"))
    if by in CONTENT:
        model, name = CONTENT[by]
        return dict(model.objects.filter(pk__in=[key for key in keys if key is not None]).values_list("pk", name))
    return {key: str(key) for key in keys}


def _source(account: AdAccount, start: date, end: date, by: str) -> tuple[QuerySet[Any], str]:
    """The rows of the period and the field to group them by. Raises ValueError for a name that is no column."""
    if by in GROUPS:
        return whole_rows(InsightDay.objects.all(), account, start, end, by), GROUPS[by]
    dimension, part = split_source(account, by)
    rows = whole_rows(InsightBreakdown.objects.filter(dimension=dimension), account, start, end, by)
    return (rows, "value") if part is None else (rows.annotate(part=part), "part")


def whole_rows(rows: QuerySet[Any], account: AdAccount, start: date, end: date, by: str = "") -> QuerySet[Any]:
    """Those of InsightDay or InsightBreakdown that count in the period: see the top of this module."""
    inside = rows.filter(account=account, day__gte=start, until__lte=end)
    if not account.is_read_only:
        return inside  # a platform's rows are single days
    if by == "day":
        return inside.filter(day=F("until"))
    wider = Q(day__lt=OuterRef("day")) | Q(until__gt=OuterRef("until"))
    long = inside.filter(until__gt=F("day"))  # few, so that the search below stays cheap
    around = long.filter(wider, ad=OuterRef("ad"), day__lte=OuterRef("day"), until__gte=OuterRef("until"))
    if rows.model is InsightBreakdown:
        around = around.filter(value=OuterRef("value"))
    return inside.filter(~Exists(around))


def _moved(by_day: Sums, shift: timedelta) -> Sums:
    return {day + shift: part for day, part in by_day.items()}


def _joined(periods: Iterable[Period]) -> list[Period]:
    """The same days as periods apart from each other, in order."""
    found: list[Period] = []
    for start, end in sorted(periods):
        if found and start <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def plain_rows(rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """As the driver hands them over: they are of their types already, and Django's look at each value costs more."""
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # a condition that nothing can fulfil, such as one of no ads
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def _totals(
    spend: Any, impressions: Any, clicks: Any, link_clicks: Any, results: Any, revenue: Any, reach: Any, rows: Any
) -> Totals:
    """Reach is known only where it comes from one row."""
    return Totals(spend, impressions, reach if rows == 1 else None, clicks, link_clicks, results, revenue)
