"""Today in a real browser: full, empty and stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns.models import AdAccount, ImportFile, InsightDay
from mediabuyer.brands.models import User
from memory.events import record
from tests.browser.conftest import Look, find_problems, intercept
from tests.factories import NOW, AccountFactory, AdFactory, AdSetFactory, CycleFactory, DecisionFactory, InsightFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def busy(account: AdAccount, brand: Any) -> AdAccount:
    """Eight weeks of figures, four decisions, a cycle, and something that happened."""
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign__account=account, daily_budget=Decimal(100)))
    InsightDay.objects.bulk_create(
        InsightFactory.build(
            ad=ad,
            day=NOW.date() - timedelta(days=back),
            spend=Decimal(60 + back % 9),
            clicks=20 + back % 4,
            revenue=Decimal(150 - back),
        )
        for back in range(1, 57)
    )
    for _ in range(4):
        DecisionFactory.create(account=account, waiting_cost=Decimal("5.84"))
    CycleFactory.create(account=account)
    with transaction.atomic():
        record(
            "account.stopped",
            "account",
            account.key,
            brand=brand,
            account=account.key,
            now=NOW,
            actor="person:a@b.c",
            reason="Out of stock",
        )
    return account


@pytest.fixture
def today(open_page: Callable[..., Page], account: AdAccount, manager: User) -> Callable[..., Page]:
    def go(**options: Any) -> Page:
        page = open_page(manager, **options)
        page.goto(reverse("today", args=[account.key]))
        return page

    return go


def test_today_has_no_violation(check_pages: Callable[..., None], busy: AdAccount, manager: User) -> None:
    check_pages(manager, Look(reverse("today", args=[busy.key]), ready=".fig"))


def test_new_account_and_open_stop_have_no_violation_on_a_phone(today: Callable[..., Page]) -> None:
    page = today(width=390, scheme="dark")
    assert find_problems(page) == []
    page.get_by_role("banner").get_by_role("button", name="Stop all raises").click()
    expect(page.get_by_role("dialog", name="Stop all raises")).to_be_visible()
    assert find_problems(page) == []


def test_figures_do_not_run_into_each_other(today: Callable[..., Page], busy: AdAccount) -> None:
    page = today()
    boxes = page.evaluate("[...document.querySelectorAll('.kpi')].map((kpi) => [kpi.clientWidth, kpi.scrollWidth])")
    assert boxes
    assert all(scroll <= width for width, scroll in boxes)


def test_health_is_renewed_and_leaves_the_focus(today: Callable[..., Page], account: AdAccount) -> None:
    page = today(clock=True)
    page.locator("#to-status").focus()
    AdAccount.objects.update(connection="reconnect")
    page.clock.run_for(30_000)
    expect(page.locator("#health")).to_contain_text("refuses our token")
    expect(page.locator("#well")).to_contain_text("refuses our token")
    expect(page.locator("#to-status")).to_be_focused()
    assert page.errors == []  # type: ignore[attr-defined]


def test_health_is_told_by_its_own_answers_alone(today: Callable[..., Page]) -> None:
    page = today(clock=True)
    unknown = page.locator("#well").get_by_text("not known just now")
    intercept(page, "**/settings/stop/live/**", lambda route: route.abort())
    page.clock.run_for(16_000)
    page.wait_for_timeout(200)
    expect(unknown).to_be_hidden()
    page.unroute_all()
    intercept(page, "**/today/health/**", lambda route: route.abort())
    page.clock.run_for(30_000)
    expect(unknown).to_be_visible()
    page.clock.run_for(15_000)  # the stop is answered again meanwhile
    page.wait_for_timeout(200)
    expect(unknown).to_be_visible()


def test_health_does_not_say_that_all_is_well_while_it_cannot_ask(today: Callable[..., Page]) -> None:
    page = today(clock=True)
    unknown = page.locator("#well").get_by_text("not known just now")
    expect(unknown).to_be_hidden()
    for fail in (lambda route: route.fulfill(status=503), lambda route: route.abort()):
        intercept(page, "**/today/health/**", fail)
        page.clock.run_for(30_000)
        expect(unknown).to_be_visible()
        expect(page.locator("#health")).to_contain_text("Not known")
        expect(page.locator("#h-health + .end")).to_be_hidden()
        page.unroute_all()
        page.clock.run_for(30_000)
        expect(unknown).to_be_hidden()
        expect(page.locator("#h-health + .end")).to_be_visible()
    page.context.clear_cookies()  # the session is over
    page.clock.run_for(30_000)
    expect(unknown).to_be_visible()
    expect(page.locator("#health")).to_contain_text("Worker")
    expect(page.locator("[name=login]")).to_have_count(0)


def test_stop_by_key_shows_its_banner_and_a_second_person_releases_it(
    today: Callable[..., Page], open_page: Callable[..., Page], person: Callable[[str], User], account: AdAccount
) -> None:
    page = today()
    page.keyboard.press(".")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Blue mugs")
    page.keyboard.press("Enter")
    banner = page.get_by_role("region", name="Stopped")
    expect(banner).to_contain_text(": Blue mugs")
    assert AdAccount.objects.get().stop_reason == "Blue mugs"
    expect(banner.get_by_role("button")).to_have_count(0)
    assert find_problems(page) == []

    other = open_page(person("manager"), width=390)
    other.goto(reverse("inbox", args=[account.key]))
    other.get_by_role("button", name="Release the stop…").click()
    assert find_problems(other) == []
    other.get_by_label("What has been put right").fill("The price is right again.")
    other.get_by_role("button", name="Release the stop", exact=True).click()
    expect(other.locator(".stopped")).to_have_count(0)
    assert not AdAccount.objects.get().is_stopped


def test_kinds_of_results_fit_on_a_phone(open_page: Callable[..., Page], brand: Any, manager: User) -> None:
    account = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="", synced_at=None)
    kinds = ["add to cart", "profile visit", "“offsite_conversion.custom.1234567890123”"]
    ImportFile.objects.create(brand=brand, account=account, state="done", size=1, mapping={"result_kinds": kinds})
    ad_set = AdSetFactory.create(campaign__account=account)
    for kind in kinds:
        ad = AdFactory.create(ad_set=ad_set, result_kind=kind)
        InsightFactory.create(ad=ad, day=NOW.date(), spend=Decimal(1_234_567), results=Decimal(1234), revenue=0)
    page = open_page(manager, width=390)
    page.goto(reverse("today", args=[account.key]))
    expect(page.locator(".kpis")).to_contain_text("Adds to cart")
    boxes = page.evaluate("[...document.querySelectorAll('.kpi')].map((kpi) => [kpi.clientWidth, kpi.scrollWidth])")
    assert [(shown, full) for shown, full in boxes if full > shown] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert find_problems(page) == []
