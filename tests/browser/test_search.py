"""Search, saved views and the pages that say what went wrong, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns.models import AdAccount
from collaboration.models import SavedView
from mediabuyer.brands.models import User
from tests.browser.conftest import Look, find_in_both_schemes, find_problems
from tests.factories import AdFactory, AdSetFactory, DecisionFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(account: AdAccount) -> list[Any]:
    """Two ads of one name in two ad sets, and a decision about one of them."""
    sets = [AdSetFactory.create(campaign__account=account, name=name) for name in ("Lookalike", "Broad " + "x" * 60)]
    ads = [AdFactory.create(ad_set=ad_set, name="Blue mug | v1") for ad_set in sets]
    DecisionFactory.create(
        account=account, ad=ads[0], title="Pause “Blue mug | v1”", subject_level="ad", subject_id=ads[0].external_id
    )
    return ads


def test_slash_finds_an_ad_by_name_and_place(
    open_page: Callable[..., Page], account: AdAccount, manager: User, shop: list[Any]
) -> None:
    page = open_page(manager)
    page.goto(reverse("today", args=[account.key]))
    page.keyboard.press("/")
    page.keyboard.type("blue mug")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("“blue mug”")
    page.get_by_role("region", name="Ads").get_by_role("listitem").filter(has_text="Lookalike").get_by_role(
        "link"
    ).click()
    expect(page).to_have_url(re.compile(f"/ads/{shop[0].key}/$"))


def test_search_has_no_violation(
    check_pages: Callable[..., None], account: AdAccount, manager: User, shop: list[Any]
) -> None:
    check_pages(manager, *(reverse("search", args=[account.key]) + f"?q={text}" for text in ("blue", "zebra", "")))


def test_view_is_saved_opened_and_removed(
    open_page: Callable[..., Page], account: AdAccount, manager: User, shop: list[Any]
) -> None:
    page = open_page(manager, width=390)
    page.goto(reverse("ads", args=[account.key]) + "?level=ad&q=blue")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what you see as").fill("Mugs")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("Saved as “Mugs”.")
    assert "level=ad&q=blue" in page.url
    page.goto(reverse("ads", args=[account.key]))
    page.get_by_role("button", name="Views").click()
    assert find_problems(page) == []
    page.get_by_role("link", name="Mugs").click()
    expect(page.locator("#find")).to_have_value("blue")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Remove Mugs").click()
    expect(page.locator(".toast")).to_contain_text("“Mugs” is removed.")
    assert not SavedView.objects.exists()


def test_popovers_of_ads_have_no_violation(
    check_pages: Callable[..., None], account: AdAccount, manager: User, shop: list[Any]
) -> None:
    def open_popover(name: str) -> Callable[[Page], object]:
        return lambda page: page.evaluate(f"document.getElementById('{name}').showPopover()")

    first, *others = (open_popover(name) for name in ("range", "export", "views"))  # each closes the one before it
    check_pages(manager, Look(reverse("ads", args=[account.key]), act=first, then=tuple(others)))


def test_page_that_is_not_there_says_so_with_a_reference(
    open_page: Callable[..., Page], manager: User, account: AdAccount
) -> None:
    page = open_page(manager)
    for path in ("/nothing/here/", "/a/00000000-0000-4000-8000-000000000000/today/"):
        page.goto(path)
        page.errors = [text for text in page.errors if "404" not in text]  # type: ignore[attr-defined]
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
            expect(page.get_by_text("Reference")).to_be_visible()
            assert find_in_both_schemes(page) == []


def test_refusal_says_who_may_and_has_no_violation(
    open_page: Callable[..., Page], person: Callable[[str], User], account: AdAccount
) -> None:
    page = open_page(person("viewer"), width=390, scheme="dark")
    page.goto(reverse("settings", args=[account.key]))
    page.evaluate(
        f"""() => {{
            const form = document.createElement("form");
            form.method = "post";
            form.action = "{reverse("settings-stop", args=[account.key])}";
            const token = document.createElement("input");
            token.name = "csrfmiddlewaretoken";
            token.value = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
            form.append(token);
            document.body.append(form);
            form.submit();
        }}"""
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do this")
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    page.errors = [text for text in page.errors if "403" not in text]  # type: ignore[attr-defined]
    assert find_problems(page) == []
    assert not AdAccount.objects.get().is_stopped


def test_tip_closes_with_escape_and_comes_back(
    open_page: Callable[..., Page], account: AdAccount, manager: User, shop: list[Any]
) -> None:
    page = open_page(manager)
    page.goto(reverse("today", args=[account.key]))
    number = page.locator(".ask").first
    number.locator("a, button").focus()
    expect(number.locator(".tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(number.locator(".tip")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(number.locator(".tip")).to_be_visible()


def test_theme_is_switched_and_stays(open_page: Callable[..., Page], account: AdAccount, manager: User) -> None:
    page = open_page(manager, scheme="light")
    page.goto(reverse("today", args=[account.key]))
    page.get_by_role("button", name="You, appearance and keyboard").click()
    page.locator("#theme-dark").check(force=True)
    page.goto(reverse("settings", args=[account.key]))
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert page.errors == []  # type: ignore[attr-defined]
