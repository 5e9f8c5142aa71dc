"""What the graph should hold: the declarations of all apps, and the desired state of any row read from its table."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import F, Model, QuerySet
from django.utils.module_loading import module_has_submodule

from memory.declarations import EdgeOf, NodeOf, property_name

_ANY_ROW = -(2**53)
"""Stands in a statement for the number of the row; no row has it."""
NODES: dict[type[Model], NodeOf] = {}
EDGES: dict[type[Model], tuple[EdgeOf, ...]] = {}


class State(NamedTuple):
    """One node or relationship as it should be, or the wish that it be gone (`delete`, `unlink`)."""

    op: str
    slug: str
    key: str
    payload: dict[str, Any]
    checksum: int


def load() -> None:
    """Reads `graph.py` of every app that has declarations there; called once, when all models are loaded."""
    for config in apps.get_app_configs():
        if config.label == "memory" or not config.module or not module_has_submodule(config.module, "graph"):
            continue
        module = import_module(f"{config.name}.graph")
        for node in getattr(module, "NODES", ()):
            NODES[node.model] = node
        for edge in getattr(module, "EDGES", ()):
            EDGES[edge.model] = (*(other for other in EDGES.get(edge.model, ()) if other.slug != edge.slug), edge)


def node_declarations() -> list[NodeOf]:
    return list(NODES.values())


def edge_declarations() -> list[EdgeOf]:
    return [edge for edges in EDGES.values() for edge in edges]


def desired(rows: QuerySet[Any], only: NodeOf | EdgeOf | None = None, *, at_once: bool = False) -> Iterator[State]:
    """The states of `rows`, read from the tables as this transaction sees them, in one query.

    Instances are not asked: they may be stale, hold expressions, or have been saved in part. Rows read `at_once` are
    few; a whole table is read through a cursor, which takes three more trips to the database.
    """
    found, paths = _asking(rows)
    for values in found if at_once else found.iterator(chunk_size=2000):
        yield from _states(rows.model, dict(zip(paths, values, strict=True)), only)


def desired_of(model: type[Model], pk: int) -> Iterator[State]:
    """The same of one row. Saving is what happens most, so the query is put together once for each model."""
    sql, params, paths = _statement(model)
    with connection.cursor() as cursor:
        cursor.execute(sql, [pk if param == _ANY_ROW else param for param in params])
        found = cursor.fetchall()
    for values in found:
        yield from _states(model, dict(zip(paths, values, strict=True)))


@cache
def _statement(model: type[Model]) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
    found, paths = _asking(model._base_manager.filter(pk=_ANY_ROW))
    return *found.query.sql_with_params(), paths


def _asking(rows: QuerySet[Any]) -> tuple[QuerySet[Any, tuple[Any, ...]], tuple[str, ...]]:
    """What is asked of these rows, and the names of its columns."""
    node, edges = NODES[rows.model], EDGES.get(rows.model, ())
    ends = {_end_column(number): F(e.end) if isinstance(e.end, str) else e.end for number, e in enumerate(edges)}
    properties = dict.fromkeys([*node.properties, *(path for edge in edges for path in edge.properties)])
    paths = tuple(dict.fromkeys([node.key, *ends, *properties]))
    return rows.order_by().annotate(**ends).values_list(*paths), paths


def _states(model: type[Model], values: dict[str, Any], only: NodeOf | EdgeOf | None = None) -> Iterator[State]:
    node = NODES[model]
    key = str(values[node.key])
    if only is None or only is node:
        yield node_state(node, key, _properties(node.properties, values))
    for number, edge in enumerate(EDGES.get(model, ())):
        if only is None or only is edge:
            yield edge_state(edge, key, values[_end_column(number)], _properties(edge.properties, values))


def _end_column(number: int) -> str:
    return f"mirror_end_{number}"


def node_state(node: NodeOf, key: str, properties: dict[str, Any]) -> State:
    payload = {"props": properties}
    return State("node", node.slug, key, payload, checksum(key, payload))


def edge_state(edge: EdgeOf, key: str, end: object, properties: dict[str, Any]) -> State:
    """`key` is the start's key, and the relationship's own: a row starts at most one of each declaration."""
    if end is None:
        return unlinked(edge, key)
    payload = {"a": key, "b": str(end), "props": properties}
    return State("edge", edge.slug, key, payload, checksum(key, payload))


def deleted(node: NodeOf, key: str) -> State:
    return State("delete", node.slug, key, {}, 0)


def unlinked(edge: EdgeOf, key: str) -> State:
    return State("unlink", edge.slug, key, {}, 0)


def checksum(key: str, payload: dict[str, Any]) -> int:
    """crc32 over canonical JSON; the same from a row of a table as from what the graph answers."""
    return zlib.crc32(json.dumps([key, payload], sort_keys=True, separators=(",", ":")).encode())


def _properties(paths: tuple[str, ...], values: dict[str, Any]) -> dict[str, Any]:
    """The graph knows no null: what is empty is left out."""
    return {property_name(path): _plain(values[path]) for path in paths if values[path] is not None}


def _plain(value: Any) -> str | int | float | bool:
    match value:
        case bool() | int() | float() | str():
            return value
        case Decimal():
            return float(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | UUID():
            return str(value)
    raise TypeError(f"a property of the graph is a plain value, not {type(value).__name__}")
