"""What a result may cost: where the one figure comes from, and where nothing says it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import ImportFile
from portfolio.models import Goal
from portfolio.reference import Reference, reference_of
from portfolio.states import evaluate
from tests.factories import NOW, AccountFactory, AdFactory, InsightFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.fixture
def sold(account: Any) -> Any:
    """`sold(days_ago, spend, results)`: one day of an ad of the account, without revenue."""
    ad = AdFactory.create(ad_set__campaign__account=account)

    def make(days_ago: int, spend: str, results: int, **values: Any) -> None:
        InsightFactory.create(
            ad=values.pop("ad", ad), day=TODAY - timedelta(days=days_ago), spend=Decimal(spend), results=results,
            **{"revenue": Decimal(0), **values},
        )  # fmt: skip

    return make


def test_goal_goes_before_what_was(account: Any, sold: Any) -> None:
    sold(1, "20", 1)
    Goal.put(account, None, NOW, target_cpa=Decimal(12))
    assert reference_of(account, TODAY) == Reference(Decimal(12), "goal")


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [
        (0, Reference(Decimal(7), "history")),  # the day is not over
        (1, Reference(Decimal(20), "month")),
        (28, Reference(Decimal(20), "month")),
        (29, Reference(Decimal("11.3333"), "history")),  # (20 + 14) / 3: nothing came since, so all counts
    ],
)
def test_it_is_what_one_cost_in_28_whole_days_or_else_ever(
    account: Any, sold: Any, days_ago: int, expected: Reference
) -> None:
    sold(200, "14", 2)
    sold(days_ago, "20", 1)
    assert reference_of(account, TODAY) == expected


def test_nothing_sold_says_nothing(account: Any, sold: Any) -> None:
    assert reference_of(account, TODAY) == Reference()
    sold(1, "900", 0)
    assert reference_of(account, TODAY) == Reference()


def test_less_than_a_cent_is_not_nothing(account: Any, sold: Any) -> None:
    sold(1, "0.30", 100)
    assert reference_of(account, TODAY).cpa == Decimal("0.0030")


@pytest.mark.parametrize(("kinds", "cpa"), [(["lead"], Decimal(5)), (["lead", "link click"], None)])
def test_file_counts_whole_and_several_kinds_have_no_price(brand: Any, kinds: list[str], cpa: Decimal | None) -> None:
    imported = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="")
    ad = AdFactory.create(ad_set__campaign__account=imported)
    for days_ago, results in ((200, 30), (1, 10)):
        InsightFactory.create(ad=ad, day=TODAY - timedelta(days=days_ago), spend=Decimal(100), results=results)
    ImportFile.objects.create(brand=brand, account=imported, state="done", size=1, mapping={"result_kinds": kinds})
    assert reference_of(imported, TODAY) == Reference(cpa, "file" if cpa else "")


def test_results_without_revenue_are_worth_what_one_may_cost(account: Any, sold: Any) -> None:
    """Else the agent would call an ad dear by one figure that it says is usual by another."""
    other = AdFactory.create(ad_set__campaign__account=account)
    for days_ago in range(29, 80):
        sold(days_ago, "100", 10)
    for days_ago in range(1, 29):
        sold(days_ago, "100", 1)
        sold(days_ago, "100", 3, ad=other)
    found, usual = evaluate(account, TODAY), reference_of(account, TODAY).cpa
    assert usual == Decimal(50)
    assert found.data.cohorts.payout.sum() / found.data.cohorts.conversions.sum() == pytest.approx(50)
    cheap = next(state for state in found.states if state.cpa and state.cpa < Decimal(40))
    assert (cheap.payout_per_spend or 0) > 1
