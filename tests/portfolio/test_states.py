from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from campaigns.models import ImportFile, InsightDay
from portfolio.conversions import Order, record_conversions
from portfolio.models import AdState, Conversion, Goal
from portfolio.states import evaluate, snapshot
from tests.factories import NOW, AccountFactory, AdFactory

pytestmark = pytest.mark.django_db
DAYS = 60
TODAY = NOW.date()


@pytest.fixture
def ads(account: Any) -> list[Any]:
    """Sixty days at 20 a day and 20 link clicks: one ad sells one in twenty at once, the other never does."""
    good = AdFactory.create(ad_set__campaign__account=account, name="Good")
    poor = AdFactory.create(ad_set=good.ad_set, name="Poor")
    InsightDay.objects.bulk_create(
        InsightDay(account=account, ad=ad, day=day, until=day, spend=20, impressions=1000, clicks=30, link_clicks=20,
                   results=1 if ad is good else 0)
        for ad in (good, poor)
        for day in (TODAY - timedelta(days=back) for back in range(1, DAYS + 1))
    )  # fmt: skip
    record_conversions(account, [
        Order(f"o{back}", good.external_id, "purchase", NOW - timedelta(days=back), NOW - timedelta(days=back),
              Decimal(60))
        for back in range(1, DAYS + 1)
    ])  # fmt: skip
    return [good, poor]


def test_states_tell_good_from_poor(account: Any, ads: list[Any]) -> None:
    good, poor = evaluate(account, TODAY).states
    assert good.payout_per_spend is not None
    assert 2.3 < good.payout_per_spend < 3.3  # 60 for 20
    assert (good.low or 0) < good.payout_per_spend < (good.high or 0)
    assert (good.p_profit or 0) > 0.95
    assert poor.p_profit is not None
    assert poor.p_profit < 0.05
    assert (good.spend, good.results) == (Decimal(1200), 60)


def test_money_is_counted_per_order(account: Any, ads: list[Any]) -> None:
    """All orders come at once, so the curve expects only a few more: 20 spent per order of 60."""
    Goal.put(account, None, NOW, margin=Decimal("0.5"))
    good, poor = evaluate(account, TODAY).states
    assert good.cpa == pytest.approx(Decimal(20), rel=Decimal("0.04"))
    assert good.payout_7 == pytest.approx(Decimal(30), rel=Decimal("0.04"))
    assert good.payout_30 == pytest.approx(Decimal(30), rel=Decimal("0.04"))
    assert (poor.cpa, poor.payout_7, poor.payout_30) == (None, None, None)
    assert good.figures["payout_30"]["observed"] == 1800.0
    assert good.figures["payout_30"]["mature_spend"] == 600.0
    assert good.figures["source"] == "ledger"


def test_trend_compares_matured_fortnights(account: Any, ads: list[Any]) -> None:
    """Steady, but the prior curve still expects a few late orders; then those of the last fortnight are lost."""
    assert evaluate(account, TODAY).states[0].trend == pytest.approx(0.0, abs=0.2)
    assert evaluate(account, TODAY).states[1].trend is None
    Conversion.objects.filter(clicked_on__gte=TODAY - timedelta(days=14)).delete()
    trend = evaluate(account, TODAY).states[0].trend
    assert trend == pytest.approx(0.9**14 - 1, abs=0.05)


def test_same_day_draws_the_same(account: Any, ads: list[Any]) -> None:
    assert np.array_equal(evaluate(account, TODAY).draws, evaluate(account, TODAY).draws)
    assert not np.array_equal(evaluate(account, TODAY).draws, evaluate(account, TODAY - timedelta(days=1)).draws)


def test_snapshot_is_kept_once_a_day(account: Any, ads: list[Any]) -> None:
    for _ in range(2):
        snapshot(account, NOW)
    assert AdState.objects.count() == 2
    assert AdState.objects.get(ad=ads[0]).day == TODAY - timedelta(days=1)


