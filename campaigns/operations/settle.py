"""Every write of a worker to a change it has claimed: fenced, and with its journal line in the same transaction."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Func

from campaigns.models import AdAccount, Change
from campaigns.operations.tree import note_in_tree
from campaigns.operations.words import is_creation, times, told
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import MediaBuyerError, PlatformError
from memory import mirror
from memory.events import record

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between tries: doubled each time, with jitter."""
CLOCK = Func(function="clock_timestamp", output_field=DateTimeField())
"""The database's clock at this very moment, where its `now()` is the start of the transaction."""
STOPPED = "The stop is pressed: nothing that raises spending is sent until a second person releases it."


class Superseded(MediaBuyerError):
    """Another worker or a person has taken the change; whatever we know about it is no longer ours to write."""


class Halted(MediaBuyerError):
    """Called off at the last moment: nothing was sent."""


def raises_exposure(change: Change) -> bool:
    """Whether it lets more be spent than before: what the stop holds back."""
    return change.exposure > 0 or is_creation(change) or change.params.get("status") == "ACTIVE"


@transaction.atomic
def write(change: Change, **values: Any) -> None:
    """Updates the row only while the claim is ours; the graph hears of it or the row stays as it was."""
    mine = Change.objects.filter(pk=change.pk, fence=change.fence, state__in=Change.OPEN)
    if not mine.update(**values):
        raise Superseded("The claim was lost.")
    change.refresh_from_db(fields=[*values])
    mirror.touch([change])


def log(change: Change, event: str, now: datetime, **data: Any) -> None:
    record(
        event,
        "change",
        change.key,
        brand=change.account.brand,
        account=change.account.key,
        now=now,
        actor=change.operation.actor,
        **told(change),
        **data,
    )


@transaction.atomic
def begin_sending(change: Change, before: dict[str, Any], now: datetime) -> None:
    """Counts the attempt and says that it is sent, before it is. The stop is read under the account's lock:
    once it has been pressed, no raising change gets past this line.
    """
    account = AdAccount.objects.select_for_update(no_key=True).get(pk=change.account_id)
    if account.is_stopped and raises_exposure(change):
        raise Halted(STOPPED)
    if not Change.objects.filter(pk=change.pk, fence=change.fence, lease_until__gt=CLOCK).exists():
        raise Superseded("The lease ran out before sending.")
    write(
        change,
        state=Change.State.SENT,
        attempts=F("attempts") + 1,
        sent_at=CLOCK,
        before=before,
        error={},
        after={"account_time": now.isoformat()},
    )
    log(
        change,
        "change.sent",
        now,
        attempt=change.attempts,
        before=before,
        after=change.params,
        reason=change.operation.reason,
    )


def check_still_ours(change: Change) -> None:
    """Right before the socket is written: fence, lease and stop once more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.fence = %s AND c.state = 'sent' AND c.lease_until > clock_timestamp(), a.is_stopped"
            " FROM campaigns_change c JOIN campaigns_adaccount a ON a.id = c.account_id WHERE c.id = %s",
            [change.fence, change.pk],
        )
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise Superseded("The claim ended before sending.")
    if row[1] and raises_exposure(change):
        raise Halted(STOPPED)


@transaction.atomic
def done(change: Change, remote_id: str, state: dict[str, Any], now: datetime, *, how: str = "") -> None:
    """It is so at the platform; our own tree says so from the same moment on, because caps are counted from it.

    The tree comes before the journal's lock, as it does where the whole tree is read.
    """
    after = {**state, "account_time": change.after.get("account_time", now.isoformat())}
    note_in_tree(change, state)
    _end(change, Change.State.DONE, now, remote_id=remote_id, after=after, error={}, how=how)


def block(change: Change, why: str, now: datetime) -> None:
    _end(change, Change.State.BLOCKED, now, error={"message": why}, reason=why)


def hold_back(change: Change, why: str, now: datetime, *, was_sent: bool) -> None:
    """Not sent now, and why. What may have left once is more than held back: it has been looked for after its settle
    window and is not in force, so it failed, and the words say both.
    """
    if not was_sent:
        block(change, why, now)
        return
    lost = "its answer was lost" if change.attempts == 1 else "no answer came"
    words = (
        f"It was sent {times(change.attempts)}, {lost}, and the platform does not show it. It is not sent again: {why}"
    )
    _end(change, Change.State.FAILED, now, error={"message": words, "held_back": why}, reason=words)


def cancel(change: Change, why: str, now: datetime) -> None:
    _end(change, Change.State.CANCELLED, now, error={"message": why}, reason=why)


def fail(change: Change, error: PlatformError, now: datetime) -> None:
    _end(change, Change.State.FAILED, now, error={**error.as_dict(), "remedy": error.remedy}, reason=error.message)


def give_up(change: Change, why: str, now: datetime) -> None:
    """Nobody knows: a person has to look. What was never sent has simply failed."""
    state = Change.State.UNKNOWN if change.state == Change.State.SENT else Change.State.FAILED
    _end(change, state, now, error={**change.error, "message": why}, reason=why)


@transaction.atomic
def _end(change: Change, state: str, now: datetime, *, reason: str = "", how: str = "", **values: Any) -> None:
    if state == Change.State.DONE:
        values["made_at"] = now  # in the account's time: rest and step are counted from it
    write(change, state=state, settled_at=CLOCK, lease_until=None, not_before=None, **values)
    log(
        change,
        f"change.{state}",
        now,
        reason=reason or how,
        attempt=change.attempts,
        before=change.before,
        after=change.after,
        remote_id=change.remote_id,
    )


def wait(change: Change, until: datetime | None, **values: Any) -> None:
    """Gives the claim back; nobody takes it up before that time of the database."""
    write(change, not_before=until, lease_until=None, **values)


def pause_until(change: Change, rng: random.Random) -> datetime:
    """When to try next: exponential, several times within a settle window, and with jitter, so that workers do not
    come back in step.
    """
    longest = min(LONGEST_PAUSE, settings.SETTLE_SECONDS / 4)
    tries = max(change.attempts, 1) + change.lookups - 1
    seconds = min(FIRST_PAUSE * 2 ** min(tries, 10), longest) * rng.uniform(0.5, 1.0)
    return database_now() + timedelta(seconds=seconds)
