"""The way back: an approval is withdrawn while nothing has been sent; afterwards the old state is set again."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from campaigns.models import Change, Operation
from campaigns.operations import ledger
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.execute import settle, wishes_of
from mediabuyer.agent.learn import remember_decision
from mediabuyer.agent.models import REVERSIBLE, Decision
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict
from mediabuyer.lib.queue import enqueue

NO_WAY_BACK = {
    Decision.State.PROPOSED: "Nothing has been done yet.",
    Decision.State.AWAITING: "Nobody has approved it yet.",
    Decision.State.EXECUTING: "It is being sent right now. Wait until it is done, then take it back.",
    Decision.State.UNKNOWN: "It is not known yet whether it arrived. That has to be settled first.",
    Decision.State.REJECTED: "Only the person who rejected it can take that back, within 10 s.",
    Decision.State.UNDONE: "It was taken back already.",
}
UNSETTLED = "It is not known yet whether the last try to take it back arrived. That has to be settled first."


def can_undo(decision: Decision) -> tuple[bool, str]:
    """Whether there is a way back, and in words what it would do or why there is none."""
    if decision.state == Decision.State.APPROVED:
        return True, "Nothing has been sent yet: the approval is withdrawn and it waits for an answer again."
    if decision.state not in REVERSIBLE:
        return False, NO_WAY_BACK.get(Decision.State(decision.state), "Nothing of it was sent.")
    if _open_undo(decision):
        return False, "It is being taken back right now."
    if decision.undo_state == Decision.Undo.UNKNOWN:
        return False, UNSETTLED
    changes = _sent_changes(decision)
    if not changes:
        return False, "It changed nothing at the platform."
    back = [_reverse(change) for change in changes]
    if any(one is None for one in back):
        return False, "What was there before is not known, so it cannot be set again by itself."
    created = sum(change.kind.startswith("create_") for change in changes)
    if created:
        return True, "What was created is paused, not deleted. The rest is set back to what it was."
    return True, "The old values are set again. Meta may learn anew for some days; what was spent stays spent."


@transaction.atomic
def undo(
    decision: Decision, person: User, now: datetime, machine_now: datetime, via: Token | None = None
) -> Operation | None:
    """Withdraws or plans the way back; None when nothing had been sent. Asking twice plans it once.

    `machine_now` is the wall clock: a sandbox's account time may stand still, the journal keeps both.
    """
    require(person, Right.DECIDE, decision.account.brand)
    decision = Decision.objects.select_for_update(of=("self",)).select_related("account__brand").get(pk=decision.pk)
    if running := _open_undo(decision):
        return running
    if decision.undo_state == Decision.Undo.RUNNING:
        settle(_undos(decision).latest("pk"))  # it has ended a moment ago, and nobody has said how yet
        decision.refresh_from_db()
    if decision.state == Decision.State.REJECTED:
        _reconsider(decision, person, now, via)
        return None
    possible, words = can_undo(decision)
    if not possible:
        raise Conflict(words, remedy="Reload the page to see how it stands.")
    if decision.state == Decision.State.APPROVED:
        decision.withdraw(person, now, via)
        return None
    operation = _plan_way_back(decision, person, now, machine_now, via)
    enqueue("mediabuyer.agent.tasks.execute_decision", decision.pk, cluster="urgent")
    return operation


def _reconsider(decision: Decision, person: User, now: datetime, via: Token | None) -> None:
    try:
        with transaction.atomic():
            decision.reconsider(person, now, via)
    except IntegrityError as error:  # one open decision per subject
        raise Conflict("A newer decision on the same is open already.", remedy="Answer that one.") from error
    remember_decision(decision, now)


def _plan_way_back(
    decision: Decision, person: User, now: datetime, machine_now: datetime, via: Token | None
) -> Operation:
    """In reverse order: what was done last goes back first. It passes the same guardrails as every change."""
    operation = Operation(
        key=uuid.uuid5(decision.key, f"undo {_undos(decision).count() + 1}"),
        account=decision.account,
        decision_key=decision.key,
        workflow=decision.action,
        reason=f"Taking back: {decision.title}",
        actor=named(person, via),
        is_undo=True,
    )
    back = [one for change in reversed(_sent_changes(decision)) if (one := _reverse(change))]
    decision.begin_undo(person, now, machine_now, via)
    ledger.plan(operation, wishes_of(back), now)
    return Operation.objects.get(key=operation.key)


def _undos(decision: Decision) -> QuerySet[Operation]:
    return Operation.objects.filter(decision_key=decision.key, account=decision.account, is_undo=True)


def _open_undo(decision: Decision) -> Operation | None:
    return _undos(decision).filter(change__state__in=Change.OPEN).first()


def _sent_changes(decision: Decision) -> list[Change]:
    return list(
        Change.objects.filter(
            operation__decision_key=decision.key,
            operation__is_undo=False,
            account=decision.account,
            state=Change.State.DONE,
        ).order_by("order", "id")
    )


def _reverse(change: Change) -> PlannedChange | None:
    """The change that sets things back; None where the old value is not known."""
    name = change.expected.get("name") or change.params.get("name") or change.external_id
    if change.kind.startswith("create_"):
        return PlannedChange("set_status", change.level, change.remote_id, name, {"status": "PAUSED"})
    field = "daily_budget" if change.kind == "set_budget" else "status"
    old, new = change.before.get(field), change.after.get(field, change.params.get(field))
    if old is None:
        return None
    return PlannedChange(change.kind, change.level, change.external_id, name, {field: old}, {field: new})
