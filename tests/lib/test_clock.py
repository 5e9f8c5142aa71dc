"""Days are the account's days, and leases run on the database's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from mediabuyer.lib.clock import database_now, day_bounds, day_in_zone, wall_now

LATE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 11, 20)),
        ("Europe/Berlin", date(2026, 11, 21)),
        ("America/Los_Angeles", date(2026, 11, 20)),
        ("Asia/Tokyo", date(2026, 11, 21)),
    ],
)
def test_day_is_that_of_the_zone(zone, day):
    assert day_in_zone(LATE, zone) == day


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 11, 20), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)],
)
def test_day_is_as_long_as_it_is(day, hours):
    start, end = day_bounds(day, "Europe/Berlin")
    assert (end.astimezone(UTC) - start.astimezone(UTC)) == timedelta(hours=hours)
    assert day_in_zone(start, "Europe/Berlin") == day


@pytest.mark.django_db
def test_database_clock_runs_within_a_transaction():
    with transaction.atomic():
        first = database_now()
        assert first < database_now()
    assert abs(first - wall_now()) < timedelta(minutes=1)
