"""From guarded proposals to decisions: where each one goes, and that the same is never written twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from mediabuyer.agent.context import Effect, Finding, Severity
from mediabuyer.agent.decide import LIFETIME, decide
from mediabuyer.agent.guard import Guarded
from mediabuyer.agent.models import UNDO_WINDOW, Decision, Step
from mediabuyer.agent.steps import step
from mediabuyer.lib.clock import wall_now
from memory.events import verify_chain
from memory.models import Event
from tests.agent.worlds import budget_to, make_proposal
from tests.factories import CycleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def decide_now(account):
    def run(*guarded, remembered=None, **fields):
        cycle = CycleFactory.create(account=account, state="running", **fields)
        with step(cycle, "decide") as note:
            made = decide(cycle, list(guarded), remembered or {}, note)
        type(cycle).objects.update(state="done")
        return made

    return run


def said(severity, *changes, **values):
    return Guarded(
        make_proposal(*changes, **values),
        (Finding("mode", Severity.PASS, "Sandbox"), Finding("rule", severity, "Because.")),
    )


def kinds():
    return list(Event.objects.order_by("number").values_list("kind", flat=True))


def test_block_ends_it_with_its_reason(decide_now):
    [decision] = decide_now(said(Severity.BLOCK))
    assert (decision.state, decision.error) == ("blocked", "Because.")
    assert kinds() == ["decision.proposed", "decision.blocked"]
    assert Event.objects.get(kind="decision.blocked").data["reason"] == "Because."


def test_approve_asks_a_person(decide_now):
    [decision] = decide_now(said(Severity.APPROVE))
    assert (decision.state, decision.decided_by, decision.approved_hash) == ("awaiting", None, "")
    assert kinds() == ["decision.proposed", "decision.awaiting"]


@pytest.mark.parametrize("severity", [Severity.PASS, Severity.NOTE, Severity.CHANGE])
def test_lesser_findings_are_allowed_by_rule(decide_now, severity):
    [decision] = decide_now(said(severity))
    assert decision.state == "approved"
    assert decision.approved_hash == decision.content_hash == decision.compute_hash()
    assert wall_now() < decision.execute_after <= wall_now() + UNDO_WINDOW
    assert Event.objects.get(kind="decision.approved").actor == "agent"


@pytest.mark.parametrize("severity", list(Severity))
def test_shadow_account_only_shows(account, decide_now, severity):
    account.mode, account.graph_url = "shadow", ""
    account.save()
    [decision] = decide_now(said(severity))
    assert decision.state == "proposed"
    assert kinds() == ["decision.proposed"]


def test_every_finding_is_kept(decide_now):
    [decision] = decide_now(said(Severity.APPROVE))
    assert list(decision.finding_set.values_list("guardrail", "severity", "stage")) == [
        ("mode", "pass", "decide"),
        ("rule", "approve", "decide"),
    ]


def test_open_one_is_not_doubled(decide_now):
    decide_now(said(Severity.APPROVE))
    assert decide_now(said(Severity.APPROVE)) == []
    assert Decision.objects.count() == 1
    assert kinds() == ["decision.proposed", "decision.awaiting"]
    assert Step.objects.latest("pk").summary == "Nothing to decide."


def test_same_hold_is_told_once(decide_now, now):
    decide_now(said(Severity.BLOCK))
    assert decide_now(said(Severity.BLOCK), now=now + timedelta(hours=4)) == []
    assert Decision.objects.count() == 1


def test_hold_is_told_again_for_other_amounts_or_later(decide_now, now):
    decide_now(said(Severity.BLOCK))
    decide_now(said(Severity.BLOCK, budget_to("58")))
    decide_now(said(Severity.BLOCK, budget_to("58")), now=now + LIFETIME)
    assert Decision.objects.filter(state="blocked").count() == 3


def test_hash_covers_what_would_be_sent(decide_now):
    [decision] = decide_now(said(Severity.APPROVE))
    decision.changes[0]["params"]["daily_budget"] = "61"
    assert decision.compute_hash() != decision.content_hash


def test_effect_precedents_and_lifetime_are_written(decide_now, now, brand):
    effect = Effect(Decimal("5.84"), Decimal("-0.60"), Decimal("12.30"), 0.12)
    one = {"key": "k", "text": "It worked.", "outcome": "good", "on": "2026-10-01"}
    [decision] = decide_now(said(Severity.APPROVE, effect=effect), remembered={"scale_budget:set1": [one]})
    decision.refresh_from_db()
    assert decision.expected == {"per_day": "5.84", "low": "-0.60", "high": "12.30", "p_loss": "0.12"}
    assert (decision.waiting_cost, decision.precedents, decision.expires_at) == (Decimal("5.84"), [one], now + LIFETIME)
    assert verify_chain(brand) is None
