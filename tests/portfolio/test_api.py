"""Insights by REST: computed again from sums, never averaged, null where there is nothing to divide by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from campaigns.models import ImportFile, InsightBreakdown
from portfolio.models import Goal
from tests.api_client import client_of
from tests.factories import AccountFactory, AdFactory, AdSetFactory, CampaignFactory, InsightFactory

pytestmark = pytest.mark.django_db
LAST = date(2026, 11, 19)
RANGE = "from=2026-11-18&to=2026-11-19"


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


@pytest.fixture
def ads(account):
    """Two ads. The first spends 30 for 1 result, the second 10 for 3; before, only the first spent 20 for 1."""
    ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account))
    first, second = AdFactory.create_batch(2, ad_set=ad_set)
    InsightFactory.create(ad=first, day=LAST, spend=30, impressions=1000, clicks=10, results=1, revenue=40)
    InsightFactory.create(ad=second, day=LAST, spend=10, impressions=3000, clicks=90, results=3, revenue=120)
    InsightFactory.create(
        ad=first, day=LAST - timedelta(days=3), spend=20, impressions=1000, clicks=10, results=1, revenue=40
    )
    return first, second


def ask(client, account, query):
    answer = client.get(f"/api/accounts/{account.key}/insights/?{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_rates_are_computed_from_the_sums(client, account, ads):
    told = ask(client, account, RANGE)["total"]["figures"]
    assert told == {
        "spend": "40.0000",
        "impressions": 4000,
        "reach": None,
        "clicks": 100,
        "link_clicks": 30,
        "results": "4.0000",
        "revenue": "160.0000",
        "profit": "120.0000",
        "ctr": 0.025,
        "link_ctr": 0.0075,
        "cvr": 0.04,
        "cpm": "10.0000",
        "cpc": "0.4000",
        "cpa": "10.0000",
        "aov": "40.0000",
        "roas": 4.0,
        "frequency": None,
    }


def test_profit_takes_the_margin_of_the_goal(client, account, ads, now):
    Goal.put(account, None, now, margin=Decimal("0.5"))
    assert ask(client, account, RANGE)["total"]["figures"]["profit"] == "40.0000"


def test_rows_carry_our_keys_most_spend_first(client, account, ads):
    told = ask(client, account, f"{RANGE}&by=ad")
    assert [(row["key"], row["figures"]["spend"]) for row in told["results"]] == [
        (str(ads[0].key), "30.0000"),
        (str(ads[1].key), "10.0000"),
    ]
    for by, thing in (("campaign", ads[0].campaign), ("ad_set", ads[0].ad_set), ("account", account)):
        assert [row["key"] for row in ask(client, account, f"{RANGE}&by={by}")["results"]] == [str(thing.key)]
    angles = {row["key"] for row in ask(client, account, f"{RANGE}&by=angle")["results"]}
    assert angles == {str(ad.creative.angle.key) for ad in ads}


def test_period_before_stands_beside(client, account, ads):
    told = ask(client, account, f"{RANGE}&by=ad&compare=previous")
    assert told["compared_with"] == {"from": "2026-11-16", "to": "2026-11-17"}
    first, second = told["results"]
    assert (first["before"]["spend"], first["change"]["spend"], first["change"]["cpa"]) == ("20.0000", 0.5, 0.5)
    assert (second["before"]["spend"], second["before"]["roas"], second["change"]["spend"]) == ("0.0000", None, None)
    assert told["total"]["change"]["results"] == 3.0


def test_part_of_a_period_before_is_compared_with_nothing(client, account, ads):
    for first in ("2026-11-17", "2026-11-10"):
        told = ask(client, account, f"from={first}&to=2026-11-19&by=ad&compare=previous")
        assert told["compared_with"] is None
        assert {(row["before"], row["change"]) for row in (told["total"], *told["results"])} == {(None, None)}


def test_nothing_delivered_is_null_not_zero(client, account, ads):
    told = ask(client, account, "from=2025-01-01&to=2025-01-02")
    assert (told["results"], told["count"]) == ([], 0)
    figures = told["total"]["figures"]
    assert (figures["spend"], figures["roas"], figures["cpa"], figures["ctr"]) == ("0.0000", None, None, None)


def test_default_is_the_last_28_whole_days(client, account, ads):
    told = ask(client, account, "by=day")
    assert told["period"] == {"from": "2026-10-23", "to": "2026-11-19"}
    assert [row["key"] for row in told["results"]] == ["2026-11-16", "2026-11-19"]


def test_breakdown_is_asked_by_its_name(client, account, ads):
    for value, spend in (("18-24", 10), ("25-34", 30)):
        InsightBreakdown.objects.create(
            account=account, ad=ads[0], dimension="age", value=value, day=LAST, until=LAST, spend=spend, impressions=100
        )
    told = ask(client, account, f"{RANGE}&by=age")
    assert [(row["key"], row["figures"]["spend"]) for row in told["results"]] == [
        ("25-34", "30.0000"),
        ("18-24", "10.0000"),
    ]
    assert ask(client, account, f"{RANGE}&by=age,gender")["results"] == []


def test_answer_names_the_days_of_which_there_are_figures(client, account, ads):
    told = ask(client, account, "from=2025-01-01&to=2025-01-02")
    assert (told["data_from"], told["data_to"]) == ("2026-11-16", "2026-11-19")


def test_account_without_figures_has_no_days(client, account):
    told = ask(client, account, "")
    assert (told["data_from"], told["data_to"]) == (None, None)


# --- What nobody measured ---------------------------------------------------------------------------------------------


@pytest.fixture
def imported(brand):
    """A file of one quarter, two years old, of an account whose results bring no revenue and that knows no links."""
    account = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=CampaignFactory.create(account=account)))
    for day, results in ((date(2024, 7, 3), 2), (date(2024, 9, 30), 3)):
        InsightFactory.create(ad=ad, day=day, spend=50, results=results, revenue=0, link_clicks=0)
    return account


UNKNOWN = ("revenue", "profit", "roas", "aov", "link_clicks", "link_ctr")


def test_revenue_that_nobody_reported_is_null_and_all_that_rests_on_it(client, imported):
    told = ask(client, imported, "from=2024-09-30&by=ad&compare=previous")
    for figures in (told["total"]["figures"], told["results"][0]["figures"], told["results"][0]["before"]):
        assert {name: figures[name] for name in UNKNOWN} == dict.fromkeys(UNKNOWN)
    assert {name: told["total"]["change"][name] for name in UNKNOWN} == dict.fromkeys(UNKNOWN)
    assert (told["total"]["figures"]["spend"], told["total"]["figures"]["cpa"]) == ("50.0000", "16.6667")


def test_revenue_of_zero_is_known_where_other_days_had_some(client, account, ads):
    InsightFactory.create(ad=ads[0], day=date(2026, 11, 10), spend=5, results=0, revenue=0, link_clicks=0)
    figures = ask(client, account, "from=2026-11-10&to=2026-11-10")["total"]["figures"]
    assert (figures["revenue"], figures["profit"], figures["roas"]) == ("0.0000", "-5.0000", 0.0)
    assert (figures["link_clicks"], figures["link_ctr"]) == (0, 0.0)


def test_breakdown_may_know_what_the_days_do_not(client, imported):
    day = date(2024, 9, 30)
    InsightBreakdown.objects.create(
        account=imported, ad=imported.ad_set.get(), dimension="age", value="18-24", day=day, until=day,
        spend=5, impressions=100, link_clicks=4,
    )  # fmt: skip
    assert ask(client, imported, "by=age")["total"]["figures"]["link_clicks"] == 4
    assert ask(client, imported, "by=day")["total"]["figures"]["link_clicks"] is None


def test_breakdown_that_tells_no_results_says_so(client, imported):
    """Meta splits purchases by region not at all; 5 results by days are then not 0 by region."""
    day = date(2024, 9, 30)
    for dimension, results in (("region", 0), ("age", 3)):
        InsightBreakdown.objects.create(
            account=imported, ad=imported.ad_set.get(), dimension=dimension, value="a", day=day, until=day, spend=5,
            impressions=100, clicks=10, results=results,
        )  # fmt: skip
    told = {by: ask(client, imported, f"by={by}")["total"]["figures"] for by in ("region", "age", "day")}
    assert [(told[by]["results"], told[by]["cpa"] is None) for by in told] == [
        (None, True), ("3.0000", False), ("5.0000", False),
    ]  # fmt: skip


@pytest.mark.parametrize(("kinds", "cpa", "cvr"), [(["lead"], "20.0000", 0.125), (["lead", "link click"], None, None)])
def test_figures_of_one_result_are_null_where_results_are_of_several_kinds(client, imported, kinds, cpa, cvr):
    mapping = {"result_kinds": kinds}
    ImportFile.objects.create(brand=imported.brand, account=imported, state="done", size=1, mapping=mapping)
    told = ask(client, imported, "")
    figures = told["total"]["figures"]
    assert (figures["results"], figures["cpa"], figures["cvr"], figures["aov"]) == ("5.0000", cpa, cvr, None)
    assert told["result_kinds"] == kinds


def test_imported_account_tells_its_whole_file_by_default(client, imported):
    told = ask(client, imported, "")
    assert told["period"] == {"from": "2024-07-03", "to": "2024-09-30"}
    assert (told["data_from"], told["data_to"]) == ("2024-07-03", "2024-09-30")
    assert told["total"]["figures"]["results"] == "5.0000"
    assert ask(client, imported, "from=2024-08-01")["period"] == {"from": "2024-08-01", "to": "2024-09-30"}
    assert ask(client, imported, "to=2024-08-01")["period"] == {"from": "2024-07-03", "to": "2024-08-01"}


def test_file_of_many_years_is_told_whole(client, imported):
    InsightFactory.create(ad=imported.ad_set.get(), day=date(2015, 1, 1), spend=1)
    assert ask(client, imported, "by=day")["period"] == {"from": "2015-01-01", "to": "2024-09-30"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("by=ad__account__credentials", "by"),
        ("by=age,age", "by"),
        ("by=" + "x" * 90, "by"),
        ("from=2026-11-19&to=2026-11-18", "to"),
        ("from=0001-01-01&to=2026-01-01", "from"),
        ("from=2010-01-01&to=2026-01-01", "to"),
        ("from=2026-11-01&to=9999-12-31", "to"),
        ("from=yesterday", "from"),
        ("to=0001-01-01", "to"),
        ("compare=next", "compare"),
    ],
)
def test_question_that_has_no_answer_is_refused(client, account, query, field):
    answer = client.get(f"/api/accounts/{account.key}/insights/?{query}")
    assert answer.status_code in (400, 422)
    assert list(answer.json()["errors"]) == [field]


def test_insights_ask_as_often_for_many(client, account, ads, django_assert_max_num_queries):
    AdFactory.create_batch(10, ad_set=ads[0].ad_set)
    for ad in account.ad_set.all():
        InsightFactory.create(ad=ad, day=LAST - timedelta(days=1))
    with django_assert_max_num_queries(11):
        told = ask(client, account, f"{RANGE}&by=ad&compare=previous")
    assert told["count"] == 12


def test_reading_needs_its_scope(brand, manager, account):
    client = client_of(manager, brand, "decide")
    assert client.get(f"/api/accounts/{account.key}/insights/").status_code == 403
