"""A dropped file, from the browser into the database: kept under a name of ours, read, asked about, imported."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from campaigns.exports.limits import UnreadableError
from campaigns.exports.mapping import Mapping as Understood
from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from campaigns.importing import ImportResult, account_for_import, import_file, preview, require_rows
from campaigns.models import ImportFile
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Brand, User
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Conflict, Invalid, MediaBuyerError

logger = logging.getLogger(__name__)
State = ImportFile.State

FOLDER = "imports"
READ_AT_ONCE = 4 * 1024 * 1024
"""Bytes that are understood while the person waits; more is left to a worker."""
MOST_WAITING = 100
"""Files of one brand that may lie on the disk, whatever became of them: nobody fills it with what he forgets."""
KEPT_UNREAD = timedelta(hours=1)
"""How long a file that could not be read stays on the disk, where another answer or another look may still help."""
MOST_TRIES = 3
"""Of workers that began with a file and were never heard of again, before it is left to people."""
UNEXPECTED = "I stumbled over this file in a way that I did not expect."


def keep(brand: Brand, person: User, name: str, chunks: Iterable[bytes]) -> ImportFile:
    """Streams an upload to the disk. Its own name is only shown, never used as a path; its content is judged later."""
    if ImportFile.objects.filter(brand=brand).exclude(path="").count() >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} files of {brand} wait already.", remedy="Import some of them, or remove them.")
    path = f"{FOLDER}/{uuid.uuid4().hex}"
    target = full_path(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        size, digest = _write(target, chunks)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return ImportFile.objects.create(
        brand=brand, uploaded_by=person, name=_plain(name), path=path, size=size, digest=digest
    )


def _write(target: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with target.open("xb") as file:
        target.chmod(0o600)
        for chunk in chunks:
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise Invalid("file", size, f"The file is larger than {largest()}.", remedy="Split it by month.")
            digest.update(chunk)
            file.write(chunk)
    return size, digest.hexdigest()


def _plain(name: str) -> str:
    """The last part of whatever the browser called it, without what cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[-255:] or "file"


def largest() -> str:
    return f"{settings.IMPORT_MAX_BYTES // 1024**2} MB"


def full_path(path: str) -> Path:
    return Path(settings.MEDIA_ROOT) / path


def read(row: ImportFile) -> None:
    """Understands the file with the answers given so far, and adds it up; or says why it cannot be used.

    What is no table of ours will never be one: it goes from the disk at once, and only the row that says so stays.
    """
    is_hopeless = False
    with _said_on(row):
        try:
            mapping, report = _understand(row)
        except UnreadableError:
            is_hopeless = not row.answers
            raise
        ImportFile.objects.filter(pk=row.pk, state=State.UNDERSTOOD).update(mapping=mapping, report=report)
    if is_hopeless:
        _let_go(row)
    row.refresh_from_db()


def _understand(row: ImportFile) -> tuple[dict[str, Any], dict[str, Any]]:
    source = open_source(full_path(row.path), row.name)
    mapping = understand(source, row.answers)
    reading = preview(source, mapping)
    require_rows(reading)
    return mapping.as_dict(), reading.as_dict()


def let_go_of_unread(now: datetime) -> None:
    """Removes from the disk what could not be read a while ago. What was read and failed later can be tried again."""
    for row in _unread().filter(finished_at__lt=now - KEPT_UNREAD):
        _let_go(row)


def _unread() -> QuerySet[ImportFile]:
    return ImportFile.objects.filter(state=State.FAILED, mapping={}).exclude(path="")


@transaction.atomic
def _let_go(row: ImportFile) -> None:
    """Not of one that was begun with anew meanwhile: whoever does that waits for this, and is told."""
    if _unread().filter(pk=row.pk).update(path=""):
        full_path(row.path).unlink(missing_ok=True)


def answer(row: ImportFile, answers: Mapping[str, str]) -> None:
    """Keeps what the person said. What was understood before no longer holds and is read again."""
    if not _waiting(row).exclude(path="").update(answers=dict(answers), mapping={}, state=State.UNDERSTOOD, tries=0):
        raise _too_late(row, "This file was confirmed meanwhile.")
    row.refresh_from_db()


def confirm(row: ImportFile, answers: Mapping[str, str]) -> None:
    """From understood, or failed, to running. Only one of two clicks wins; a task does the rest."""
    begun = _waiting(row).exclude(path="")
    if not begun.update(state=State.RUNNING, answers=dict(answers), rows_done=0, tries=0, finished_at=None):
        raise _too_late(row, "This file is being imported already.")
    row.refresh_from_db()


