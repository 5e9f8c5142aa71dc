"""One try at a claimed change: look first where it may have been sent, ask the guardrails, write down, send, settle.

No call to a platform happens inside a transaction, and between any two lines the process may die: the row then says
either that nothing was sent, or that something may have been, and the next worker begins by looking.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from campaigns.connection import note_trouble
from campaigns.models import Change
from campaigns.operations import settle
from campaigns.operations.words import is_creation
from campaigns.platforms.base import ChangeKind, Level, Platform, PlatformChange, Receipt
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Fault, PlatformError

Guard = Callable[[Change], str | None]
"""Says why a change must not be sent now, in words for people; None lets it pass."""

MAX_CLAIMS = 60
"""Claims that came to nothing (a worker died each time, the platform never answered) before a person is asked."""
FLAKY, FLAKY_TRIES = 1487390, 3
"""Meta refuses creatives now and then for no reason, without having made anything; trying again cures most."""
ACCOUNT_FAULTS = (Fault.RATE, Fault.AUTH, Fault.PERMISSION, Fault.HELD)
GONE = ("DELETED", "ARCHIVED")


def attempt(change: Change, platform: Platform, guard: Guard, now: datetime, rng: random.Random) -> Change:
    """Brings a claimed change one step on and returns it as it stands. `now` is the account's time, for the journal."""
    was_sent = change.state == Change.State.SENT
    try:
        try:
            _advance(change, platform, guard, now, rng)
        except settle.Halted as halt:
            settle.hold_back(change, halt.message, now, was_sent=was_sent)
        except PlatformError as error:
            not_reached(change, error, now, rng)
    except settle.Superseded:
        change.refresh_from_db()  # somebody else has it now: nothing of ours was written
    return change


def _advance(change: Change, platform: Platform, guard: Guard, now: datetime, rng: random.Random) -> None:
    if _is_given_up(change, now) or _waits_in_vain(change, now):
        return
    was_sent = change.state == Change.State.SENT
    if was_sent and not _may_send_again(change, platform, now, rng):
        return
    if why := _refusal(change, guard):
        settle.hold_back(change, why, now, was_sent=was_sent)
    elif _is_ready(change, platform, now):
        _send(change, platform, now, rng)


def _is_given_up(change: Change, now: datetime) -> bool:
    came_to_nothing = (
        change.lookups if change.state == Change.State.SENT else (change.fence - change.lookups - change.attempts)
    )
    if came_to_nothing <= MAX_CLAIMS:
        return False
    settle.give_up(change, f"Tried {came_to_nothing} times without an answer.", now)
    return True


def _waits_in_vain(change: Change, now: datetime) -> bool:
    """A step whose earlier steps did not succeed is not sent; resuming the operation plans it again."""
    earlier = change.operation.change_set.filter(order__lt=change.order)
    if change.state == Change.State.SENT or not earlier.exclude(state=Change.State.DONE).exists():
        return False
    settle.cancel(change, "An earlier step of the same operation did not succeed.", now)
    return True


def _may_send_again(change: Change, platform: Platform, now: datetime, rng: random.Random) -> bool:
    """After a send of unknown outcome: adopt what is there; until the settle window ends, believe in no absence."""
    asked_at = database_now()
    if _adopted(change, platform, now):
        return False
    settled_from = (change.sent_at or asked_at) + timedelta(seconds=settings.SETTLE_SECONDS)
    if asked_at < settled_from:
        settle.wait(change, min(settled_from, settle.pause_until(change, rng)))
        return False
    if _has_used_up(change, Change.MAX_ATTEMPTS):
        settle.give_up(change, f"Sent {change.attempts} times; the platform neither confirms nor shows it.", now)
        return False
    return True


def _has_used_up(change: Change, tries: int) -> bool:
    """Whether it was sent so often since it was planned, or since a person had it taken up again."""
    return change.attempts >= change.allowed_attempts - Change.MAX_ATTEMPTS + tries


def _adopted(change: Change, platform: Platform, now: datetime) -> bool:
    how = "found at the platform after its answer was lost"
    if is_creation(change):
        found = sorted(platform.find_by_marker(Level(change.level), change.marker), key=lambda one: one.external_id)
        if found:
            settle.done(change, found[0].external_id, {"name": found[0].name, "status": found[0].status}, now, how=how)
        return bool(found)
    state = platform.read_state(Level(change.level), change.external_id)
    if is_as_wished(change, state):
        settle.done(change, change.external_id, state, now, how=how)
        return True
    return False


def _refusal(change: Change, guard: Guard) -> str | None:
    try:
        return guard(change)
    except (PlatformError, settle.Superseded):
        raise
    except Exception as error:  # noqa: BLE001 - a rule that cannot be computed holds the change back
        return f"The guardrails could not be asked ({type(error).__name__}), so nothing is sent."


