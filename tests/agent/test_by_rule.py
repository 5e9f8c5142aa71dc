"""Many small moves without a person are as large as one that asks: counted by account, over 24 hours."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from campaigns.models import AdAccount
from mediabuyer.agent import execute, guard
from mediabuyer.agent.by_rule import moved_by_rule
from mediabuyer.agent.context import Severity
from mediabuyer.agent.models import Decision, Finding, Step
from mediabuyer.agent.steps import Note
from mediabuyer.lib.clock import wall_now
from tests.agent.worlds import budget_to, make_observation, make_proposal
from tests.factories import AccountFactory, ChangeFactory, DecisionFactory, OperationFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_rule(account: Any, now: Any) -> Any:
    def make(before: str = "50", after: str = "60", **fields: Any) -> Decision:
        values = {"state": "done", "decided_at": now, "changes": [budget_change("130009", before, after)]}
        return DecisionFactory.create(**{"account": account, **values, **fields})

    return make


def test_what_rules_moved_adds_up(by_rule, account, now):
    by_rule("50", "60", state="done")
    by_rule("50", "44", state="approved")
    shift = [budget_change("1", "50", "47"), budget_change("2", "50", "53")]
    by_rule(state="executing", changes=shift)
    assert moved_by_rule(account, now, None) == Decimal(10 + 6 + 3)


def test_what_counts_not(by_rule, account, now, manager, brand):
    by_rule(state="blocked")
    by_rule(state="failed")
    by_rule(state="awaiting", decided_at=None)
    by_rule(decided_by=manager)
    by_rule(decided_at=now - timedelta(hours=24))
    by_rule(account=AccountFactory.create(brand=brand))
    itself = by_rule(state="executing")
    assert moved_by_rule(account, now, itself) == 0


def test_failed_one_counts_where_a_part_arrived(by_rule, account, now):
    decision = by_rule(state="failed")
    ChangeFactory.create(operation=OperationFactory.create(account=account, decision_key=decision.key), state="done")
    assert moved_by_rule(account, now, None) == 10


def propose(*external_ids: str) -> list[Any]:
    return [make_proposal(budget_to("60", external_id=one)) for one in external_ids]


def test_moves_of_one_cycle_count_together(account, ad_sets, now):
    """Each alone is under the 20 that a person set; the third would make it 30."""
    AdAccount.objects.update(daily_cap=Decimal(20_000), approval_over=Decimal(20))
    proposals = propose("130001", "130002", "130001")
    guarded = guard.guard(account, proposals, make_observation(now=now), Note(Step()))
    assert [one.verdict for one in guarded] == [Severity.PASS, Severity.PASS, Severity.APPROVE]


def test_what_asks_a_person_takes_no_room_from_the_next(account, ad_sets, now):
    AdAccount.objects.update(daily_cap=Decimal(20_000), approval_over=Decimal(9))
    guarded = guard.guard(account, propose("130001", "130002"), make_observation(now=now), Note(Step()))
    assert [one.verdict for one in guarded] == [Severity.APPROVE, Severity.APPROVE]
    assert all("moved" not in finding.message for one in guarded for finding in one.findings)


@pytest.mark.parametrize(("over", "state"), [("19.99", "blocked"), ("20", "done")])
def test_sum_is_asked_again_in_the_claim(by_rule, account, ad_sets, fake, carry_out, now, over, state):
    by_rule()
    decision = DecisionFactory.create(account=account, state="proposed", subject_id="130001",
                                      changes=[budget_change("130001", "50", "60")])  # fmt: skip
    decision.approve_by_rule(now, wall_now())
    AdAccount.objects.update(approval_over=Decimal(over))
    carry_out()
    decision.refresh_from_db()
    assert decision.state == state
    assert Finding.objects.filter(stage="claim", guardrail="person_decides").exists() is (state == "blocked")


def test_two_by_rule_within_the_sum_do_not_hold_each_other_back(account, ad_sets, carry_out, now):
    AdAccount.objects.update(daily_cap=Decimal(20_000), approval_over=Decimal(20))
    for one in ("130001", "130002"):
        decision = DecisionFactory.create(account=account, state="proposed", subject_id=one,
                                          changes=[budget_change(one, "50", "60")])  # fmt: skip
        decision.approve_by_rule(now, wall_now())
    execute.begin_due(wall_now())
    carry_out()
    assert set(Decision.objects.values_list("state", flat=True)) == {"done"}
