"""Loading insights beside a plain COPY of the same rows, and a whole first sync from the sandbox.

    python -m bench.load_insights --rows 100000

Prints one JSON object. Works in a database of its own, which it drops. `first` fills an empty table, `same` loads what
is there already, `restated` alters every row; each ratio is rows a second against COPY into an equal table, that is one
of the same columns, indexes and constraints. `unbound` is the same without its foreign keys, which cost COPY half its
time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DAYS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs counts, for COPY too")
    options = parser.parse_args()
    with scratch_database("bench_load"):
        print(json.dumps({**measure_load(options.rows, options.seed, options.repeat), **measure_sync(options.seed)}))


@contextmanager
def scratch_database(name: str) -> Iterator[None]:
    """A migrated, empty database on the server that the settings name; dropped at the end."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
    if not os.environ.get("DATABASE_URL"):
        from mediabuyer.lib.servers.postgres import ensure_postgres

        ensure_postgres(Path(os.environ.setdefault("MEDIABUYER_VAR", str(ROOT / "var"))))
    import django
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    settings.DATABASES["default"]["TEST"] = {**settings.DATABASES["default"].get("TEST", {}), "NAME": name}
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(databases, verbosity=0)


def measure_load(count: int, seed: int, repeat: int) -> dict[str, Any]:
    from campaigns.load import load_insights
    from campaigns.models import InsightDay

    account, ads = make_account(max(count // DAYS, 1))
    rows = make_rows(ads, count, random.Random(seed))
    restated = make_rows(ads, count, random.Random(seed + 1))
    best = dict.fromkeys(("copy", "unbound", "first", "same", "restated"), 1e9)
    for _ in range(repeat):
        empty(InsightDay)
        took = {
            "copy": plain_copy(account, rows, bound=True),
            "unbound": plain_copy(account, rows, bound=False),
            "first": timed(lambda: expect(load_insights(account, rows).written, count)),
            "same": timed(lambda: expect(load_insights(account, rows).written, 0)),
            "restated": timed(lambda: expect(load_insights(account, restated).written, count)),
        }
        best = {name: min(best[name], seconds) for name, seconds in took.items()}
    return {
        "rows": count,
        **{f"{name}_rows_per_s": round(count / seconds) for name, seconds in best.items()},
        **{f"ratio_{name}": round(best["copy"] / best[name], 2) for name in ("first", "same", "restated")},
        "ratio_first_unbound": round(best["unbound"] / best["first"], 2),
    }


def measure_sync(seed: int) -> dict[str, Any]:
    """60 days of 24 ads with every breakdown, by the real SDK from a real sandbox; then the same once more."""
    from campaigns.models import AdAccount
    from campaigns.platforms import connect
    from campaigns.sync import sync_insights, sync_structure
    from mediabuyer.brands.models import Brand
    from tests.sandbox_process import running_sandbox

    with running_sandbox(fresh=True, seed=seed, history_days=60, campaigns=4, ads=24) as sandbox:
        account = AdAccount.objects.create(
            brand=Brand.objects.create(name="Sync"), name="Sync", mode="sandbox", external_id=sandbox.account_id,
            graph_url=sandbox.url, currency="EUR", time_zone="Europe/Berlin",
            credentials=json.dumps({"access_token": sandbox.access_token, "app_secret": sandbox.app_secret}),
        )  # fmt: skip
        now = connect(account).read_now()
        structure = timed(lambda: sync_structure(account, now))
        first = timed(lambda: sync_insights(account, now, days=60))
        cpu = time.process_time()
        run = sync_insights(account, now, days=60)
        return {
            "sync_rows": run.rows, "sync_structure_s": round(structure, 2), "sync_first_s": round(first, 1),
            "sync_own_cpu_s": round(time.process_time() - cpu, 1),
        }  # fmt: skip


def make_account(ads: int) -> tuple[Any, list[Any]]:
    from campaigns.models import Ad, AdAccount, AdSet, Campaign
    from mediabuyer.brands.models import Brand

    account = AdAccount.objects.create(
        brand=Brand.objects.create(name="Bench"), name="Bench", mode="shadow", external_id="bench", currency="EUR"
    )
    campaign = Campaign.objects.create(account=account, external_id="c", name="Campaign")
    ad_set = AdSet.objects.create(account=account, external_id="s", name="Ad set", campaign=campaign)
    return account, Ad.objects.bulk_create(
        Ad(account=account, campaign=campaign, ad_set=ad_set, external_id=str(number), name=f"Ad {number}")
        for number in range(ads)
    )


def make_rows(ads: list[Any], count: int, rng: random.Random) -> list[Any]:
    from campaigns.platforms.base import InsightRow

    start = date(2026, 8, 1)
    return [
        InsightRow(
            ad_id=ads[number // DAYS].external_id, day=start + timedelta(days=number % DAYS),
            spend=Decimal(rng.randrange(100, 500_000)).scaleb(-2), impressions=rng.randrange(100, 90_000),
            reach=rng.randrange(100, 50_000), clicks=rng.randrange(1, 900), link_clicks=rng.randrange(1, 600),
            results=Decimal(rng.randrange(0, 40)), revenue=Decimal(rng.randrange(0, 900_000)).scaleb(-2),
        )
        for number in range(count)
    ]  # fmt: skip


def plain_copy(account: Any, rows: list[Any], *, bound: bool) -> float:
    """Seconds for COPY and nothing else, with the ads' ids known beforehand."""
    from django.db import connection, transaction

    from campaigns.models import Ad

    ids = dict(Ad.objects.filter(account=account).values_list("external_id", "pk"))
    columns = (
        "account_id, ad_id, day, until, is_derived, spend, impressions, reach, clicks, link_clicks, "
        "landing_page_views, results, revenue, results_1d, results_7d, results_28d"
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain (LIKE campaigns_insightday INCLUDING ALL)")
        for name in ("ad", "account") if bound else ():
            target = {"ad": "campaigns_ad", "account": "campaigns_adaccount"}[name]
            cursor.execute(f"ALTER TABLE plain ADD FOREIGN KEY ({name}_id) REFERENCES {target}")
    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(f"COPY plain ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row((
                account.pk, ids[row.ad_id], row.day, row.day, False, row.spend, row.impressions, row.reach,
                row.clicks, row.link_clicks, row.landing_page_views, row.results, row.revenue, row.results_1d,
                row.results_7d, row.results_28d,
            ))  # fmt: skip
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE plain")
    return took


def empty(model: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {model._meta.db_table}")


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise SystemExit(f"{found} rows were written, {wanted} expected")


if __name__ == "__main__":
    main()
