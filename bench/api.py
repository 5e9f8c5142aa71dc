"""How long the API takes to answer for insights over 100,000 rows, with the period before.

    python -m bench.api --rows 100000

Prints one JSON object a key: median and slowest of some requests in milliseconds, in this process, without the network.
The account is an imported one: its rows may span several days, which costs a search that a connected one is spared.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time

from bench.load_insights import DAYS, make_account, make_rows, scratch_database

KEYS = ("account", "campaign", "ad", "angle", "day")
ALLOWED_MS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=9)
    options = parser.parse_args()
    with scratch_database("bench_api"):
        measure(options.rows, options.requests)


def measure(count: int, requests: int) -> None:
    from django.db import connection
    from rest_framework.test import APIClient

    from campaigns.load import load_insights
    from mediabuyer.brands.models import Member, Token, User

    account, ads = make_account(max(count // DAYS, 1))
    rows = make_rows(ads, count, random.Random(1))
    load_insights(account, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE campaigns_insightday")
    user = User.objects.create_user("bench@example.com")
    _, secret = Token.issue(Member.objects.create(brand=account.brand, user=user, role="viewer"), "bench", ["read"])
    client = APIClient(headers={"Authorization": f"Token {secret}", "Host": "localhost"})
    ask(client, "/api/accounts/")  # loads the urlconf
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    for by in KEYS:
        url = f"/api/accounts/{account.key}/insights/?by={by}&compare=previous&from={first}&to={last}"
        took = sorted(ask(client, url) for _ in range(requests))
        print(json.dumps({"by": by, "rows": count, "median_ms": round(statistics.median(took)),
                          "slowest_ms": round(took[-1]), "allowed_ms": ALLOWED_MS}))  # fmt: skip


def ask(client: object, url: str) -> float:
    began = time.perf_counter()
    answer = client.get(url)  # type: ignore[attr-defined]
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"{url}: {answer.status_code}")
    return took


if __name__ == "__main__":
    main()
