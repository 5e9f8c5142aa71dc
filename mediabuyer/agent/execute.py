"""From an approval to the platform: begins what is due, sends it change by change, and says how the decision ended."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from campaigns.clock import now_for
from campaigns.models import META_EXPOSURE, AdAccount, Change, Operation
from campaigns.operations import ledger
from campaigns.operations.attempt import attempt, not_reached
from campaigns.operations.ledger import Wish
from campaigns.operations.words import describe
from campaigns.platforms import connect
from campaigns.platforms.base import ChangeKind, Level, Platform
from mediabuyer.agent.context import PlannedChange
from mediabuyer.agent.models import REVERSIBLE, Decision
from mediabuyer.agent.outcomes import await_outcome
from mediabuyer.agent.recheck import guardrails_at, planned_changes
from mediabuyer.agent.steps import Note
from mediabuyer.brands.actors import named
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import PlatformError
from mediabuyer.lib.queue import each_alone, enqueue

logger = logging.getLogger(__name__)

STATES = Change.State


def act(account: AdAccount, decisions: list[Decision], note: Note) -> None:
    """The cycle's step: wakes a worker for what the rules allow, and says what waits for people."""
    allowed = [decision for decision in decisions if decision.state == Decision.State.APPROVED]
    for decision in allowed:
        enqueue("mediabuyer.agent.tasks.execute_decision", decision.pk, cluster="urgent")
    waiting = sum(decision.state == Decision.State.AWAITING for decision in decisions)
    note.say(
        "Nothing may be done on an imported account."
        if account.is_read_only
        else f"{len(allowed)} to be sent now, {waiting} wait for a person.",
        sent=[str(one.key) for one in allowed],
    )


# --- Begin ------------------------------------------------------------------------------------------------------------


def begin_due(machine_now: datetime, account: AdAccount | None = None) -> int:
    """Turns approved decisions whose time to take them back is over into planned changes. Returns how many began."""
    due = Decision.objects.filter(state=Decision.State.APPROVED, execute_after__lte=machine_now)
    if account is not None:
        due = due.filter(account=account)
    begun = 0
    for one in list(due.order_by("execute_after").select_related("account__brand")):
        with each_alone("begin", one.key):
            begun += _begin(one.pk, now_for(one.account))
    return begun


@transaction.atomic
def _begin(pk: int, now: datetime) -> bool:
    """Move and plan together, so that a decision is never executing without its changes. False: somebody was faster."""
    decision = (
        Decision.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("account__brand", "decided_by")
        .filter(pk=pk, state=Decision.State.APPROVED)
        .first()
    )
    if decision is None:
        return False
    if decision.account.is_read_only:
        decision.block(now, "This account is only watched: nothing is ever sent to it.", actor="system")
        return False
    decision.begin(now)
    if decision.state != Decision.State.EXECUTING:
        return False
    ledger.plan(_operation(decision), wishes_of(planned_changes(decision)), now)
    return True


def _operation(decision: Decision) -> Operation:
    return Operation(
        key=uuid.uuid5(decision.key, f"version {decision.version}"),
        account=decision.account,
        decision_key=decision.key,
        workflow=decision.action,
        reason=decision.why,
        actor=actor_of(decision),
    )


def actor_of(decision: Decision) -> str:
    return named(decision.decided_by) if decision.decided_by else "agent"


def wishes_of(changes: list[PlannedChange]) -> list[Wish]:
    """Where money moves from one object to others, what lowers goes first, so that the sum is never above the cap."""
    lowers = any(change.budget_rise < 0 for change in changes)
    return [
        Wish(
            kind=ChangeKind(change.kind),
            level=Level(change.level),
            external_id=change.external_id,
            params=change.params,
            expected={**change.before, "name": change.name},
            exposure=exposure_of(change),
            order=_order(position, change, lowers),
        )
        for position, change in enumerate(changes)
    ]


def _order(position: int, change: PlannedChange, lowers: bool) -> int:
    if change.kind.startswith("create_"):
        return position + 2  # each may name the one before
    return 1 if lowers and change.budget_rise > 0 else 0


def exposure_of(change: PlannedChange) -> Decimal:
    return change.budget_rise * META_EXPOSURE


# --- Send -------------------------------------------------------------------------------------------------------------


def run_due(
    limit: int = 200,
    seconds: float = 45.0,
    account: AdAccount | None = None,
    platform_for: Callable[[AdAccount], Platform] = connect,
) -> int:
    """Sends what is due, one change after the other, until none is left or the time is over.

    Returns how many were taken. Any number of workers may run this at once.
    """
    rng, until, taken = random.Random(), time.monotonic() + seconds, 0  # noqa: S311 - jitter, not a secret
    while taken < limit and time.monotonic() < until and (change := ledger.claim(account)):
        taken += 1
        now = now_for(change.account)
        try:
            _try_one(change, platform_for, now, rng)
        except Exception:  # one broken change must not hold up the others; it is claimed again after its lease
            logger.exception("change %s could not be attempted", change.key)
        if change.state not in Change.OPEN:
            settle(change.operation)  # at once: what was refused no longer counts against the caps of others
    return taken


