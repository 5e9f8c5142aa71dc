from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from campaigns.load import MeasureRow, load_insights, load_measures
from campaigns.models import Ad, AdAccount, InsightBreakdown, InsightDay
from campaigns.platforms.base import InsightRow
from tests.factories import AdFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 19)


@pytest.fixture
def ad(account: AdAccount) -> Ad:
    return AdFactory.create(account=account, ad_set__campaign__account=account)


def row(ad: Ad, **measures: object) -> InsightRow:
    return InsightRow(ad_id=ad.external_id, day=DAY, **{"spend": Decimal("12.34"), "impressions": 1000, **measures})


def test_new_rows_are_inserted(account: AdAccount, ad: Ad) -> None:
    assert load_insights(account, [row(ad, reach=900, clicks=12, results=Decimal(2), revenue=Decimal("59.80"))]) == (
        1,
        1,
    )
    stored = InsightDay.objects.get()
    assert (stored.account, stored.ad, stored.day, stored.until) == (account, ad, DAY, DAY)
    assert (stored.spend, stored.reach, stored.clicks, stored.results) == (Decimal("12.34"), 900, 12, Decimal(2))
    assert stored.revenue == Decimal("59.80")
    assert stored.is_derived is False


def test_known_rows_are_not_written_again(account: AdAccount, ad: Ad) -> None:
    load_insights(account, [row(ad)])
    assert load_insights(account, [row(ad)]) == (1, 0)


def test_restated_day_is_corrected(account: AdAccount, ad: Ad) -> None:
    load_insights(account, [row(ad, results=Decimal(1))])
    assert load_insights(account, [row(ad, results=Decimal(3), results_7d=3)]) == (1, 1)
    stored = InsightDay.objects.get()
    assert (stored.results, stored.results_7d) == (Decimal(3), 3)


def test_row_sent_twice_counts_once(account: AdAccount, ad: Ad) -> None:
    assert load_insights(account, [row(ad, clicks=1), row(ad, clicks=2)]) == (2, 1)
    assert InsightDay.objects.get().clicks == 2


def test_breakdown_rows_go_beside_the_days(account: AdAccount, ad: Ad) -> None:
    rows = [row(ad, dimension="age,gender", value="25-34,female"), row(ad, dimension="age,gender", value="25-34,male")]
    assert load_insights(account, rows, dimension="age,gender") == (2, 2)
    assert not InsightDay.objects.exists()
    assert set(InsightBreakdown.objects.values_list("dimension", "value")) == {
        ("age,gender", "25-34,female"),
        ("age,gender", "25-34,male"),
    }


def test_value_with_tabs_and_backslashes_survives(account: AdAccount, ad: Ad) -> None:
    value = "a\tb\\N\nc“ü"
    load_insights(account, [row(ad, dimension="region", value=value)], dimension="region")
    assert InsightBreakdown.objects.get().value == value


def test_unlisted_ad_gets_a_placeholder(account: AdAccount, ad: Ad) -> None:
    stray = replace(row(ad), ad_id="999")
    load_insights(account, [row(ad), stray])
    placeholder = Ad.objects.get(external_id="999")
    assert placeholder.is_placeholder
    assert placeholder.effective_status == "DELETED"
    assert InsightDay.objects.get(ad=placeholder).spend == Decimal("12.34")


def test_ad_of_another_account_is_not_touched(account: AdAccount, ad: Ad) -> None:
    other = AdFactory.create(external_id=ad.external_id)
    load_insights(account, [row(ad)])
    assert not InsightDay.objects.filter(ad=other).exists()


def test_rows_of_one_key_add_up_on_request(account: AdAccount, ad: Ad) -> None:
    parts = [
        MeasureRow(ad.pk, DAY, DAY, spend=Decimal("1.10"), impressions=10, reach=9),
        MeasureRow(ad.pk, DAY, DAY, spend=Decimal("2.20"), impressions=20, reach=18),
    ]
    assert load_measures(account, parts, add_up=True, is_derived=True) == (2, 1)
    stored = InsightDay.objects.get()
    assert (stored.spend, stored.impressions, stored.reach, stored.is_derived) == (Decimal("3.30"), 30, None, True)


def test_source_may_query_while_it_is_read(account: AdAccount) -> None:
    def source() -> Iterator[MeasureRow]:
        for number in range(3):
            ad = AdFactory.create(account=account, ad_set__campaign__account=account, creative=None)
            yield MeasureRow(ad.pk, DAY, DAY, spend=Decimal(number))

    assert load_measures(account, source()) == (3, 3)


def test_failing_source_leaves_nothing(account: AdAccount, ad: Ad) -> None:
    def source() -> Iterator[InsightRow]:
        yield row(ad)
        raise RuntimeError("the connection broke")

    with pytest.raises(RuntimeError):
        load_insights(account, source())
    assert not InsightDay.objects.exists()
    assert load_insights(account, [row(ad)]) == (1, 1)


def test_amount_with_many_decimals_is_not_restated_for_ever(account: AdAccount, ad: Ad) -> None:
    load_insights(account, [row(ad, spend=Decimal("1.23456789"))])
    assert load_insights(account, [row(ad, spend=Decimal("1.23456789"))]) == (1, 0)
