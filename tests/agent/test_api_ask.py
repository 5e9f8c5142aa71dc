"""Proposals by REST: the right and the words of the page, a result for each, and nothing twice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import Token
from memory.models import Event
from tests.api_client import client_of, told
from tests.factories import AdFactory, DecisionFactory, budget_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(account):
    return f"/api/accounts/{account.key}/decisions/"


def asking(*nodes: Any, **values: Any) -> dict[str, Any]:
    items = [str(node.key) for node in nodes]
    return {"do": "set_budget", "items": items, "daily_budget": "55", "reason": "Gift weeks."} | values


def test_each_item_has_its_result(account, ad_sets, person, url):
    DecisionFactory.create(account=account, subject_id="130002", changes=[budget_change("130002", "50", "45")])
    team = person("team")
    answer = client_of(team, account.brand).post(url, asking(*ad_sets), format="json")
    assert answer.status_code == 201
    body = answer.json()
    first, second = body["results"]
    decision = Decision.objects.get(requested_by=team)
    assert body["proposed"] == 1
    assert (first["item"], first["level"], first["problem"]) == (str(ad_sets[0].key), "ad_set", "")
    assert (first["decision"]["key"], first["decision"]["state"]) == (str(decision.key), "awaiting")
    assert first["decision"]["requested_by"] == team.email
    assert {"guardrail", "severity", "message"} == set(first["findings"][0])
    assert second["decision"] is None
    assert second["problem"].startswith("An open decision speaks about it already")
    assert Event.objects.get(kind="decision.proposed").actor.startswith(f"person:{team.email} (token mb_")


def test_repeated_request_is_one_proposal(account, ad_sets, person, url):
    client, key = client_of(person("team"), account.brand), str(uuid.uuid4())
    first, again = (
        client.post(url, asking(ad_sets[0]), format="json", headers={"Idempotency-Key": key}) for _ in range(2)
    )
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert Decision.objects.count() == 1


def test_nothing_made_is_a_conflict_that_names_the_rule(account, ad_sets, person, url):
    type(ad_sets[0]).objects.update(learning_status="LEARNING")
    answer = client_of(person("manager"), account.brand).post(url, asking(ad_sets[0]), format="json")
    body = told(answer)
    assert (answer.status_code, body["detail"], body["proposed"]) == (409, "Nothing was proposed.", 0)
    assert "is still learning" in body["results"][0]["problem"]
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"daily_budget": "1,000"}, "daily_budget"),
        ({"daily_budget": ""}, "daily_budget"),
        ({"daily_budget": "0"}, "daily_budget"),
        ({"do": "change_budget", "percent": "0"}, "percent"),
        ({"items": [str(uuid.uuid4())]}, "items"),
    ],
)
def test_what_cannot_be_used_names_its_field(account, ad_sets, person, url, values, field):
    answer = client_of(person("manager"), account.brand).post(url, asking(ad_sets[0], **values), format="json")
    assert (answer.status_code, told(answer)["field"]) == (422, field)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("values", [{"reason": " "}, {"items": []}, {"do": "delete"}, {"items": ["x"]}])
def test_what_is_missing_is_refused(account, ad_sets, person, url, values):
    answer = client_of(person("manager"), account.brand).post(url, asking(ad_sets[0], **values), format="json")
    assert answer.status_code in (400, 422)
    assert not Decision.objects.exists()


def test_ads_of_another_account_are_not_found(account, ad_sets, person, url):
    other = AdFactory.create()
    answer = client_of(person("manager"), account.brand).post(url, asking(other, do="pause"), format="json")
    assert (answer.status_code, told(answer)["field"]) == (422, "items")


def test_stranger_finds_nothing(account, ad_sets, stranger, url):
    client = client_of(stranger, stranger.member_set.get().brand)
    assert client.post(url, asking(ad_sets[0]), format="json").status_code == 404
    assert not Decision.objects.exists()


def test_viewer_and_token_without_the_scope_are_refused(account, ad_sets, person, url):
    for client in (client_of(person("viewer"), account.brand), client_of(person("team"), account.brand, "read")):
        assert client.post(url, asking(ad_sets[0]), format="json").status_code == 403
    assert not Decision.objects.exists()
    assert Token.objects.count() == 2


def test_who_asked_takes_it_back_with_the_token_named(account, ad_sets, person, url):
    client = client_of(person("team"), account.brand)
    client.post(url, asking(ad_sets[0]), format="json")
    one = Decision.objects.get()
    retract = f"/api/decisions/{one.key}/retract/"
    assert (
        client_of(person("manager"), account.brand).post(retract, {"hash": one.content_hash}, format="json").status_code
        == 403
    )
    assert client.post(retract, {"hash": "0" * 64}, format="json").status_code == 409
    answer = client.post(retract, {"hash": one.content_hash}, format="json")
    assert (answer.status_code, answer.json()["state"], answer.json()["reason_code"]) == (200, "rejected", "retracted")
    assert "(token mb_" in Event.objects.get(kind="decision.retracted").actor
    assert client.post(retract, {"hash": one.content_hash}, format="json").status_code == 200  # harmless when repeated
    assert Event.objects.filter(kind="decision.retracted").count() == 1
    undo = client_of(person("manager"), account.brand).post(f"/api/decisions/{one.key}/undo/")
    assert "retracted by the one who asked" in told(undo)["detail"]


def test_retracting_needs_the_scope_of_proposing_and_is_unknown_to_a_stranger(account, person, stranger):
    team = person("team")
    one = DecisionFactory.create(account=account, requested_by=team)
    retract, seen = f"/api/decisions/{one.key}/retract/", {"hash": one.content_hash}
    readers = client_of(team, account.brand, "read", "decide", "import")
    assert readers.post(retract, seen, format="json").status_code == 403
    strangers = client_of(stranger, stranger.member_set.get().brand)
    assert strangers.post(retract, seen, format="json").status_code == 404
    assert Decision.objects.get().state == "awaiting"
