from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns.models import InsightBreakdown
from collaboration.ad_rows import load_figures
from collaboration.period import parse_period
from collaboration.where import LABELS, angle_parts, dimensions, parts
from tests.factories import AccountFactory
from tests.many_rows import LAST_DAY, SPLITS, seed_account, seed_breakdowns

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(account: Any) -> Any:
    seed_account(account, campaigns=2, ad_sets=2, ads=3, days=40)
    account.ad_set.filter(name="Ad 1", campaign__name="Campaign 0").update(creative=None)
    return account


@pytest.mark.parametrize("compare", ["previous", "none"])
def test_angles_of_figures_by_ad_equal_those_read_by_angle(many: Any, compare: str) -> None:
    period = parse_period({"period": "7d", "compare": compare}, LAST_DAY + timedelta(days=1))
    found = angle_parts(many, period, load_figures(many, period), "/ads/")
    assert [one.name for one in found if not one.href] == ["Unsorted"]
    assert found == parts(many, period, "angle", base="/ads/")


def test_breakdowns_are_found_without_reading_every_row(account: Any) -> None:
    seed_account(account, campaigns=1, ad_sets=1, ads=2, days=3)
    seed_breakdowns(account, days=3)
    other = AccountFactory.create()
    seed_account(other, campaigns=1, ad_sets=1, ads=1, days=1)
    ad = other.ad_set.get()
    InsightBreakdown.objects.create(account=other, ad=ad, day=LAST_DAY, until=LAST_DAY, dimension="dma", value="1")
    assert dimensions(account) == {"angle": LABELS["angle"], "landing_page": LABELS["landing_page"]} | {
        name: LABELS[name] for name in SPLITS
    }
    assert set(dimensions(other)) == {"angle", "landing_page", "dma"}
    assert set(dimensions(AccountFactory.create())) == {"angle", "landing_page"}


def test_figures_are_read_from_the_index_alone(many: Any) -> None:
    """The index holds every column that totals need; without one of them each row would be fetched as well."""
    period = parse_period({"period": "7d"}, LAST_DAY + timedelta(days=1))
    plans = []

    def explain(execute: Any, sql: str, params: Any, many_rows: bool, context: Any) -> Any:
        with connection.connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, many_rows, context)

    _drop_other_indexes()
    with connection.execute_wrapper(explain):
        load_figures(many, period)
    assert len(plans) == 2
    assert all("Index Only Scan using insight_figures" in plan for plan in plans)


def _drop_other_indexes() -> None:
    """Until the test is over: with few rows any of them would be as cheap."""
    others = (
        "SELECT indexname FROM pg_indexes WHERE tablename = 'campaigns_insightday'"
        " AND indexname NOT IN ('insight_figures', 'campaigns_insightday_pkey', 'insight_once')"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE campaigns_insightday DROP CONSTRAINT insight_once")
        cursor.execute(others)
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
