"""A migrated database, kept in each worker's server from run to run: to migrate anew takes every worker seven seconds.

Each run still makes its own database, as a copy of it. Another migration, or another list of packages, makes another.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "migrated_"


def name_of_template() -> str:
    """Named for all that a migrated database follows from."""
    migrations = sorted(ROOT.glob("[!.]*/**/migrations/*.py"))
    digest = hashlib.sha256()
    for path in [*migrations, ROOT / "requirements" / "dev.txt"]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return PREFIX + digest.hexdigest()[:16]


def use_template(name: str) -> bool:
    """Whether there is one, which the database of this run is then made from."""
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        is_there = cursor.fetchone() is not None
    if is_there:
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = name
    return is_there


def keep_template(name: str) -> None:
    """A copy of the database just migrated; what was kept of other migrations goes."""
    migrated = connection.settings_dict["NAME"]
    connection.close()  # nobody may be in a database that is copied
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (old,) in cursor.fetchall():
            cursor.execute(SQL("DROP DATABASE {}").format(Identifier(old)))
        cursor.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(migrated)))
