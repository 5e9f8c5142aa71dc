"""The observation: what it says of ads and budgets, that it comes back as it was stored, that nothing is no error."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from campaigns.models import InsightDay
from mediabuyer.agent.ask import see
from mediabuyer.agent.context import Observation
from mediabuyer.agent.evaluate import evaluate
from mediabuyer.agent.models import Cycle, Step
from mediabuyer.agent.observe import Pulled, context_for
from mediabuyer.agent.snapshots import as_json, budgets_seen, observation_of
from mediabuyer.agent.steps import step
from tests.agent.worlds import NOW, make_budget, make_observation
from tests.factories import AdFactory, AdSetFactory, CycleFactory, InsightFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def evaluate_now(account):
    def run():
        cycle = CycleFactory.create(account=account, state="running")
        with step(cycle, "evaluate") as note:
            seen = evaluate(cycle, Pulled(), note)
        Cycle.objects.update(state="done")
        return seen

    return run


@pytest.fixture
def ad(account):
    """Four weeks at 20 a day, every day one purchase of 60."""
    row = AdFactory.create(
        ad_set=AdSetFactory.create(campaign__account=account, external_id="130001"), external_id="14"
    )
    for back in range(1, 29):
        InsightFactory.create(
            ad=row, day=date(2026, 11, 20) - timedelta(days=back), spend=Decimal(20), revenue=Decimal(60)
        )
    return row


def test_empty_account_is_seen_as_empty(evaluate_now):
    seen = evaluate_now()
    assert (seen.ads, seen.budgets, seen.reference_cpa) == ((), (), None)
    assert Step.objects.get().summary == "There are no figures to judge."


def test_without_revenue_nothing_is_said_of_earning(account, evaluate_now, ad):
    InsightDay.objects.update(revenue=0)
    evaluate_now()
    assert Step.objects.get().summary.startswith("1 ad runs. No revenue is known; ")


def test_ad_without_a_single_figure_is_no_error(account, evaluate_now):
    AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account))
    seen = evaluate_now()
    assert [budget.draws for budget in seen.budgets] == [()]


def test_ad_carries_its_week_and_its_launch(ad, evaluate_now):
    [found] = evaluate_now().ads
    assert (found.external_id, found.spend, found.results, found.spend_7d, found.spend_a_day) == (
        "14",
        Decimal(560),
        28.0,
        Decimal(140),
        Decimal("20.00"),
    )
    assert found.roas_7d == 3.0
    assert found.p_profit > 0.5


def test_what_a_result_may_cost_is_one_figure_for_planning_judging_and_asking(ad, account, evaluate_now):
    """Of the last 28 days: what an older day cost does not count."""
    InsightFactory.create(ad=ad, day=date(2026, 11, 20) - timedelta(days=29), spend=Decimal(900), results=1)
    seen = evaluate_now()
    assert seen.reference_cpa == context_for(account, (), NOW).reference_cpa == see(account, NOW).reference_cpa
    assert seen.reference_cpa == Decimal("20.00")


def test_budget_carries_what_its_ads_spent_and_draws(ad, evaluate_now):
    [budget] = evaluate_now().budgets
    assert (budget.external_id, budget.daily_budget, budget.spend_7d, budget.ad_ids) == (
        "130001",
        Decimal(50),
        Decimal(140),
        ("14",),
    )
    assert len(budget.draws) == 64
    assert budget.low < budget.payout_per_spend < budget.high


def test_same_day_draws_the_same_numbers(ad, evaluate_now):
    assert evaluate_now() == evaluate_now()


def test_observation_is_stored_for_replay(ad, evaluate_now):
    seen = evaluate_now()
    cycle = Cycle.objects.get()
    assert cycle.observation == as_json(seen)
    assert observation_of(cycle) == seen
    assert seen.ads[0].worth is not None  # what the reason of a pause compares with what an order costs
    assert budgets_seen(cycle) == {budget.external_id: budget for budget in seen.budgets}


def filled(kind: type) -> Any:
    """One of this type with a value in every field, also in those that are mostly empty."""
    samples = {
        str: "a", int: 3, float: 0.5, bool: True, Decimal: Decimal("1.25"), datetime: NOW, date: NOW.date(),
        timedelta: timedelta(hours=72),
    }  # fmt: skip

    def sample(hint: Any) -> Any:
        if is_dataclass(hint):
            return filled(hint)
        inner = next((part for part in get_args(hint) if part is not NoneType), None)
        return (sample(inner),) if get_origin(hint) is tuple else sample(inner) if inner else samples[hint]

    return kind(**{name: sample(hint) for name, hint in get_type_hints(kind).items()})


def test_every_field_comes_back_as_what_it_was():
    world = filled(Observation)
    assert observation_of(Cycle(observation=json.loads(json.dumps(as_json(world))))) == world


@pytest.mark.parametrize("spoil", [{"worth": "much"}, {"of_another_version": 1}, {"launched_on": "soon"}])
def test_what_another_version_wrote_is_not_read(spoil):
    kept = as_json(filled(Observation))
    kept["ads"][0] |= spoil
    assert observation_of(Cycle(observation=kept)) is None


def test_what_lacks_a_field_is_not_read():
    kept = as_json(filled(Observation))
    del kept["ads"][0]["key"]
    assert observation_of(Cycle(observation=kept)) is None


def test_budgets_of_another_version_are_none():
    assert budgets_seen(Cycle(observation={"budgets": [{"external_id": "1", "daily_budget": "x"}]})) == {}


def test_budgets_come_back_as_they_were():
    budget = make_budget(last_edit_at=NOW, daily_budget=Decimal("50.25"), draws=(1.0, 2.5))
    cycle = Cycle(observation=as_json(make_observation(budgets=(budget, make_budget("set2")))))
    assert budgets_seen(cycle) == {"set1": budget, "set2": make_budget("set2")}


def test_no_cycle_has_seen_no_budget():
    assert budgets_seen(None) == {}
    assert budgets_seen(Cycle()) == {}


def test_stored_form_is_that_of_all_its_fields(ad, evaluate_now):
    """As `dataclasses.asdict` would have it, whose copies take seconds on an account of thousands of ads."""

    def plain(value):
        if isinstance(value, timedelta):
            return value.total_seconds()
        return value.isoformat() if hasattr(value, "isoformat") else str(value)

    seen = evaluate_now()
    assert as_json(seen) == json.loads(json.dumps(asdict(seen), default=plain))
    assert as_json(seen)["ads"][0]["spend"] == "560.0000"
    assert as_json(seen)["budgets"][0]["ad_ids"] == ["14"]
