"""Portfolio, Ads and Ad in a real browser: no violation in both schemes and widths; the tree opens in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns.models import Comment, InsightBreakdown, InsightDay
from mediabuyer.brands.models import User
from memory.events import record
from portfolio.models import AdState, Conversion, Goal
from tests.browser.conftest import Look
from tests.factories import (
    NOW,
    AccountFactory,
    AdFactory,
    AdSetFactory,
    AngleFactory,
    CampaignFactory,
    CreativeFactory,
    InsightFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LAST = date(2026, 11, 19)


@pytest.fixture
def viewer(person: Callable[[str], User]) -> User:
    return person("viewer")


@pytest.fixture
def shop(account: Any) -> list[Any]:
    """Two campaigns with two ads each, sixty days of figures, orders, a comment and a change."""
    Goal.put(account, None, NOW, margin=Decimal("0.6"))
    ads = []
    for number, name in enumerate(("Gift shoppers", "Broad – Lookalike 1% of the best buyers of the last year")):
        ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account, name=name))
        for angle in ("Freshness", "Price per cup"):
            creative = CreativeFactory.create(
                brand=account.brand,
                angle=AngleFactory.create(brand=account.brand, name=f"{angle} {number}"),
                body="Roasted on Tuesday, at your door by Friday. " * 5,
            )
            ads.append(AdFactory.create(ad_set=ad_set, name=f"{angle} | static | v{number}", creative=creative))
    for ad in ads:
        InsightDay.objects.bulk_create(
            InsightFactory.build(
                ad=ad, day=LAST - timedelta(days=back), spend=Decimal(20 + back % 7), impressions=2000,
                clicks=40 + back, results=Decimal(2), revenue=Decimal(90),
            )
            for back in range(60)
        )  # fmt: skip
        InsightBreakdown.objects.create(account=account, ad=ad, day=LAST, until=LAST, dimension="age", value="25-34",
                                        spend=20, revenue=90, results=12, impressions=2000, clicks=60)  # fmt: skip
        _judge(ad)
    Comment.objects.create(account=account, ad=ads[0], external_id="1", author="Eve", text="Nice", written_at=NOW)
    with transaction.atomic():
        record("decision.done", "decision", "1", brand=account.brand, account=account.key,
               now=NOW - timedelta(days=9), actor="agent", what="Raise “Broad” from €50 to €60 a day")  # fmt: skip
    return ads


def _judge(ad: Any) -> None:
    """The state of the last evaluation and the orders behind it."""
    figures = {"spend": 900.0, "payout_7": {"projected": 700.0}, "payout_30": {"projected": 1000.0}}
    AdState.objects.create(
        ad=ad, day=LAST, cpa=Decimal(20), payout_7=Decimal(15), payout_30=Decimal(22), payout_per_spend=1.1,
        low=0.9, high=1.3, p_profit=0.7, maturity=0.8, fatigue=0.3, is_tired=True, figures=figures,
    )  # fmt: skip
    clicked = NOW - timedelta(days=38)
    Conversion.objects.bulk_create(
        Conversion(
            account=ad.account, ad=ad, event_id=f"{ad.pk}-{number}", value=Decimal(45), lag_days=number % 9,
            clicked_at=clicked + timedelta(days=number), clicked_on=(clicked + timedelta(days=number)).date(),
            converted_at=clicked + timedelta(days=number + number % 9),
        )
        for number in range(28)
    )  # fmt: skip


def test_portfolio_has_no_violation(
    check_pages: Callable[..., None], viewer: User, account: Any, shop: list[Any]
) -> None:
    def open_all(page: Page) -> None:
        for summary in page.locator("details > summary").all():
            summary.click()

    ads = reverse("ads", args=[account.key])
    check_pages(
        viewer,
        Look(reverse("portfolio", args=[account.key]), ready=".chart .main-svg"),
        *(ads + asked for asked in ("?open=all", "?level=ad&columns=payout", "?q=zebra")),
        Look(reverse("ad", args=[account.key, shop[0].key]), act=open_all),
    )


def test_empty_portfolio_has_no_violation(check_pages: Callable[..., None], viewer: User, account: Any) -> None:
    check_pages(viewer, reverse("portfolio", args=[account.key]))


def test_tree_opens_in_place_and_keeps_focus(
    open_page: Callable[..., Page], viewer: User, account: Any, shop: list[Any]
) -> None:
    page = open_page(viewer)
    page.goto(reverse("ads", args=[account.key]))
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Gift shoppers").press("Enter")
    ad_set = page.get_by_role("link", name=shop[0].ad_set.name)
    expect(ad_set).to_be_visible()
    assert page.evaluate("window.stayed")
    assert f"open={shop[0].campaign.key.hex[:8]}" in page.url
    expect(page.get_by_role("link", name="Gift shoppers")).to_be_focused()
    ad_set.click()
    page.get_by_role("link", name="Freshness | static | v0").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Freshness | static | v0")
    page.go_back()
    expect(page.get_by_role("link", name="Freshness | static | v0")).to_be_visible()
    assert page.errors == []  # type: ignore[attr-defined]


def test_number_tells_its_source_and_leads_to_its_rows(
    open_page: Callable[..., Page], viewer: User, account: Any, shop: list[Any]
) -> None:
    page = open_page(viewer)
    page.goto(reverse("portfolio", args=[account.key]))
    spend = page.locator("#ask-kpi-spend")
    expect(spend).to_be_hidden()
    page.locator("[aria-describedby='ask-kpi-spend']").focus()
    expect(spend).to_be_visible()
    expect(spend).to_contain_text("Meta Insights, sandbox")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/ads/$"))


def test_export_is_downloaded(open_page: Callable[..., Page], viewer: User, account: Any, shop: list[Any]) -> None:
    page = open_page(viewer)
    page.goto(reverse("ads", args=[account.key]) + "?level=ad")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("ads_norden-kaffee_shop_SANDBOX_2026-10-23_2026-11-19")


def test_imported_account_has_no_violation(check_pages: Callable[..., None], viewer: User, account: Any) -> None:
    shadow = AccountFactory.create(brand=account.brand, mode="shadow", graph_url="", synced_at=None, clock_at=None)
    ad = AdFactory.create(ad_set__campaign__account=shadow)
    for day in (date(2017, 8, 1), date(2017, 8, 2)):
        InsightFactory.create(ad=ad, day=day, spend=Decimal(500), revenue=0, results=Decimal(30), impressions=5000)
    check_pages(viewer, Look(reverse("portfolio", args=[shadow.key]), ready=".chart .main-svg"))
