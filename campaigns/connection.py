"""What a platform's refusals mean for the account as a whole: connect again, held, or wait. Told once, not per call."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.models import AdAccount
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Fault, PlatformError
from memory.events import record
from memory.mirror import touch

Connection = AdAccount.Connection

STATES: dict[Fault, tuple[str, str]] = {
    Fault.AUTH: (Connection.RECONNECT, "account.reconnect_needed"),
    Fault.PERMISSION: (Connection.RECONNECT, "account.reconnect_needed"),
    Fault.HELD: (Connection.HELD, "account.held"),
}
REST = timedelta(minutes=1)
"""After a rate limit that does not say how long."""


@transaction.atomic
def note_trouble(account: AdAccount, error: PlatformError, now: datetime) -> datetime | None:
    """After a failed call; returns until when the account rests, None where no time is known.

    Faults of a single request leave the account as it is. The platform counts in real time, also for a sandbox.
    """
    if error.fault is Fault.RATE:
        until = database_now() + (error.wait or REST)
        if AdAccount.objects.filter(pk=account.pk).exclude(held_until__gt=until).update(held_until=until):
            account.held_until = until
        return until
    if error.fault not in STATES:
        return None
    state, kind = STATES[error.fault]
    told = AdAccount.objects.filter(pk=account.pk).exclude(connection=state).update(connection=state)
    _set(account, connection=state, connection_detail=error.message[:400])
    if told:
        record(
            kind,
            "account",
            account.key,
            brand=account.brand,
            account=account.key,
            now=now,
            actor="system",
            reason=error.message,
        )
    return None


@transaction.atomic
def note_success(account: AdAccount, now: datetime, *, lifts_hold: bool = True) -> None:
    """After a call that shows that the account can be used again. That figures can be read says nothing of a hold."""
    kept = [Connection.OK] if lifts_hold else [Connection.OK, Connection.HELD]
    mended = AdAccount.objects.filter(pk=account.pk).exclude(connection__in=kept).update(connection=Connection.OK)
    if mended:
        _set(account, connection=Connection.OK, connection_detail="")
        record(
            "account.connected",
            "account",
            account.key,
            brand=account.brand,
            account=account.key,
            now=now,
            actor="system",
            name=account.name,
        )


def check_wait(account: AdAccount) -> None:
    """Raises while the platform wants no calls from this account."""
    if account.held_until and (left := account.held_until - database_now()).total_seconds() > 0:
        raise PlatformError(Fault.RATE, "The platform wants no calls from this account for a while.", wait=left)


def _set(account: AdAccount, **values: object) -> None:
    AdAccount.objects.filter(pk=account.pk).update(**values)
    for name, value in values.items():
        setattr(account, name, value)
    touch([account])
