"""Several files of one account tell of the same money. After each import only one of the tellings stays.

Two rows of different ads may be the same money when nothing that both name differs (a placeholder names nothing) and
their days overlap. Of two such rows one is finer: plain before summed from a breakdown, then a single day before a
longer period, then ads before ad sets before campaigns before the account. Rows of one ad never clash here: the
readers know which counts.

A row goes where finer ones, together with days of its own ad, hold each of its days, counted one by one, or where the
finer ones inside its days tell as much money as it does: a file leaves out the days on which nothing ran. So a single
day goes only where a finer row holds that very day. A longer row that is told in part stays whole, and the finer ones
inside it go, since nobody knows how much of it they are: its total then stays that of the coarser file. Of two periods
that cross, where neither holds the other, the longer one stays, and the finer of two that are equally long.

As much money: spend, or impressions where none was spent. Sums of rounded rows miss a total by chance, so spend may be
less by a cent times the root of their number, which is three times what rounding does. Rows that the same finer ones
may be parts of are compared together: the months of three ads with the days of their campaign.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.load import MEASURES
from campaigns.models import AdAccount, InsightBreakdown, InsightDay

SINGLE_DAY = 10
"""What a rank holds for it, above the four levels."""

_TELLINGS = """
    SELECT i.id, i.ad_id, i.spend, i.impressions, a.place, a.campaign, a.ad_set, a.any_ad,
           daterange(i.day, i.until, '[]') AS days, false AS is_inner,
           CASE WHEN i.is_derived THEN 0 ELSE 100 END + CASE WHEN i.day = i.until THEN 10 ELSE 0 END
           + CASE WHEN NOT a.any_ad THEN 3 WHEN a.ad_set > 0 THEN 2 WHEN a.campaign > 0 THEN 1 ELSE 0 END AS rank
      FROM campaigns_insightday i JOIN (
          SELECT *, dense_rank() OVER (ORDER BY campaign, ad_set, any_ad) AS place FROM (
              SELECT a.id, CASE WHEN c.is_placeholder THEN 0 ELSE c.id END AS campaign,
                     CASE WHEN s.is_placeholder THEN 0 ELSE s.id END AS ad_set, a.is_placeholder AS any_ad
                FROM campaigns_ad a
                JOIN campaigns_adset s ON s.id = a.ad_set_id
                JOIN campaigns_campaign c ON c.id = a.campaign_id
               WHERE a.account_id = %(account)s) AS named) AS a ON a.id = i.ad_id
     WHERE i.account_id = %(account)s
"""
"""The rows by their place in the tree, which named ads of one ad set share; 0 is a name that was not told."""

_RANKS = f"SELECT DISTINCT rank FROM ({_TELLINGS}) AS telling ORDER BY rank DESC"  # noqa: S608 - a constant
_KEEP_TELLINGS = f"CREATE TEMPORARY TABLE telling ON COMMIT DROP AS {_TELLINGS}"
_AKIN = """
    CREATE TEMPORARY TABLE akin ON COMMIT DROP AS
    WITH node AS MATERIALIZED (SELECT DISTINCT place, campaign, ad_set, any_ad FROM telling),
    pair AS (
        SELECT a.place, b.place AS other FROM node a JOIN node b ON a.ad_set = b.ad_set WHERE a.ad_set > 0
         UNION SELECT a.place, b.place FROM node a JOIN node b ON a.campaign = b.campaign WHERE a.ad_set = 0
         UNION SELECT a.place, b.place FROM node a, node b WHERE a.campaign = 0 AND a.ad_set = 0
         UNION SELECT a.place, b.place FROM node a, node b WHERE a.campaign = 0 AND b.ad_set = 0)
    SELECT pair.place, pair.other
      FROM (SELECT place, other FROM pair UNION SELECT other, place FROM pair) AS pair
      JOIN node a ON a.place = pair.place JOIN node b ON b.place = pair.other
     WHERE a.place <> b.place AND (a.any_ad OR b.any_ad)