def _waiting(row: ImportFile) -> QuerySet[ImportFile]:
    """The row while nobody has begun with it, by the table: what is in memory may be older than another's click."""
    return ImportFile.objects.filter(pk=row.pk, state__in=[State.UNDERSTOOD, State.FAILED])


def _too_late(row: ImportFile, words: str) -> Conflict:
    state = ImportFile.objects.filter(pk=row.pk).values_list("state", flat=True).first()
    if state is None:
        return Conflict("This file was removed meanwhile.", remedy="Drop it again.")
    if state == State.FAILED:
        return Conflict("This file could not be read and is no longer kept.", remedy="Drop it again.")
    return Conflict(words, remedy="Reload the page to see how far it is.")


def may_try(row: ImportFile) -> bool:
    """Counts a worker's try before it begins. What kills its worker each time would otherwise do so for ever."""
    if row.tries >= MOST_TRIES:
        _fail(row, f"I began {row.tries} times with this file and was ended each time.", "Split it, by month perhaps.")
        return False
    ImportFile.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
    return True


def drop(row: ImportFile) -> None:
    """Removes a file that was not imported, from the list and then from the disk."""
    removed, _ = _waiting(row).delete()
    if not removed and ImportFile.objects.filter(pk=row.pk).exists():
        raise Conflict("What is imported, or being imported, stays in the list.", remedy="")
    if row.path:
        full_path(row.path).unlink(missing_ok=True)


def carry_out(row: ImportFile) -> ImportResult | None:
    """The import itself, in one transaction with the row's own end. None where it failed; the row says why."""
    result = None
    with _said_on(row):
        source = open_source(full_path(row.path), row.name)
        mapping = understand(source, row.answers)
        with transaction.atomic(), _told_beside(row) as tell:
            account = account_for_import(row.brand, row.answers.get("account") or row.name, mapping)
            actor = named(row.uploaded_by) if row.uploaded_by else "system"
            result = import_file(
                account, source, mapping, now=wall_now(), actor=actor, digest=row.digest, progress=tell
            )
            report = result.as_dict()
            ended = {"state": State.DONE, "finished_at": result.ended_at, "rows_done": report["rows"], "path": ""}
            told = {"mapping": mapping.as_dict(), "report": report}  # as the last answers made it
            ImportFile.objects.filter(pk=row.pk).update(account=account, **told, **ended)
    if result is not None:
        full_path(row.path).unlink(missing_ok=True)
    row.refresh_from_db()
    return result


def digest_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def list_beside_uploads(file: Path, digest: str, mapping: Understood, result: ImportResult) -> None:
    """A file that a command imported stands in the same list, once however often it is imported."""
    account, ended_at = result.account, result.ended_at
    report = result.as_dict()
    told = {"mapping": mapping.as_dict(), "report": report, "rows_done": report["rows"], "finished_at": ended_at}
    same = {"brand": account.brand, "account": account, "digest": digest, "state": State.DONE}
    last = ImportFile.objects.filter(**same).order_by("-pk").values("pk")[:1]
    if not ImportFile.objects.filter(pk__in=last).update(**told):
        ImportFile.objects.create(name=_plain(file.name), path="", size=file.stat().st_size, **same, **told)


@contextmanager
def _said_on(row: ImportFile) -> Iterator[None]:
    """An error inside ends on the row, in words, instead of in a log that nobody reads."""
    try:
        yield
    except MediaBuyerError as error:
        _fail(row, error.message, error.remedy, getattr(error, "field", ""))
    except Exception:
        logger.exception("import %s failed", row.key)
        _fail(row, UNEXPECTED, "Nothing was stored. Try again; if it happens again, tell us the reference.")


def _fail(row: ImportFile, problem: str, remedy: str, field: str = "") -> None:
    """What was read stays beside it: another answer may help, to `field` where one was refused."""
    known = row.report if row.mapping else {}
    report: dict[str, Any] = known | {"problem": problem, "remedy": remedy, "field": field}
    same = ImportFile.objects.filter(pk=row.pk, state=row.state)  # not of one that went on meanwhile
    same.update(state=State.FAILED, report=report, finished_at=wall_now())


@contextmanager
def _told_beside(row: ImportFile) -> Iterator[Callable[[int], None]]:
    """Tells the rows done by a connection of its own: the import is one transaction, so nobody else sees it move."""
    beside = connection.copy()

    def tell(rows: int) -> None:
        with beside.cursor() as cursor:
            cursor.execute("UPDATE campaigns_importfile SET rows_done = %s WHERE id = %s", [rows, row.pk])

    try:
        yield tell
    finally:
        beside.close()