def _is_ready(change: Change, platform: Platform, now: datetime) -> bool:
    """Reads what is there before it is altered. Not ready: gone, as wished already, or changed by somebody else."""
    if is_creation(change):
        return True
    state = platform.read_state(Level(change.level), change.external_id)
    if state.get("status") in GONE:
        settle.fail(change, PlatformError(Fault.MISSING, "The object was deleted or archived at the platform."), now)
    elif is_as_wished(change, state):
        settle.write(change, before=change.before or state)
        settle.done(change, change.external_id, state, now, how="it was so already")
    elif drift := _drift(change, state):
        settle.hold_back(change, drift, now, was_sent=change.state == Change.State.SENT)
    else:
        change.before = change.before or state
        return True
    return False


def is_as_wished(change: Change, state: dict[str, Any]) -> bool:
    return all(_is_same(name, state.get(name), value) for name, value in change.params.items())


def _drift(change: Change, state: dict[str, Any]) -> str:
    """What differs from the state that the change was decided on, in words; empty when nothing does."""
    planned_on = change.expected or change.before
    for name in ("status", "daily_budget"):
        if name in change.params and name in planned_on and not _is_same(name, state.get(name), planned_on[name]):
            return (
                f"It was changed elsewhere meanwhile: {name.replace('_', ' ')} is {state.get(name) or 'empty'}, "
                f"this was decided on {planned_on[name] or 'empty'}."
            )
    return ""


def _is_same(name: str, one: Any, other: Any) -> bool:
    if name == "daily_budget" and one is not None and other is not None:
        return Decimal(str(one)) == Decimal(str(other))
    return bool(one == other)


def _send(change: Change, platform: Platform, now: datetime, rng: random.Random) -> None:
    earlier_state = change.state
    wish = PlatformChange(ChangeKind(change.kind), Level(change.level), change.external_id, _params(change))
    settle.begin_sending(change, change.before, now)
    try:
        receipt = platform.apply(wish, change.marker, lambda: settle.check_still_ours(change))
    except PlatformError as error:
        _after_failed_send(change, error, earlier_state, now, rng)
    else:
        settle.done(change, receipt.external_id or change.external_id, _state_after(change, platform, receipt), now)


def _params(change: Change) -> dict[str, Any]:
    """The parameters with the ids of what earlier steps created."""
    made = dict(change.operation.change_set.filter(state=Change.State.DONE).values_list("key", "remote_id"))
    return {
        name: made[uuid.uuid5(change.operation.key, str(value["from_step"]))]
        if isinstance(value, dict) and "from_step" in value
        else value
        for name, value in change.params.items()
    }


def _state_after(change: Change, platform: Platform, receipt: Receipt) -> dict[str, Any]:
    """Read back, since a platform may take less than was asked for; the wish itself where reading fails."""
    if is_creation(change):
        return {"name": change.params.get("name", ""), "status": "PAUSED"}
    try:
        return platform.read_state(Level(change.level), receipt.external_id or change.external_id)
    except PlatformError:
        return dict(change.params)


def _after_failed_send(
    change: Change, error: PlatformError, earlier_state: str, now: datetime, rng: random.Random
) -> None:
    """By fault: the account rests, the change fails, or it may have arrived and is looked for."""
    kept = {**error.as_dict(), "remedy": error.remedy}
    if error.fault in ACCOUNT_FAULTS:  # refused at the door: this attempt does not count
        until = note_trouble(change.account, error, now)
        settle.wait(change, until, state=earlier_state, attempts=change.attempts - 1, error=kept)
    elif error.subcode == FLAKY:
        if _has_used_up(change, FLAKY_TRIES):
            settle.fail(change, error, now)
        else:
            settle.wait(change, settle.pause_until(change, rng), state=earlier_state, error=kept)
    elif error.ambiguous:
        settle.wait(change, settle.pause_until(change, rng), error=kept)
    elif error.fault is Fault.MISSING and _parent_is_new(change) and not _has_used_up(change, Change.MAX_ATTEMPTS):
        settle.wait(change, settle.pause_until(change, rng), state=earlier_state, error=kept)
    else:
        settle.fail(change, error, now)


def _parent_is_new(change: Change) -> bool:
    """What was created a moment ago may not be visible to the next call yet."""
    since = database_now() - timedelta(seconds=settings.SETTLE_SECONDS)
    return change.operation.change_set.filter(order__lt=change.order, settled_at__gt=since).exists()


def not_reached(change: Change, error: PlatformError, now: datetime, rng: random.Random) -> None:
    """After a failed read, or when the account could not be connected: nothing was sent by it."""
    kept = {**error.as_dict(), "remedy": error.remedy}
    if error.fault in ACCOUNT_FAULTS:
        settle.wait(change, note_trouble(change.account, error, now), error=kept)
    elif error.ambiguous or (error.fault is Fault.MISSING and _parent_is_new(change)):
        settle.wait(change, settle.pause_until(change, rng), error=kept)
    else:
        settle.fail(change, error, now)
