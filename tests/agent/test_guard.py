"""What the rules say of a proposal: passed, cut down, held back; and that what is cut down still adds up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from campaigns.models import AdSet
from mediabuyer.agent.context import Effect, Severity
from mediabuyer.agent.guard import guard, guard_one
from mediabuyer.agent.models import Cycle
from mediabuyer.agent.observe import read_ground
from mediabuyer.agent.steps import step
from tests.agent.worlds import budget_to, make_budget, make_observation, make_proposal
from tests.factories import ChangeFactory, CycleFactory, OperationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(ad_sets):
    return make_observation(budgets=tuple(make_budget(row.external_id, name="Broad") for row in ad_sets))


def raised(after, before="50", external_id="130001"):
    return budget_to(after, before, external_id)


def test_small_raise_goes_by_rule(account, seen):
    found = guard_one(read_ground(account, seen.now), make_proposal(raised("60")), seen)
    assert found.verdict == Severity.PASS
    assert {one.guardrail for one in found.findings} >= {"mode", "spend_cap", "budget_step", "min_data", "freshness"}


def test_too_large_a_raise_is_cut_to_one_step(account, seen):
    effect = Effect(Decimal(9), Decimal(1), Decimal(20), 0.1)
    found = guard_one(read_ground(account, seen.now), make_proposal(raised("90"), effect=effect), seen)
    assert found.verdict == Severity.CHANGE
    assert found.proposal.changes[0].budget_after == Decimal(60)
    assert found.proposal.title == "Raise “Set 130001” from €50 to €60 a day"
    assert found.proposal.effect not in (None, effect)
    assert [one.message for one in found.findings if one.severity == Severity.CHANGE] == [
        "Changed: €90 was wanted for “Set 130001”. Within 24 hours a budget moves by 20% at most, so €60."
    ]


def test_shift_cut_on_one_side_stays_balanced(account, seen):
    AdSet.objects.filter(external_id="130002").update(daily_budget=Decimal(200))
    changes = (raised("160", "200", "130002"), raised("90"))
    found = guard_one(read_ground(account, seen.now), make_proposal(*changes, action="shift_budget"), seen)
    assert [one.budget_after for one in found.proposal.changes] == [Decimal(190), Decimal(60)]
    assert sum(one.budget_rise for one in found.proposal.changes) == 0
    assert found.proposal.title == "Move €10 a day from “Set 130002” to “Set 130001”"


def test_shift_cut_on_both_sides_stays_balanced(account, seen):
    changes = (raised("20", external_id="130002"), raised("80"))
    found = guard_one(read_ground(account, seen.now), make_proposal(*changes, action="shift_budget"), seen)
    assert [one.budget_after for one in found.proposal.changes] == [Decimal(40), Decimal(60)]


def test_used_up_step_leaves_nothing_and_is_held_back(account, seen, now):
    account.__class__.objects.update(cooldown_hours=0)
    AdSet.objects.filter(external_id="130001").update(daily_budget=Decimal(60))
    ChangeFactory.create(
        operation=OperationFactory.create(account=account),
        external_id="130001",
        state="done",
        made_at=now - timedelta(hours=2),
    )
    found = guard_one(read_ground(account, seen.now), make_proposal(raised("66", "60")), seen)
    assert found.verdict == Severity.BLOCK
    assert found.findings[-1].message == "Today's steps are used up: nothing of it would be left."


def test_what_was_cut_down_to_nothing_is_told_and_makes_no_decision(account, seen, now):
    account.__class__.objects.update(cooldown_hours=0)
    AdSet.objects.filter(external_id="130001").update(daily_budget=Decimal(60))
    ChangeFactory.create(
        operation=OperationFactory.create(account=account),
        external_id="130001",
        state="done",
        made_at=now - timedelta(hours=2),
    )
    with step(CycleFactory.create(account=account, state="running"), "guard") as note:
        assert guard(account, [make_proposal(raised("66", "60"))], seen, note) == []
    [told] = Cycle.objects.get().step_set.get().figures["verdicts"]
    assert (told["title"], told["verdict"]) == (make_proposal(raised("66", "60")).title, "block")


def test_cut_amount_can_be_set_in_a_currency_without_decimals(account, seen):
    account.__class__.objects.update(currency="JPY", daily_cap=Decimal(9000), ad_set_cap=Decimal(9000))
    AdSet.objects.filter(external_id="130001").update(daily_budget=Decimal(1003))
    found = guard_one(read_ground(account, seen.now), make_proposal(raised("2000", "1003")), seen)
    assert found.proposal.changes[0].budget_after == Decimal(1203)


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"daily_cap": Decimal(180)}, "spend_cap"),
        ({"daily_cap": None}, "spend_cap"),
        ({"ad_set_cap": Decimal(55)}, "budget_ceiling"),
        ({"ad_set_cap": None}, "budget_ceiling"),
        ({"is_stopped": True}, "kill_switch"),
        ({"connection": "held"}, "account_link"),
        ({"synced_at": None}, "freshness"),
        ({"mode": "shadow", "graph_url": ""}, "mode"),
    ],
)
def test_raise_is_held_back_by_name(account, seen, limits, rule):
    account.__class__.objects.update(**limits)
    found = guard_one(read_ground(account, seen.now), make_proposal(raised("60")), seen)
    assert [one.guardrail for one in found.findings if one.severity == Severity.BLOCK] == [rule]


def test_step_of_an_account_that_is_looked_at_tells_what_else_holds(account, seen):
    account.mode, account.graph_url, account.ad_set_cap = "shadow", "", Decimal(55)
    account.save()
    cycle = CycleFactory.create(account=account, state="running")
    with step(cycle, "guard") as note:
        guard(account, [make_proposal(raised("54")), make_proposal(raised("60"))], seen, note)
    row = Cycle.objects.get().step_set.get()
    assert row.summary == "1 shown only, 1 held back."
    assert [one["verdict"] for one in row.figures["verdicts"]] == ["shown", "block"]


def test_step_tells_each_verdict(account, seen):
    cycle = CycleFactory.create(account=account, state="running")
    with step(cycle, "guard") as note:
        guard(account, [make_proposal(raised("60")), make_proposal(raised("300"))], seen, note)
    row = Cycle.objects.get().step_set.get()
    assert row.summary == "0 held back, 0 for a person, 2 by rule."
    assert [one["verdict"] for one in row.figures["verdicts"]] == ["pass", "change"]
