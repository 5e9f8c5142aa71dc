"""A person's word on a change whose outcome nobody knows: it arrived, or it did not. The platform is asked before it
counts, and a word that the platform contradicts is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from campaigns.models import AdAccount, Change
from campaigns.operations.attempt import is_as_wished
from campaigns.operations.ledger import turn
from campaigns.operations.settle import CLOCK
from campaigns.operations.tree import note_in_tree
from campaigns.operations.words import describe, is_creation
from campaigns.platforms.base import Level, Platform
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Conflict, Fault, PlatformError
from mediabuyer.lib.money import format_money

Connect = Callable[[AdAccount], Platform]
Tell = Callable[[str], None]
"""Called in the transaction of the move, with what the platform showed: for the journal of whoever asks."""
UNREACHED = "Meta could not be asked"
SHUT = (Fault.AUTH, Fault.PERMISSION, Fault.HELD)
"""Faults that do not pass by themselves: only while an account is shut does a person's word stand alone."""


def window_ends(change: Change) -> datetime | None:
    """Until when something that was sent may still land; None where nothing was sent."""
    return change.sent_at + timedelta(seconds=settings.SETTLE_SECONDS) if change.sent_at else None


@dataclass(frozen=True)
class Seen:
    """What the platform shows of a change right now. `words` say what is there, for people."""

    is_there: bool
    remote_id: str
    state: dict[str, Any]
    words: str


def settle_arrived(change: Change, connect: Connect, now: datetime, actor: str, tell: Tell = lambda _: None) -> None:
    """Done, if the platform shows it. Raises `Conflict` where it shows something else or cannot be asked."""
    _require_unknown(change)
    try:
        seen = _look(change, connect(change.account))
    except PlatformError as error:
        raise _unreached(error) from error
    if not seen.is_there:
        raise Conflict(
            f"Meta does not show it: {seen.words}.", remedy="If you are sure that it did not arrive, say so instead."
        )
    with transaction.atomic():
        note_in_tree(change, seen.state)
        _turn_or_refuse(
            change,
            Change.State.DONE,
            now,
            actor,
            "change.done",
            reason="a person asked, and the platform shows it",
            remote_id=seen.remote_id,
            after={**seen.state, "account_time": change.after.get("account_time", now.isoformat())},
            settled_at=CLOCK,
            made_at=now,
            error={},
        )
        tell(seen.words)


def settle_missing(change: Change, connect: Connect, now: datetime, actor: str, tell: Tell = lambda _: None) -> str:
    """Failed, so that it no longer counts against the caps; returns on what that rests, in words.

    Refused while it may still land, and where the platform shows it or does not answer just now. Where the account is
    shut, the person's word counts, and the journal says so: it must not hold the caps for ever.
    """
    _require_unknown(change)
    ends = window_ends(change)
    if ends and database_now() < ends:
        raise Conflict(
            f"It may still arrive until {ends:%H:%M:%S} UTC, so it cannot be called missing yet.",
            remedy="Wait for that, or let me look again.",
        )
    try:
        seen = _look(change, connect(change.account))
        if seen.is_there:
            raise Conflict("Meta shows that it did arrive.", remedy="Say that it arrived instead.")
        rests_on = f"Meta was asked and does not show it: {seen.words}."
    except PlatformError as error:
        if error.fault not in SHUT:
            raise _unreached(error) from error
        rests_on = f"{UNREACHED} ({error.message}), so this rests on a person's word."
    words = f"It did not arrive. {rests_on}"
    told = {**change.error, "message": words}
    with transaction.atomic():
        _turn_or_refuse(
            change, Change.State.FAILED, now, actor, "change.failed", reason=words, settled_at=CLOCK, error=told
        )
        tell(rests_on)
    return rests_on


def _unreached(error: PlatformError) -> Conflict:
    return Conflict(f"{UNREACHED}: {error.message} Nothing was changed.", remedy="Try again when Meta answers.")


def _look(change: Change, platform: Platform) -> Seen:
    level, none = Level(change.level), f"there is no {change.level.replace('_', ' ')} with our mark {change.marker}"
    if is_creation(change):
        found = min(platform.find_by_marker(level, change.marker), key=lambda one: one.external_id, default=None)
        if found is None:
            return Seen(False, "", {}, none)
        return Seen(True, found.external_id, {"name": found.name, "status": found.status}, found.name)
    try:
        state = platform.read_state(level, change.external_id)
    except PlatformError as error:
        if error.fault is not Fault.MISSING:
            raise
        return Seen(False, change.external_id, {}, "the object is not there any more")
    words = ", ".join(f"{name.replace('_', ' ')} is {_value(name, state, change)}" for name in change.params)
    return Seen(is_as_wished(change, state), change.external_id, state, words)


def _value(name: str, state: dict[str, Any], change: Change) -> str:
    value = state.get(name)
    if name == "daily_budget" and value:
        return format_money(Decimal(value), change.account.currency)
    return str(value or "empty")


def _require_unknown(change: Change) -> None:
    if change.state != Change.State.UNKNOWN:
        raise _settled_meanwhile(change)


def _turn_or_refuse(change: Change, state: str, now: datetime, actor: str, event: str, **values: Any) -> None:
    if not turn(change, state, now, actor, event, seen={"fence": change.fence}, **values):
        change.refresh_from_db()
        if change.state == Change.State.UNKNOWN:
            raise Conflict("This has changed meanwhile.", remedy="Reload the page and look at how it stands now.")
        raise _settled_meanwhile(change)


def _settled_meanwhile(change: Change) -> Conflict:
    return Conflict(
        f"This is not open any more: {describe(change)} is “{change.get_state_display()}”.",
        remedy="Reload the page to see how it ended.",
    )
