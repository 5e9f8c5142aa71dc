"""`python -m bench.settle`: how long it takes to leave one telling of 100,000 rows that two files tell.

Ads by day and, beside them, their campaigns: by day, by periods of ten days that the ads hold, and by such periods
where the ads leave a day of each out and tell less. Beside it: plain COPY of the ads' rows into an equal table, in the
same run. Best of so many rounds each. Runs in a database of its own, which is dropped afterwards.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported
from __future__ import annotations

import argparse
import json
import os
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection, transaction

from campaigns.models import Ad, AdAccount, AdSet, Campaign, InsightDay
from campaigns.overlap import settle
from tests.factories import AccountFactory
from tests.many_rows import LAST_DAY, seed_account

ADS, DAYS = 2000, 50
PERIOD = 10
ALLOWED_S = 2
KINDS = ("days", "periods", "gaps")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.settle", description=__doc__)
    parser.add_argument("--rows", type=int, default=ADS * DAYS, help="of ads; those of campaigns come on top")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        print(json.dumps(_measure(max(options.rows // (100 * DAYS), 1), options.repeat)))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


def _measure(campaigns: int, repeat: int) -> dict[str, float]:
    account = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    rows = seed_account(account, campaigns=campaigns, ad_sets=5, ads=20, days=DAYS)
    whole = _whole_campaigns(account)
    found: dict[str, float] = {"ad_rows": rows, "load": round(os.getloadavg()[0], 1)}
    found["copy_s"] = round(min(_copy_seconds() for _ in range(repeat)), 2)
    for kind in KINDS:
        took, removed = min(_settle_seconds(account, whole, kind) for _ in range(repeat))
        found |= {f"{kind}_removed": removed, f"{kind}_s": round(took, 2)}
    return {**found, "allowed_s": ALLOWED_S}


def _whole_campaigns(account: AdAccount) -> list[Ad]:
    """What a file by campaign names: an ad that stands for all of each."""
    ads = []
    for campaign in Campaign.objects.filter(account=account):
        common = {"account": account, "campaign": campaign, "external_id": f"all:{campaign.pk}", "name": "Whole",
                  "is_placeholder": True}  # fmt: skip
        ads.append(Ad.objects.create(ad_set=AdSet.objects.create(**common), **common))
    return ads


def _settle_seconds(account: AdAccount, whole: list[Ad], kind: str) -> tuple[float, int]:
    """In a transaction that is taken back, right after the rows were written, as after an import."""
    length = 1 if kind == "days" else PERIOD
    with transaction.atomic():
        if kind == "gaps":
            left_out = [LAST_DAY - timedelta(days=back) for back in range(PERIOD // 2, DAYS, PERIOD)]
            InsightDay.objects.filter(day__in=left_out).delete()
        InsightDay.objects.bulk_create(
            InsightDay(account=account, ad=ad, day=LAST_DAY - timedelta(days=back + length - 1),
                       until=LAST_DAY - timedelta(days=back), spend=1_000_000)
            for ad in whole for back in range(0, DAYS, length)
        )  # fmt: skip
        began = time.perf_counter()
        removed = settle(account)
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took, removed


def _copy_seconds() -> float:
    """COPY and nothing else, into a table of the same columns, indexes and constraints."""
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy("COPY campaigns_insightday TO STDOUT") as rows:
            data = b"".join(rows)
        cursor.execute("CREATE TABLE plain (LIKE campaigns_insightday INCLUDING ALL)")
        for name, target in (("ad", "campaigns_ad"), ("account", "campaigns_adaccount")):
            cursor.execute(f"ALTER TABLE plain ADD FOREIGN KEY ({name}_id) REFERENCES {target}")
        began = time.perf_counter()
        with cursor.copy("COPY plain FROM STDIN") as copy:
            copy.write(data)
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took


if __name__ == "__main__":
    raise SystemExit(main())
