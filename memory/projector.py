"""Outbox → graph: drains `GraphChange` in commit order, in batches, and survives being stopped at any point.

A row is read once every transaction older than its own has ended. Postgres marks it only after the graph has it; what
the graph hears twice changes nothing, because each row carries its whole state and `seq` guards the order.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

from memory import cypher, graph, schema
from memory.desired import State
from memory.graph import GraphRefused, Statement

BATCH = 5000
MAX_TRIES = 8
"""A row that the graph refuses, or whose ends are missing, is set aside after 2 + 4 + … + 128 seconds of trying."""
LOCK = 0x4D42_6772_6170_68
"""One projector at a time, whatever the machine."""

_WAITING = """
SELECT c.seq, c.op, c.label, c.key, c.payload::text, c.checksum,
       EXISTS (SELECT FROM memory_graphchange n WHERE n.label = c.label AND n.key = c.key AND n.seq + 0 > c.seq)
FROM memory_graphchange c
WHERE c.seq > %s AND c.applied_at IS NULL AND c.set_aside_at IS NULL
  AND (c.retry_at IS NULL OR c.retry_at <= clock_timestamp())
  AND c.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY c.seq LIMIT %s
"""
_MARK = "UPDATE memory_graphchange SET applied_at = clock_timestamp(), trouble = '' WHERE seq = ANY(%s)"
_TROUBLE = """
UPDATE memory_graphchange SET tries = tries + 1, trouble = %s,
    retry_at = clock_timestamp() + make_interval(secs => 2 ^ (tries + 1)),
    set_aside_at = CASE WHEN tries + 1 >= %s THEN clock_timestamp() END
WHERE seq = ANY(%s)
"""
_SOURCE = """
SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' || oid
FROM pg_database WHERE datname = current_database()
"""

_TEMPLATES = {
    "node": cypher.PUT_NODES,
    "edge": cypher.PUT_EDGES,
    "unlink": cypher.UNLINK,
    "delete": cypher.DELETE_NODES,
}
"""By operation, in the order in which one batch is written."""


class Waiting(NamedTuple):
    seq: int
    op: str
    slug: str
    key: str
    payload: dict[str, Any]
    checksum: int
    is_overtaken: bool
    """A newer state of the same key is known: this one need not be sent, and after a deletion must not."""


class Drained(NamedTuple):
    applied: int
    troubled: int


@contextmanager
def projector_lock() -> Iterator[bool]:
    """Whether we are the one projector, for as long as the block runs; a killed one's lock ends with its connection."""
    held = bool(_ask("SELECT pg_try_advisory_lock(%s)", LOCK))
    try:
        yield held
    finally:
        if held:
            _ask("SELECT pg_advisory_unlock(%s)", LOCK)


def drain(batch: int = BATCH) -> Drained:
    """Sends everything that may be sent now. Raises GraphDown; what was sent until then stays marked.

    While the graph writes one batch, Postgres marks the one before and reads the next: both stores stay busy.
    """
    settled = [0, 0]
    rows, where = read_waiting(batch), source()
    with ThreadPoolExecutor(max_workers=1) as sender:
        done: tuple[list[Waiting], dict[int, str]] | None = None
        while rows:
            sending = sender.submit(send, [row for row in rows if not row.is_overtaken], rows[-1].seq, where)
            if done:
                _settle(*done)
            following = read_waiting(batch, after=rows[-1].seq)
            trouble = sending.result()
            done = rows, trouble
            settled[0] += len(rows) - len(trouble)
            settled[1] += len(trouble)
            rows = following
        if done:
            _settle(*done)
    return Drained(*settled)


def _settle(rows: list[Waiting], trouble: dict[int, str]) -> None:
    mark(row.seq for row in rows if row.seq not in trouble)
    _set_back(trouble)


def read_waiting(limit: int, after: int = 0) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [after, limit])
        return [
            Waiting(seq, op, slug, key, json.loads(payload), crc, overtaken)
            for seq, op, slug, key, payload, crc, overtaken in cursor.fetchall()
        ]


def send(rows: Sequence[Waiting], reached: int, where: str) -> dict[int, str]:
    """Writes these rows to the graph and returns what is wrong with those that could not be written, by `seq`.

    A refused batch is halved until the row that spoils it stands alone. In the same transaction the graph notes how
    far it is and of which database (`where`), so that a projector that starts later knows whether it is still the same.
    """
    known = schema.declarations()
    trouble = {row.seq: words for row in rows if (words := _unfit(row, known))}
    rows = [row for row in rows if row.seq not in trouble]
    groups = _grouped(rows)
    statements = [put(op, slug, [parameters(row, row.seq) for row in group]) for (op, slug), group in groups.items()]
    try:
        answers = graph.write([*statements, (cypher.REACHED, {"seq": reached, "source": where})])
    except GraphRefused as error:
        if len(rows) == 1:
            return trouble | {rows[0].seq: error.message}
        middle = len(rows) // 2
        return trouble | send(rows[:middle], reached, where) | send(rows[middle:], reached, where)
    for ((op, slug), group), answer in zip(groups.items(), answers, strict=False):
        if op == "edge" and answer[0]["found"] < len(group):
            trouble |= _without_ends(slug, group)
    return trouble


def mark(seqs: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [list(seqs)])


def source() -> str:
    """Names this database among all there ever were, so that a graph filled from another is noticed."""
    return str(_ask(_SOURCE))


def put(op: str, slug: str, rows: list[dict[str, Any]]) -> Statement:
    return schema.text(_TEMPLATES[op], schema.declarations()[slug]), {"rows": rows}


def parameters(state: State | Waiting, seq: int) -> dict[str, Any]:
    """One row of `put`."""
    props = {**state.payload.get("props", {}), "key": state.key, "seq": seq, "crc": state.checksum}
    return {**state.payload, "props": props}


def _unfit(row: Waiting, known: Container[str]) -> str:
    """Why a row can never be sent; empty when nothing speaks against it."""
    if row.slug not in known:
        return f"Nothing is declared as “{row.slug}”."
    if not isinstance(row.payload, dict) or not isinstance(row.payload.get("props", {}), dict):
        return "Its payload is malformed."
    return "" if row.op != "edge" or {"a", "b"} <= set(row.payload) else "Its payload names no ends."


def _grouped(rows: Iterable[Waiting]) -> dict[tuple[str, str], list[Waiting]]:
    """By operation and slug: nodes, then relationships, then what goes."""
    groups: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for row in rows:
        groups[row.op, row.slug].append(row)
    order = list(_TEMPLATES)
    return dict(sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1])))


def _without_ends(slug: str, group: list[Waiting]) -> dict[int, str]:
    rows = [{"seq": row.seq, "a": row.payload["a"], "b": row.payload["b"]} for row in group]
    found = graph.read(schema.text(cypher.WITHOUT_ENDS, schema.declarations()[slug]), rows=rows)
    return {row["seq"]: "One of its ends is not in the graph." for row in found}


def _set_back(trouble: dict[int, str]) -> None:
    """Each is tried again later, ever more rarely; the rest goes on."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for seq, words in trouble.items():
        by_text[words].append(seq)
    with connection.cursor() as cursor:
        for words, seqs in by_text.items():
            cursor.execute(_TROUBLE, [words, MAX_TRIES, seqs])


def _ask(query: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        row = cursor.fetchone()
        return row[0] if row else None