def _try_one(change: Change, platform_for: Callable[[AdAccount], Platform], now: datetime, rng: random.Random) -> None:
    try:
        platform = platform_for(change.account)
    except PlatformError as error:  # its keys or its address are not in order
        not_reached(change, error, now, rng)
    else:
        attempt(change, platform, guardrails_at(now), now, rng)


# --- Settle -----------------------------------------------------------------------------------------------------------


def settle_decisions(account: AdAccount | None = None) -> int:
    """Ends every decision whose changes have all ended, and every undo that is complete. Returns how many ended."""
    running = Decision.objects.filter(state__in=[Decision.State.EXECUTING, Decision.State.UNKNOWN])
    undo_under_way = ["", Decision.Undo.RUNNING, Decision.Undo.UNKNOWN]
    done = Decision.objects.filter(state__in=REVERSIBLE, undo_state__in=undo_under_way)
    operations = Operation.objects.filter(
        Q(is_undo=False, decision_key__in=running.values("key")) | Q(is_undo=True, decision_key__in=done.values("key"))
    ).exclude(change__state__in=Change.OPEN)
    if account is not None:
        operations = operations.filter(account=account)
    ended = 0
    for operation in list(operations.select_related("account__brand")):
        with each_alone("settle", operation.key):
            ended += settle(operation)
    return ended


def settle(operation: Operation) -> bool:
    """Ends the decision of one operation, if everything in it has ended."""
    if operation.change_set.open().exists():
        return False
    return _settle_undo(operation) if operation.is_undo else _settle(operation)


def _locked_decision(operation: Operation, *states: str) -> Decision | None:
    """The operation's decision, for us alone; None when somebody else is ending it or has."""
    found = Decision.objects.filter(
        account=operation.account, key=operation.decision_key or uuid.UUID(int=0), state__in=states
    )
    return found.select_for_update(skip_locked=True, of=("self",)).select_related("account__brand").first()


def _settle(operation: Operation) -> bool:
    now = now_for(operation.account)
    with transaction.atomic():
        decision = _locked_decision(operation, Decision.State.EXECUTING, Decision.State.UNKNOWN)
        if decision is None:
            return False
        changes = list(operation.change_set.all())
        state, words = ending_of(changes)
        if state in ("", decision.state):
            return False
        if decision.state == Decision.State.UNKNOWN and state == Decision.State.BLOCKED:
            state = Decision.State.FAILED  # it was sent once, so it is more than held back
        decision.finish(state, now, words)
        if state == Decision.State.DONE and changes:
            await_outcome(decision, now)
    return True


def ending_of(changes: list[Change]) -> tuple[str, str]:
    """The decision's end and the words for it; an empty state while something is still open. No changes: done."""
    states = {change.state for change in changes}
    if states & set(Change.OPEN):
        return "", ""
    if states <= {STATES.DONE}:
        return Decision.State.DONE, ""
    trouble = _trouble([one for one in changes if one.state != STATES.DONE])
    finished = [describe(one) for one in changes if one.state == STATES.DONE]
    words = trouble + (f" Done all the same: {'; '.join(finished)}." if finished else "")
    if STATES.UNKNOWN in states:
        return Decision.State.UNKNOWN, words
    if STATES.BLOCKED in states and not finished and STATES.FAILED not in states:
        return Decision.State.BLOCKED, words
    return Decision.State.FAILED, words


def _trouble(changes: list[Change]) -> str:
    """A sentence for each reason, with all that it stopped."""
    stopped: dict[str, list[str]] = {}
    for one in changes:
        reason = one.error.get("message") or one.get_state_display().lower()
        stopped.setdefault(reason.rstrip("."), []).append(describe(one))
    return " ".join(f"{' and '.join(what)}: {reason}." for reason, what in stopped.items())


def _settle_undo(operation: Operation) -> bool:
    """What was asked for and did not happen is said as plainly as what did; an earlier try no longer counts."""
    now = now_for(operation.account)
    with transaction.atomic():
        decision = _locked_decision(operation, *REVERSIBLE)
        if decision is None or _has_later_undo(operation):
            return False
        state, words = ending_of(list(operation.change_set.all()))
        if state in ("", decision.undo_state):
            return False
        if state == Decision.State.DONE:
            decision.mark_undone(now, operation.actor)
        else:
            decision.fail_undo(state, now, words)
    return True


def _has_later_undo(operation: Operation) -> bool:
    same = Operation.objects.filter(account=operation.account, decision_key=operation.decision_key, is_undo=True)
    return same.filter(pk__gt=operation.pk).exists()


def carry_out(seconds: float = 45.0, account: AdAccount | None = None) -> int:
    """One round: begin, send, settle. What a sweep does each minute and a nudge does at once."""
    begin_due(wall_now(), account)
    taken = run_due(seconds=seconds, account=account)
    settle_decisions(account)
    return taken
