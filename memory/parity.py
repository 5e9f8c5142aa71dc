"""Do tables and graph say the same? Counts and checksums, then buckets, then keys; and the content of a sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from memory import cypher, graph, schema
from memory.declarations import EdgeOf, NodeOf
from memory.desired import checksum, desired
from memory.models import GraphChange

SAMPLE = 20_000
"""Most objects of one label or relationship whose content is computed anew; of more, so many at random."""
SHOWN = 20
"""Most keys named of each kind of difference."""


@dataclass(frozen=True)
class Parity:
    """One label or relationship, tables against graph."""

    slug: str
    kind: str
    expected: int
    found: int
    expected_checksum: int
    found_checksum: int
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    """Of the sample: whose content is no longer what its own checksum says."""
    sampled: int = 0

    @property
    def is_equal(self) -> bool:
        return not (self.missing or self.extra or self.changed or self.altered)


class _Buckets(defaultdict[int, tuple[int, int]]):
    """Count and sum of checksums by `checksum % 256`."""

    def __init__(self) -> None:
        super().__init__(lambda: (0, 0))

    def total(self) -> tuple[int, int]:
        return sum(n for n, _ in self.values()), sum(crc for _, crc in self.values())


def verify() -> Iterator[Parity]:
    """One result a label and relationship. The caller holds the projector's lock, so that the graph stands still.

    What is committed but still waits in the outbox is no difference.
    """
    for declaration in schema.declarations().values():
        yield _compare(declaration)
    yield from _undeclared()


def _undeclared() -> Iterator[Parity]:
    """What somebody drew between our nodes that no declaration knows; nothing where there is none."""
    declared = [
        [schema.start_of(one), one.type, one.to] for one in schema.declarations().values() if isinstance(one, EdgeOf)
    ]
    labels = [one.label for one in schema.declarations().values() if isinstance(one, NodeOf)]
    (row,) = graph.read(cypher.UNDECLARED, labels=labels, declared=declared, shown=SHOWN)
    if row["n"]:
        yield Parity("undeclared", "edge", 0, row["n"], 0, 0, extra=row["shown"])


def count_all() -> dict[str, int]:
    """How many of each label and relationship the graph holds."""
    return {slug: graph.read(schema.text(cypher.COUNT, one))[0]["n"] for slug, one in schema.declarations().items()}


def _compare(declaration: NodeOf | EdgeOf) -> Parity:
    tables, there = _table_buckets(declaration), _graph_buckets(declaration)
    differing = {bucket for bucket in {*tables, *there} if tables[bucket] != there[bucket]}
    missing, extra, changed = _differences(declaration, differing) if differing else ([], [], [])
    sampled, altered = _altered(declaration)
    expected, expected_checksum = tables.total()
    found, found_checksum = there.total()
    return Parity(
        declaration.slug,
        "node" if isinstance(declaration, NodeOf) else "edge",
        expected,
        found,
        expected_checksum,
        found_checksum,
        missing,
        extra,
        changed,
        altered,
        sampled,
    )


def _expected(declaration: NodeOf | EdgeOf) -> Iterator[tuple[str, int]]:
    for state in desired(declaration.model._base_manager.all(), only=declaration):
        if state.op in ("node", "edge"):
            yield state.key, state.checksum


def _table_buckets(declaration: NodeOf | EdgeOf) -> _Buckets:
    buckets = _Buckets()
    for _, crc in _expected(declaration):
        n, total = buckets[crc % 256]
        buckets[crc % 256] = n + 1, total + crc
    return buckets


def _graph_buckets(declaration: NodeOf | EdgeOf) -> _Buckets:
    buckets = _Buckets()
    for row in graph.read(schema.text(cypher.BUCKETS, declaration)):
        buckets[row["bucket"]] = row["n"], row["sum"]
    return buckets


def _differences(declaration: NodeOf | EdgeOf, buckets: set[int]) -> tuple[list[str], list[str], list[str]]:
    """Keys that the graph lacks, has too many, or has otherwise, without those that are still on their way."""
    here = {key: crc for key, crc in _expected(declaration) if crc % 256 in buckets}
    rows = graph.read(schema.text(cypher.KEYS, declaration), buckets=sorted(buckets))
    there = {str(row["key"]): row["crc"] for row in rows}
    twins = len(rows) - len(there)
    waiting = GraphChange.objects.filter(label=declaration.slug, applied_at=None, set_aside_at=None)
    differing = {key for key in {*here, *there} if here.get(key) != there.get(key)}
    differing -= set(waiting.values_list("key", flat=True)) if differing else set()
    missing, extra = sorted(differing - set(there)), sorted(differing - set(here))
    changed = sorted(differing & set(here) & set(there))
    return missing[:SHOWN], (extra + [f"{twins} twins"] * bool(twins))[:SHOWN], changed[:SHOWN]


def _altered(declaration: NodeOf | EdgeOf) -> tuple[int, list[str]]:
    """A stored checksum proves that a node is there, not that nobody changed it since: so it is computed anew."""
    is_edge = isinstance(declaration, EdgeOf)
    rows = graph.read(schema.text(cypher.SAMPLE_EDGES if is_edge else cypher.SAMPLE_NODES, declaration), size=SAMPLE)
    return len(rows), sorted(str(row["props"].get("key")) for row in rows if not _is_intact(row))[:SHOWN]


def _is_intact(row: dict[str, Any]) -> bool:
    props = dict(row["props"])
    key, crc = props.pop("key", None), props.pop("crc", None)
    props.pop("seq", None)
    return checksum(str(key), {**row, "props": props}) == int(crc or 0)
