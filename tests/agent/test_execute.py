"""From a yes to the platform: only what was approved, only while the guardrails allow it, and told how it ended."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django_q.models import OrmQ

from campaigns.models import Ad, AdAccount, AdSet, Change, Operation
from campaigns.operations.words import describe
from mediabuyer.agent import execute
from mediabuyer.agent.models import Decision, Finding, Outcome, Step
from mediabuyer.agent.steps import Note
from mediabuyer.lib.clock import wall_now
from memory.events import verify_chain
from memory.models import Event
from tests.factories import AccountFactory, ChangeFactory, DecisionFactory, OperationFactory, budget_change

pytestmark = pytest.mark.django_db


def test_approved_raise_arrives_and_is_told(approved, carry_out, fake, brand):
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    decision.refresh_from_db()
    assert (decision.state, fake.objects["130001"]["daily_budget"]) == ("done", "60")
    assert AdSet.objects.get(external_id="130001").daily_budget == Decimal(60)
    assert Change.objects.get().exposure == Decimal("17.5")
    assert Outcome.objects.get().decision == decision
    assert list(Event.objects.order_by("number").values_list("kind", flat=True)) == [
        "decision.approved",
        "decision.executing",
        "change.planned",
        "change.sent",
        "change.done",
        "decision.done",
    ]
    assert verify_chain(brand) is None


def test_nothing_begins_before_the_undo_window_ends(account, manager, carry_out, now, fake):
    decision = DecisionFactory.create(account=account, changes=[budget_change("130001", "50", "60")])
    decision.approve(manager, decision.content_hash, now, wall_now())
    carry_out()
    assert Decision.objects.get().state == "approved"
    assert (fake.writes, Operation.objects.count()) == (0, 0)


def test_beginning_twice_plans_once(approved, account, now, ad_sets):
    decision = approved([budget_change("130001", "50", "60")])
    assert (execute.begin_due(wall_now()), execute.begin_due(wall_now())) == (1, 0)
    assert Operation.objects.get().decision_key == decision.key


def test_what_rules_allow_does_not_wait_behind_syncs(account, now, django_capture_on_commit_callbacks):
    decision = DecisionFactory.create(account=account, state="approved")
    with django_capture_on_commit_callbacks(execute=True):
        execute.act(account, [decision], Note(Step()))
    assert [row.key for row in OrmQ.objects.all()] == ["urgent"]


def test_withdrawn_approval_sends_nothing(approved, carry_out, fake, person, now):
    decision = approved([budget_change("130001", "50", "60")])
    decision.refresh_from_db()
    decision.withdraw(person("manager"), now)
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("awaiting", 0)


def test_decision_without_changes_is_done_at_once(approved, carry_out, ad_sets):
    approved([], action="refresh_creative")
    carry_out()
    assert Decision.objects.get().state == "done"
    assert not Outcome.objects.exists()


def test_shadow_account_is_never_written_to(approved, carry_out, fake):
    approved([budget_change("130001", "50", "60")])
    AdAccount.objects.update(mode="shadow", graph_url="")
    Decision.objects.update(content_hash=(rehashed := Decision.objects.get().compute_hash()), approved_hash=rehashed)
    carry_out()
    assert (Decision.objects.get().state, Change.objects.count(), fake.writes) == ("blocked", 0, 0)


def test_shift_cuts_before_it_raises(approved, carry_out, fake):
    approved([budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget")
    seen = []
    fake.script = [lambda: seen.append(dict(fake.objects["130002"])), lambda: seen.append(dict(fake.objects["130001"]))]
    carry_out()
    assert Decision.objects.get().state == "done"
    assert [one["daily_budget"] for one in seen] == ["50.00", "40"]


def test_shift_whose_raise_is_refused_does_not_begin(approved, carry_out, fake):
    approved([budget_change("130002", "50", "90"), budget_change("130001", "50", "40")], action="shift_budget")
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("blocked", 0)
    assert {change.state for change in Change.objects.all()} == {"blocked", "cancelled"}


def test_cap_lowered_meanwhile_holds_back(approved, carry_out, fake):
    approved([budget_change("130001", "50", "60")])
    AdAccount.objects.update(daily_cap=Decimal(180))
    carry_out()
    decision = Decision.objects.get()
    assert (decision.state, fake.writes) == ("blocked", 0)
    assert "Account cap" in decision.error
    assert Finding.objects.get(stage="claim").guardrail == "spend_cap"


def test_two_raises_cannot_pass_the_cap_together(approved, carry_out, fake):
    AdAccount.objects.update(daily_cap=Decimal(200))  # worst day now 175; one raise makes 192.50, two 210
    approved([budget_change("130001", "50", "60")])
    approved([budget_change("130002", "50", "60")])
    carry_out()
    assert sorted(Decision.objects.values_list("state", flat=True)) == ["blocked", "done"]
    assert sorted(one["daily_budget"] for one in fake.objects.values()) == ["50.00", "60"]


def test_stop_holds_back_raises_and_lets_pauses_pass(approved, carry_out, fake):
    approved([budget_change("130002", "50", "60")])
    ad = Ad.objects.get(ad_set__external_id="130001")
    fake.objects[ad.external_id] = {"name": ad.name, "status": "ACTIVE", "effective_status": "ACTIVE"}
    approved(
        [
            {
                "kind": "set_status",
                "level": "ad",
                "external_id": ad.external_id,
                "name": ad.name,
                "params": {"status": "PAUSED"},
                "before": {"status": "ACTIVE"},
            }
        ],
        action="pause_ad",
        subject_level="ad",
    )
    AdAccount.objects.update(is_stopped=True)
    carry_out()
    assert (fake.objects["130002"]["daily_budget"], fake.objects[ad.external_id]["status"]) == ("50.00", "PAUSED")
    assert dict(Decision.objects.values_list("action", "state")) == {"scale_budget": "blocked", "pause_ad": "done"}
    assert Ad.objects.get(pk=ad.pk).status == "PAUSED"


def test_releasing_the_stop_sends_nothing_by_itself(approved, carry_out, fake):
    approved([budget_change("130002", "50", "60")])
    AdAccount.objects.update(is_stopped=True)
    carry_out()
    AdAccount.objects.update(is_stopped=False)
    carry_out()
    assert fake.writes == 0


def test_change_of_another_object_is_refused(approved, carry_out, fake):
    approved([budget_change("130001", "50", "60")])
    execute.begin_due(wall_now())
    Change.objects.update(external_id="130002", digest="f" * 64)
    carry_out()
    assert (Change.objects.get().error["message"], fake.writes) == ("It is not what was approved.", 0)


def test_old_approval_is_too_old(approved, carry_out, fake, now):
    approved([budget_change("130001", "50", "60")])
    Decision.objects.update(decided_at=now - timedelta(hours=49))
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("blocked", 0)


def test_rule_may_not_do_what_now_needs_a_person(account, carry_out, fake, now, ad_sets):
    decision = DecisionFactory.create(account=account, state="proposed", changes=[budget_change("130001", "50", "60")])
    decision.approve_by_rule(now, wall_now())
    AdAccount.objects.update(approval_over=Decimal(5))
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("blocked", 0)


def test_what_one_reason_stopped_is_said_in_one_sentence(account):
    operation = OperationFactory.create(account=account)
    reasons = ("Stopped.", "Stopped.", "")
    changes = [
        ChangeFactory.build(operation=operation, external_id=f"{number}", state="blocked", error={"message": reason})
        for number, reason in enumerate(reasons)
    ]
    first, second, third = (describe(one) for one in changes)
    words = f"{first} and {second}: Stopped. {third}: held back by a guardrail."
    assert execute.ending_of(changes) == ("blocked", words)


def test_partial_success_names_what_was_done(approved, carry_out, fake):
    approved([budget_change("130002", "50", "60"), budget_change("130001", "50", "40")], action="shift_budget")
    fake.script = ["ok", lambda: AdAccount.objects.update(is_stopped=True)]
    carry_out()
    decision = Decision.objects.get()
    assert decision.state == "failed"
    assert decision.error.endswith("Done all the same: daily budget of the ad set “Broad” to €40.00.")
    assert Change.objects.get(state="done").made_at is not None  # rest and step are counted from it


def test_decision_that_cannot_be_read_does_not_hold_up_others(approved, carry_out, fake, account, logged):
    """A field that this version does not know: it is logged each time, and the others are begun, sent and ended."""
    broken = approved([budget_change("130001", "50", "60") | {"currency": "EUR"}])
    AdAccount.objects.filter(pk=account.pk).update(daily_cap=Decimal(20_000))
    other = AccountFactory.create(brand=account.brand)
    whole = DecisionFactory.create(account=other, action="refresh_creative", changes=[], state="proposed")
    whole.approve_by_rule(whole.proposed_at, wall_now())
    carry_out()
    assert dict(Decision.objects.values_list("pk", "state")) == {broken.pk: "approved", whole.pk: "done"}
    assert f"begin: {broken.key} could not be worked on" in logged


def test_operation_that_cannot_be_ended_does_not_hold_up_others(approved, account, ad_sets, monkeypatch, logged):
    approved([], action="refresh_creative")
    other = AccountFactory.create(brand=account.brand)
    whole = DecisionFactory.create(account=other, action="refresh_creative", changes=[], state="proposed")
    whole.approve_by_rule(whole.proposed_at, wall_now())
    execute.begin_due(wall_now())
    first, settle = Operation.objects.get(account=account), execute.settle
    monkeypatch.setattr(execute, "settle", lambda one: 1 / 0 if one == first else settle(one))
    assert execute.settle_decisions() == 1
    assert f"settle: {first.key} could not be worked on" in logged


def test_broken_change_does_not_hold_up_others(approved, fake, ad_sets, caplog):
    approved([budget_change("130001", "50", "60")])
    approved([budget_change("130002", "50", "60")])
    execute.begin_due(wall_now())
    fake.script = [lambda: 1 / 0]
    assert execute.run_due(platform_for=lambda account: fake) == 2
    assert sorted(Change.objects.values_list("state", flat=True)) == ["done", "sent"]
