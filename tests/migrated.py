"""A migrated database, kept in each worker's server from run to run: to migrate anew takes every worker seven seconds.

Each run still makes its own database, as a copy of it. Another migration, or another list of packages, makes another.
Only in servers of our own: to one that `DATABASE_URL` names nothing is added, and nothing in it is removed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "mediabuyer_migrated_"
IS_OURS = not os.environ.get("DATABASE_URL")
LOCK = 0x4D42


def name_of_template() -> str:
    """Named for all that a migrated database follows from: migrations, what they import of ours, packages."""
    models = [*ROOT.glob("*/models*"), *ROOT.glob("mediabuyer/*/models*")]
    code = [path for model in models for path in ([model] if model.is_file() else model.rglob("*.py"))]
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("[!.]*/**/migrations/*.py"), *code, ROOT / "requirements" / "dev.txt"]):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return PREFIX + digest.hexdigest()[:16]


def use_template(name: str) -> None:
    """The database of this run is made from it, if it is there."""
    if IS_OURS and name in _kept():
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = name


def keep_template(name: str) -> None:
    """A copy of the database just migrated; what was kept of other migrations goes."""
    if not IS_OURS or "TEMPLATE" in connection.settings_dict["TEST"]:
        return
    migrated = connection.settings_dict["NAME"]
    connection.close()  # nobody may be in a database that is copied
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # another run may use the same server
        kept = _kept()
        for old in kept - {name}:
            cursor.execute(SQL("DROP DATABASE {}").format(Identifier(old)))
        if name not in kept:
            cursor.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(migrated)))


def _kept() -> set[str]:
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return {name for (name,) in cursor.fetchall()}
