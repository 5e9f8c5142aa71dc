"""An account's time: a sandbox account lives by its sandbox's clock, every other by the real one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

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
    """The same for what shows and what takes an answer: a sandbox is asked once in a few seconds, not at every look.

    While it does not answer its time goes on as it was last seen to go.
    """
    if account.mode != AdAccount.Mode.SANDBOX:
        return wall_now()
    ahead = _ahead(account)
    if ahead is None:
        ahead = cache.get(_key(account, "last"))
    return wall_now() + ahead if ahead is not None else account.clock_at or wall_now()


def is_silent(account: AdAccount) -> bool:
    """Whether a sandbox did not answer when it was last asked for the time."""
    return account.mode == AdAccount.Mode.SANDBOX and _ahead(account) is None


def _ahead(account: AdAccount) -> timedelta | None:
    """How far a sandbox's clock is before ours; None while it does not answer, which is believed as long."""
    ahead = cache.get(_key(account, "ahead"), UNASKED)
    if ahead == UNASKED:
        try:
            ahead = connect(account).read_now() - wall_now()
            cache.set(_key(account, "last"), ahead, None)
        except PlatformError:
            ahead = None
        cache.set(_key(account, "ahead"), ahead, ASKED_EVERY)
    return ahead


def _key(account: AdAccount, name: str) -> str:
    return f"clock-{name}:{account.key}"


def today_for(account: AdAccount, now: datetime) -> date:
    return day_in_zone(now, account.time_zone)
