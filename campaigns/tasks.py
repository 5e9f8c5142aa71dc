"""What the queue may call about imports: ids only, a few lines each, and every one may run twice or beside itself."""

from __future__ import annotations

from django.db import connection

from campaigns import uploads
from campaigns.models import ImportFile
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.locks import alone
from mediabuyer.lib.queue import enqueue

LOCK = 0x494D
LONGEST = 1800
"""Seconds that one file may take: 200 MB take some minutes."""
State = ImportFile.State


def read_file(import_id: int) -> None:
    """Understands a file too large to be read while somebody waits."""
    with alone(LOCK, import_id) as is_mine:
        row = ImportFile.objects.filter(pk=import_id, state=State.UNDERSTOOD, mapping={}).first()
        if is_mine and row and uploads.may_try(row):
            uploads.read(row)


def import_file(import_id: int) -> None:
    """Imports a confirmed file. What it brought makes the account due for a cycle, so the sweep is rung for."""
    with alone(LOCK, import_id) as is_mine:
        rows = ImportFile.objects.select_related("brand", "uploaded_by")
        row = rows.filter(pk=import_id, state=State.RUNNING).first()
        result = uploads.carry_out(row) if is_mine and row and uploads.may_try(row) else None
    if result and result.written:
        enqueue("mediabuyer.agent.tasks.sweep_cycles")


def sweep_imports() -> None:
    """Rings again for files whose message was lost or whose worker was killed; one that is at work holds its lock.

    And makes room where nothing can be made of a file.
    """
    for pk in ImportFile.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
        enqueue("campaigns.tasks.import_file", pk, seconds=LONGEST)
    for pk in ImportFile.objects.filter(state=State.UNDERSTOOD, mapping={}).values_list("pk", flat=True):
        enqueue("campaigns.tasks.read_file", pk, seconds=LONGEST)
    uploads.let_go_of_unread(wall_now())


def is_at_work(import_id: int) -> bool:
    """Whether some process holds the file's lock: a row says “running” also while its worker is dead or to come."""
    held = (
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND granted)"
    )
    with connection.cursor() as cursor:
        cursor.execute(held, [LOCK, import_id])
        return bool(cursor.fetchone()[0])
