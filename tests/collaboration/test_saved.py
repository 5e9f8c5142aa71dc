"""Views under a name: they bring back what was seen, and belong to whoever saved them."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from collaboration.models import SavedView
from mediabuyer.lib.errors import Invalid
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db
STATE = "columns=payout&status=running&q=Blue+mugs%26"


@pytest.fixture
def browser(client, manager):
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def send(browser, account):
    def post(**given: Any) -> Any:
        return browser.post(reverse("saved-view", args=[account.key]), {"page": "ads", "query": STATE} | given)

    return post


def test_saved_view_leads_to_the_same_state(send, browser, account):
    response = send(name="Mugs")
    assert response["Location"] == reverse("ads", args=[account.key]) + f"?{STATE}"
    page = browser.get(response["Location"])
    assert page.context["asked"].text == "Blue mugs&"
    assert ">Mugs</a>" in page.content.decode()
    assert "Mugs" not in browser.get(reverse("portfolio", args=[account.key])).content.decode()


def test_same_name_keeps_the_newer_state(send):
    send(name="Mugs")
    send(name="Mugs", query="level=ad")
    assert SavedView.objects.get().query == "level=ad"


def test_page_and_format_are_no_part_of_a_view(send):
    send(name="Mugs", query="level=ad&page=3&format=csv")
    assert SavedView.objects.get().query == "level=ad"


def test_view_is_removed(send):
    send(name="Mugs")
    response = send(drop=str(SavedView.objects.get().key))
    assert response["Location"].endswith("/ads/")
    assert not SavedView.objects.exists()


def test_view_of_somebody_else_is_neither_shown_nor_removed(send, browser, account, person):
    other = SavedView.keep(account, person("owner"), "ads", "Theirs", STATE)
    send(drop=str(other.key))
    assert SavedView.objects.get() == other
    assert "Theirs" not in browser.get(reverse("ads", args=[account.key])).content.decode()


def test_view_of_another_account_stays_there(account, manager, browser):
    SavedView.keep(AccountFactory.create(brand=account.brand), manager, "ads", "Elsewhere", STATE)
    assert "Elsewhere" not in browser.get(reverse("ads", args=[account.key])).content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "x" * 81}, "Give it a name"),
        ({"name": "x", "query": "q=" + "y" * 1500}, "The view was not saved"),
        ({"name": "x", "page": "settings"}, "This page has no views"),
        ({"name": "x", "page": "//evil.example"}, "This page has no views"),
    ],
)
def test_what_cannot_be_saved_is_said(send, given, words):
    response = send(**given)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not SavedView.objects.exists()


def test_views_of_one_page_have_an_end(account, manager):
    for number in range(SavedView.MOST):
        SavedView.keep(account, manager, "ads", f"View {number}", "")
    with pytest.raises(Invalid, match="30 views already"):
        SavedView.keep(account, manager, "ads", "One more", "")
    SavedView.keep(account, manager, "ads", "View 3", "level=ad")  # a new state for an old name


@pytest.mark.parametrize("given", ["<script>", "a=1&b=<b>", "%", "&&&==", "period=7d#x"])
def test_any_address_is_kept_as_data(send, browser, given):
    response = send(name="<b>bold</b>", query=given)
    page = browser.get(response["Location"])
    assert page.status_code == 200
    assert "<b>bold" not in page.content.decode()
