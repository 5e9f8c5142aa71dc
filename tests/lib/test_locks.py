"""The lock of a job, held by another session of the database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection

from mediabuyer.lib.locks import alone

pytestmark = pytest.mark.django_db
JOB = 0x7E57


@pytest.fixture
def is_free_elsewhere() -> Callable[[], bool]:
    """Whether another session could take it; a session itself may take its own lock again."""

    def ask() -> bool:
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [JOB, 1])
                return bool(cursor.fetchone()[0])
        finally:
            other.close()

    return ask


def test_lock_ends_with_its_block_however_that_ends(is_free_elsewhere: Callable[[], bool]) -> None:
    with alone(JOB, 1) as is_mine:
        assert (is_mine, is_free_elsewhere()) == (True, False)
    assert is_free_elsewhere()
    with suppress(ZeroDivisionError), alone(JOB, 1):
        raise ZeroDivisionError
    assert is_free_elsewhere()


def test_second_one_is_told_and_leaves_the_first_its_lock() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [JOB, 1])
            with alone(JOB, 1) as is_mine, alone(JOB, 2) as is_other_mine:
                assert (is_mine, is_other_mine) == (False, True)
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [JOB, 1])
            assert cursor.fetchone()[0]
    finally:
        other.close()
