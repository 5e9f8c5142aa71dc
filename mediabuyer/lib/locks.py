"""Jobs that must not run beside themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(job: int, number: int) -> Iterator[bool]:
    """False while the same job runs for the same number on any machine. Waits for nobody.

    A lock of the database session: it ends with its process, so a killed worker blocks nobody.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [job, number])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [job, number])


def take_turn(job: int, number: int) -> None:
    """Waits until nobody else does the job for this number, and has it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [job, number])
