"""Two accounts in two currencies: each is told in its own, and nowhere is one added to the other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.api_client import client_of
from tests.factories import AccountFactory, AdFactory, AdSetFactory, CampaignFactory, InsightFactory
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
SPENT = {"EUR": Decimal(1111111), "USD": Decimal(2222222), "JPY": Decimal(4444444)}
"""Of so many digits that no random key on a page holds one of their sums."""


@pytest.fixture
def accounts(brand: Any) -> dict[str, Any]:
    made = {}
    for currency, spent in SPENT.items():
        made[currency] = account = AccountFactory.create(brand=brand, currency=currency, name=f"Shop {currency}")
        ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=CampaignFactory.create(account=account)))
        InsightFactory.create(ad=ad, spend=spent)
    return made


def sums() -> list[str]:
    """Every sum of at least two of the amounts, as digits."""
    every = list(SPENT.values())
    pairs = [one + other for number, one in enumerate(every) for other in every[number + 1 :]]
    return [str(one) for one in (*pairs, sum(every))]


@pytest.mark.parametrize("name", ["today", "portfolio", "ads", "search"])
def test_page_adds_nothing_of_another_currency(accounts, manager, name):
    browser = log_in(Client(), manager)
    for account in accounts.values():
        text = browser.get(reverse(name, args=[account.key]), {"q": "Ad"}).content.decode().replace(",", "")
        assert [one for one in sums() if one in text] == []


def test_api_answers_one_account_in_its_own_currency(accounts, manager, brand):
    client = client_of(manager, brand)
    for currency, account in accounts.items():
        told = client.get(f"/api/accounts/{account.key}/insights/", {"from": "2026-11-01", "to": "2026-11-20"}).json()
        assert (told["currency"], Decimal(told["total"]["figures"]["spend"])) == (currency, SPENT[currency])


def test_list_of_accounts_adds_nothing_up(accounts, manager, brand):
    text = client_of(manager, brand).get("/api/accounts/").content.decode()
    assert [one for one in sums() if one in text] == []
