from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from campaigns.models import InsightBreakdown, InsightDay
from portfolio.metrics import Totals
from portfolio.performance import (
    add_up_by,
    cross_totals,
    data_span,
    day_rows,
    day_series,
    day_sums,
    evaluation_day,
    last_days,
    owners,
    previous_period,
    sums,
    total,
    totals,
    within,
)
from tests.factories import AccountFactory, AdFactory, InsightFactory
from tests.many_rows import LAST_DAY, seed_account

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 11, 16), date(2026, 11, 19)


@pytest.fixture
def two_ads(account: Any) -> list[Any]:
    """Two ads of one ad set: one on both days, one on the last; and a week before, the first alone."""
    one = AdFactory.create(ad_set__campaign__account=account, name="One")
    two = AdFactory.create(ad_set=one.ad_set, name="Two")
    InsightFactory.create(ad=one, day=FIRST, spend=Decimal(10), clicks=20, reach=900)
    InsightFactory.create(ad=one, day=LAST, spend=Decimal(30), clicks=40, results=Decimal(3), revenue=Decimal(120))
    InsightFactory.create(ad=two, day=LAST, spend=Decimal(60), clicks=30, results=Decimal(0), revenue=Decimal(0))
    InsightFactory.create(ad=one, day=FIRST - timedelta(days=4), spend=Decimal(5), reach=700)
    return [one, two]


