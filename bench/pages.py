"""`python -m bench.pages`: server time of Portfolio, Ads and Ad on an account of 100,000 insight rows.

Runs in a database of its own, which is dropped afterwards. Times are of the whole request without the network.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported
from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import AccountFactory, BrandFactory, MemberFactory
from tests.many_rows import seed_account


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="insight rows, 50 ads a campaign of 100 days each")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        _measure(max(options.rows // 5000, 1), options.runs)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


def _measure(campaigns: int, runs: int) -> None:
    account = AccountFactory.create(brand=BrandFactory.create())
    client = Client(headers={"host": "localhost"})
    client.force_login(MemberFactory.create(brand=account.brand).user, "django.contrib.auth.backends.ModelBackend")
    rows = seed_account(account, campaigns=campaigns, ad_sets=5, ads=10, days=100)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    ads, one = reverse("ads", args=[account.key]), account.ad_set.first()
    assert one is not None
    pages = {
        "Ads, tree": ads,
        "Ads, all open": f"{ads}?open=all",
        "Ads, list of ads": f"{ads}?level=ad",
        "Ads, 90 days": f"{ads}?period=90d",
        "Ads, search": f"{ads}?q=Ad+3",
        "Ads, CSV of all ads": f"{ads}?level=ad&format=csv",
        "Portfolio": reverse("portfolio", args=[account.key]),
        "Ad": reverse("ad", args=[account.key, one.key]),
    }
    sys.stdout.write(f"{rows:,} insight rows, {account.ad_set.count():,} ads, median of {runs} requests\n")
    sys.stdout.write(f"{'page':<22}{'server ms':>10}{'worst':>8}{'queries':>9}{'KB':>7}\n")
    for name, url in pages.items():
        _print(name, client, url, runs)


def _print(name: str, client: Client, url: str, runs: int) -> None:
    queries = []

    def count(execute: Any, *call: Any) -> Any:
        queries.append(call[0])
        return execute(*call)

    with connection.execute_wrapper(count):  # the first request is not counted: it fills caches
        size = _read(client, url)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        _read(client, url)
        times.append((time.perf_counter() - start) * 1000)
    sys.stdout.write(
        f"{name:<22}{statistics.median(times):>10.0f}{max(times):>8.0f}{len(queries):>9}{size / 1024:>7.0f}\n"
    )


def _read(client: Client, url: str) -> int:
    """Bytes of the whole answer, a streamed one to its end."""
    answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url} answered {answer.status_code}")
    return len(b"".join(answer)) if answer.streaming else len(answer.content)


if __name__ == "__main__":
    raise SystemExit(main())
