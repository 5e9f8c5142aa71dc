"""Pulls a platform's rows into ours: the campaign tree, insights, comments. Doing it twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from campaigns.connection import check_units, note_standing, note_success
from campaigns.load import load_insights
from campaigns.models import Ad, AdAccount, Comment, SyncRun
from campaigns.platforms import connect
from campaigns.platforms.base import BREAKDOWNS, CommentRow
from campaigns.runs import finish_part, sync_run
from campaigns.tree import save_tree
from mediabuyer.lib.clock import database_now, day_in_zone
from memory.events import record

RESTATED_DAYS = 28
"""Meta corrects a day for this long after it."""
FIRST_DAYS = 60
ROWS_AT_ONCE = 100_000
VALUES_PER_AD = 15
"""About as many rows an ad has on one day in the finest of our breakdowns."""
COMMENT_DAYS = 14


def sync_structure(account: AdAccount, now: datetime) -> SyncRun:
    """The tree as it is now. Reports what was changed elsewhere; what is no longer there is marked deleted."""
    with sync_run(account, "structure", now) as run:
        asked_at = database_now()
        structure = connect(account).read_structure()
        check_units(account, structure.account)
        with transaction.atomic():
            saved = save_tree(account, structure, now, asked_at=asked_at)
            run.parts_total = 1
            run.save(update_fields=["parts_total"])
            finish_part(run, "tree", len(structure.campaigns) + len(structure.ad_sets) + len(structure.ads))
            _journal(
                "structure.synced", account, now, ads=len(structure.ads), changed=saved.written, drifts=saved.drifts
            )
        _note_time(account, now, structure_synced_at=now)  # after the journal: the account is locked before it
        note_standing(account, structure.account, now)
    return run


def sync_insights(account: AdAccount, now: datetime, days: int | None = None) -> SyncRun:
    """Days and breakdowns of the last `days`; by default all that may have been restated since the last time."""
    until = day_in_zone(now, account.time_zone)
    with sync_run(account, "insights", now, since=_since(account, until, days), until=until) as run:
        assert run.since is not None
        platform, changed = connect(account), 0
        check_units(account, platform.read_account())
        parts = list(_parts(account, run.since, until))
        run.parts_total = len(parts)
        run.save(update_fields=["parts_total", "alive_at"])
        for name, breakdown, first, last in parts:
            if name in run.parts_done:
                continue
            rows = list(platform.read_insights(first, last, breakdown))  # read whole: no transaction waits for Meta
            with transaction.atomic():
                loaded = load_insights(account, rows, dimension=breakdown)
                finish_part(run, name, loaded.read)
            changed += loaded.written
        with transaction.atomic():
            _note_time(account, now, synced_at=now)
            _journal("insights.synced", account, now, rows=run.rows, changed=changed, since=run.since, until=until)
        note_success(account, now, lifts_hold=False)
    return run


def sync_comments(account: AdAccount, now: datetime) -> SyncRun:
    """Comments of the last two weeks, with likes and hiding as they are now."""
    with sync_run(account, "comments", now) as run:
        rows = list(connect(account).read_comments(now - timedelta(days=COMMENT_DAYS)))
        with transaction.atomic():
            run.parts_total = 1
            run.save(update_fields=["parts_total"])
            finish_part(run, "comments", _save_comments(account, rows))
    return run


def _since(account: AdAccount, until: date, days: int | None) -> date:
    """First day to read: wide enough for what was restated, and for days missed since the last good run."""
    if days is not None:
        return until - timedelta(days=days)
    done = SyncRun.objects.filter(account=account, kind="insights", state=SyncRun.State.DONE)
    last: date | None = done.aggregate(last=Max("until"))["last"]
    if last is None:
        return until - timedelta(days=FIRST_DAYS)
    return min(until, last) - timedelta(days=RESTATED_DAYS)


def _parts(account: AdAccount, since: date, until: date) -> Iterator[tuple[str, str, date, date]]:
    """(name, breakdown, first, last): pieces of a size that fits into memory, cut at fixed days of the calendar."""
    ads = max(Ad.objects.filter(account=account).count(), 1)
    length = min(max(ROWS_AT_ONCE // (ads * VALUES_PER_AD), 1), 30)
    for breakdown in ("", *BREAKDOWNS):
        first = since
        while first <= until:
            last = min(date.fromordinal((first.toordinal() // length + 1) * length - 1), until)
            yield f"{breakdown or 'days'} {first}..{last}", breakdown, first, last
            first = last + timedelta(days=1)


def _save_comments(account: AdAccount, rows: list[CommentRow]) -> int:
    ads = dict(Ad.objects.filter(account=account).values_list("external_id", "pk"))
    fresh = {
        row.external_id: Comment(
            account=account,
            ad_id=ads[row.ad_id],
            external_id=row.external_id,
            author=row.author[:200],
            text=row.text,
            likes=row.likes,
            is_hidden=row.is_hidden,
            written_at=row.created_at,
        )
        for row in rows
        if row.ad_id in ads
    }
    seen = ("text", "likes", "is_hidden")
    known = {
        comment.external_id: tuple(getattr(comment, name) for name in seen)
        for comment in Comment.objects.filter(account=account, external_id__in=fresh)
    }
    changed = [
        comment for key, comment in fresh.items() if known.get(key) != tuple(getattr(comment, name) for name in seen)
    ]
    Comment.objects.bulk_create(
        changed, batch_size=1000, update_conflicts=True, update_fields=seen, unique_fields=("account", "external_id")
    )
    return len(fresh)


def _note_time(account: AdAccount, now: datetime, **values: datetime) -> None:
    if account.mode == AdAccount.Mode.SANDBOX:
        values["clock_at"] = now
    AdAccount.objects.filter(pk=account.pk).update(**values)
    for name, value in values.items():
        setattr(account, name, value)


def _journal(kind: str, account: AdAccount, now: datetime, **data: object) -> None:
    record(kind, "account", account.key, brand=account.brand, account=account.key, now=now, actor="system", **data)
