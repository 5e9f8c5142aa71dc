"""An Ads Manager file of any size into the database, beside a plain COPY of the same rows: speed and memory.

    python -m bench.import_file --megabytes 200

Prints one JSON object. Works in a database of its own, which it drops. `memory_mb` is the peak of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    "Campaign name,Ad set name,Ad name,Day,Delivery status,Reach,Impressions,CPM (cost per 1000 impressions),"
    "Link clicks,Clicks (all),CTR (all),Result type,Results,Cost per result,Purchases conversion value,"
    "Amount spent (EUR),Reporting starts,Reporting ends\n"
)
ADS = 2000
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        rows, spend = write_export(path, options.megabytes * 1_000_000, random.Random(options.seed))
        print(json.dumps({"rows": rows, "megabytes": options.megabytes, **measure(path, rows, spend)}))


def write_export(path: Path, size: int, rng: random.Random) -> tuple[int, Decimal]:
    """Ads by day in Ads Manager's own columns; returns rows and spend."""
    rows, spend, written = 0, Decimal(0), len(HEADER)
    with path.open("w", encoding="utf-8-sig") as file:
        file.write(HEADER)
        while written < size:
            line, cost = _line(rows, rng)
            written += file.write(line)
            rows, spend = rows + 1, spend + cost
    return rows, spend


def _line(number: int, rng: random.Random) -> tuple[str, Decimal]:
    ad, day = number % ADS, date(2018, 1, 1) + timedelta(days=number // ADS)
    seen, cost = rng.randrange(100, 90_000), Decimal(rng.randrange(100, 500_000)).scaleb(-2)
    clicks, bought = seen // 60, seen // 4000
    return (
        f'"Campaign {ad // 40} | Autumn, wide","Ad set {ad // 8}","Calm || Video {ad} || 12/1/26",{day},active,'
        f"{seen // 2},{seen},{cost * 1000 / seen:.8f},{clicks // 2},{clicks},{clicks * 100 / seen:.8f},"
        f"Website purchases,{bought},{cost / max(bought, 1):.8f},{bought * 41}.50,{cost},{day},{day}\n"
    ), cost


def measure(path: Path, rows: int, spend: Decimal) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediabuyer.settings")
    if not os.environ.get("DATABASE_URL"):
        from mediabuyer.lib.servers.postgres import ensure_postgres

        ensure_postgres(Path(os.environ.setdefault("MEDIABUYER_VAR", str(ROOT / "var"))))
    import django
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    settings.DATABASES["default"]["TEST"] = {**settings.DATABASES["default"].get("TEST", {}), "NAME": "bench_import"}
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return _measure(path, rows, spend)
    finally:
        teardown_databases(databases, verbosity=0)


def _measure(path: Path, rows: int, spend: Decimal) -> dict[str, Any]:
    from django.db.models import Sum

    from campaigns.exports.reader import open_source
    from campaigns.exports.understand import understand
    from campaigns.importing import account_for_import, import_file
    from campaigns.models import InsightDay
    from mediabuyer.brands.models import Brand

    idle = _peak_mb()
    source = open_source(path)
    clock = [time.perf_counter()]
    mapping = understand(source)
    clock.append(time.perf_counter())
    account = account_for_import(Brand.objects.create(name="Bench"), "Bench", mapping)
    result = import_file(account, source, mapping, now=NOW, actor="bench")
    clock.append(time.perf_counter())
    again = import_file(account, source, mapping, now=NOW, actor="bench")
    clock.append(time.perf_counter())
    stored = InsightDay.objects.aggregate(sum=Sum("spend"))["sum"]
    assert (result.reading.totals.rows, stored, again.written) == (rows, spend, 0)
    memory = _peak_mb()
    copy = _plain_copy(account.pk)
    took = [later - sooner for sooner, later in pairwise(clock)]
    return {
        "understand_s": round(took[0], 1), "import_s": round(took[1], 1), "again_s": round(took[2], 1),
        "rows_per_s": round(rows / took[1]), "copy_rows_per_s": round(rows / copy),
        "ratio": round(copy / took[1], 3), "idle_mb": idle, "memory_mb": memory,
    }  # fmt: skip


def _plain_copy(account: int) -> float:
    """Seconds for COPY alone: the same rows, already parsed, into a table of the same columns without an index."""
    from django.db import connection, transaction

    columns = "ad_id, day, until, reach, spend, impressions, clicks, link_clicks, landing_page_views, results, revenue"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM campaigns_insightday WHERE account_id = %s", [account])
        parsed = cursor.fetchall()
        cursor.execute("CREATE TEMPORARY TABLE plain (LIKE campaigns_insightday) ON COMMIT DROP")
        for column in ("id", "account_id", "is_derived", "results_1d", "results_7d", "results_28d"):
            cursor.execute(f"ALTER TABLE plain ALTER {column} DROP NOT NULL")
        began = time.perf_counter()
        with cursor.copy(f"COPY plain ({columns}) FROM STDIN") as copy:
            for row in parsed:
                copy.write_row(row)
        return time.perf_counter() - began


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
