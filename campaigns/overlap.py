"""Several files of one account tell of the same money. After each import only one of the tellings stays.

Two rows of different ads may be the same money when nothing that both name differs (a placeholder names nothing) and
their days overlap. Then plain rows go before rows summed from a breakdown, single days before longer periods, and ads
before ad sets before campaigns before the account. Rows of one ad never clash here: the readers know which counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

from campaigns.load import MEASURES
from campaigns.models import AdAccount, InsightBreakdown, InsightDay

_RANKED = """
    SELECT i.id, i.day, i.until, a.id AS ad_id, s.id AS ad_set_id, c.id AS campaign_id,
           a.is_placeholder AS any_ad, s.is_placeholder AS any_ad_set, c.is_placeholder AS any_campaign,
           CASE WHEN i.is_derived THEN 0 ELSE 100 END + CASE WHEN i.day = i.until THEN 10 ELSE 0 END
           + CASE WHEN c.is_placeholder AND s.is_placeholder AND a.is_placeholder THEN 0
                  WHEN s.is_placeholder AND a.is_placeholder THEN 1 WHEN a.is_placeholder THEN 2 ELSE 3 END AS rank
      FROM campaigns_insightday i
      JOIN campaigns_ad a ON a.id = i.ad_id
      JOIN campaigns_adset s ON s.id = a.ad_set_id
      JOIN campaigns_campaign c ON c.id = a.campaign_id
     WHERE i.account_id = %(account)s
"""
_MAY_BE_THE_SAME = """
    low.ad_id <> high.ad_id AND high.rank > low.rank
    AND (low.campaign_id = high.campaign_id OR low.any_campaign OR high.any_campaign)
    AND (low.ad_set_id = high.ad_set_id OR low.any_ad_set OR high.any_ad_set)
    AND (low.any_ad OR high.any_ad)
"""
_COVERED = f"""
    WITH ranked AS MATERIALIZED ({_RANKED}),
    cover AS MATERIALIZED (
        SELECT ad_id, ad_set_id, campaign_id, any_ad, any_ad_set, any_campaign, rank,
               min(day) AS day, max(until) AS until
          FROM ranked GROUP BY 1, 2, 3, 4, 5, 6, 7)
    DELETE FROM campaigns_insightday WHERE id IN (
        SELECT low.id FROM ranked low
         WHERE (SELECT min(high.day) <= low.day AND max(high.until) >= low.until
                  FROM cover high WHERE {_MAY_BE_THE_SAME}))
"""  # noqa: S608 - constants of this module
_INSIDE = f"""
    WITH ranked AS MATERIALIZED ({_RANKED})
    DELETE FROM campaigns_insightday WHERE id IN (
        SELECT high.id FROM ranked high
         WHERE EXISTS (SELECT 1 FROM ranked low WHERE low.until > low.day AND low.day <= high.until
                          AND low.until >= high.day AND {_MAY_BE_THE_SAME}))
"""  # noqa: S608 - constants of this module


def settle(account: AdAccount) -> int:
    """Removes the coarser telling where a better one covers its days; returns how many rows went.

    A longer row that is covered only in part stays, since its money would be lost, and the finer rows inside it go.
    """
    with connection.cursor() as cursor, _without_loops(cursor):
        cursor.execute(f"SELECT count(DISTINCT rank) FROM ({_RANKED}) AS ranked", {"account": account.pk})  # noqa: S608
        found = cursor.fetchone()
        if not found or found[0] < 2:
            return 0
        cursor.execute(_COVERED, {"account": account.pk})
        removed = cursor.rowcount
        cursor.execute(_INSIDE, {"account": account.pk})
        return int(removed + cursor.rowcount)


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
