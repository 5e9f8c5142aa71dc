"""Accounts, trees and journals by REST: what is shown, to whom, and at what cost."""

from __future__ import annotations

import pytest

from memory.events import record
from tests.api_client import client_of
from tests.factories import AccountFactory, AdFactory, AdSetFactory, CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


def test_account_is_told_without_credentials(client, account):
    account.credentials = '{"access_token": "EAAcanary"}'
    account.save()
    answer = client.get(f"/api/accounts/{account.key}/")
    assert answer.status_code == 200
    assert (answer.json()["daily_cap"], answer.json()["currency"]) == ("600.0000", "EUR")
    assert "EAAcanary" not in answer.content.decode()
    assert not {"credentials", "graph_url", "id"} & set(answer.json())


def test_accounts_of_the_brand_are_listed(client, brand, account, django_assert_max_num_queries):
    AccountFactory.create_batch(5, brand=brand)
    AccountFactory.create()
    with django_assert_max_num_queries(4):
        answer = client.get("/api/accounts/")
    assert answer.json()["count"] == 6


@pytest.mark.parametrize("page", ["", "campaigns/", "insights/", "decisions/", "cycles/", "journal/", "conversions/"])
def test_account_is_unknown_to_a_stranger(stranger, account, page):
    client = client_of(stranger, stranger.member_set.get().brand)
    answer = client.get(f"/api/accounts/{account.key}/{page}")
    assert answer.status_code == 404
    assert account.name not in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_account_is_not_edited(client, account, method):
    answer = getattr(client, method)(f"/api/accounts/{account.key}/", {"daily_cap": "9999"}, format="json")
    assert answer.status_code == 405
    account.refresh_from_db()
    assert account.daily_cap == 600


def test_tree_is_nested_and_paged_by_campaign(client, account):
    first, second = (CampaignFactory.create(account=account, name=name) for name in ("Alpha", "Beta"))
    ad = AdFactory.create(ad_set=AdSetFactory.create(campaign=first))
    AdSetFactory.create(campaign=second, daily_budget=None)
    CampaignFactory.create()
    told = client.get(f"/api/accounts/{account.key}/campaigns/?page_size=1").json()
    assert (told["count"], [one["name"] for one in told["results"]]) == (2, ["Alpha"])
    ad_set = told["results"][0]["ad_sets"][0]
    assert ad_set["daily_budget"] == "50.0000"
    assert ad_set["ads"][0] | {"platform_created_at": None} == {
        "key": str(ad.key),
        "external_id": ad.external_id,
        "name": ad.name,
        "status": "ACTIVE",
        "effective_status": "ACTIVE",
        "is_placeholder": False,
        "platform_created_at": None,
        "angle": ad.creative.angle.name,
        "landing_page": ad.creative.landing_page.url,
        "headline": "Fresh coffee",
        "review_feedback": "",
        "result_kind": "",
    }


def test_tree_asks_as_often_for_many(client, account, django_assert_max_num_queries):
    for _ in range(3):
        ad_set = AdSetFactory.create(campaign=CampaignFactory.create(account=account))
        AdFactory.create_batch(3, ad_set=ad_set)
        AdFactory.create(ad_set=ad_set, creative=None)
    with django_assert_max_num_queries(7):
        answer = client.get(f"/api/accounts/{account.key}/campaigns/")
    assert sum(len(one["ad_sets"][0]["ads"]) for one in answer.json()["results"]) == 12


def test_tree_is_filtered_by_allowed_fields_only(client, account):
    CampaignFactory.create(account=account, status="PAUSED", name="Rest")
    CampaignFactory.create(account=account)
    url = f"/api/accounts/{account.key}/campaigns/"
    assert [one["name"] for one in client.get(url + "?status=PAUSED").json()["results"]] == ["Rest"]
    assert client.get(url + "?status=nonsense").status_code == 400
    assert client.get(url + "?account__credentials__startswith=x").status_code == 400, "no filter of ours"


@pytest.mark.parametrize(
    ("page", "status"),
    [("0", 400), ("x", 400), ("-1", 400), ("²", 400), ("2", 404), ("9" * 30, 404), ("9" * 5000, 404), ("last", 200)],
    ids=lambda value: str(value)[:8],
)
def test_page_that_cannot_be_is_refused_and_one_beyond_the_last_unknown(client, account, page, status):
    assert client.get(f"/api/accounts/{account.key}/campaigns/?page={page}").status_code == status


def test_pages_have_a_largest_size(client, account):
    CampaignFactory.create_batch(101, account=account)
    told = client.get(f"/api/accounts/{account.key}/campaigns/?page_size=100").json()
    assert (len(told["results"]), told["count"]) == (100, 101)
    answer = client.get(f"/api/accounts/{account.key}/campaigns/?page_size=101")
    assert answer.json()["errors"] == {"page_size": ["A whole number from 1 to 100."]}


def test_journal_is_told_in_words(client, brand, account, now, django_assert_max_num_queries):
    other = AccountFactory.create(brand=brand)
    for one in (account, account, other):
        record("cycle.started", "cycle", one.key, brand=brand, account=one.key, now=now, actor="agent")
    with django_assert_max_num_queries(5):
        told = client.get(f"/api/accounts/{account.key}/journal/").json()
    assert told["count"] == 2
    assert [(one["number"], one["sentence"], one["actor"]) for one in told["results"]] == [
        (2, "started a cycle", "agent"),
        (1, "started a cycle", "agent"),
    ]
    assert told["results"][0]["previous_hash"] == told["results"][1]["hash"]


def test_journal_is_filtered_by_kind_and_time(client, brand, account, now):
    record("account.stopped", "account", account.key, brand=brand, account=account.key, now=now, actor="x", reason="r")
    url = f"/api/accounts/{account.key}/journal/"
    found = [
        client.get(url + query).json()["count"]
        for query in (
            "?kind=account.stopped",
            "?kind=cycle.started",
            "?since=2026-11-20T12:00:00Z",
            "?until=2026-11-20T12:00:00Z",
        )
    ]
    assert found == [1, 0, 1, 0]
    assert client.get(url + "?kind=nonsense").status_code == 400
