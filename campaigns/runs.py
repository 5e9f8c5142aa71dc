"""The life of a `SyncRun`: one at a time per account and kind, and a killed one goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns.connection import check_wait, note_trouble
from campaigns.models import AdAccount, SyncRun
from mediabuyer.lib.errors import Conflict, PlatformError
from mediabuyer.lib.locks import alone
from mediabuyer.lib.logs import redact

LOCK = 0x5359
KINDS = ("structure", "insights", "comments")
RESUMABLE_FOR = timedelta(hours=6)
"""Older parts have probably been restated by now; the run starts over."""


@contextmanager
def sync_run(
    account: AdAccount, kind: str, now: datetime, *, since: date | None = None, until: date | None = None
) -> Iterator[SyncRun]:
    """A run that is failed by whatever goes wrong inside and done otherwise. Raises `Conflict` beside another one.

    The lock belongs to the database session: it ends with its process, so a run found RUNNING under it is orphaned.
    """
    check_wait(account)
    with _only_one(account, kind):
        run = _begin(account, kind, since, until)
        try:
            yield run
        except Exception as error:
            _finish(run, SyncRun.State.FAILED, redact(str(error)) or type(error).__name__)
            if isinstance(error, PlatformError):
                note_trouble(account, error, now)
            raise
        _finish(run, SyncRun.State.DONE, "")


def finish_part(run: SyncRun, part: str, rows: int) -> None:
    """Belongs into the transaction that wrote the part's rows, so that they count together or not at all."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"part “{part}” must be finished in the transaction of its rows")
    run.parts_done = [*run.parts_done, part]
    run.rows += rows
    run.save(update_fields=["parts_done", "rows", "alive_at"])


@contextmanager
def _only_one(account: AdAccount, kind: str) -> Iterator[None]:
    with alone(LOCK, account.pk * len(KINDS) + KINDS.index(kind)) as is_mine:
        if not is_mine:
            raise Conflict(f"The {kind} of this account are being read already.", remedy="Wait for that run to end.")
        yield


def _begin(account: AdAccount, kind: str, since: date | None, until: date | None) -> SyncRun:
    """The last run if it did not come to its end today, else a new one."""
    last = SyncRun.objects.filter(account=account, kind=kind).order_by("-id").first()
    if last and last.state != SyncRun.State.DONE:
        same_days = last.until == until and (since is None or (last.since is not None and last.since <= since))
        if same_days and last.alive_at > timezone.now() - RESUMABLE_FOR:
            last.state, last.error, last.finished_at = SyncRun.State.RUNNING, "", None
            last.save(update_fields=["state", "error", "finished_at", "alive_at"])
            return last
        if last.state == SyncRun.State.RUNNING:
            _finish(last, SyncRun.State.FAILED, "The process that ran it has ended.")
    return SyncRun.objects.create(account=account, kind=kind, since=since, until=until)


def _finish(run: SyncRun, state: str, error: str) -> None:
    run.state, run.error, run.finished_at = state, error, timezone.now()
    run.save(update_fields=["state", "error", "finished_at", "alive_at"])