def test_account_total_is_one_query(account: Any, two_ads: list[Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = total(account, FIRST, LAST)
    assert len(queries) == 1
    assert found == Totals(Decimal(100), 3000, None, 90, 45, Decimal(4), Decimal(150))
    assert found.ctr == 0.03


def test_ads_come_by_spend(account: Any, two_ads: list[Any]) -> None:
    rows = totals(account, FIRST, LAST, by="ad")
    assert [(row.key, row.name, row.totals.spend) for row in rows] == [
        (two_ads[1].pk, "Two", Decimal(60)),
        (two_ads[0].pk, "One", Decimal(40)),
    ]
    assert rows[0].before is None


def test_comparison_is_the_previous_equal_period(account: Any, two_ads: list[Any]) -> None:
    two, one = totals(account, FIRST, LAST, by="ad", compare=True)
    assert one.before == Totals(Decimal(5), 1000, 700, 20, 15, Decimal(1), Decimal(30))
    assert two.before == Totals()


def test_what_ended_is_still_compared(account: Any, two_ads: list[Any]) -> None:
    (row,) = totals(account, FIRST + timedelta(days=4), LAST + timedelta(days=4), by="campaign", compare=True)
    assert row.totals == Totals()
    assert row.before is not None
    assert row.before.spend == Decimal(100)


def test_days_are_compared_one_by_one(account: Any, two_ads: list[Any]) -> None:
    first, last = totals(account, FIRST, LAST, by="day", compare=True)
    assert (first.key, first.totals.spend, first.before and first.before.spend) == (FIRST, Decimal(10), Decimal(5))
    assert (last.key, last.totals.spend, last.before) == (LAST, Decimal(90), Totals())


def test_ads_without_an_angle_stand_together(account: Any, two_ads: list[Any]) -> None:
    creative = two_ads[0].creative
    two_ads[1].creative = None
    two_ads[1].save()
    rows = {row.key: (row.name, row.totals.spend) for row in totals(account, FIRST, LAST, by="angle")}
    assert rows == {None: ("", Decimal(60)), creative.angle_id: (creative.angle.name, Decimal(40))}


def test_breakdown_is_asked_by_its_name(account: Any, two_ads: list[Any]) -> None:
    for value, spend in (("25-34", 7), ("35-44", 3)):
        InsightBreakdown.objects.create(
            account=account, ad=two_ads[0], day=FIRST, until=FIRST, dimension="age", value=value, spend=spend
        )
    assert [(row.key, row.totals.spend) for row in totals(account, FIRST, LAST, by="age")] == [
        ("25-34", Decimal(7)),
        ("35-44", Decimal(3)),
    ]
    assert totals(account, FIRST, LAST, by="country") == []


def test_other_accounts_stay_out(account: Any, two_ads: list[Any]) -> None:
    assert total(AccountFactory.create(), FIRST, LAST) == Totals()


def test_two_keys_at_once(account: Any, two_ads: list[Any]) -> None:
    one, two = two_ads
    found = cross_totals(account, FIRST, LAST, "ad", "day")
    assert {key: part.spend for key, part in found.items()} == {
        (one.pk, FIRST): Decimal(10), (one.pk, LAST): Decimal(30), (two.pk, LAST): Decimal(60),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "start", "end", "spend"),
    [
        ("the month holds its days", date(2026, 10, 1), date(2026, 10, 31), 300),
        ("more than the month", date(2026, 9, 1), date(2026, 11, 30), 345),
        ("part of the month", date(2026, 10, 1), date(2026, 10, 15), 20),
        ("the day after", date(2026, 11, 1), date(2026, 11, 30), 45),
    ],
)
def test_long_rows_count_once_and_whole(name: str, start: date, end: date, spend: int) -> None:
    """A file of October as one row, and another of some days in October and November."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=ad, day=date(2026, 10, 1), until=date(2026, 10, 31), spend=Decimal(300))
    InsightFactory.create(ad=ad, day=date(2026, 10, 3), spend=Decimal(20))
    InsightFactory.create(ad=ad, day=date(2026, 10, 30), spend=Decimal(25))
    InsightFactory.create(ad=ad, day=date(2026, 11, 3), spend=Decimal(45))
    assert total(imported, start, end).spend == spend


def test_long_rows_are_no_days() -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightFactory.create(ad=ad, day=date(2026, 10, 1), until=date(2026, 10, 31), spend=Decimal(300))
    InsightFactory.create(ad=ad, day=date(2026, 10, 3), spend=Decimal(20))
    assert [row.key for row in totals(imported, date(2026, 10, 1), date(2026, 10, 31), by="day")] == [date(2026, 10, 3)]


def test_imported_account_is_judged_after_its_last_row(account: Any, now: Any) -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    assert evaluation_day(imported, now) == date(2026, 11, 20)
    InsightFactory.create(ad__ad_set__campaign__account=imported, day=date(2017, 8, 1), until=date(2017, 8, 30))
    assert data_span(imported) == (date(2017, 8, 1), date(2017, 8, 30))
    assert evaluation_day(imported, now) == date(2017, 8, 31)
    assert evaluation_day(account, now) == date(2026, 11, 20)


def test_periods_end_on_whole_days() -> None:
    assert last_days(date(2026, 11, 20), 7) == (date(2026, 11, 13), date(2026, 11, 19))
    assert previous_period(date(2026, 11, 13), date(2026, 11, 19)) == (date(2026, 11, 6), date(2026, 11, 12))


@pytest.fixture
def many(account: Any) -> Any:
    """24 ads on 40 days; three without a creative."""
    seed_account(account, campaigns=2, ad_sets=3, ads=4, days=40)
    account.ad_set.filter(name="Ad 3", campaign__name="Campaign 1").update(creative=None)
    return account


@pytest.mark.parametrize(
    ("by", "path", "name"),
    [
        ("account", "account_id", "account__name"),
        ("campaign", "ad__campaign_id", "ad__campaign__name"),
        ("ad_set", "ad__ad_set_id", "ad__ad_set__name"),
        ("ad", "ad_id", "ad__name"),
        ("angle", "ad__creative__angle_id", "ad__creative__angle__name"),
        ("landing_page", "ad__creative__landing_page_id", "ad__creative__landing_page__url"),
        ("day", "day", "day"),
    ],
)
def test_totals_equal_rows_added_by_hand(many: Any, by: str, path: str, name: str) -> None:
    start, end = LAST_DAY - timedelta(days=9), LAST_DAY
    expected: dict[Any, Totals] = {}
    names: dict[Any, str] = {}
    for row in InsightDay.objects.filter(day__range=(start, end)).values(
        path, name, "spend", "impressions", "clicks", "link_clicks", "results", "revenue"
    ):
        key = row.pop(path)
        names[key] = str(row.pop(name, None) or ("" if by != "day" else key))
        expected[key] = expected.get(key, Totals(reach=0)) + Totals(**row)
    found = totals(many, start, end, by)
    assert {row.key: row.totals for row in found} == expected
    assert {row.key: row.name for row in found} == names
    if by not in ("account", "ad", "day"):
        assert add_up_by(sums(many, start, end, "ad"), owners(many, by)) == expected


@pytest.mark.parametrize("is_imported", [False, True])
def test_days_that_periods_share_are_read_once(many: Any, is_imported: bool) -> None:
    if is_imported:
        many.mode, many.platform = "shadow", "export"
        many.save()
        InsightFactory.create(ad=many.ad_set.first(), day=LAST_DAY - timedelta(days=60), until=LAST_DAY, spend=900)
    now, before, apart = (
        (LAST_DAY - timedelta(days=first), LAST_DAY - timedelta(days=last))
        for first, last in ((6, 0), (13, 7), (35, 30))
    )
    with CaptureQueriesContext(connection) as queries:
        found = day_sums(many, [now, before, (before[0], now[1]), apart, now])
    assert len(queries) == 2
    assert found == sums(many, before[0], now[1], "day") | sums(many, *apart, "day")
    assert within(found, apart) == sums(many, *apart, "day")
    assert day_rows(many, found, now, before) == totals(many, *now, "day", compare=True)
    assert day_rows(many, found, now, None) == totals(many, *now, "day")
    assert day_rows(many, found, now, apart) == totals(many, *now, "day", compare=apart)


@pytest.mark.parametrize("by", ["campaign", "ad_set", "ad"])
def test_series_by_day_are_the_sums_of_rows(many: Any, by: str) -> None:
    start, end = LAST_DAY - timedelta(days=9), LAST_DAY + timedelta(days=1)
    where = Q(ad__campaign__name="Campaign 1")
    crossed = cross_totals(many, start, end, by, "day", where=where)
    with CaptureQueriesContext(connection) as queries:
        series = day_series(many, start, end, by, ("revenue", "spend"), where=where)
    assert len(queries) == 1
    assert set(series) == {key for key, _ in crossed}
    for key, (revenue, spend) in series.items():
        days = [crossed.get((key, start + timedelta(days=index)), Totals()) for index in range(11)]
        assert revenue.tolist() == [float(one.revenue) for one in days]
        assert spend.tolist() == [float(one.spend) for one in days]
    assert day_series(many, start, end, by, ("spend",), where=Q(ad_id__in=[])) == {}
