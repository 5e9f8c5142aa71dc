"""Time: entry points read the clock here and hand `now` down; leases are counted in the database's own time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone


def wall_now() -> datetime:
    """The machine's time, aware, UTC. Only entry points (views, tasks, commands) call this."""
    return timezone.now()


def database_now() -> datetime:
    """The database's clock at this very moment (not the transaction's start), which all workers share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def day_in_zone(now: datetime, zone: str) -> date:
    """The account's day: what `today` means for caps, budgets and reports."""
    return now.astimezone(ZoneInfo(zone)).date()


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """First moment of the day and of the next one, in the given zone. A day may have 23 or 25 hours."""
    place = ZoneInfo(zone)
    return datetime.combine(day, time.min, place), datetime.combine(day + timedelta(days=1), time.min, place)
