"""Signals → outbox: whatever changes in a declared model leaves its full desired state as `GraphChange` rows.

Saving and deleting do so by themselves. `bulk_create`, `update` and COPY send no signal: whoever uses them calls
`touch` in the same transaction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import F, Model, QuerySet
from django.db.models.signals import post_delete, post_save, pre_delete

from memory.desired import EDGES, NODES, State, deleted, desired, desired_of, edge_declarations, load, unlinked
from memory.models import GraphChange

T = TypeVar("T")
CHUNK = 2000

# A state equal to the last one of its key is not written again, nor the wish that what never was be gone. The
# transaction's number is taken before the first `seq`, so that whoever waits for all transactions up to a number
# has also waited for every `seq` that was drawn until then. `seq + 0` keeps the planner, whose figures are old while
# a large load is running, from walking the primary key backwards through the whole table for every row.
_WRITE = """
WITH me AS MATERIALIZED (SELECT pg_current_xact_id()::text::bigint AS tx),
wanted AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    WITH ORDINALITY AS w (op, label, key, payload, checksum, position)
)
INSERT INTO memory_graphchange (tx, op, label, key, payload, checksum, created_at, tries, trouble)
SELECT me.tx, w.op, w.label, w.key, w.payload::jsonb, w.checksum, clock_timestamp(), 0, ''
FROM wanted w CROSS JOIN me
LEFT JOIN LATERAL (
    SELECT g.op, g.checksum FROM memory_graphchange g WHERE g.label = w.label AND g.key = w.key
    ORDER BY g.seq + 0 DESC LIMIT 1
) last ON true
WHERE CASE WHEN last.op IS NULL THEN w.op IN ('node', 'edge')
      ELSE (last.op, last.checksum) IS DISTINCT FROM (w.op, w.checksum) END
ORDER BY w.position
"""


def connect() -> None:
    """Connects the declared models; runs once, when the apps are ready."""
    load()
    for model in NODES:
        post_save.connect(_saved, sender=model, dispatch_uid=f"mirror {model.__name__} saved")
        pre_delete.connect(_deleting, sender=model, dispatch_uid=f"mirror {model.__name__} deleting")
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"mirror {model.__name__} deleted")


def touch(objects: Iterable[Model]) -> int:
    """Writes the present state of these rows for the graph and returns how many changes that made.

    Takes instances or a queryset, of one model or several; what is not declared is passed over. Three statements for
    2,000 rows.
    """
    written = 0
    for model, pks in _by_model(objects):
        if model in NODES:
            for chunk in _chunks(pks, CHUNK):
                written += _touch_rows(model, chunk)
    return written


@transaction.atomic(savepoint=False)
def _touch_rows(model: type[Model], pks: list[Any]) -> int:
    """The rows are locked first: between reading a state and writing it, nobody else's newer state may slip in."""
    rows = model._base_manager.filter(pk__in=pks)
    locked = list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    if len(locked) == 1:
        return _write(desired_of(model, locked[0]))
    return _write(desired(model._base_manager.filter(pk__in=locked), at_once=True))


def reconcile() -> int:
    """Writes what a bulk path forgot to touch: compares every declared table with its last known states."""
    written = 0
    for model, node in NODES.items():
        written += touch(model._base_manager.all())
        written += _write(_gone(model, node.slug))
    return written


def _gone(model: type[Model], slug: str) -> Iterator[State]:
    """Deletions of nodes whose row has left the table without a signal."""
    node = NODES[model]
    last = GraphChange.objects.filter(label=slug).order_by("key", "-seq").distinct("key").values_list("key", "op")
    for chunk in _chunks((key for key, op in last.iterator() if op == "node"), CHUNK):
        rows = model._base_manager.filter(**{f"{node.key}__in": chunk}).values_list(node.key, flat=True)
        for key in set(chunk) - {str(key) for key in rows}:
            yield from _end_of(model, key)


def _saved(sender: type[Model], instance: Model, **_: Any) -> None:
    """In a transaction the row is locked already: it was written a moment ago, and saving is what happens most."""
    if connection.in_atomic_block:
        _write(desired_of(sender, instance.pk))
    else:
        touch([instance])


def _deleting(sender: type[Model], instance: Model, **_: Any) -> None:
    """Relationships to this row end with it; the foreign key is emptied without a signal, so they are found before."""
    node = NODES[sender]
    key = getattr(instance, node.key)
    for edge in edge_declarations():
        if edge.to == node.label:
            rows = edge.model._base_manager.annotate(mirror_end=F(edge.end) if isinstance(edge.end, str) else edge.end)
            starts = rows.filter(mirror_end=key).values_list(NODES[edge.model].key, flat=True)
            _write(unlinked(edge, str(start)) for start in starts)


def _deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    _write(_end_of(sender, str(getattr(instance, NODES[sender].key))))


def _end_of(model: type[Model], key: str) -> Iterator[State]:
    yield from (unlinked(edge, key) for edge in EDGES.get(model, ()))
    yield deleted(NODES[model], key)


def _write(states: Iterable[State]) -> int:
    written = 0
    for chunk in _chunks(states, 3 * CHUNK):
        rows = ((one.op, one.slug, one.key, json.dumps(one.payload), one.checksum) for one in chunk)
        columns = zip(*rows, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [list(column) for column in columns])
            written += cursor.rowcount
    return written


def _by_model(objects: Iterable[Model]) -> Iterator[tuple[type[Model], Iterable[Any]]]:
    if isinstance(objects, QuerySet):
        yield objects.model, objects.order_by().values_list("pk", flat=True)
        return
    found: dict[type[Model], list[Any]] = defaultdict(list)
    for one in objects:
        found[type(one)].append(one.pk)
    yield from found.items()


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
