"""The most that can be spent on a day, counted at its worst: whatever may still run is in it, whenever it is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mediabuyer.agent import observe
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.guardrails import spend_cap
from mediabuyer.agent.observe import context_for
from tests.factories import (
    AdFactory,
    AdSetFactory,
    CampaignFactory,
    ChangeFactory,
    DecisionFactory,
    InsightFactory,
    OperationFactory,
    budget_change,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ad_set(account: Any) -> Any:
    return AdSetFactory.create(campaign=CampaignFactory.create(account=account), external_id="130001")


def switch_on(level: str, external_id: str) -> PlannedChange:
    return PlannedChange("set_status", level, external_id, "It", {"status": "ACTIVE"}, {"status": "PAUSED"})


def test_undo_under_way_counts_when_others_are_decided(account, ad_set, now):
    operation = OperationFactory.create(account=account, is_undo=True)
    ChangeFactory.create(operation=operation, external_id="130009", exposure=Decimal("17.50"))
    assert context_for(account, [], now).committed == 60
    assert context_for(account, [], now, undo=operation).committed == 50


def test_rise_that_arrives_while_it_is_counted_is_not_lost(account, ad_set, now, monkeypatch):
    DecisionFactory.create(account=account, state="executing", changes=[budget_change("130001", "50", "60")])
    read = observe.budgets_of

    def arrives_afterwards(asked: Any) -> Any:
        found = read(asked)
        operation = OperationFactory.create(account=account, decision_key=account.decision_set.get().key)
        ChangeFactory.create(operation=operation, external_id="130001", state="done")
        return found

    monkeypatch.setattr(observe, "budgets_of", arrives_afterwards)
    assert context_for(account, [], now).committed == 60


@pytest.mark.parametrize(("level", "status"), [("ad_set", "PAUSED"), ("campaign", "ACTIVE")])
def test_switching_on_counts_the_budget_that_rested(account, ad_set, now, level, status):
    account.daily_cap = Decimal("87.49")
    account.save()
    ad_set.status, ad_set.campaign.status = status, "PAUSED" if level == "campaign" else "ACTIVE"
    ad_set.save()
    ad_set.campaign.save()
    asked = ad_set if level == "ad_set" else ad_set.campaign
    context = context_for(account, [switch_on(level, asked.external_id)], now)
    assert (context.committed, context.rise) == (0, 50)
    assert spend_cap.check(context).severity == "block"


def test_switching_on_an_ad_counts_no_budget_twice(account, ad_set, now):
    ad = AdFactory.create(ad_set=ad_set, status="PAUSED")
    assert context_for(account, [switch_on("ad", ad.external_id)], now).rise == 0


def test_lifetime_budget_counts_with_all_that_is_left_of_it(account, ad_set, now):
    other = AdSetFactory.create(campaign=ad_set.campaign, daily_budget=None, lifetime_budget=Decimal(385))
    InsightFactory.create(ad=AdFactory.create(ad_set=other), spend=Decimal(35))
    assert context_for(account, [], now).committed == 50 + 350 / Decimal("1.75")
    other.status = "PAUSED"
    other.save()
    assert context_for(account, [], now).committed == 50


def test_sum_of_budgets_is_the_same_from_the_tables_alone(account, ad_set):
    resting = CampaignFactory.create(account=account, status="PAUSED", daily_budget=Decimal(70))
    AdSetFactory.create(campaign=resting, daily_budget=Decimal(30))
    AdSetFactory.create(campaign=ad_set.campaign, daily_budget=Decimal(11), status="PAUSED")
    CampaignFactory.create(account=account, daily_budget=Decimal(25))
    CampaignFactory.create(account=account, daily_budget=Decimal(99), is_placeholder=True)
    CampaignFactory.create(daily_budget=Decimal(500))  # somebody else's
    assert observe.committed_now(account) == observe.committed(observe.budgets_of(account)) == 75


MATRIX = [
    # where the budget lies, which kind, campaign and ad set run or rest, what counts as a daily budget
    ("campaign", "daily_budget", ("ACTIVE", "ACTIVE"), Decimal(70)),
    ("campaign", "daily_budget", ("PAUSED", "ACTIVE"), Decimal(0)),
    ("campaign", "lifetime_budget", ("ACTIVE", "ACTIVE"), Decimal(40)),  # 70 / 1.75
    ("campaign", "lifetime_budget", ("PAUSED", "ACTIVE"), Decimal(0)),
    ("ad_set", "daily_budget", ("ACTIVE", "ACTIVE"), Decimal(70)),
    ("ad_set", "daily_budget", ("ACTIVE", "PAUSED"), Decimal(0)),
    ("ad_set", "daily_budget", ("PAUSED", "ACTIVE"), Decimal(0)),
    ("ad_set", "lifetime_budget", ("ACTIVE", "ACTIVE"), Decimal(40)),
    ("ad_set", "lifetime_budget", ("ACTIVE", "PAUSED"), Decimal(0)),
    ("ad_set", "lifetime_budget", ("PAUSED", "ACTIVE"), Decimal(0)),
]


@pytest.mark.parametrize(("level", "kind", "statuses", "counted"), MATRIX)
def test_budget_counts_where_it_lies_and_only_while_it_runs(account, now, level, kind, statuses, counted):
    budget = {"daily_budget": None, "lifetime_budget": None} | {kind: Decimal(70)}
    none = dict.fromkeys(budget)
    campaign = CampaignFactory.create(account=account, status=statuses[0], **budget if level == "campaign" else none)
    ad_set = AdSetFactory.create(campaign=campaign, status=statuses[1], **budget if level == "ad_set" else none)
    assert context_for(account, [], now).committed == counted
    if not counted:  # what rests now counts in full as soon as it is switched on
        asked = campaign if statuses[0] == "PAUSED" else ad_set
        lies_as = "campaign" if asked is campaign else "ad_set"
        rise = context_for(account, [switch_on(lies_as, asked.external_id)], now).rise
        assert rise == (70 if kind == "daily_budget" else 40)


def test_lifetime_budget_that_rested_is_held_against_the_cap(account, ad_set, now):
    account.daily_cap = Decimal(400)
    account.save()
    ad_set.status, ad_set.daily_budget, ad_set.lifetime_budget = "PAUSED", None, Decimal("400.01")
    ad_set.save()
    assert spend_cap.check(context_for(account, [switch_on("ad_set", "130001")], now)).severity == "block"
