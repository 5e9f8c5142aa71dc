"""A person's answer to a decision, by page, bulk or API: the one way in, with the guardrails asked once more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mediabuyer.agent.context import Severity, planned_from
from mediabuyer.agent.guardrails import evaluate
from mediabuyer.agent.learn import remember_decision
from mediabuyer.agent.models import Decision
from mediabuyer.agent.observe import context_for
from mediabuyer.brands.models import Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict
from mediabuyer.lib.queue import enqueue


def approve(
    decision: Decision,
    person: User,
    seen_hash: str,
    now: datetime,
    machine_now: datetime,
    via: Token | None = None,
    note: str = "",
) -> None:
    """Yes, if the guardrails still allow it. Raises `Conflict` naming the rule otherwise; then nothing has changed.

    `now` is the account's time, `machine_now` the wall clock from which the undo window runs.
    """
    require(person, Right.DECIDE, decision.account.brand)
    if decision.state == Decision.State.AWAITING and decision.content_hash == seen_hash:
        _require_allowed(decision, now)
    with transaction.atomic():
        decision.approve(person, seen_hash, now, machine_now, via, note)
        enqueue("mediabuyer.agent.tasks.execute_decision", decision.pk, cluster="urgent")


def reject(
    decision: Decision,
    person: User,
    seen_hash: str,
    reason_code: str,
    now: datetime,
    note: str = "",
    via: Token | None = None,
) -> None:
    """No, with a reason; remembered, so that it is said next time."""
    with transaction.atomic():
        decision.reject(person, seen_hash, reason_code, now, note, via)
        remember_decision(decision, now)


def retract(decision: Decision, person: User, seen_hash: str, now: datetime, via: Token | None = None) -> None:
    """The one who asked takes the proposal back; remembered as that."""
    with transaction.atomic():
        decision.retract(person, seen_hash, now, via)
        remember_decision(decision, now)


def _require_allowed(decision: Decision, now: datetime) -> None:
    changes = planned_from(decision.changes)
    for finding in evaluate(context_for(decision.account, changes, now, decision=decision)):
        if finding.severity in (Severity.BLOCK, Severity.CHANGE):
            raise Conflict(
                f"It cannot be approved now. {finding.message}",
                remedy="It stays here until that has changed or it lapses; you can reject it or change the amount.",
            )
