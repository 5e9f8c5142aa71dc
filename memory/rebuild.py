"""The graph made anew from the tables, after it was lost, exchanged or tampered with. May be killed and run again."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.db import connection
from django.utils import timezone

from memory import cypher, graph, projector, schema
from memory.declarations import EdgeOf, NodeOf
from memory.desired import State, desired
from memory.models import GraphChange, GraphMirror

log = logging.getLogger(__name__)
PATIENCE = 600.0
"""Seconds to wait for transactions that were running when the rebuild began."""


@dataclass(frozen=True)
class Rebuilt:
    nodes: int
    edges: int
    without_ends: int
    seconds: float


def is_ours() -> bool:
    """Whether the graph was filled from this database and has lost nothing since.

    A graph that is empty, belongs to another database, is behind what we know to be applied, or ahead of what we
    ever sent (the database was restored from a backup) cannot be carried on from.
    """
    found = graph.read(cypher.WHERE_REACHED)
    if not found or found[0]["source"] != projector.source():
        return False
    applied = GraphChange.objects.exclude(applied_at=None).order_by("-seq").values_list("seq", flat=True).first() or 0
    return applied <= int(found[0]["seq"]) <= _last_seq()


def rebuild() -> Rebuilt:
    """Drops what the mirror wrote and streams all declared tables. The caller holds the projector's lock.

    The mark of completion is written last: whoever finds the graph without it starts over.
    """
    began = time.monotonic()
    GraphMirror.objects.update_or_create(name="mirror", defaults={"state": GraphMirror.State.REBUILDING})
    seq = _fence()
    schema.drop_all()
    schema.ensure_constraints()
    counts = {NodeOf: 0, EdgeOf: 0}
    lost = 0
    for declaration in schema.declarations().values():
        written, without_ends = _stream(declaration, seq)
        counts[type(declaration)] += written
        lost += without_ends
    graph.write([(cypher.REACHED, {"seq": seq, "source": projector.source()})])
    GraphChange.objects.filter(seq__lt=seq, applied_at=None).update(applied_at=timezone.now(), set_aside_at=None)
    GraphMirror.objects.filter(name="mirror").update(rebuilt_at=timezone.now(), verified_at=None, parity=[])
    return Rebuilt(counts[NodeOf], counts[EdgeOf], lost, round(time.monotonic() - began, 2))


def _fence() -> int:
    """A `seq` such that every change before it is in the tables, and every change after it comes to the outbox later.

    The number is drawn first; then we wait until all transactions that ran at that time have ended.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('memory_graphchange', 'seq'))")
        seq = int(cursor.fetchone()[0])
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        running = int(cursor.fetchone()[0])
        deadline = time.monotonic() + PATIENCE
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if int(cursor.fetchone()[0]) >= running:
                return seq
            if time.monotonic() > deadline:
                raise TimeoutError(f"A transaction stays open for more than {PATIENCE:.0f} s.")
            time.sleep(0.05)


def _stream(declaration: NodeOf | EdgeOf, seq: int) -> tuple[int, int]:
    """Rows written, and rows left out because an end is missing."""
    op = "node" if isinstance(declaration, NodeOf) else "edge"
    states = (one for one in desired(declaration.model._base_manager.all(), only=declaration) if one.op == op)
    written = lost = 0
    for chunk in _batches(states):
        rows = [projector.parameters(one, seq) for one in chunk]
        answer = graph.write([projector.put(op, declaration.slug, rows)])[0]
        missing = len(rows) - answer[0]["found"] if op == "edge" else 0
        written, lost = written + len(rows) - missing, lost + missing
    if lost:
        log.warning("graph rebuild: %d of %s have an end that is not in the tables", lost, declaration.slug)
    return written, lost


def _batches(states: Iterable[State]) -> Iterable[list[State]]:
    iterator = iter(states)
    while chunk := list(islice(iterator, projector.BATCH)):
        yield chunk


def _last_seq() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sequence_last_value(pg_get_serial_sequence('memory_graphchange', 'seq'))")
        return int(cursor.fetchone()[0] or 0)
