"""What is to be altered at a platform, written down before anything is sent: plan, claim, cancel, resume.

The rows are the queue. A change is claimed with a lease and a fence, both in the database's own time, so that workers
on several machines need not agree on the hour; how a claimed change is carried out is in `attempt`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from campaigns.models import AdAccount, Change, Operation
from campaigns.operations.words import told
from campaigns.platforms.base import ChangeKind, Level
from mediabuyer.lib.errors import Conflict, NotAllowed
from memory import mirror
from memory.events import record


@dataclass(frozen=True)
class Wish:
    """One change to be planned.

    `params` may name what an earlier step of the same operation creates, as `{"from_step": index}`. `expected` is the
    state it was decided on, with the object's `name` for people. Changes of lower `order` are settled first.
    """

    kind: ChangeKind
    level: Level
    external_id: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    exposure: Decimal = Decimal(0)
    order: int = 0


def digest_of(kind: str, level: str, external_id: str, params: dict[str, Any]) -> str:
    """SHA-256 of what is to be done to what: two changes with one digest ask for the same."""
    content = json.dumps([kind, level, external_id, params], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def step_key(operation: Operation, index: int) -> uuid.UUID:
    return uuid.uuid5(operation.key, str(index))


@transaction.atomic
def plan(operation: Operation, wishes: Sequence[Wish], now: datetime) -> list[Change]:
    """Writes the operation (new, with a key of the caller's choice) and its changes. Sends nothing.

    Asking again with the same key returns the rows of the first time; with another content it is a conflict.
    """
    if operation.account.is_read_only:
        raise NotAllowed(
            "This account is only watched: nothing is ever sent to it.",
            remedy="Connect the ad account itself to let the agent act.",
        )
    fields = {
        name: getattr(operation, name) for name in ("account", "decision_key", "workflow", "reason", "actor", "is_undo")
    }
    row, is_new = Operation.objects.get_or_create(key=operation.key, defaults=fields)
    if not is_new:
        return _same_as_before(row, wishes)
    numbered = sorted(enumerate(wishes), key=lambda pair: (pair[1].order, pair[0]))  # ids rise with the order
    changes = Change.objects.bulk_create(_change(row, index, wish) for index, wish in numbered)
    mirror.touch([row, *changes])
    for change in changes:
        record(
            "change.planned",
            "change",
            change.key,
            brand=row.account.brand,
            account=row.account.key,
            now=now,
            actor=row.actor,
            **told(change),
            reason=row.reason,
            operation=row.key,
        )
    return changes


def _change(operation: Operation, index: int, wish: Wish) -> Change:
    return Change(
        key=step_key(operation, index),
        operation=operation,
        account=operation.account,
        order=wish.order,
        kind=wish.kind.value,
        level=wish.level.value,
        external_id=wish.external_id,
        params=wish.params,
        digest=digest_of(wish.kind, wish.level, wish.external_id, wish.params),
        exposure=wish.exposure,
        expected=wish.expected,
    )


def _same_as_before(operation: Operation, wishes: Sequence[Wish]) -> list[Change]:
    wanted = {
        step_key(operation, index): digest_of(wish.kind, wish.level, wish.external_id, wish.params)
        for index, wish in enumerate(wishes)
    }
    changes = list(operation.change_set.all())
    if {change.key: change.digest for change in changes} != wanted:
        raise Conflict(
            "This operation was already planned with another content.", remedy="Ask for it under a key of its own."
        )
    return changes


_CLAIM = """
UPDATE campaigns_change SET fence = fence + 1, lookups = lookups + (state = 'sent')::int,
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
    SELECT c.id FROM campaigns_change c JOIN campaigns_adaccount a ON a.id = c.account_id
    WHERE c.state IN ('planned', 'sent')
      AND (c.not_before IS NULL OR c.not_before <= clock_timestamp())
      AND (c.lease_until IS NULL OR c.lease_until <= clock_timestamp())
      AND a.mode <> 'shadow' AND a.connection = 'ok'
      AND (a.held_until IS NULL OR a.held_until <= clock_timestamp())
      AND (%(account)s::bigint IS NULL OR a.id = %(account)s)
      AND NOT EXISTS (SELECT 1 FROM campaigns_change e WHERE e.operation_id = c.operation_id
                      AND e.state IN ('planned', 'sent') AND e."order" < c."order")
      AND NOT EXISTS (SELECT 1 FROM campaigns_change e WHERE c.external_id <> '' AND e.account_id = c.account_id
                      AND e.state IN ('planned', 'sent') AND e.id < c.id
                      AND e.kind = c.kind AND e.external_id = c.external_id)
    ORDER BY (c.exposure > 0 OR c.kind LIKE 'create%%'), c.id
    LIMIT 1 FOR UPDATE OF c SKIP LOCKED
) RETURNING id
"""
# Whatever lowers spending goes first. Two changes of one property of one object go in the order in which they were
# planned, so that a late first one can never overwrite the second.


def claim(account: AdAccount | None = None) -> Change | None:
    """The next change that is due, leased to the caller; None when there is nothing to do now."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"lease": settings.LEASE_SECONDS, "account": account.pk if account else None})
        row = cursor.fetchone()
    if row is None:
        return None
    return Change.objects.select_related("operation", "account__brand").get(pk=row[0])


def cancel(operation: Operation, now: datetime, actor: str) -> int:
    """Takes back what has not been sent yet; what is on its way is settled as ever. Returns how many were cancelled."""
    cancelled = 0
    for change in operation.change_set.filter(state=Change.State.PLANNED).select_related("operation"):
        cancelled += turn(change, Change.State.CANCELLED, now, actor, "change.cancelled")
    return cancelled


RESUMABLE = (Change.State.FAILED, Change.State.BLOCKED, Change.State.CANCELLED, Change.State.UNKNOWN)


def resume(operation: Operation, now: datetime, actor: str, states: Sequence[str] = RESUMABLE) -> int:
    """Plans again what failed, was held back or cancelled; what is done stays. Returns how many go on.

    What may have been sent is looked for before it is sent again; what nobody knows the outcome of is sent at most once
    more, before a person is asked again.
    """
    again = operation.change_set.filter(state__in=states)
    resumed = 0
    for change in again.select_related("operation"):
        was_sent = change.sent_at is not None
        resumed += turn(
            change,
            Change.State.SENT if was_sent else Change.State.PLANNED,
            now,
            actor,
            "change.looked_again" if was_sent else "change.planned",
            allowed_attempts=change.attempts + (1 if change.state == Change.State.UNKNOWN else Change.MAX_ATTEMPTS),
            lookups=0 if was_sent else F("fence"),  # claims that came to nothing are counted afresh
            not_before=None,
            settled_at=None,
            error={},
        )
    return resumed


@transaction.atomic
def turn(
    change: Change,
    state: str,
    now: datetime,
    actor: str,
    event: str,
    *,
    reason: str = "",
    seen: dict[str, Any] | None = None,
    **values: Any,
) -> int:
    """A move by a person or a rule from outside a claim. A worker that has the change in hand loses it by the fence.

    `seen` is what else must still hold of the row.
    """
    values = {"state": state, "fence": F("fence") + 1, "lease_until": None, **values}
    if not Change.objects.filter(pk=change.pk, state=change.state, **(seen or {})).update(**values):
        return 0
    mirror.touch([change])
    record(
        event,
        "change",
        change.key,
        brand=change.account.brand,
        account=change.account.key,
        now=now,
        actor=actor,
        **told(change, actor),
        reason=reason,
    )
    return 1
