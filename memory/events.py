"""The journal: `record` writes one line in the transaction of the change that it reports."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from mediabuyer.brands.models import Brand
from memory.models import Event

GENESIS = "0" * 64

KINDS: dict[str, str] = {
    "account.connected": "connected the account {name}",
    "account.reconnect_needed": "found that Meta refuses the account's token: {reason}",
    "account.held": "found that Meta holds the account: {reason}",
    "account.limits_changed": "changed the account's limits",
    "account.stopped": "pressed the stop: {reason}",
    "account.released": "released the stop: {reason}",
    "account.goal_set": "set the goal",
    "change.planned": "planned: {what}",
    "change.sent": "sent: {what}",
    "change.done": "done: {what}",
    "change.failed": "failed: {what} ({reason})",
    "change.unknown": "does not know yet whether it arrived: {what}",
    "change.blocked": "had this held back by a guardrail: {what} ({reason})",
    "change.cancelled": "cancelled before it was sent: {what}",
    "change.looked_again": "is looked for again: {what}",
    "change.doubled": "found more objects at the platform than were asked for: {what}",
    "cycle.started": "started a cycle",
    "cycle.finished": "finished a cycle: {proposed} proposed",
    "cycle.failed": "could not finish the cycle at “{step}”: {reason}",
    "decision.proposed": "proposed: {what}",
    "decision.blocked": "had this held back by a guardrail: {what}",
    "decision.awaiting": "asked for a decision: {what}",
    "decision.approved": "approved: {what}",
    "decision.changed": "changed before approving: {what}",
    "decision.rejected": "rejected: {what} ({reason})",
    "decision.retracted": "retracted the proposal: {what}",
    "decision.deferred": "deferred: {what}",
    "decision.resumed": "brought back to the inbox: {what}",
    "decision.reconsidered": "took the rejection back: {what}",
    "decision.expired": "lapsed without an answer: {what}",
    "decision.outdated": "set aside, as new figures say otherwise: {what}",
    "decision.executing": "began to carry out: {what}",
    "decision.done": "carried out: {what}",
    "decision.failed": "could not carry out: {what} ({reason})",
    "decision.unknown": "does not know yet how it ended: {what}",
    "decision.undone": "took back: {what}",
    "decision.undo_requested": "asked to take back: {what}",
    "decision.undo_failed": "could not take back: {what} ({reason})",
    "decision.undo_blocked": "was held back from taking back: {what} ({reason})",
    "decision.undo_unknown": "does not know yet whether it was taken back: {what} ({reason})",
    "decision.looked_again": "had it looked for again: {what}",
    "decision.said_arrived": "said that it arrived: {what}",
    "decision.said_missing": "said that it did not arrive: {what} ({reason})",
    "decision.cancelled": "withdrew the approval before anything was sent: {what}",
    "export.imported": "imported {file}",
    "orders.received": "sent in orders: {orders}",
    "insights.synced": "read {rows} rows of insights",
    "structure.synced": "read the campaign tree: {ads} ads",
    "structure.drifted": "found a change made elsewhere: {what}",
    "outcome.measured": "measured: {what}",
    "member.changed": "changed a member: {what}",
    "token.issued": "issued a token: {name}",
    "token.revoked": "revoked a token: {name}",
}
"""Kind → the sentence people read, with the actor in front of it."""


AGREED = {
    "change.planned": "agreed, and it was planned: {what}",
    "change.sent": "agreed, and it was sent: {what}",
    "change.done": "agreed, and it was done: {what}",
    "change.failed": "agreed, and it failed: {what} ({reason})",
}
TAKEN_BACK = {
    "change.planned": "wanted it back, and that was planned: {what}",
    "change.sent": "wanted it back, and that was sent: {what}",
    "change.done": "wanted it back, and that was done: {what}",
    "change.failed": "wanted it back, and that failed: {what} ({reason})",
}
SAID = {
    "change.done": "said that it arrived: {what}",
    "change.failed": "said that it did not arrive: {what} ({reason})",
}


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def sentence(event: Event) -> str:
    """Follows the name of the actor. What the worker did on a person's word is told as that."""
    words = KINDS[event.kind]
    if event.actor.startswith("person:"):
        told = SAID if event.data.get("is_word") else TAKEN_BACK if event.data.get("is_undo") else AGREED
        words = told.get(event.kind, words)
    data = {name: f"{value:,}" if type(value) is int else value for name, value in event.data.items()}
    return words.format_map(_Lenient(data))


def record(
    kind: str,
    subject: str,
    key: uuid.UUID | str,
    *,
    brand: Brand,
    now: datetime,
    actor: str,
    account: uuid.UUID | None = None,
    **data: Any,
) -> Event:
    """Appends one line to the brand's chain. Must run in the transaction of the change it reports.

    The brand's chain is locked until that transaction ends, so numbers have no gaps and hashes no forks.
    """
    if kind not in KINDS:
        raise KeyError(f"unknown kind of event “{kind}”: add it to memory.events.KINDS")
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"“{kind}” must be recorded in the transaction of the change it reports")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x4D42, brand.pk])
    last = Event.objects.filter(brand=brand).order_by("-number").values_list("number", "hash").first()
    number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    event = Event(
        number=number,
        kind=kind,
        brand=brand,
        account_key=account,
        subject=subject,
        subject_key=str(key),
        actor=actor,
        data=json.loads(json.dumps(data, default=str)),
        happened_at=now,
        recorded_at=timezone.now(),
        previous_hash=previous,
    )
    event.hash = compute_hash(event)
    event.save(force_insert=True)
    return event


def compute_hash(event: Event) -> str:
    """SHA-256 over the line's own content and the hash of the line before."""
    content = [
        event.previous_hash,
        event.number,
        event.kind,
        str(event.account_key),
        event.subject,
        event.subject_key,
        event.actor,
        event.data,
        event.happened_at.astimezone(UTC).isoformat(),
        event.recorded_at.astimezone(UTC).isoformat(),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify_chain(brand: Brand) -> int | None:
    """Number of the first line that was tampered with or is missing; None when the chain is whole."""
    previous, expected = GENESIS, 1
    for event in Event.objects.filter(brand=brand).order_by("number").iterator(chunk_size=2000):
        if event.number != expected or event.previous_hash != previous or compute_hash(event) != event.hash:
            return expected
        previous, expected = event.hash, expected + 1
    return None
