"""What a platform's refusals mean for the account as a whole: connect again, held, or wait. Told once, not per call."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from campaigns.models import AdAccount
from campaigns.platforms import connect
from campaigns.platforms.base import AccountRow
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Fault, Invalid, PlatformError
from memory.events import record
from memory.mirror import touch

Connection = AdAccount.Connection

STATES: dict[Fault, tuple[str, str]] = {
    Fault.AUTH: (Connection.RECONNECT, "account.reconnect_needed"),
    Fault.PERMISSION: (Connection.RECONNECT, "account.reconnect_needed"),
    Fault.HELD: (Connection.HELD, "account.held"),
}
FIRST_PROBE, LONGEST_PROBE = timedelta(minutes=10), timedelta(hours=1)
DELIVERING = frozenset({"active", "grace_period"})
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
    if told:
        _plan_probe(account, 0, database_now() + FIRST_PROBE)
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


def probe(account: AdAccount, now: datetime) -> bool:
    """One light read of an account that was refused or held: True when it can be used again.

    While it cannot, the next look comes later each time: 10 minutes, 20, 40, then hourly.
    """
    if account.is_read_only:
        raise Invalid("account", account.name, "This account is read from files: there is no connection to try.")
    if account.connection == Connection.OK:
        return True
    try:
        check_wait(account)
        row = connect(account).read_account()
        check_units(account, row)
        note_standing(account, row, now)
    except PlatformError as error:
        note_trouble(account, error, now)
    account.refresh_from_db()
    if account.connection == Connection.OK:
        _plan_probe(account, 0, None)
        return True
    wait = min(FIRST_PROBE * 2 ** min(account.probes, 6), LONGEST_PROBE)
    _plan_probe(account, account.probes + 1, database_now() + wait)
    return False


def _plan_probe(account: AdAccount, probes: int, after: datetime | None) -> None:
    AdAccount.objects.filter(pk=account.pk).update(probes=probes, probe_after=after)
    account.probes, account.probe_after = probes, after


def due_for_probe() -> list[AdAccount]:
    """Refused and held accounts whose turn it is. A new one is looked at soon, by whichever sweep comes first."""
    shut = AdAccount.objects.exclude(connection=Connection.OK).exclude(mode=AdAccount.Mode.SHADOW)
    return list(shut.exclude(probe_after__gt=database_now()).select_related("brand"))


def note_standing(account: AdAccount, row: AccountRow, now: datetime) -> None:
    """Holds an account that Meta has stopped."""
    if row.status in DELIVERING:
        note_success(account, now)
        return
    trouble = f"Meta says the account is {row.status.replace('_', ' ')}."
    note_trouble(account, PlatformError(Fault.HELD, trouble), now)


def check_units(account: AdAccount, row: AccountRow) -> None:
    """Nothing is read in another currency or time zone than what we hold: old and new would be added up."""
    for what, here, there in (
        ("currency", account.currency, row.currency),
        ("time zone", account.time_zone, row.time_zone),
    ):
        if here != there:
            raise PlatformError(
                Fault.HELD,
                f"The account's {what} is now {there}, not {here}.",
                remedy="Connect it anew as an account of its own.",
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
