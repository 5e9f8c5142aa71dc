"""`python -m bench.evaluate`: how long the agent takes to judge an imported account of 9,000 ads.

Seven days and ten breakdown rows an ad, a row of a month for each tenth, and an angle an ad, which is the worst a file
can bring. Runs in a database of its own, which is dropped afterwards. Beside it: reading the same rows, and the states.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported
from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection

from campaigns.models import Ad, AdAccount, InsightDay
from creatives.models import Angle, Creative
from mediabuyer.agent.evaluate import evaluate
from mediabuyer.agent.observe import Pulled
from mediabuyer.agent.steps import step
from portfolio.states import snapshot
from tests.factories import NOW, AccountFactory, CycleFactory
from tests.many_rows import LAST_DAY, seed_account, seed_breakdowns

ALLOWED_S = 10
EACH_CAMPAIGN = 150


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.evaluate", description=__doc__)
    parser.add_argument("--ads", type=int, default=9000)
    options = parser.parse_args()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        print(json.dumps(_measure(max(options.ads // EACH_CAMPAIGN, 1))))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


def _measure(campaigns: int) -> dict[str, float]:
    account = AccountFactory.create(mode="shadow", platform="export", graph_url="")
    seed_account(account, campaigns=campaigns, ad_sets=15, ads=10, days=7)
    seed_breakdowns(account, days=1)
    _add_angles_and_months(account)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    cycle = CycleFactory.create(account=account, state="running")
    rows = InsightDay.objects.filter(account=account)
    with step(cycle, "evaluate") as note:
        return {
            "ads": account.ad_set.count(),
            "rows": rows.count(),
            "load": round(os.getloadavg()[0], 1),
            "read_s": _seconds(lambda: list(rows.values_list())),
            "states_s": _seconds(lambda: snapshot(account, NOW)),
            "evaluate_s": _seconds(lambda: evaluate(cycle, Pulled(), note)),
            "allowed_s": ALLOWED_S,
        }


def _add_angles_and_months(account: AdAccount) -> None:
    ads = list(account.ad_set.all())
    angles = Angle.objects.bulk_create(Angle(brand=account.brand, name=f"Own {ad.pk}") for ad in ads)
    creatives = Creative.objects.bulk_create(
        Creative(brand=account.brand, angle=angle, external_id=f"own-{angle.pk}", content_hash=f"{angle.pk:064x}")
        for angle in angles
    )
    for ad, creative in zip(ads, creatives, strict=True):
        ad.creative = creative
    Ad.objects.bulk_update(ads, ["creative"], batch_size=1000)
    InsightDay.objects.bulk_create(
        InsightDay(account=account, ad=ad, day=LAST_DAY - timedelta(days=29), until=LAST_DAY, spend=300,
                   impressions=9000, clicks=200, link_clicks=150, results=9, revenue=400)
        for ad in ads[::10]
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 2)


if __name__ == "__main__":
    raise SystemExit(main())
