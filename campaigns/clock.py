"""An account's time: a sandbox account lives by its sandbox's clock, every other by the real one."""

from __future__ import annotations

from datetime import date, datetime

from django.core.cache import cache

from campaigns.models import AdAccount
from campaigns.platforms import connect
from mediabuyer.lib.clock import day_in_zone, wall_now
from mediabuyer.lib.errors import PlatformError

ASKED_EVERY = 5
"""Seconds for which a sandbox's distance from the real clock is believed, or that it does not answer."""
UNASKED = "unasked"


def now_for(account: AdAccount) -> datetime:
    """Reads the clock; only entry points call this. A sandbox that is down stands still at its last known time."""
    if account.mode != AdAccount.Mode.SANDBOX:
        return wall_now()
    try:
        return connect(account).read_now()
    except PlatformError:
        return account.clock_at or wall_now()


def known_now(account: AdAccount) -> datetime:
    """The same for what only shows or takes an answer: a sandbox is asked once in a few seconds, not at every look."""
    if account.mode != AdAccount.Mode.SANDBOX:
        return wall_now()
    key = f"clock-ahead:{account.key}"
    ahead = cache.get(key, UNASKED)
    if ahead == UNASKED:
        try:
            ahead = connect(account).read_now() - wall_now()
        except PlatformError:
            ahead = None
        cache.set(key, ahead, ASKED_EVERY)
    if ahead is None:
        return account.clock_at or wall_now()
    return wall_now() + ahead


def today_for(account: AdAccount, now: datetime) -> date:
    return day_in_zone(now, account.time_zone)
