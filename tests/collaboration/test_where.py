from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from campaigns.exports.reader import open_source
from campaigns.exports.understand import understand
from campaigns.importing import account_for_import, import_file
from campaigns.models import InsightBreakdown
from collaboration.ad_rows import load_figures
from collaboration.period import parse_period
from collaboration.where import LABELS, angle_parts, dimensions, parts
from portfolio.performance import totals
from tests.conftest import DATA
from tests.factories import AccountFactory, AdFactory
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
    assert [one.name for one in found.parts if not one.href] == ["Unsorted"]
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


def test_file_split_by_several_shows_each_with_its_sums(account: Any, now: Any, client: Any, manager: Any) -> None:
    path = DATA / "kag-facebook" / "KAG_conversion_data.csv"
    if not path.exists():
        pytest.skip("the real file is absent")
    source = open_source(path)
    mapping = understand(source, {"from": "2017-08-01", "until": "2017-08-31", "currency": "USD"})
    imported = account_for_import(account.brand, "KAG", mapping, "USD")
    import_file(imported, source, mapping, now=now, actor="person:ana@example.com")
    body = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))

    def spent(column: str, value: str) -> Decimal:
        return sum((Decimal(row["Spent"]) for row in body if row[column] == value), Decimal(0))

    period = parse_period({"from": "2017-08-01", "to": "2017-08-31"}, date(2017, 9, 1))
    assert list(dimensions(imported)) == ["angle", "age", "gender", "landing_page"]
    ages = {one.name: one.totals for one in parts(imported, period, "age").parts}
    assert set(ages) == {"30-34", "35-39", "40-44", "45-49"}
    assert all(abs(one.spend - spent("age", name)) < Decimal("0.01") for name, one in ages.items())
    genders = {one.name: one.totals for one in parts(imported, period, "gender").parts}
    assert {name: round(one.spend, 2) for name, one in genders.items()} == {
        "male": round(spent("gender", "M"), 2), "female": round(spent("gender", "F"), 2),
    }  # fmt: skip
    assert sum(one.results for one in genders.values()) == sum(int(row["Approved_Conversion"]) for row in body)
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("portfolio", args=[imported.key]), {"by": "age", "across": "gender"}).content.decode()
    assert ">30-34</a></th>" in page
    assert '<th scope="col">female</th>' in page.replace(' class="n"', "")
    women = client.get(reverse("ads", args=[imported.key]), {"split": "gender:female"}).content.decode()
    assert "Only gender: female" in women
    assert f"{genders['female'].spend:,.2f}" in women


@pytest.mark.parametrize(
    ("dimension", "value", "told"),
    [
        ("country,region", "US,Portland, OR", {"country": "US", "region": "Portland, OR"}),
        ("age,region,gender", "18-24,A, B, C,male", {"age": "18-24", "region": "A, B, C", "gender": "male"}),
        ("publisher_platform,platform_position", "facebook,feed", {"publisher_platform": "facebook"}),
        ("impression_device,objective", "ipad,", {"impression_device": "ipad", "objective": ""}),
    ],
)
def test_each_part_of_a_split_is_told(brand: Any, dimension: str, value: str, told: dict[str, str]) -> None:
    account = AccountFactory.create(brand=brand, mode="shadow", platform="export")
    ad = AdFactory.create(ad_set__campaign__account=account)
    first = LAST_DAY - timedelta(days=3)
    InsightBreakdown.objects.create(
        account=account, ad=ad, day=first, until=LAST_DAY, dimension=dimension, value=value, spend=7
    )
    assert dimensions(account).keys() == {"angle", "landing_page", dimension, *told}
    for by, name in told.items():
        (row,) = totals(account, LAST_DAY - timedelta(days=9), LAST_DAY, by)
        assert (row.key, row.totals.spend) == (name, 7)


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
