"""An account's time: a sandbox account lives by its sandbox's clock, every other by the real one."""

from __future__ import annotations

from datetime import date, datetime

from campaigns.models import AdAccount
from campaigns.platforms import connect
from mediabuyer.lib.clock import day_in_zone, wall_now
from mediabuyer.lib.errors import PlatformError


def now_for(account: AdAccount) -> datetime:
    """Reads the clock; only entry points call this. A sandbox that is down stands still at its last known time."""
    if account.mode != AdAccount.Mode.SANDBOX:
        return wall_now()
    try:
        return connect(account).read_now()
    except PlatformError:
        return account.clock_at or wall_now()


def known_now(account: AdAccount) -> datetime:
    """The same without asking anybody: a sandbox's last known time. For what only shows or takes an answer."""
    return account.clock_at if account.mode == AdAccount.Mode.SANDBOX and account.clock_at else wall_now()


def today_for(account: AdAccount, now: datetime) -> date:
    return day_in_zone(now, account.time_zone)
