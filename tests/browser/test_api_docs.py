"""The API's documentation, served by ourselves under the same strict policy as every page."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_documentation_works_under_the_policy(open_page, manager):
    page = open_page(manager)
    page.goto("/api/docs/")
    page.get_by_text("Approve exactly what was read").click()
    page.get_by_text("Try it out").first.wait_for()
    assert page.locator(".opblock").count() >= 16
    assert page.errors == []


def test_documentation_asks_for_a_login_first(open_page, db):
    page = open_page()
    page.goto("/api/docs/")
    assert "/accounts/login/" in page.url
