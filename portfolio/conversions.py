"""The conversion ledger: orders and refunds as the advertiser books them, and the click-day cohorts they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
import requests
from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    When,
)
from django.db.models.functions import Cast, Extract

from campaigns.models import Ad, AdAccount, InsightDay
from campaigns.result_kinds import ORDERS, kinds_by_ad, kinds_of
from mediabuyer.lib.clock import day_in_zone
from mediabuyer.lib.errors import Fault, PlatformError
from portfolio.delay import WINDOW, Floats
from portfolio.models import Conversion
from portfolio.payout import (
    ALL_ARRIVED,
    SHORT_WINDOW,
    Cohorts,
    Curves,
    Events,
    Integers,
    book_events,
    estimate_curves,
)
from portfolio.performance import Sums, whole_rows, within
from portfolio.reference import prices_by_ad, reference_of

HISTORY_DAYS = 90
FEED_PAGE = 1000
FEED_SECONDS = 10
FEED_OVERLAP = timedelta(hours=1)
BATCH = 2000
SECONDS_A_DAY = 86_400
ONE_DAY = timedelta(days=1)
ALL_ADS = 0
"""Stands for a primary key where the ads are not told apart."""
FORECAST_FIGURES = ("spend", "impressions", "clicks", "link_clicks", "results", "revenue")


@dataclass(frozen=True)
class Order:
    """One event of the ledger. `event_id` is the advertiser's and makes a second delivery harmless."""

    event_id: str
    ad_id: str  # the platform's
    kind: str  # purchase or refund
    clicked_at: datetime
    converted_at: datetime
    value: Decimal  # negative for a refund


@dataclass(frozen=True)
class AccountCohorts:
    """What an account's ads delivered and earned, n ads x d whole days up to yesterday; payout has the margin in."""

    ads: tuple[int, ...]  # primary keys, in the order of the rows
    angles: Integers  # n, 0..g-1, as the posterior pools them
    first_day: date
    cohorts: Cohorts
    curves: Curves
    impressions: Floats
    arrivals: Floats  # d, conversions of the account by the day they came
    is_from_ledger: bool  # else from what the platform reports
    valued_by: str  # what a result is worth: its revenue, the target_cpa, the average_cpa; empty where nothing says it
    is_daily: bool  # else some rows span several days, and a day of the table is no day
    groups: Integers  # n, whose results are the same and are judged together; -1 where nothing can be judged
    orders: Floats  # n x d, how many brought the payout; see `_orders`


def sync_conversions(account: AdAccount, now: datetime) -> int:
    """Reads what is new in a sandbox's order feed; returns the number of orders read. Safe to repeat.

    Other accounts have no feed to read: their orders are pushed by REST. Raises PlatformError.
    """
    if account.mode != AdAccount.Mode.SANDBOX:
        return 0
    newest = Conversion.objects.filter(account=account).aggregate(at=Max("converted_at"))["at"]
    since = newest - FEED_OVERLAP if newest else now - timedelta(days=HISTORY_DAYS + WINDOW)
    return record_conversions(account, _read_orders(account.graph_url, since))


def record_conversions(account: AdAccount, orders: Iterable[Order]) -> int:
    """Puts orders into the ledger; one that is already there takes the new values."""
    ads = dict(Ad.objects.filter(account=account).values_list("external_id", "pk"))
    count = 0
    for batch in _batches(orders):
        rows = {order.event_id: _conversion(account, order, ads.get(order.ad_id)) for order in batch}
        Conversion.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["account", "event_id"],
            update_fields=["ad", "kind", "clicked_at", "converted_at", "clicked_on", "lag_days", "value"],
        )
        count += len(rows)
    return count


def load_cohorts(account: AdAccount, today: date, margin: Decimal, days: int = HISTORY_DAYS) -> AccountCohorts:
    """Cohorts of the `days` whole days before `today`, in two queries on the figures; some more for a file.

    Without a ledger the platform's results stand for it: booked on the click day too, but only within its own window.
    Where results bring no revenue (leads, messages) each is worth what one may cost (`portfolio.reference`);
    of several kinds each is worth what one of its own has cost.
    """
    first = today - timedelta(days=days)
    return _cohorts(account, first, today, _insights(account, first, today), _events(account, first, today),
                    float(margin))  # fmt: skip


