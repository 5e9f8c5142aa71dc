from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount, Campaign, InsightBreakdown, InsightDay
from collaboration.ad_rows import Choice, flat, load_campaigns, load_figures, load_tree, total_line
from collaboration.columns import PART_COLUMNS, Scale, cells_of, certainty, columns_of
from collaboration.marks import marks_of
from collaboration.pacing import pacing, short_money
from collaboration.payout_plot import draw_payout
from collaboration.period import parse_period
from collaboration.where import Part, heat_map
from collaboration.why import explain_change
from memory.events import record
from portfolio.charts import PayoutWeek
from portfolio.metrics import Totals
from portfolio.models import AdState, Goal
from portfolio.performance import sums
from tests.factories import NOW, AccountFactory, AdFactory, AngleFactory, CreativeFactory, InsightFactory
from tests.many_rows import seed_account

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 19)
EURO = Scale("EUR", Decimal("0.5"), None)
BEFORE = Totals(Decimal(1000), 100_000, None, 2000, 1500, Decimal(50), Decimal(2000))
AFTER = Totals(Decimal(1200), 110_000, None, 2100, 1600, Decimal(63), Decimal(2646))


@pytest.fixture
def viewer(client: Client, person: Callable[[str], Any]) -> Client:
    client.force_login(person("viewer"), "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def look(viewer: Client, account: Any) -> Callable[..., str]:
    def get(**asked: str) -> str:
        answer = viewer.get(reverse("portfolio", args=[account.key]), asked)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    return get


def sell(account: Any, angle: str, spend: int, revenue: int, day: date = DAY) -> Any:
    """An ad of an angle with one day of figures, enough to rest on."""
    creative = CreativeFactory.create(
        brand=account.brand, angle=AngleFactory._meta.model.objects.get_or_create(brand=account.brand, name=angle)[0]
    )
    ad = AdFactory.create(ad_set__campaign__account=account, creative=creative)
    InsightFactory.create(
        ad=ad, day=day, spend=Decimal(spend), revenue=Decimal(revenue), results=Decimal(20),
        impressions=10_000, clicks=300,
    )  # fmt: skip
    return ad


# --- The page ------------------------------------------------------------------------------------------------


def test_stranger_finds_no_portfolio(client: Client, account: Any, stranger: Any) -> None:
    client.force_login(stranger, "django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("portfolio", args=[account.key])).status_code == 404


def test_sentence_says_whether_and_where(look: Callable[..., str], account: Any) -> None:
    Goal.put(account, None, NOW, margin=Decimal("0.5"))
    sell(account, "Gift", 100, 600)
    sell(account, "Price", 200, 100)
    sell(account, "Gift", 100, 250, DAY - timedelta(days=55))
    page = look()
    assert "Yes, we earn: €50 in 28 days after the cost of ads, €25 better than before." in page
    assert "“Gift” earns. “Price” loses €150." in page


def test_figures_are_computed_from_totals(look: Callable[..., str], account: Any) -> None:
    Goal.put(account, None, NOW, margin=Decimal("0.5"))
    sell(account, "Gift", 100, 600)
    sell(account, "Price", 300, 200)
    page = look()
    assert "€800.00 × 50% − €400.00 = €0.00." in page
    assert "€800.00 ÷ €400.00, from the totals, never averaged. Break-even at 2.00." in page
    assert "Meta Insights, sandbox · just read" in page


def test_without_a_margin_it_asks_for_one(look: Callable[..., str], account: Any) -> None:
    sell(account, "Gift", 100, 600)
    assert "The margin is not set, so revenue counts in full: set it ." in look()


def test_without_revenue_cost_is_what_counts(look: Callable[..., str], account: Any) -> None:
    sell(account, "Gift", 100, 0)
    page = look()
    assert "20 results in 28 days at €5.00 each. No revenue is known" in page
    assert "Results" in page
    assert "Purchases" not in page
    assert "ROAS" not in page
    assert "Profit" not in page


def test_empty_period_says_what_will_appear(look: Callable[..., str]) -> None:
    page = look()
    assert "Nothing was spent in 28 days." in page
    assert "No figures in this period" in page


def test_old_figures_are_named(look: Callable[..., str], account: Any) -> None:
    sell(account, "Gift", 100, 600)
    AdAccount.objects.filter(pk=account.pk).update(synced_at=NOW - timedelta(days=3))
    assert "These figures are 3 days old; I raise no budget on them." in look()


def test_choices_in_the_address_are_taken_or_ignored(look: Callable[..., str], account: Any) -> None:
    ad = sell(account, "Gift", 100, 600)
    InsightBreakdown.objects.create(
        account=account, ad=ad, day=DAY, until=DAY, dimension="age", value="25-34", spend=100, revenue=600, results=20
    )
    assert "25-34" in look(by="age", across="age")
    assert "By angle" in look(by="password", across="x", why="y", sort="z").replace("Figures by", "By")


def test_imported_account_shows_its_own_days(viewer: Client, brand: Any) -> None:
    shadow = AccountFactory.create(brand=brand, mode="shadow", graph_url="", synced_at=None, clock_at=None)
    ad = AdFactory.create(ad_set__campaign__account=shadow)
    InsightFactory.create(ad=ad, day=date(2017, 8, 1), until=date(2017, 8, 30), spend=Decimal(500))
    page = viewer.get(reverse("portfolio", args=[shadow.key])).content.decode()
    assert "1 Aug 2017 – 30 Aug 2017" in page
    assert "nothing to draw by day" in page
    assert "Imported Ads Manager file" in page


def test_single_day_says_why_there_is_no_line(look: Callable[..., str], account: Any) -> None:
    sell(account, "Gift", 100, 600)
    page = look(period="yesterday")
    assert "One day has no course by day" in page
    assert "span more than one day" not in page


def test_nothing_is_compared_with_days_before_the_figures(look: Callable[..., str], account: Any) -> None:
    sell(account, "Gift", 100, 600)
    page = look(period="90d")
    assert "Figures begin 19 Nov." in page
    assert "than before" not in page
    assert "vs previous" not in page


def test_campaigns_come_as_a_file(viewer: Client, account: Any) -> None:
    sell(account, "Gift", 100, 600)
    answer = viewer.get(reverse("portfolio", args=[account.key]), {"format": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert rows[0][:3] == ["Campaign · Shop · SANDBOX", "Campaign id at Meta", "Status"]
    assert rows[0][3:5] == ["Budget (EUR)", "Spend (EUR)"]
    assert rows[1][1] == Campaign.objects.get().external_id
    assert rows[1][3:5] == ["50.00", "100.00"]


def test_queries_do_not_grow_with_the_account(viewer: Client, account: Any, django_assert_max_num_queries: Any) -> None:
    seed_account(account, campaigns=3, ad_sets=2, ads=5, days=60)
    with django_assert_max_num_queries(40):
        viewer.get(reverse("portfolio", args=[account.key]))


@pytest.mark.parametrize("compare", ["previous", "none"])
def test_campaigns_without_their_ads_are_the_same(account: Any, compare: str) -> None:
    """Ads that are gone count where they delivered, and what is believed of the others does not."""
    seed_account(account, campaigns=4, ad_sets=2, ads=4, days=40)
    ads = account.ad_set
    ads.filter(name="Ad 1").update(effective_status="ARCHIVED")
    ads.filter(name="Ad 2", campaign__name="Campaign 1").update(effective_status="DELETED")
    silent = ads.filter(campaign__name__in=["Campaign 0", "Campaign 1"], name__in=["Ad 1", "Ad 2"])
    InsightDay.objects.filter(ad__in=list(silent)).delete()
    ended = ads.filter(campaign__name="Campaign 2")
    ended.update(effective_status="DELETED")
    InsightDay.objects.filter(ad__in=list(ended), day__gt=DAY - timedelta(days=7)).delete()
    account.adset_set.filter(campaign__name="Campaign 2").update(effective_status="DELETED")
    account.campaign_set.filter(name="Campaign 2").update(effective_status="DELETED")
    account.campaign_set.filter(name="Campaign 3").update(daily_budget=70)
    account.adset_set.filter(name="Ad set 1", campaign__name="Campaign 0").update(effective_status="PAUSED")
    AdState.objects.filter(ad__name="Ad 3").update(is_tired=True, cpa=None, payout_30=None, maturity=None, figures={})
    AdState.objects.filter(ad__name="Ad 0", ad__campaign__name="Campaign 0").update(cpa=0)
    AdState.objects.filter(ad__campaign__name="Campaign 1", ad__ad_set__name="Ad set 1").delete()
    for status in ("ACTIVE", "ARCHIVED"):
        Campaign.objects.create(external_id=status, name=status, effective_status=status, account=account)
    period = parse_period({"period": "7d", "compare": compare}, DAY + timedelta(days=1))
    found = load_campaigns(account, period, load_figures(account, period))
    gone = ["Campaign 2"] if compare == "previous" else []
    assert sorted(one.name for one in found) == ["ACTIVE", "Campaign 0", "Campaign 1", *gone, "Campaign 3"]
    tree = load_tree(account, period, Choice())
    for ad_set in flat(tree, "ad_set"):
        ad_set.children = []
    assert found == tree
    assert total_line(found, period) == total_line(tree, period)


# --- Its parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["roas", "cpa", "revenue", "results"])
def test_effects_add_up_as_they_are_shown(measure: str) -> None:
    half = Totals(AFTER.spend / 2, 50_000, None, 1000, 800, Decimal(40), Decimal(1500))
    rest = Totals(AFTER.spend / 2, 60_000, None, 1100, 800, Decimal(23), Decimal(1146))
    places = [Part("Gift", half, BEFORE, ""), Part("Price", rest, Totals(), "")]
    why = explain_change(measure, BEFORE, AFTER, EURO, places)
    total = _shown(why.total)
    assert total != 0
    assert sum(_shown(row["shown"]) for row in why.drivers) == total
    assert sum(_shown(row["shown"]) for row in why.places) == total


def test_change_is_explained_in_a_sentence() -> None:
    why = explain_change("roas", BEFORE, AFTER, EURO)
    assert why.said == (
        "ROAS rose from 2.00 to 2.20. Most of it comes from purchases per click: 2.50% before, 3.00% now. "
        "The price of 1,000 impressions works against it."
    )


def test_nothing_to_compare_is_said() -> None:
    why = explain_change("roas", Totals(), AFTER, EURO)
    assert why.said == "There is nothing to compare yet: one of the two periods has no spend or no results."
    assert (why.drivers, why.total) == ([], "–")


def _shown(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace("€", "").replace(",", ""))


def test_changes_are_marked_in_order(account: Any) -> None:
    period = parse_period({}, DAY + timedelta(days=1))
    for days, actor in ((40, "agent"), (9, "person:jana@norden.example"), (2, "agent")):
        with transaction.atomic():
            record(
                "decision.done", "decision", "1", brand=account.brand, account=account.key,
                now=NOW - timedelta(days=days), actor=actor, what=f"Broad {days} days ago",
            )  # fmt: skip
    assert [mark.text for mark in marks_of(account, period).shown] == [
        "11 Nov: Broad 9 days ago (jana@norden.example)",
        "18 Nov: Broad 2 days ago (by the agent)",
    ]
    assert marks_of(account, period, ["2"]).shown == []


def test_too_many_marks_are_counted(account: Any) -> None:
    period = parse_period({}, DAY + timedelta(days=1))
    for _ in range(11):
        with transaction.atomic():
            record("account.stopped", "account", "1", brand=account.brand, account=account.key,
                   now=NOW - timedelta(days=3), actor="system", reason="test")  # fmt: skip
    found = marks_of(account, period)
    assert (len(found.shown), found.left_out) == (9, 2)


def test_month_is_paced_against_the_cap(account: Any) -> None:
    ad = sell(account, "Gift", 700, 2000)
    InsightFactory.create(ad=ad, day=date(2026, 11, 3), spend=Decimal(100))
    InsightFactory.create(ad=ad, day=date(2026, 10, 31), spend=Decimal(900))
    found = pacing(account, date(2026, 11, 20), EURO)
    assert (found.now.spend, found.cap, found.mark) == (Decimal(800), Decimal(18_000), Decimal(12_000))
    assert (found.plan, found.worst_day, found.days_over) == (Decimal(50), Decimal("87.50"), 1)
    days = sums(account, date(2026, 9, 1), date(2026, 12, 1), "day")
    shared = pacing(account, date(2026, 11, 20), EURO, days)
    assert replace(shared, plot=None) == replace(found, plot=None)
    assert shared.plot is not None
    assert found.plot is not None
    assert shared.plot.series == found.plot.series
    assert found.words == "4% of the cap spent, 67% of the month gone"
    assert found.tone == "bad"


def test_heat_map_sums_rows_and_columns(account: Any) -> None:
    first, second = sell(account, "Gift", 100, 600), sell(account, "Price", 200, 100)
    for ad, age, spend, revenue in ((first, "25-34", 100, 600), (second, "25-34", 150, 90), (second, "35-44", 50, 10)):
        InsightBreakdown.objects.create(
            account=account, ad=ad, day=DAY, until=DAY, dimension="age", value=age, spend=spend, revenue=revenue,
            results=12, impressions=5000, clicks=100,
        )  # fmt: skip
    found = heat_map(account, parse_period({}, DAY + timedelta(days=1)), "age", EURO, "/ads/")
    assert found is not None
    assert found["columns"] == ["25-34", "35-44", "All"]
    values = {row["name"]: [cell.get("value") for cell in row["cells"]] for row in found["rows"]}
    assert values == {
        "Price": ["0.60", "0.20", "0.50"],
        "Gift": ["6.00", None, "6.00"],
        "All angles": ["2.76", "0.20", "2.33"],
    }
    assert found["rows"][0]["cells"][0]["level"] == -3
    assert "split=age%3A25-34" in found["rows"][0]["cells"][0]["href"]


def test_young_weeks_are_marked_too_early() -> None:
    weeks = [
        PayoutWeek(date(2026, 10, 5), 100.0, 10.0, 10.0, 12.0, 20.0, None, None, 1.0),
        PayoutWeek(date(2026, 11, 16), 100.0, 8.0, 12.5, 11.0, 19.0, 12.0, 26.0, 0.3),
    ]
    found = draw_payout(weeks, "EUR")
    assert found is not None
    assert [(mark.is_early, mark.is_final) for mark in found.marks] == [(False, True), (True, False)]
    assert found.rows[1] == ["16 Nov", "8.0", "€12.50", "€11.00", "€19.00", "€12.00 to €26.00", "30% · too early"]
    assert found.summary == (
        "In the week of 5 October an own order cost €10.00; it brings €12.00 within 7 days and €20.00 within 30."
    )
    assert draw_payout([], "EUR") is None


def test_figures_on_too_little_are_marked() -> None:
    few = Part("Gift", Totals(Decimal(10), 900, None, 20, 15, Decimal(1), Decimal(30)), Totals(Decimal(5)), "")
    spend, results, cpa, roas, profit = cells_of(few, columns_of(PART_COLUMNS, EURO), EURO)
    assert (spend.text, spend.change and spend.change["text"]) == ("€10.00", "+100%")
    assert (cpa.text, cpa.note, roas.note) == ("€10.00", "too few", "too few")
    assert (results.text, profit.text) == ("1", "+€5.00")


@pytest.mark.parametrize(("share", "words"), [(0.0, "< 1%"), (0.004, "< 1%"), (0.5, "50%"), (0.999, "> 99%")])
def test_certainty_is_never_whole(share: float, words: str) -> None:
    assert certainty(share) == words


def test_axis_amounts_are_short() -> None:
    assert [short_money(value, "EUR") for value in (950, -15_000, 2_500)] == ["€950", "−€15k", "€2.5k"]
