"""What was sent and has no answer yet: what we know of it, what happens next and when, and what a person can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from campaigns.models import AdAccount, Change
from campaigns.operations import ledger
from campaigns.operations.verdict import Connect, settle_arrived, settle_missing, window_ends
from campaigns.operations.words import describe, times
from campaigns.platforms import connect
from mediabuyer.agent import execute
from mediabuyer.agent.models import Decision, part_of
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict, NotAllowed
from mediabuyer.lib.queue import enqueue
from memory.events import record

WAITED = (Change.State.CANCELLED,)
"""What waited in vain for a change of unknown outcome: goes on with it, and the guardrails judge it anew."""
OPEN_END = [Change.State.SENT, Change.State.UNKNOWN]


@dataclass(frozen=True)
class Standing:
    """One change without a certain end. `at` is when the next thing happens by itself; None: nothing does."""

    change: Change
    what: str
    is_undo: bool
    known: str
    next: str
    at: datetime | None
    needs_person: bool
    may_be_missing: bool
    """Whether nothing can land any more, so that a person may say that it did not arrive."""


def open_ends(decisions: QuerySet[Decision] | list[Decision]) -> QuerySet[Change]:
    """Changes of these decisions, and of their undos, of which nobody knows yet whether they arrived."""
    keys = [decision.key for decision in decisions]
    found = Change.objects.filter(operation__decision_key__in=keys, state__in=OPEN_END, attempts__gt=0)
    return found.select_related("operation", "account__brand").order_by("pk")


def needing_somebody(account: AdAccount) -> QuerySet[Change]:
    """What nobody will settle unless a person says how it ended."""
    found = Change.objects.filter(account=account, state=Change.State.UNKNOWN, operation__decision_key__isnull=False)
    return found.select_related("operation", "account__brand").order_by("pk")


def standing_of(change: Change, database_now: datetime) -> Standing:
    """In words for people (what is known, what comes next); `database_now` is the clock that windows are kept in."""
    ends = window_ends(change)
    may_land = ends is not None and database_now < ends
    needs_person = change.state == Change.State.UNKNOWN
    return Standing(
        change=change,
        what=describe(change),
        is_undo=change.operation.is_undo,
        known=_known(change),
        next=_next_for_person(change) if needs_person else _next_by_itself(change, may_land),
        at=None if needs_person else change.not_before,
        needs_person=needs_person,
        may_be_missing=needs_person and not may_land,
    )


def _known(change: Change) -> str:
    said = str(change.error.get("message") or "").rstrip(".")
    heard = f" Last I heard: {said}." if said else " No answer came that can be used."
    return (
        f"It was sent {times(change.attempts)}, and it is not known whether it arrived.{heard}{_reach(change.account)}"
    )


def _reach(account: AdAccount) -> str:
    if account.connection == AdAccount.Connection.OK:
        return ""
    return f" Meta cannot be asked now: {account.get_connection_display().lower()}."


def _next_for_person(change: Change) -> str:
    counts = " Until then what it would raise counts against the daily cap." if change.exposure > 0 else ""
    return f"I do nothing more by myself; somebody has to say how it ended.{counts}"


def _next_by_itself(change: Change, may_land: bool) -> str:
    if change.account.connection != AdAccount.Connection.OK:
        return "I look for it as soon as the account can be used again; nothing is sent twice."
    if may_land:
        return "I look for it at Meta. It may still land, so it is not sent again yet."
    return "I look for it at Meta, and send it again only if it is not there and the guardrails still allow it."


# --- What a person can say -------------------------------------------------------------------------------------------


def look_again(
    decision: Decision, change: Change, person: User, seen_hash: str, now: datetime, via: Token | None = None
) -> None:
    """It is looked for first, and sent once more only if it is not there and the guardrails still allow it."""
    _require(decision, change, person, seen_hash)
    states = (Change.State.UNKNOWN, *WAITED)
    with transaction.atomic():
        if not ledger.resume(change.operation, now, named(person, via), states):
            raise Conflict("It is being looked for already.", remedy="Reload the page to see how it stands.")
        _tell("decision.looked_again", decision, now, person, via)
        enqueue("mediabuyer.agent.tasks.send_due", cluster="urgent")


def say_arrived(
    decision: Decision,
    change: Change,
    person: User,
    seen_hash: str,
    now: datetime,
    via: Token | None = None,
    platform_for: Connect = connect,
) -> None:
    """Done, after the object was read back, and what waited for it goes on under the guardrails.

    Raises `Conflict` where the platform shows otherwise.
    """
    _require(decision, change, person, seen_hash)

    def go_on(words: str) -> None:
        _tell("decision.said_arrived", decision, now, person, via, reason=words)
        if ledger.resume(change.operation, now, named(person, via), WAITED):  # before it is ended without them
            enqueue("mediabuyer.agent.tasks.send_due", cluster="urgent")

    settle_arrived(change, platform_for, now, named(person, via), go_on)
    execute.settle(change.operation)


def say_missing(
    decision: Decision,
    change: Change,
    person: User,
    seen_hash: str,
    now: datetime,
    via: Token | None = None,
    platform_for: Connect = connect,
) -> str:
    """Failed, so that it no longer counts against the caps; returns what that rests on, in words."""
    _require(decision, change, person, seen_hash)
    rests_on = settle_missing(
        change,
        platform_for,
        now,
        named(person, via),
        lambda words: _tell("decision.said_missing", decision, now, person, via, reason=words),
    )
    execute.settle(change.operation)
    return rests_on


def _require(decision: Decision, change: Change, person: User, seen_hash: str) -> None:
    """Right, separation and hash, as for an answer."""
    require(person, Right.DECIDE, decision.account.brand)
    decision.require_same(seen_hash)
    if part := part_of(decision, person):
        raise NotAllowed(f"You {part} this, so somebody else says how it ended.", remedy="Ask another manager.")
    if change.operation.decision_key != decision.key or change.account_id != decision.account_id:
        raise Conflict("This change belongs to another decision.", remedy="Reload the page.")
    if change.state != Change.State.UNKNOWN:
        raise Conflict(
            f"It is “{change.get_state_display()}” by now, so there is nothing to say.",
            remedy="Reload the page to see how it ended.",
        )


def _tell(kind: str, decision: Decision, now: datetime, person: User, via: Token | None, reason: str = "") -> None:
    account = decision.account
    record(kind, "decision", decision.key, brand=account.brand, account=account.key, now=now,
           actor=named(person, via), what=decision.title, reason=reason)  # fmt: skip