def test_snapshot_takes_few_queries(account: Any, ads: list[Any], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        snapshot(account, NOW)


def test_budget_of_several_ads_weighs_by_spend(account: Any, ads: list[Any]) -> None:
    found = evaluate(account, TODAY)
    both = found.draws_of([ad.pk for ad in ads])
    assert both == pytest.approx(found.draws.mean(axis=1))
    assert found.draws_of([]).size == 0


def test_broken_pixel_raises_an_account_alarm(account: Any, ads: list[Any]) -> None:
    extra = [
        Order(f"x{back}-{n}", ads[0].external_id, "purchase", NOW - timedelta(days=back), NOW - timedelta(days=back),
              Decimal(60))
        for back in range(5, DAYS + 1) for n in range(30)
    ]  # fmt: skip
    record_conversions(account, extra)
    (alarm,) = evaluate(account, TODAY).alarms
    assert (alarm.name, alarm.is_low) == ("conversions", True)
    assert alarm.seen == 1
    Conversion.objects.all().delete()
    assert evaluate(account, TODAY).alarms == ()


@pytest.mark.parametrize("days", [1, 214], ids=["one day", "seven months in a row"])
def test_long_row_is_no_strange_day(days: int) -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad, other = (AdFactory.create(ad_set__campaign__account=imported) for _ in range(2))
    InsightDay.objects.bulk_create(
        InsightDay(account=imported, ad=ad, day=day, until=day, spend=10, impressions=1000 + back % 7, clicks=10)
        for back in range(1, 91)
        if (day := TODAY - timedelta(days=back))
    )
    last = TODAY - timedelta(days=1)
    InsightDay.objects.create(account=imported, ad=other, day=last - timedelta(days=days - 1), until=last, spend=20_000,
                              impressions=1_000_000, clicks=30)  # fmt: skip
    assert bool(evaluate(imported, TODAY).alarms) is (days == 1)


def test_account_without_anything_has_no_states(account: Any) -> None:
    found = snapshot(account, NOW)
    assert (found.states, found.alarms) == ((), ())


def imported_ads(results: tuple[int, ...]) -> Any:
    """An imported month in which each ad spent 1,000 for so many results without revenue."""
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    first = AdFactory.create(ad_set__campaign__account=imported)
    for place, count in enumerate(results):
        ad = first if not place else AdFactory.create(ad_set=first.ad_set, creative=first.creative)
        InsightDay.objects.create(account=imported, ad=ad, day=date(2026, 8, 1), until=date(2026, 8, 30), spend=1000,
                                  impressions=9000, clicks=500, results=count)  # fmt: skip
    return imported


def test_results_without_revenue_are_worth_the_average() -> None:
    found = evaluate(imported_ads((150, 50)), date(2026, 8, 31))
    assert found.data.valued_by == "average_cpa"
    good, poor = found.states
    assert 1.2 < (good.payout_per_spend or 0) < 1.5  # 150 results of 10 for 1,000, pulled to the average
    assert 0.5 < (poor.payout_per_spend or 0) < 0.8
    assert (good.payout_30, good.cpa) == (None, Decimal("6.6667"))


def test_results_of_another_kind_tell_nothing() -> None:
    """Each kind is judged as if the other ads were not there; what counts something unknown is not judged."""
    alone = evaluate(imported_ads((150, 50)), date(2026, 8, 31)).states
    imported = imported_ads((150, 50, 9000, 3000, 70))
    ImportFile.objects.create(account=imported, brand=imported.brand, state="done", name="a.csv", size=1,
                              mapping={"result_kinds": ["lead", "person reached"]})  # fmt: skip
    kinds = ("lead", "lead", "person reached", "person reached", "several")
    for ad, kind in zip(imported.ad_set.order_by("pk"), kinds, strict=True):
        imported.ad_set.filter(pk=ad.pk).update(result_kind=kind)
    found = evaluate(imported, date(2026, 8, 31))
    returns = [state.payout_per_spend for state in found.states]
    assert returns[:2] == pytest.approx([state.payout_per_spend for state in alone], rel=0.02)
    assert returns[2] == pytest.approx(1.5, rel=0.05)
    assert returns[3] == pytest.approx(0.5, rel=0.05)
    assert returns[4] is found.states[4].p_bar is None
    assert found.data.valued_by == "average_cpa"


@pytest.mark.parametrize("clicks", [0, 20])
def test_results_without_clicks_are_judged_by_what_they_cost(clicks: int) -> None:
    imported = imported_ads((150, 50))
    InsightDay.objects.update(clicks=clicks, link_clicks=0)
    good, poor = evaluate(imported, date(2026, 8, 31)).states
    assert 1.2 < (good.payout_per_spend or 0) < 1.6
    assert 0.4 < (poor.payout_per_spend or 0) < 0.8


def test_results_without_revenue_are_worth_their_target() -> None:
    imported = imported_ads((50, 50))
    Goal.put(imported, None, NOW, target_cpa=Decimal(5))
    found = evaluate(imported, date(2026, 8, 31))
    assert found.data.valued_by == "target_cpa"
    assert [state.payout_per_spend for state in found.states] == pytest.approx([0.25, 0.25], rel=0.02)


def test_file_without_results_says_nothing_of_returns() -> None:
    found = evaluate(imported_ads((0,)), date(2026, 8, 31))
    (state,) = found.states
    assert (state.payout_per_spend, state.low, state.p_profit, state.cpa) == (None, None, None, None)
    assert found.draws_of(found.data.ads).size == 0


def test_old_file_is_judged_on_its_own_days() -> None:
    imported = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    InsightDay.objects.create(account=imported, ad=ad, day=date(2017, 8, 1), until=date(2017, 8, 30), spend=100,
                              impressions=9000, clicks=200, results=10, revenue=400)  # fmt: skip
    (state,) = snapshot(imported, NOW).states
    assert state.day == date(2017, 8, 30)
    assert (state.cpa, state.maturity) == (Decimal(10), 1.0)
    assert state.figures["source"] == "platform"
    assert state.payout_per_spend is not None
    assert 2.5 < state.payout_per_spend < 4.5


def test_evidence_of_each_ad_is_summed_from_its_own_rows(account: Any, ads: list[Any]) -> None:
    """Against plain sums over the rows of each ad, whichever way the many are computed together."""
    InsightDay.objects.filter(ad=ads[1], day=TODAY - timedelta(days=3)).update(spend=Decimal("7.25"), link_clicks=3)
    for state in evaluate(account, TODAY).states:
        rows = list(InsightDay.objects.filter(ad=state.ad_id))
        orders = list(Conversion.objects.filter(ad=state.ad_id))
        told = state.figures
        assert told["days"] == len(rows) == 60
        assert told["spend"] == float(sum(row.spend for row in rows)) == float(state.spend)
        assert told["clicks"] == sum(row.link_clicks for row in rows)
        assert told["conversions"] == len(orders)
        assert told["payout_30"]["observed"] == float(sum(one.value for one in orders))
        assert told["payout_7"].keys() == {"observed", "mature", "mature_spend", "projected", "maturity"}
        assert 0 < told["matured_spend"] < told["spend"]
        assert (told["source"], told["valued_by"]) == ("ledger", "revenue")


def test_results_of_several_kinds_are_not_compared() -> None:
    imported = imported_ads((150, 50))
    for kind in ("purchase", "profile visit"):
        row = ImportFile(brand=imported.brand, account=imported, name="a.csv", path="", size=1, digest="", state="done")
        row.mapping = {"result_kinds": [kind]}
        row.save()
    found = evaluate(imported, date(2026, 8, 31))
    assert found.data.valued_by == ""
    assert [(state.payout_per_spend, state.p_bar) for state in found.states] == [(None, None)] * 2
    assert found.draws_of([state.ad_id for state in found.states]).size == 0


def test_results_of_several_kinds_with_revenue_are_judged_by_it() -> None:
    imported = imported_ads((150, 50))
    InsightDay.objects.update(revenue=3000)
    row = ImportFile(brand=imported.brand, account=imported, name="a.csv", path="", size=1, digest="", state="done")
    row.mapping = {"result_kinds": ["purchase", "profile visit"]}
    row.save()
    assert evaluate(imported, date(2026, 8, 31)).data.valued_by == "revenue"
