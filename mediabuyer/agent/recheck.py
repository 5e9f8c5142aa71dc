"""The guardrails once more, inside the claim and on fresh numbers: what was right once may not be now."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from campaigns.models import Change, Operation
from campaigns.operations.attempt import Guard
from campaigns.operations.ledger import digest_of
from mediabuyer.agent.context import PlannedChange, Severity, planned_from
from mediabuyer.agent.guardrails import evaluate
from mediabuyer.agent.models import REVERSIBLE, Decision, Finding
from mediabuyer.agent.observe import context_for

VALID_FOR = timedelta(hours=48)
"""An approval that could not be carried out for so long rests on figures too old to spend on."""


def guardrails_at(now: datetime) -> Guard:
    """The guardrails on fresh numbers: what they say inside the claim, at the account's time `now`."""
    return lambda change: refusal(change, now)


def refusal(change: Change, now: datetime) -> str | None:
    """Why this change must not be sent now, in words; None lets it pass. The reasons are kept with the decision."""
    operation, account = change.operation, change.account
    asked = Decision.objects.filter(account=account, key=operation.decision_key or uuid.UUID(int=0))
    decision = asked.select_related("account").first()
    if decision is None:
        return "No decision on this account asks for it."
    if words := _not_covered(change, decision, now):
        return words
    undo = operation if operation.is_undo else None
    context = context_for(account, _remaining(operation), now, decision=decision, undo=undo)
    holding = {Severity.BLOCK, Severity.CHANGE} | (set() if _person_asked(operation) else {Severity.APPROVE})
    against = [finding for finding in evaluate(context) if finding.severity in holding]
    Finding.objects.bulk_create(
        Finding(decision=decision, guardrail=one.guardrail, severity=one.severity, message=one.message, stage="claim")
        for one in against
    )
    return " ".join(finding.message for finding in against) or None


def _person_asked(operation: Operation) -> bool:
    return operation.actor.startswith("person:")


def _not_covered(change: Change, decision: Decision, now: datetime) -> str:
    """An approval is for exactly these changes, on this account, and for a while."""
    if decision.approved_hash != decision.compute_hash():  # another account, mode or currency than it was approved for
        return "It is not what was approved."
    if change.operation.is_undo:
        return "" if decision.state in REVERSIBLE else "What should be taken back is not done."
    if decision.state not in (Decision.State.EXECUTING, Decision.State.UNKNOWN):
        return f"The decision is “{decision.get_state_display()}”, so nothing of it is sent."
    approved = {digest_of(one.kind, one.level, one.external_id, one.params) for one in planned_changes(decision)}
    if change.digest not in approved:
        return "It is not what was approved."
    if decision.decided_at and now - decision.decided_at > VALID_FOR:
        return f"It was approved more than {VALID_FOR / timedelta(hours=1):.0f} hours ago; its figures are too old."
    return ""


def _remaining(operation: Operation) -> list[PlannedChange]:
    """All that is still to be sent, together: a shift whose second half would be refused does not begin."""
    return [
        PlannedChange(
            kind=one.kind,
            level=one.level,
            external_id=one.external_id,
            params=one.params,
            name=one.expected.get("name") or one.external_id,
            before={key: value for key, value in one.expected.items() if key != "name"},
        )
        for one in operation.change_set.open()
    ]


def planned_changes(decision: Decision) -> list[PlannedChange]:
    return planned_from(decision.changes)
