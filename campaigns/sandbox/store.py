"""What survives a killed process: objects, daily figures, orders, activities, in one SQLite file.

Everything is written before it is answered. WAL with `synchronous=NORMAL` keeps committed rows when the process is
killed (only a power cut could lose the last ones).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.sandbox.orders import Orders

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    parent TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ad_days (day INTEGER, ad INTEGER, impressions INTEGER, clicks INTEGER, link_clicks INTEGER,
    spend INTEGER, PRIMARY KEY (day, ad)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS budget_days (holder TEXT, day INTEGER, budget REAL, PRIMARY KEY (holder, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (ad INTEGER, key TEXT, clicked INTEGER, converted INTEGER, reported INTEGER,
    value INTEGER, kind INTEGER);
CREATE TABLE IF NOT EXISTS activities (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, body TEXT NOT NULL);
"""


class Store:
    """The file. Not thread-safe by itself: the world's lock is held around every call."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "sandbox.sqlite3", timeout=2, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # two processes on one store would overwrite each other
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One commit at the end; inner ones join the outer one.

        It commits after an error too: the objects in memory are not rolled back, so the file must not be either.
        """
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def clear(self) -> None:
        """Drop what a first start left behind that was killed before it was ready."""
        for table in ("meta", "objects", "ad_days", "budget_days", "orders", "activities"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names

    def meta(self) -> dict[str, Any]:
        """All settings of this store; empty when it is new."""
        return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM meta")}

    def set_meta(self, **values: Any) -> None:
        """Keep settings under their names."""
        self._db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in values.items()]
        )

    def objects(self) -> Iterator[tuple[int, str, str, str, dict[str, Any]]]:
        """(seq, id, kind, parent, body) in the order of creation."""
        for seq, key, kind, parent, body in self._db.execute(
            "SELECT seq, id, kind, parent, body FROM objects ORDER BY seq"
        ):
            yield seq, key, kind, parent, json.loads(body)

    def put_object(self, seq: int, key: str, kind: str, parent: str, body: dict[str, Any]) -> None:
        """Write one object, new or changed."""
        self._db.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", (seq, key, kind, parent, json.dumps(body))
        )

    def put_days(self, rows: Iterable[tuple[int, ...]]) -> None:
        """Rows of (day, ad, impressions, clicks, link_clicks, spend); later ones replace earlier ones."""
        self._db.executemany("INSERT OR REPLACE INTO ad_days VALUES (?, ?, ?, ?, ?, ?)", rows)

    def days(self) -> list[tuple[int, ...]]:
        """Every (day, ad, impressions, clicks, link_clicks, spend)."""
        return self._db.execute("SELECT day, ad, impressions, clicks, link_clicks, spend FROM ad_days").fetchall()

    def put_budgets(self, rows: Iterable[tuple[str, int, float]]) -> None:
        """Rows of (holder, day, budget in force)."""
        self._db.executemany("INSERT OR REPLACE INTO budget_days VALUES (?, ?, ?)", rows)

    def budgets(self) -> list[tuple[str, int, float]]:
        """Every (holder, day, budget)."""
        return self._db.execute("SELECT holder, day, budget FROM budget_days").fetchall()

    def add_orders(self, orders: Orders) -> None:
        """Append events; keys are kept as text because SQLite has no unsigned 64-bit integers."""
        columns = [
            orders.ad.tolist(),
            [str(key) for key in orders.key.tolist()],
            orders.clicked.tolist(),
            orders.converted.tolist(),
            orders.reported.tolist(),
            orders.value.tolist(),
            orders.kind.tolist(),
        ]
        self._db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", zip(*columns, strict=True))

    def orders(self) -> Orders:
        """Every event so far, future ones included."""
        rows = self._db.execute(
            "SELECT ad, key, clicked, converted, reported, value, kind FROM orders ORDER BY rowid"
        ).fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * 7
        arrays = [np.array(column, dtype=np.int64) for index, column in enumerate(columns) if index != 1]
        key = np.array([int(value) for value in columns[1]], dtype=np.uint64)
        return Orders(arrays[0], key, *arrays[1:])

    def add_activities(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Append lines of the activity log: (epoch, body)."""
        self._db.executemany(
            "INSERT INTO activities (at, body) VALUES (?, ?)", [(at, json.dumps(body)) for at, body in rows]
        )

    def activities(self, since: int, until: int) -> list[dict[str, Any]]:
        """Bodies in [since, until], newest first."""
        found = self._db.execute(
            "SELECT body FROM activities WHERE at BETWEEN ? AND ? ORDER BY at DESC, seq DESC", (since, until)
        )
        return [json.loads(body) for (body,) in found]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