"""
"""Places whose rows may be the same money, both ways. Joined by what is equal: comparing all with all is quadratic."""

_INNER = """
    UPDATE telling SET is_inner = true
      FROM (SELECT ad_id, days FROM telling WHERE upper(days) - lower(days) > 1) AS wide
     WHERE wide.ad_id = telling.ad_id AND wide.days @> telling.days AND wide.days <> telling.days
"""
"""Of one ad's rows the widest counts, as for the readers."""

_HELD = """
    WITH low AS MATERIALIZED (SELECT * FROM telling WHERE rank = %(rank)s),
    high AS MATERIALIZED (SELECT * FROM telling WHERE rank > %(rank)s),
    cover AS MATERIALIZED (
        SELECT akin.place, range_agg(held.days) AS days
          FROM (SELECT place, range_agg(days) AS days FROM high GROUP BY place) AS held
          JOIN akin ON akin.other = held.place
         WHERE akin.place IN (SELECT place FROM low) GROUP BY akin.place)
"""
_DROP_DAYS = f"""
    {_HELD}
    DELETE FROM telling USING low, cover
     WHERE telling.id = low.id AND cover.place = low.place AND cover.days @> low.days
"""  # noqa: S608 - constants of this module
_JUDGE = f"""
    CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
    {_HELD},
    own AS (
        SELECT ad_id, range_agg(days) AS days FROM high WHERE ad_id IN (SELECT ad_id FROM low) GROUP BY ad_id),
    touched AS MATERIALIZED (
        SELECT low.*, (cover.days + coalesce(own.days, '{{}}')) @> low.days AS is_held
          FROM low JOIN cover USING (place) LEFT JOIN own USING (ad_id) WHERE cover.days && low.days),
    open AS MATERIALIZED (
        SELECT * FROM touched WHERE days IN (SELECT days FROM touched WHERE NOT is_held)),
    claim AS MATERIALIZED (
        SELECT place, days, sum(spend) > 0 AS has_spend, sum(spend) AS spend, sum(impressions) AS impressions,
               count(*) AS count
          FROM open GROUP BY place, days),
    part AS MATERIALIZED (
        SELECT claim.place, claim.days, finer.place AS other,
               coalesce(sum(finer.spend) FILTER (WHERE claim.days @> finer.days), 0) AS spend,
               coalesce(sum(finer.impressions) FILTER (WHERE claim.days @> finer.days), 0) AS impressions,
               coalesce(sum(finer.count) FILTER (WHERE claim.days @> finer.days), 0) AS count,
               bool_or(NOT claim.days @> finer.days AND upper(finer.days) - lower(finer.days)
                       >= upper(claim.days) - lower(claim.days)) AS is_crossed
          FROM claim JOIN akin USING (place) JOIN (
              SELECT place, days, sum(spend) FILTER (WHERE NOT is_inner) AS spend,
                     sum(impressions) FILTER (WHERE NOT is_inner) AS impressions, count(*) AS count
                FROM high GROUP BY place, days) AS finer ON finer.place = akin.other AND finer.days && claim.days
         GROUP BY claim.place, claim.days, finer.place),
    need AS (
        SELECT other, days, bool_or(has_spend) AS has_spend, sum(claim.spend) AS spend,
               sum(claim.impressions) AS impressions, sum(claim.count) AS count
          FROM part JOIN claim USING (place, days) GROUP BY other, days),
    told AS (
        SELECT part.place, part.days, bool_or(is_crossed) OR (
                   sum(part.spend) >= max(need.spend) - 0.01 * sqrt(sum(part.count) + max(need.count))
                   AND (bool_or(has_spend) OR sum(part.impressions) >= max(need.impressions))) AS is_told
          FROM part JOIN need USING (other, days) GROUP BY part.place, part.days)
    SELECT touched.id, touched.place, touched.days, is_held OR is_told AS goes
      FROM touched LEFT JOIN told USING (place, days)
"""  # noqa: S608 - constants of this module
_DROP_INSIDE = """
    DELETE FROM telling USING (
        SELECT akin.other AS place, range_agg(days) AS days FROM judged JOIN akin USING (place)
         WHERE NOT goes GROUP BY akin.other) AS whole
     WHERE telling.place = whole.place AND telling.rank > %(rank)s AND telling.days && whole.days
"""
_DROP_JUDGED = "DELETE FROM telling USING judged WHERE telling.id = judged.id AND goes"
_REMOVE = """
    DELETE FROM campaigns_insightday i
     WHERE i.account_id = %(account)s AND NOT EXISTS (SELECT FROM telling WHERE telling.id = i.id)
"""