def load_account_cohorts(
    account: AdAccount, today: date, margin: Decimal, by_day: Sums | None = None
) -> AccountCohorts:
    """The same for all ads together, as if they were one: added up where the rows are, for pages that show no more.

    `by_day` are the sums of the days of `history_of`, and perhaps of more, where they were read already.
    """
    first = today - timedelta(days=HISTORY_DAYS)
    return _cohorts(account, first, today, _insight_sums(account, first, today, by_day),
                    _event_sums(account, first, today), float(margin))  # fmt: skip


def history_of(today: date) -> tuple[date, date]:
    """First and last day of the cohorts."""
    return today - timedelta(days=HISTORY_DAYS), today - timedelta(days=1)


def _cohorts(
    account: AdAccount, first: date, today: date, insights: Floats, events: Floats, margin: float
) -> AccountCohorts:
    """From rows as `_insights` and `_events` give them; several of one ad and day are added up."""
    days = (today - first).days
    ads = sorted({int(pk) for pk in insights[:, 0]} | {int(pk) for pk in events[:, 0]})
    row = np.searchsorted(ads, insights[:, 0])
    column = insights[:, 1].astype(np.intp)
    spend, impressions, clicks, link_clicks, results, revenue = (
        _table((len(ads), days), row, column, insights[:, field]) for field in range(2, 8)
    )
    visits = link_clicks if link_clicks.any() else clicks
    if len(events):
        cohorts = book_events(_as_events(events, ads, margin), spend, visits)
        arrivals = np.bincount(events[:, 2].astype(np.intp), weights=events[:, 4], minlength=days).astype(np.float64)
        curves = estimate_curves(cohorts)
    else:
        cohorts = _as_reported(spend, visits, results, revenue * margin)
        arrivals = results.sum(axis=0)
        curves = ALL_ARRIVED if account.is_read_only else estimate_curves(cohorts)
    cohorts, curves, valued_by, groups = _valued(account, today, ads, cohorts, curves)
    orders = cohorts.conversions
    if valued_by == "revenue":
        orders, groups = _orders(account, ads, cohorts)
    return AccountCohorts(
        tuple(ads), _angles(ads), first, cohorts, curves, impressions, arrivals, bool(len(events)), valued_by,
        _is_daily(account, first), groups, orders,
    )  # fmt: skip


def _orders(account: AdAccount, ads: list[int], cohorts: Cohorts) -> tuple[Floats, Integers]:
    """Where a file counts visits as results, 246 of them say nothing of how sure the revenue of three orders is: all
    that is known of these is on which rows there was some. Each kind is a group: a visit is cheap and buys little.
    """
    if not account.is_read_only or ORDERS.issuperset(kinds_of(account)):
        return cohorts.conversions, np.zeros(len(ads), dtype=np.intp)
    kinds = kinds_by_ad(account)
    of_ads = [kinds.get(ad, "") for ad in ads]
    counts_orders = np.array([kind in ORDERS for kind in of_ads], dtype=np.bool_)
    orders = np.where(counts_orders[:, None], cohorts.conversions, cohorts.payout > 0)
    return orders, np.unique(of_ads, return_inverse=True)[1].astype(np.intp)


def _is_daily(account: AdAccount, first: date) -> bool:
    """Only of files a row may span several days."""
    long = InsightDay.objects.filter(account=account, until__gte=first, until__gt=F("day"))
    return not account.is_read_only or not long.exists()


