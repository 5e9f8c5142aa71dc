"""Settings in a real browser, as an owner with everything on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from campaigns.models import AdAccount
from mediabuyer.brands.models import User
from tests.browser.conftest import Look, find_problems
from tests.factories import NOW, MemberFactory, TokenFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner(brand: Any, account: AdAccount, person: Callable[[str], User]) -> User:
    """With people, tokens and a change of limits to show."""
    user = person("owner")
    for role in ("viewer", "manager"):
        TokenFactory.create(member=MemberFactory.create(brand=brand, role=role))
    account.change_limits(user, NOW, cooldown_hours=48)
    return user


def unfold(page: Page) -> None:
    for summary in page.locator("main summary").all():
        summary.click()


def test_settings_have_no_violation(check_pages: Callable[..., None], account: AdAccount, owner: User) -> None:
    check_pages(owner, Look(reverse("settings", args=[account.key]), act=unfold))


def test_refused_limit_is_said_beside_its_field(
    open_page: Callable[..., Page], account: AdAccount, owner: User
) -> None:
    page = open_page(owner, width=390)
    page.goto(reverse("settings", args=[account.key]))
    field = page.get_by_label("Most on one day")
    field.fill("1.000")
    page.get_by_role("button", name="Save limits").click()
    expect(field).to_have_value("1.000")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("main")).to_contain_text("Write 1000 or 1.00.")
    assert [text for text in page.errors if "422" not in text] == []  # type: ignore[attr-defined]
    page.errors.clear()  # type: ignore[attr-defined]
    assert find_problems(page) == []
    field.fill("500")  # less: more would ask for the password first
    page.get_by_role("button", name="Save limits").click()
    expect(page.locator(".toast")).to_contain_text("The limits are in force from now on")
    assert AdAccount.objects.get().daily_cap == 500
