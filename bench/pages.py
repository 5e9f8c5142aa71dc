"""`python -m bench.pages`: server time of every page on a large account, beside the plain sum of the rows it shows.

The account has 100,000 insight rows, as many breakdown rows, 2,000 decisions, 20,000 journal lines and 20,000 orders.
Runs in a database of its own, which is dropped afterwards. Times are of the whole request without the network; `cpu` is
what this process and its database session computed, which other work on the machine disturbs less.
"""

# ruff: noqa: E402 - Django is set up before anything of it is imported
from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection
from django.test import Client

from campaigns.models import AdAccount
from tests.factories import AccountFactory, BrandFactory, MemberFactory
from tests.many_rows import LAST_DAY, pages_of, seed_account, seed_breakdowns, seed_conversions, seed_history

ALLOWED_MS = 300
BASELINE = """
SELECT ad_id, sum(spend), sum(impressions), sum(clicks), sum(results), sum(revenue) FROM campaigns_insightday
WHERE account_id = %s AND day > %s::date - 56 GROUP BY ad_id
"""
"""What any page of figures needs at the least: the sums by ad of 28 days and of the 28 before."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="insight rows, 50 ads a campaign of 100 days each")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        _measure(options.rows, options.runs)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


def _measure(rows: int, runs: int) -> None:
    account = AccountFactory.create(brand=BrandFactory.create())
    client = Client(headers={"host": "localhost"})
    person = MemberFactory.create(brand=account.brand, role="owner").user
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    _seed(account, rows)
    _print_row("page", "ms", "worst", "cpu", "queries", "KB")
    times = [_timed(lambda: _baseline(account)) for _ in range(runs)]
    _print("(the sums by ad alone)", times, 1, 0)
    over = [name for name, url in pages_of(account).items() if _print(name, *_visits(client, url, runs)) > ALLOWED_MS]
    sys.stdout.write(f"over {ALLOWED_MS} ms: {', '.join(over) or 'none'}\n")


def _seed(account: AdAccount, rows: int) -> None:
    campaigns = max(rows // 5000, 1)
    insights = seed_account(account, campaigns=campaigns, ad_sets=5, ads=10, days=100)
    breakdowns = seed_breakdowns(account, days=10)
    orders = seed_conversions(account, each=20)
    seed_history(account, decisions=campaigns * 100, events=campaigns * 1000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    sys.stdout.write(
        f"{insights:,} insight rows of {account.ad_set.count():,} ads, {breakdowns:,} breakdown rows, {orders:,} "
        f"orders, {campaigns * 100:,} decisions, {campaigns * 1000:,} journal lines; load {os.getloadavg()[0]:.1f}\n"
    )


def _visits(client: Client, url: str, runs: int) -> tuple[list[tuple[float, float]], int, int]:
    """Milliseconds and milliseconds of CPU of each visit; queries and size of the first, which fills caches."""
    queries = []

    def count(execute: Any, *call: Any) -> Any:
        queries.append(call[0])
        return execute(*call)

    with connection.execute_wrapper(count):
        size = _read(client, url)
    return [_timed(lambda: _read(client, url)) for _ in range(runs)], len(queries), size


def _read(client: Client, url: str) -> int:
    """Bytes of the whole answer, a streamed one to its end."""
    answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url} answered {answer.status_code}")
    return len(b"".join(answer)) if answer.streaming else len(answer.content)


def _baseline(account: AdAccount) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BASELINE, [account.pk, LAST_DAY])
        cursor.fetchall()


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    cpu, start = _cpu_seconds(), time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000, (_cpu_seconds() - cpu) * 1000


def _cpu_seconds() -> float:
    """Of this process and of the database session, where the system tells; that one in steps of 10 ms."""
    session = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    if not session.exists():
        return time.process_time()
    ticks = session.read_text().rpartition(")")[2].split()
    return time.process_time() + (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def _print(name: str, times: list[tuple[float, float]], queries: int, size: int) -> float:
    """One line; returns the median of the milliseconds."""
    taken, cpu = zip(*times, strict=True)
    median = statistics.median(taken)
    _print_row(
        name, f"{median:.0f}", f"{max(taken):.0f}", f"{statistics.mean(cpu):.0f}", str(queries), str(size // 1024)
    )
    return median


def _print_row(name: str, *figures: str) -> None:
    sys.stdout.write(f"{name:<24}" + "".join(f"{figure:>9}" for figure in figures) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