def _read_orders(address: str, since: datetime) -> Iterator[Order]:
    """Every order that came after `since`, oldest first. A page is never cut within a second."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy must never see the loopback
        while True:
            page = _read_page(session, address, since)
            yield from page
            if len(page) < FEED_PAGE or page[-1].converted_at <= since:
                return
            since = page[-1].converted_at


def _read_page(session: requests.Session, address: str, since: datetime) -> list[Order]:
    try:
        answer = session.get(
            f"{address}/_sandbox/orders",
            params={"since": since.isoformat(), "limit": str(FEED_PAGE)},
            timeout=FEED_SECONDS,
        )
        answer.raise_for_status()
        return [_order(row) for row in answer.json()["data"]]
    except (requests.RequestException, ValueError, KeyError) as error:
        raise PlatformError(Fault.TRANSIENT, f"The sandbox's order feed did not answer: {error}") from error


def _order(row: dict[str, Any]) -> Order:
    return Order(
        event_id=str(row["event_id"]),
        ad_id=str(row["ad_id"]),
        kind=row["kind"],
        clicked_at=datetime.fromisoformat(row["clicked_at"]),
        converted_at=datetime.fromisoformat(row["converted_at"]),
        value=Decimal(str(row["value"])),
    )


def _conversion(account: AdAccount, order: Order, ad: int | None) -> Conversion:
    clicked_on = day_in_zone(order.clicked_at, account.time_zone)
    return Conversion(
        account=account,
        ad_id=ad,
        event_id=order.event_id,
        kind=order.kind,
        clicked_at=order.clicked_at,
        converted_at=order.converted_at,
        clicked_on=clicked_on,
        lag_days=(day_in_zone(order.converted_at, account.time_zone) - clicked_on).days,
        value=order.value,
    )


def _insights(account: AdAccount, first: date, today: date) -> Floats:
    """Rows of (ad, day index, spend, impressions, clicks, link clicks, results, revenue)."""
    rows = _rows(account, first, today).values_list(
        "ad_id", "until", Cast("spend", FloatField()), "impressions", "clicks", "link_clicks",
        Cast("results", FloatField()), Cast("revenue", FloatField()),
    )  # fmt: skip
    origin = first.toordinal()
    return np.array([(ad, day.toordinal() - origin, *figures) for ad, day, *figures in rows]).reshape(-1, 8)


def _rows(account: AdAccount, first: date, today: date) -> QuerySet[InsightDay]:
    """Those within the days; and of ads of a file that have none, those that end within: they began long before, and
    how much came when is unknown.
    """
    last = today - timedelta(days=1)
    inside = whole_rows(InsightDay.objects.all(), account, first, last)
    if not account.is_read_only:
        return inside
    having = InsightDay.objects.filter(account=account, day__gte=first, until__lte=last)
    ending = InsightDay.objects.filter(account=account, until__range=(first, last)).exclude(ad__in=having.values("ad"))
    begin = ending.aggregate(day=Min("day"))["day"]
    if begin is None:
        return inside
    long = whole_rows(ending, account, begin, last)
    return InsightDay.objects.filter(Q(pk__in=inside.values("pk")) | Q(pk__in=long.values("pk")))


def _events(account: AdAccount, first: date, today: date) -> Floats:
    """Rows of (ad, click day, event day, days elapsed, 1 for a purchase, value), events before `today` only."""
    rows = Conversion.objects.filter(account=account, ad__isnull=False, clicked_on__range=(first, today)).values_list(
        "ad_id", "clicked_on", "lag_days", "kind", Cast("value", FloatField()),
        Cast(Extract(F("converted_at") - F("clicked_at"), "epoch"), FloatField()),
    )  # fmt: skip
    origin, days = first.toordinal(), (today - first).days
    found = [
        (ad, day.toordinal() - origin, day.toordinal() - origin + lag, seconds / SECONDS_A_DAY,
         kind == Conversion.Kind.PURCHASE, value)
        for ad, day, lag, kind, value, seconds in rows
    ]  # fmt: skip
    table = np.array(found, dtype=np.float64).reshape(-1, 6)
    return table[table[:, 2] < days]


def _insight_sums(account: AdAccount, first: date, today: date, by_day: Sums | None) -> Floats:
    """As `_insights`, of all ads together under the key ALL_ADS. Of a file they are read anew: its longer rows, which
    are no days, count here."""
    if by_day is None or account.is_read_only:
        rows = _rows(account, first, today).order_by()
        found = list(rows.values_list("until").annotate(*(Sum(name) for name in FORECAST_FIGURES)))
    else:
        days = within(by_day, (first, today - timedelta(days=1))).items()
        found = [(day, *(getattr(part, name) for name in FORECAST_FIGURES)) for day, part in days]
    origin = first.toordinal()
    return np.array(
        [(ALL_ADS, day.toordinal() - origin, *map(float, figures)) for day, *figures in found], dtype=np.float64
    ).reshape(-1, 8)


def _event_sums(account: AdAccount, first: date, today: date) -> Floats:
    """As `_events`, of all ads together: one row for what came equally late, so that it falls into the same windows."""
    elapsed = ExpressionWrapper(F("converted_at") - F("clicked_at"), DurationField())
    window = Case(
        *(When(elapsed__lt=timedelta(days=days), then=days) for days in (0, SHORT_WINDOW, WINDOW)), default=WINDOW + 1
    )
    found = (
        Conversion.objects.filter(account=account, ad__isnull=False, clicked_on__range=(first, today))
        .order_by().annotate(elapsed=elapsed).annotate(window=window)
        .values_list("clicked_on", "lag_days", "window")
        .annotate(least=Min("elapsed"), orders=Count("pk", filter=Q(kind=Conversion.Kind.PURCHASE)), worth=Sum("value"))
    )  # fmt: skip
    origin, days = first.toordinal(), (today - first).days
    table = np.array(
        [
            (ALL_ADS, day.toordinal() - origin, day.toordinal() - origin + lag, least / ONE_DAY, orders, float(worth))
            for day, lag, _, least, orders, worth in found
        ],
        dtype=np.float64,
    ).reshape(-1, 6)
    return table[table[:, 2] < days]


def _as_events(rows: Floats, ads: list[int], margin: float) -> Events:
    return Events(
        ad=np.searchsorted(ads, rows[:, 0]),
        click_day=rows[:, 1].astype(np.intp),
        day=rows[:, 2].astype(np.intp),
        elapsed=rows[:, 3],
        count=rows[:, 4],
        value=rows[:, 5] * margin,
    )


def _as_reported(spend: Floats, clicks: Floats, results: Floats, payout: Floats) -> Cohorts:
    """Without lags nothing is learnt of the delay: its prior stands."""
    days = spend.shape[1]
    none = np.zeros((days, WINDOW + 1))
    return Cohorts(spend, clicks, results, payout, payout, none, none, none[:, : SHORT_WINDOW + 1])


def _valued(
    account: AdAccount, today: date, ads: list[int], cohorts: Cohorts, curves: Curves
) -> tuple[Cohorts, Curves, str, Integers]:
    """Payout where the results have none of their own; it then arrives as the results do. With the groups.

    A visit costs less than a purchase by its nature, so each kind of result has a price of its own.
    """
    everyone = np.zeros(len(ads), dtype=np.intp)
    if cohorts.payout.any():
        return cohorts, curves, "revenue", everyone
    if not cohorts.conversions.any():
        return cohorts, curves, "", everyone
    source = "file"
    if len(kinds_of(account)) > 1:
        prices = prices_by_ad(account)
        kinds = sorted({price.kind for price in prices.values()})
        groups = np.array([kinds.index(prices[ad].kind) if ad in prices else -1 for ad in ads], dtype=np.intp)
        costs = np.array([float(prices[ad].cost) if ad in prices else 0.0 for ad in ads])
    else:
        reference, groups = reference_of(account, today), everyone
        source, costs = reference.source, np.full(len(ads), float(reference.cpa or 0))
    if not costs.any():
        return cohorts, curves, "", everyone
    payout = cohorts.conversions * costs[:, None]
    return (
        replace(cohorts, payout=payout, payout_short=payout),
        replace(curves, payout=curves.conversions),
        "target_cpa" if source == "goal" else "average_cpa",
        groups,
    )


def _angles(ads: list[int]) -> Integers:
    """Ads without an angle make a group of their own."""
    if ads == [ALL_ADS]:
        return np.zeros(1, dtype=np.intp)
    angle = dict(Ad.objects.filter(pk__in=ads).values_list("pk", "creative__angle_id"))
    return np.unique([angle.get(pk) or 0 for pk in ads], return_inverse=True)[1].astype(np.intp)


def _table(shape: tuple[int, int], row: Integers, column: Integers, values: Floats) -> Floats:
    table = np.zeros(shape)
    np.add.at(table, (row, column), values)
    return table


def _batches(orders: Iterable[Order]) -> Iterator[list[Order]]:
    rest = iter(orders)
    while batch := list(islice(rest, BATCH)):
        yield batch
