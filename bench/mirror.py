"""How fast the mirror is: outbox → Neo4j by the projector, against the same rows sent by plain UNWIND … MERGE.

    python -m bench.mirror [--rows 20000]

Needs both servers (`make run`, or DATABASE_URL and NEO4J_URL). Works in a database of its own that is dropped after;
the graph is emptied of what the mirror wrote, and the projector fills it again by itself.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from creatives.models import Angle, Creative, LandingPage  # noqa: E402
from mediabuyer.brands.models import Brand  # noqa: E402
from memory import graph, schema  # noqa: E402
from memory.graph import Statement  # noqa: E402
from memory.mirror import touch  # noqa: E402
from memory.models import GraphChange  # noqa: E402
from memory.parity import verify  # noqa: E402
from memory.projector import BATCH, drain  # noqa: E402
from memory.rebuild import rebuild  # noqa: E402

RAW_NODES = "UNWIND $rows AS r MERGE (n:{label} {{key: r.key}}) SET n = r.props, n.key = r.key"
RAW_EDGES = """
UNWIND $rows AS r MATCH (a:{start} {{key: r.a}}) MATCH (b:{to} {{key: r.b}}) MERGE (a)-[e:{type} {{key: r.key}}]->(b)
SET e = r.props, e.key = r.key
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the outbox, about")
    rows = parser.parse_args().rows
    with _own_database():
        creatives = rows // 3
        touched = _timed("touch: tables → outbox", lambda: _fill(creatives))
        batches = list(_plain_batches())
        _timed("plain UNWIND, warming up", lambda: _send_plainly(batches))
        rounds = [(_plain_round(batches), _projector_round()) for _ in range(5)]
        ratio = median(projected / raw for raw, projected in rounds)
        _unmark()
        again = _timed("projector, all sent before", lambda: drain().applied)
        whole = _timed("rebuild from the tables", _rebuild)
        assert all(one.is_equal for one in verify())
        print(f"touch {touched:,.0f}/s, again {again:,.0f}/s, rebuild {whole:,.0f}/s; parity equal")
        print(f"projector / plain = {ratio:.2f}, median of {len(rounds)} rounds; asked for: at least 0.60")
    schema.drop_all()


def _timed(name: str, work: Callable[[], int]) -> float:
    """Rows a second."""
    began = time.perf_counter()
    rows = work()
    seconds = time.perf_counter() - began
    print(f"{name:28} {rows:>8,} rows {seconds:7.2f} s {rows / seconds:>10,.0f} rows/s", flush=True)
    return rows / seconds


@transaction.atomic
def _fill(creatives: int) -> int:
    brand = Brand.objects.create(name="Bench")
    angles = Angle.objects.bulk_create([Angle(brand=brand, name=f"Angle {n}") for n in range(50)])
    pages = LandingPage.objects.bulk_create(
        [LandingPage(brand=brand, url=f"https://shop.example/{n}") for n in range(200)]
    )
    made = Creative.objects.bulk_create(
        [
            Creative(
                brand=brand,
                angle=angles[n % 50],
                landing_page=pages[n % 200],
                external_id=str(n),
                headline=f"Headline {n}",
                body="Roasted this week, at your door on Friday.",
                content_hash=f"{n:064x}",
            )
            for n in range(creatives)
        ],
        batch_size=2000,
    )
    return touch([*angles, *pages, *made])


def _plain_round(batches: list[Statement]) -> float:
    _empty()
    return _timed("plain UNWIND, same rows", lambda: _send_plainly(batches))


def _projector_round() -> float:
    _empty()
    _unmark()
    return _timed("projector: outbox → graph", lambda: drain().applied)


def _send_plainly(batches: list[Statement]) -> int:
    """What it is measured against: rows already in memory and grouped, nothing guarded, nothing marked."""
    for statement in batches:
        graph.write([statement])
    return sum(len(parameters["rows"]) for _, parameters in batches)


def _plain_batches() -> Iterator[Statement]:
    known = schema.declarations()
    for slug in known:
        changes = GraphChange.objects.filter(label=slug).order_by("seq").values_list("key", "payload")
        rows = [{"key": key, **payload} for key, payload in changes]
        template = RAW_NODES if slug == known[slug].model.__name__ else RAW_EDGES
        for start in range(0, len(rows), BATCH):
            yield schema.text(template, known[slug]), {"rows": rows[start : start + BATCH]}


def _rebuild() -> int:
    made = rebuild()
    return made.nodes + made.edges


def _unmark() -> None:
    """As if nothing had been sent; the rows' dead versions go too, since a fresh outbox has none."""
    GraphChange.objects.update(applied_at=None)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE memory_graphchange")


def _empty() -> None:
    schema.drop_all()
    schema.ensure_constraints()


@contextmanager
def _own_database() -> Iterator[None]:
    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        graph.close()
        connection.close()
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    main()
