"""Every page on two accounts, one ten times the other: none may ask the database more often for more rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import AdAccount
from tests.factories import AccountFactory, MemberFactory
from tests.many_rows import pages_of, seed_account, seed_breakdowns, seed_conversions, seed_history

pytestmark = pytest.mark.django_db
MOST_QUERIES = 40


@pytest.fixture
def count_queries() -> Callable[[AdAccount], dict[str, int]]:
    """Queries by page of an account, which is the only one that the person sees."""

    def count(account: AdAccount) -> dict[str, int]:
        client = Client()
        client.force_login(
            MemberFactory.create(brand=account.brand, role="owner").user, "django.contrib.auth.backends.ModelBackend"
        )
        pages = pages_of(account)
        _read(client, pages["Today"])  # the first visit remembers the account in the session
        return {name: _queries(client, url) for name, url in pages.items()}

    return count


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        _read(client, url)
    return len(queries)


def _read(client: Client, url: str) -> None:
    answer: Any = client.get(url)
    assert answer.status_code == 200, url
    if answer.streaming:
        b"".join(answer)


def test_no_page_asks_more_often_for_more_rows(count_queries: Callable[[AdAccount], dict[str, int]]) -> None:
    small, large = AccountFactory.create(), AccountFactory.create()
    seed_account(small, campaigns=1, ad_sets=1, ads=4, days=60)
    seed_account(large, campaigns=4, ad_sets=3, ads=4, days=60)
    for account, many in ((small, 1), (large, 10)):
        seed_breakdowns(account, days=3)
        seed_conversions(account, each=5)
        seed_history(account, decisions=30 * many, events=40 * many, cycles=3 * many)
    many_rows, few = count_queries(large), count_queries(small)  # what is asked once in a process counts as too many
    assert {name: count for name, count in many_rows.items() if count > few[name]} == {}
    assert {name: count for name, count in many_rows.items() if count > MOST_QUERIES} == {}
