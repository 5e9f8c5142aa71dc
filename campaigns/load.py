"""Measures into the database: COPY into a temporary table, then one INSERT that writes only what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection, transaction

from campaigns.models import Ad, AdAccount, AdSet, Campaign, InsightBreakdown, InsightDay, Status
from campaigns.platforms.base import InsightRow

BATCH = 20_000
"""Rows taken from the source before they are sent: nothing else can use the connection during a COPY."""

KEYS = ("ad_id", "day", "until", "value")
SUMS = (
    "spend",
    "impressions",
    "clicks",
    "link_clicks",
    "landing_page_views",
    "results",
    "revenue",
    "results_1d",
    "results_7d",
    "results_28d",
)
MEASURES = ("reach", *SUMS)


class MeasureRow(NamedTuple):
    """One ad (our primary key), one period, and with a breakdown one value of it. The order is that of the COPY."""

    ad_id: int
    day: date
    until: date
    value: str = ""
    reach: int | None = None
    spend: Decimal = Decimal(0)
    impressions: int = 0
    clicks: int = 0
    link_clicks: int = 0
    landing_page_views: int = 0
    results: Decimal = Decimal(0)
    revenue: Decimal = Decimal(0)
    results_1d: int = 0
    results_7d: int = 0
    results_28d: int = 0


class Loaded(NamedTuple):
    read: int
    written: int
    """Rows inserted or altered; 0 when everything was known already."""


def load_insights(account: AdAccount, rows: Iterable[InsightRow], *, dimension: str = "") -> Loaded:
    """A platform's rows, known by the ad's id there. With a dimension they are the split, without it the days.

    An ad that the tree does not hold gets a placeholder, so that no spend is lost. Rows that are in the database but
    not among these stay: Meta leaves out what was archived since.
    """
    return load_measures(account, _with_our_ids(account, rows), dimension=dimension)


@transaction.atomic
def load_measures(
    account: AdAccount,
    rows: Iterable[MeasureRow | tuple[Any, ...]],
    *,
    dimension: str = "",
    is_derived: bool = False,
    add_up: bool = False,
) -> Loaded:
    """Upserts rows of one account; the source is read in batches, so memory stays bounded and it may query.

    Two rows with one key: the later one counts (a page sent twice), or with `add_up` their sum (a file whose further
    split we do not know), where reach is unknown because it is not additive.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")  # the sort by key stays in memory
        cursor.execute(_STAGE)
        read = sum(_copy(cursor, batch) for batch in _batches(rows))
        cursor.execute(*_insert(account, dimension, is_derived=is_derived, add_up=add_up))
        written = cursor.rowcount
        cursor.execute("DROP TABLE insight_stage")
    return Loaded(read, written)


@transaction.atomic
def copy_measures(account: AdAccount, rows: Iterable[MeasureRow], *, dimension: str = "") -> Loaded:
    """The short way into an account that has no rows yet: COPY into the table itself, nothing to compare with.

    Raises IntegrityError where two rows have one key; then `load_measures` adds them up. Keys of ads are checked after
    each batch and not all at the end, while the next one is being read.
    """
    table = (InsightBreakdown if dimension else InsightDay)._meta.db_table
    first, keys = (dimension, KEYS) if dimension else (False, KEYS[:3])
    columns = ("account_id", "dimension" if dimension else "is_derived", *keys, *MEASURES)
    rest = 3 if dimension else 4  # a day has no value
    copied = 0
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for batch in _batches(rows):
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row((account.pk, first, *row[:3], *row[rest:]))
            copied += len(batch)
    return Loaded(copied, copied)


_STAGE = """
    CREATE TEMPORARY TABLE insight_stage (
        ad_id bigint, day date, until date, value text, reach bigint, spend numeric, impressions bigint,
        clicks bigint, link_clicks bigint, landing_page_views bigint, results numeric, revenue numeric,
        results_1d integer, results_7d integer, results_28d integer
    ) ON COMMIT DROP
"""


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _copy(cursor: Any, batch: list[tuple[Any, ...]]) -> int:
    with cursor.copy(f"COPY insight_stage ({', '.join(MeasureRow._fields)}) FROM STDIN") as copy:
        for row in batch:
            copy.write_row(row)
    return len(batch)


def _insert(account: AdAccount, dimension: str, *, is_derived: bool, add_up: bool) -> tuple[str, list[Any]]:
    """One statement for both tables; sorted by key, so that two loads lock in the same order."""
    table = (InsightBreakdown if dimension else InsightDay)._meta.db_table
    keys = KEYS if dimension else KEYS[:3]
    constant = "dimension" if dimension else "is_derived"
    conflict = ", ".join(["dimension", *keys] if dimension else keys)
    written = MEASURES if dimension else (*MEASURES, "is_derived")
    ours, theirs = (", ".join(f"{side}.{name}" for name in written) for side in ("kept", "excluded"))
    source = _summed(keys) if add_up else _latest(keys)
    sql = f"""
        INSERT INTO {table} AS kept (account_id, {constant}, {", ".join(keys)}, {", ".join(MEASURES)})
        SELECT %s, %s, {", ".join(keys)}, {", ".join(MEASURES)} FROM ({source}) AS fresh
        ON CONFLICT ({conflict}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in written)}
        WHERE ({ours}) IS DISTINCT FROM ({theirs})
    """  # noqa: S608 - every name is a constant of this module
    return sql, [account.pk, dimension or is_derived]


def _latest(keys: tuple[str, ...]) -> str:
    """`ctid` is the order of arrival: nothing is ever deleted from the temporary table."""
    columns = ", ".join(keys)
    return (
        f"SELECT DISTINCT ON ({columns}) {columns}, {', '.join(MEASURES)} FROM insight_stage "  # noqa: S608
        f"ORDER BY {columns}, ctid DESC"
    )


def _summed(keys: tuple[str, ...]) -> str:
    columns = ", ".join(keys)
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    return (
        f"SELECT {columns}, CASE WHEN count(*) = 1 THEN max(reach) END AS reach, {sums} "  # noqa: S608
        f"FROM insight_stage GROUP BY {columns} ORDER BY {columns}"
    )


def _with_our_ids(account: AdAccount, rows: Iterable[InsightRow]) -> Iterator[tuple[Any, ...]]:
    ours = dict(Ad.objects.filter(account=account).values_list("external_id", "pk"))
    for row in rows:
        ad_id = ours.get(row.ad_id)
        if ad_id is None:
            ad_id = ours[row.ad_id] = _placeholder(account, row.ad_id).pk
        yield (ad_id, *_VALUES(row))


_VALUES = attrgetter("day", "day", *MeasureRow._fields[3:])
"""All but the ad, as a tuple in the order of `MeasureRow`: making 100,000 of those would take 0.3 s."""


def _placeholder(account: AdAccount, external_id: str) -> Ad:
    """An ad that delivered but is no longer listed: deleted, or made after the tree was read."""
    unlisted = {"external_id": "unlisted", "account": account}
    shown = {
        "name": "No longer listed",
        "is_placeholder": True,
        "status": Status.DELETED,
        "effective_status": Status.DELETED,
    }
    campaign, _ = Campaign.objects.get_or_create(**unlisted, defaults=shown)
    ad_set, _ = AdSet.objects.get_or_create(**unlisted, defaults={**shown, "campaign": campaign})
    ad, _ = Ad.objects.get_or_create(
        account=account,
        external_id=external_id,
        defaults={**shown, "name": f"Ad {external_id}", "ad_set": ad_set, "campaign": campaign},
    )
    return ad
