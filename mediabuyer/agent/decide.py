"""Turns guarded proposals into decisions: held back, waiting for a person, or allowed by rule."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import Ad
from mediabuyer.agent.context import PlannedChange, Proposal, Severity
from mediabuyer.agent.guard import Guarded
from mediabuyer.agent.models import UNDO_WINDOW, Cycle, Decision, Finding
from mediabuyer.agent.steps import Note
from mediabuyer.lib.clock import wall_now
from memory.events import record

LIFETIME = timedelta(hours=48)
"""After that its figures are too old to act on, and it lapses without spending anything."""
Precedents = dict[str, list[dict[str, Any]]]


def decide(cycle: Cycle, guarded: list[Guarded], remembered: Precedents, note: Note) -> list[Decision]:
    decisions = [decision for one in guarded if (decision := _decide_one(cycle, one, remembered))]
    waiting = sum(decision.state == Decision.State.AWAITING for decision in decisions)
    note.say(
        f"{len(decisions)} written down, {waiting} wait for a person." if decisions else "Nothing to decide.",
        decisions=[{"key": str(one.key), "title": one.title, "state": one.state} for one in decisions],
    )
    return decisions


def _decide_one(cycle: Cycle, guarded: Guarded, remembered: Precedents) -> Decision | None:
    """None when the same was decided beside us, or held back lately; the other one stands."""
    if _is_known(cycle, guarded):
        return None
    try:
        with transaction.atomic():
            decision = _write(cycle, guarded.proposal, remembered)
            Finding.objects.bulk_create(
                Finding(decision=decision, guardrail=one.guardrail, severity=one.severity, message=one.message)
                for one in guarded.findings
            )
            _route(decision, guarded, cycle)
    except IntegrityError as error:
        if "one_open_decision_per_subject" not in str(error):
            raise
        return None
    return decision


def _is_known(cycle: Cycle, guarded: Guarded) -> bool:
    """The very same was held back not long ago: a rest of three days is told once, not with every cycle."""
    if guarded.verdict != Severity.BLOCK or cycle.account.is_read_only:
        return False
    proposal = guarded.proposal
    same = Decision.objects.filter(account=cycle.account, action=proposal.action, subject_id=proposal.subject_id)
    last = same.order_by("-pk").first()
    return (
        last is not None
        and last.state == Decision.State.BLOCKED
        and last.proposed_at > cycle.now - LIFETIME
        and last.changes == [change_as_json(change) for change in proposal.changes]
    )


def _write(cycle: Cycle, proposal: Proposal, remembered: Precedents) -> Decision:
    account, effect = cycle.account, proposal.effect
    decision = Decision(
        account=account,
        cycle=cycle,
        action=proposal.action,
        title=proposal.title[:300],
        why=proposal.why,
        ad=Ad.objects.filter(account=account, external_id=proposal.subject_id).first()
        if proposal.subject_level == "ad"
        else None,
        subject_level=proposal.subject_level,
        subject_id=proposal.subject_id,
        params=proposal.params,
        changes=[change_as_json(change) for change in proposal.changes],
        evidence=proposal.evidence,
        expected={name: str(value) for name, value in asdict(effect).items()} if effect else {},
        risk=proposal.risk,
        way_back=proposal.way_back,
        precedents=remembered.get(f"{proposal.action}:{proposal.subject_id}", remembered.get(proposal.action, [])),
        waiting_cost=max(effect.per_day, Decimal(0)) if effect else None,
        proposed_at=cycle.now,
        expires_at=cycle.now + LIFETIME,
    )
    decision.content_hash = decision.compute_hash()
    decision.save()
    record(
        "decision.proposed",
        "decision",
        decision.key,
        brand=account.brand,
        account=account.key,
        now=cycle.now,
        actor="agent",
        what=decision.title,
        hash=decision.content_hash,
    )
    return decision


def _route(decision: Decision, guarded: Guarded, cycle: Cycle) -> None:
    """The gravest finding decides. A shadow account's proposals stay proposals: they are shown and go nowhere."""
    if cycle.account.is_read_only:
        return
    if guarded.verdict == Severity.BLOCK:
        reasons = [one.message for one in guarded.findings if one.severity == Severity.BLOCK]
        decision.block(cycle.now, reasons[0])
    elif guarded.verdict == Severity.APPROVE:
        decision.ask(cycle.now)
    else:
        decision.approve_by_rule(cycle.now, wall_now() + UNDO_WINDOW)


def change_as_json(change: PlannedChange) -> dict[str, Any]:
    return asdict(change)


def change_from_json(data: dict[str, Any]) -> PlannedChange:
    return PlannedChange(**data)
