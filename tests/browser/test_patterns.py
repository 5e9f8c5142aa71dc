"""The design system in a real browser, under the policy that pages are served with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from mediabuyer.brands.models import User
from tests.browser.conftest import Look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def operator(account: Any, person: Callable[[str], User]) -> User:
    user = person("manager")
    user.is_staff = True
    user.save()
    return user


@pytest.fixture
def patterns(open_page: Callable[..., Page], operator: User) -> Callable[..., Page]:
    def go(**options: Any) -> Page:
        page = open_page(operator, **options)
        page.goto(reverse("patterns"))
        return page

    return go


def test_patterns_have_no_violation(check_pages: Callable[..., None], operator: User) -> None:
    check_pages(operator, Look(reverse("patterns"), ready=".chart .main-svg"))


def test_login_has_no_violation(check_pages: Callable[..., None]) -> None:
    check_pages(None, reverse("account_login"))


def test_account_pages_have_no_violation(check_pages: Callable[..., None], operator: User) -> None:
    check_pages(operator, *(reverse(name) for name in ("mfa_index", "account_change_password", "account_logout")))


def test_theme_is_kept_without_flash(open_page: Callable[..., Page], operator: User) -> None:
    page = open_page(operator)
    page.goto(reverse("status"))
    page.get_by_role("button", name="You, appearance and keyboard").click()
    page.get_by_text("Dark", exact=True).click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 18, 20)"
    assert page.locator("#theme-dark").is_checked()


def test_keys_work_except_while_typing(patterns: Callable[..., Page]) -> None:
    page = patterns()
    page.locator(".kpi .ask a").first.focus()
    tip = page.locator(".kpi .tip").first
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()

    items = page.locator("[data-keys] [data-item]")
    page.keyboard.press("j")
    expect(items.nth(1)).to_be_focused()
    expect(items.nth(1)).to_have_attribute("aria-current", "true")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()

    field = page.locator("#id_focus")
    field.fill("")
    page.keyboard.type("jk?.")
    assert field.input_value() == "jk?."
    expect(page.locator("#keys")).to_be_hidden()
    stop = page.get_by_role("dialog", name="Stop all raises")
    expect(stop).to_be_hidden()
    field.blur()
    page.keyboard.press(".")
    expect(stop).to_be_visible()


def test_phone_shows_list_before_item_and_one_column_of_the_heat_map(patterns: Callable[..., Page]) -> None:
    page = patterns(width=390)
    expect(page.locator(".view-list")).to_be_visible()
    expect(page.locator(".view-item")).to_be_hidden()
    page.get_by_label("Show").select_option("Home barista")
    shown = page.locator("#heat thead th").filter(visible=True)
    expect(shown).to_have_text(["Angle", "Home barista"])


def test_plotly_styles_are_those_of_its_version(browser: Browser) -> None:
    """plotly adds its rules by script, which the policy forbids, so a file holds them; an upgrade may change them."""
    vendor = settings.BASE_DIR / "static/vendor"
    page = browser.new_page()
    page.set_content("<div id='plot'></div>")
    page.add_script_tag(path=vendor / "plotly-basic.min.js")
    page.evaluate("Plotly.newPlot('plot', [{y: [1, 2]}])")
    rules = page.evaluate(
        "[...document.getElementById('plotly.js-style-global').sheet.cssRules].map((rule) => rule.cssText).join('\\n')"
    )
    page.close()
    assert rules.strip() == (vendor / "plotly.css").read_text().strip()
