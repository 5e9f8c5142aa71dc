"""The same POST twice has one effect and one answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from mediabuyer.agent.models import Cycle
from mediabuyer.brands.idempotency import GIVEN_UP_AFTER, KEPT_FOR
from mediabuyer.brands.models import IdempotentAnswer
from mediabuyer.lib.clock import wall_now
from memory.models import Event
from tests.api_client import client_of, told
from tests.factories import AccountFactory, DecisionFactory

pytestmark = pytest.mark.django_db
KEY = {"HTTP_IDEMPOTENCY_KEY": "7d8f"}


@pytest.fixture
def decision(account):
    return DecisionFactory.create(account=account)


@pytest.fixture
def client(brand, manager):
    return client_of(manager, brand)


def reject(client, decision, key=KEY, **content):
    body = {"hash": decision.content_hash, "reason_code": "risk", **content}
    return client.post(f"/api/decisions/{decision.key}/reject/", body, format="json", **key)


def test_repeated_request_gets_the_first_answer(client, decision):
    first, second = reject(client, decision), reject(client, decision)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Event.objects.filter(kind="decision.rejected").count() == 1


def test_order_of_the_fields_is_no_other_content(client, decision):
    reject(client, decision, note="no")
    body = {"note": "no", "reason_code": "risk", "hash": decision.content_hash}
    again = client.post(f"/api/decisions/{decision.key}/reject/", body, format="json", **KEY)
    assert again["Idempotent-Replayed"] == "true"


def test_other_content_is_refused(client, decision):
    reject(client, decision)
    answer = reject(client, decision, note="because")
    assert answer.status_code == 422
    assert told(answer) == {
        "detail": "This key was used with other content.",
        "remedy": "Use a new key for a new request.",
        "field": "Idempotency-Key",
        "value": "7d8f",
        "errors": {"Idempotency-Key": ["This key was used with other content."]},
    }
    decision.refresh_from_db()
    assert decision.note == ""


def test_request_in_flight_is_refused(client, brand, manager, decision):
    reject(client, decision)
    IdempotentAnswer.objects.update(status=None)
    assert reject(client, decision).status_code == 409


def test_interrupted_request_may_run_again(client, decision):
    reject(client, decision)
    IdempotentAnswer.objects.update(status=None, begun_at=wall_now() - GIVEN_UP_AFTER - timedelta(seconds=1))
    assert reject(client, decision).status_code == 200
    assert Event.objects.filter(kind="decision.rejected").count() == 1


def test_refusal_is_not_kept(client, decision):
    assert reject(client, decision, hash="0" * 64).status_code == 409
    assert IdempotentAnswer.objects.count() == 0
    assert reject(client, decision).status_code == 200


def test_same_key_of_another_program_is_independent(client, brand, person, decision, account):
    reject(client, decision)
    other = DecisionFactory.create(account=account)
    answer = reject(client, other)
    assert answer.json()["key"] == str(other.key)
    another = reject(client_of(person("owner"), brand), decision)
    assert another.status_code == 409, "it is asked afresh, and the decision is decided"


def test_same_key_in_another_account_is_independent(client, brand):
    for account in AccountFactory.create_batch(2, brand=brand):
        answer = client.post(f"/api/accounts/{account.key}/cycles/", **KEY)
        assert answer.status_code == 202
        assert answer.json()["account"] == str(account.key)
    assert Cycle.objects.count() == 2


def test_answers_are_kept_for_a_day(client, decision):
    reject(client, decision)
    IdempotentAnswer.objects.update(begun_at=wall_now() - KEPT_FOR - timedelta(seconds=1))
    assert "Idempotent-Replayed" not in reject(client, decision)


def test_endless_key_is_refused(client, decision):
    answer = reject(client, decision, key={"HTTP_IDEMPOTENCY_KEY": "k" * 101})
    assert answer.status_code == 422
    decision.refresh_from_db()
    assert decision.state == "awaiting"


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_have_one_effect(client, decision):
    """A double click: the second gets the first one's answer, or is told to wait for it."""

    def send(_: int) -> int:
        try:
            return reject(client, decision).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(send, range(4)))
    assert 200 in codes
    assert set(codes) <= {200, 409}
    assert Event.objects.filter(kind="decision.rejected").count() == 1