@transaction.atomic
def settle(account: AdAccount) -> int:
    """Removes what a better telling holds, from the finest downwards; returns how many rows went."""
    of_account = {"account": account.pk}
    with connection.cursor() as cursor, _without_loops(cursor):
        cursor.execute(_RANKS, of_account)
        coarser = [rank for (rank,) in cursor.fetchall()][1:]
        if not coarser:
            return 0
        for statement in (_KEEP_TELLINGS, _AKIN, _INNER, "ANALYZE telling, akin"):
            cursor.execute(statement, of_account)
        for rank in coarser:
            if rank % 100 >= SINGLE_DAY:
                cursor.execute(_DROP_DAYS, {"rank": rank})
            else:
                _judge_periods(cursor, rank)
        cursor.execute(_REMOVE, of_account)
        removed = cursor.rowcount
        cursor.execute("DROP TABLE telling, akin")
        return int(removed)


def _judge_periods(cursor: CursorWrapper, rank: int) -> None:
    """What stays whole takes the finer rows inside it away, which others may have relied on: they are judged again."""
    is_final = False
    while not is_final:
        cursor.execute(_JUDGE, {"rank": rank})
        cursor.execute(_DROP_INSIDE, {"rank": rank})
        is_final = cursor.rowcount == 0
        if is_final:
            cursor.execute(_DROP_JUDGED)
        cursor.execute("DROP TABLE judged")


@contextmanager
def _without_loops(cursor: CursorWrapper) -> Iterator[None]:
    """The rows were written in this very transaction. A planner that takes their tables for empty would walk through
    all ads for each row: a minute for 15,000 rows instead of a moment."""
    cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    cursor.execute("SET LOCAL enable_nestloop = DEFAULT")


def derive_days(account: AdAccount) -> int:
    """Days summed from breakdown rows, where no plain row tells them; returns the rows written.

    Every breakdown tells the same total or, where Meta splits a figure not at all (purchases by region), less: the
    largest of them is right, whichever file came first.
    """
    sums = [name for name in MEASURES if name != "reach"]
    fresh, kept = (", ".join(f"{side}.{name}" for name in sums) for side in ("excluded", "kept"))
    sql = f"""
        INSERT INTO {InsightDay._meta.db_table} AS kept (account_id, is_derived, ad_id, day, until, {", ".join(sums)})
        SELECT %s, true, ad_id, day, until, {", ".join(f"max({name})" for name in sums)} FROM (
            SELECT ad_id, day, until, {", ".join(f"sum({name}) AS {name}" for name in sums)}
              FROM {InsightBreakdown._meta.db_table} WHERE account_id = %s
             GROUP BY ad_id, day, until, dimension) AS told
         GROUP BY ad_id, day, until ORDER BY ad_id, day, until
        ON CONFLICT (ad_id, day, until) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in sums)}
        WHERE kept.is_derived AND ({fresh}) IS DISTINCT FROM ({kept})
    """  # noqa: S608 - names of columns
    with connection.cursor() as cursor:
        cursor.execute(sql, [account.pk, account.pk])
        return int(cursor.rowcount)
