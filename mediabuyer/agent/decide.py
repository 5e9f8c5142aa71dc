"""Turns guarded proposals into decisions: held back, waiting for a person, or allowed by rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import Ad, AdAccount
from mediabuyer.agent.context import Proposal, Severity
from mediabuyer.agent.guard import Guarded
from mediabuyer.agent.models import UNDO_WINDOW, Cycle, Decision, Finding
from mediabuyer.agent.steps import Note
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Token, User
from mediabuyer.lib.clock import wall_now
from memory.events import record

LIFETIME = timedelta(hours=48)
"""After that its figures are too old to act on, and it lapses without spending anything."""
Precedents = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Author:
    """Whose proposal it is: the agent's in a cycle, or a person's, by page or with a token."""

    account: AdAccount
    now: datetime
    cycle: Cycle | None = None
    person: User | None = None
    via: Token | None = None

    @property
    def name(self) -> str:
        """As the journal calls it."""
        if self.person is None:
            return "agent"
        return named(self.person, self.via)


def decide(cycle: Cycle, guarded: list[Guarded], remembered: Precedents, note: Note) -> list[Decision]:
    author = Author(cycle.account, cycle.now, cycle)
    made = (decide_one(author, one, remembered) for one in guarded if not _is_known(author, one))
    decisions = [decision for decision in made if decision]
    waiting = sum(decision.state == Decision.State.AWAITING for decision in decisions)
    note.say(
        f"{len(decisions)} written down, {waiting} wait for a person." if decisions else "Nothing to decide.",
        decisions=[{"key": str(one.key), "title": one.title, "state": one.state} for one in decisions],
    )
    return decisions


def decide_one(author: Author, guarded: Guarded, remembered: Precedents) -> Decision | None:
    """None when the same was decided beside us; the other one stands."""
    try:
        with transaction.atomic():
            decision = _write(author, guarded.proposal, remembered)
            Finding.objects.bulk_create(
                Finding(decision=decision, guardrail=one.guardrail, severity=one.severity, message=one.message)
                for one in guarded.findings
            )
            _route(decision, guarded, author)
    except IntegrityError as error:
        if "one_open_decision_per_subject" not in str(error):
            raise
        return None
    return decision


def _is_known(author: Author, guarded: Guarded) -> bool:
    """The very same was held back not long ago: a rest of three days is told once, not with every cycle."""
    if guarded.verdict != Severity.BLOCK or author.account.is_read_only:
        return False
    proposal = guarded.proposal
    same = Decision.objects.filter(account=author.account, action=proposal.action, subject_id=proposal.subject_id)
    last = same.order_by("-pk").first()
    return (
        last is not None
        and last.state == Decision.State.BLOCKED
        and last.proposed_at > author.now - LIFETIME
        and last.changes == [change.as_json() for change in proposal.changes]
    )


def _write(author: Author, proposal: Proposal, remembered: Precedents) -> Decision:
    account, effect, asked = author.account, proposal.effect, author.person is not None
    decision = Decision(
        account=account,
        cycle=author.cycle,
        requested_by=author.person,
        action=proposal.action,
        title=proposal.title[:300],
        why=proposal.why,
        ad=Ad.objects.filter(account=account, external_id=proposal.subject_id).first()
        if proposal.subject_level == "ad"
        else None,
        subject_level=proposal.subject_level,
        subject_id=proposal.subject_id,
        params=proposal.params,
        changes=[change.as_json() for change in proposal.changes],
        evidence=proposal.evidence,
        expected={name: str(value) for name, value in asdict(effect).items()} if effect else {},
        risk=proposal.risk,
        way_back=proposal.way_back,
        precedents=remembered.get(f"{proposal.action}:{proposal.subject_id}", remembered.get(proposal.action, [])),
        waiting_cost=max(effect.per_day, Decimal(0)) if effect else None,
        proposed_at=author.now,
        expires_at=author.now + LIFETIME,
    )
    decision.content_hash = decision.compute_hash()
    decision.save()
    record(
        "decision.proposed",
        "decision",
        decision.key,
        brand=account.brand,
        account=account.key,
        now=author.now,
        actor=author.name,
        what=decision.title,
        hash=decision.content_hash,
        **({"reason": decision.why} if asked else {}),
    )
    return decision


def _route(decision: Decision, guarded: Guarded, author: Author) -> None:
    """The gravest finding decides; what a person asked for is never allowed by rule, so somebody else says yes.

    A shadow account's proposals stay proposals: they are shown and go nowhere.
    """
    if author.account.is_read_only:
        return
    if guarded.verdict == Severity.BLOCK:
        reasons = [one.message for one in guarded.findings if one.severity == Severity.BLOCK]
        decision.block(author.now, reasons[0], author.name)
    elif guarded.verdict == Severity.APPROVE or author.person is not None:
        decision.ask(author.now, author.name)
    else:
        decision.approve_by_rule(author.now, wall_now() + UNDO_WINDOW)
