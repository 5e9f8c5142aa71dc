"""Looks for what must not be: two objects with one marker, or an object of a change that is not done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.models import AdAccount, Change
from campaigns.operations.words import told
from campaigns.platforms.base import Found, Level, Platform
from mediabuyer.lib.clock import database_now
from memory.events import record
from memory.models import Event

LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True)
class Surplus:
    """A creation and the objects that carry its marker although they should not exist."""

    change: Change
    found: tuple[Found, ...]


def find_surplus(account: AdAccount, platform: Platform, now: datetime) -> list[Surplus]:
    """Settled creations of the last two days whose marker more objects carry than should; each is reported once.

    Nothing is deleted: everything we create is PAUSED, so a person can look at leisure.
    """
    created = Change.objects.settled().filter(
        account=account, kind__startswith="create_", attempts__gt=0, settled_at__gt=database_now() - LOOK_BACK
    )
    surplus = []
    for change in created.select_related("account__brand", "operation"):
        found = tuple(
            one
            for one in platform.find_by_marker(Level(change.level), change.marker)
            if one.external_id != change.remote_id
        )
        if found:
            surplus.append(Surplus(change, found))
            _report(change, found, now)
    return surplus


@transaction.atomic
def _report(change: Change, found: tuple[Found, ...], now: datetime) -> None:
    if not Event.objects.about("change", change.key).filter(kind="change.doubled").exists():
        record(
            "change.doubled",
            "change",
            change.key,
            brand=change.account.brand,
            account=change.account.key,
            now=now,
            actor="system",
            **told(change),
            ours=change.remote_id,
            surplus=[one.external_id for one in found],
        )
