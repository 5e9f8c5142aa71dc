"""Below /api/ a program reads JSON, whatever goes wrong, with the reference by which the log is searched."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from tests.api_client import client_of, told
from tests.factories import DecisionFactory

pytestmark = pytest.mark.django_db
NOWHERE = [
    "/api/",
    "/api/nothing/",
    "/api/v7/accounts/",
    "/api/accounts/not-a-key/",
    "/api/decisions/1/approve/",
    "/api",
]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_path_that_does_not_exist_answers_json(path, method):
    answer = getattr(Client(), method)(path)
    if path == "/api" and answer.status_code == 301:
        return
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json() == {"detail": "There is nothing at this address.", "reference": answer["X-Request-ID"]}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Authentication credentials were not provided."),
        ({"authorization": "Bearer mb_unknown"}, "This token is unknown, expired or revoked."),
    ],
)
def test_who_is_not_known_is_told_the_way_in(sent, said):
    answer = Client().get("/api/accounts/", headers=sent)
    assert (answer.status_code, answer.json()["detail"]) == (401, said)
    assert answer.json()["remedy"] == (
        "Send the header `Authorization: Bearer mb_…` with a token that an owner made in Settings."
    )


def test_debugging_does_not_turn_it_into_a_page(settings):
    settings.DEBUG = True
    answer = Client().get("/api/nothing/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")


@pytest.mark.parametrize("path", ["/api/accounts/", "/api/schema/", "/api/docs/"])
def test_wrong_method_answers_json(path, manager, brand, client):
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.delete(path) if "docs" in path else client_of(manager, brand).delete(path)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
    assert answer.json()["reference"] == answer["X-Request-ID"]
    assert "GET" in answer["Allow"]


def test_every_refusal_carries_the_reference(account, manager, brand, stranger):
    decision = DecisionFactory.create(account=account)
    address = f"/api/decisions/{decision.key}/"
    api = client_of(manager, brand)
    answers = {
        401: Client().get(address),
        403: client_of(manager, brand, "read").post(f"{address}approve/", {"hash": "x"}, format="json"),
        404: client_of(stranger, stranger.member_set.get().brand).get(address),
        409: api.post(f"{address}approve/", {"hash": "0" * 64}, format="json"),
        415: api.post(f"{address}approve/", "x", content_type="text/plain"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.json()["reference"] == answer["X-Request-ID"], status


@pytest.mark.parametrize(("error", "status"), [(ZeroDivisionError("secret"), 500), (OperationalError("secret"), 503)])
def test_what_breaks_answers_json_without_its_inside(manager, brand, monkeypatch, error, status):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("campaigns.api.Accounts.get_queryset", fail)
    api = client_of(manager, brand)
    api.raise_request_exception = False
    answer = api.get("/api/accounts/")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    assert answer.json()["reference"] == answer["X-Request-ID"]
    assert "secret" not in answer.content.decode()


# --- One shape --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("decisions/?state=nonsense", "state", "“nonsense” is none of: proposed, blocked, awaiting"),
        ("decisions/?bogus=1", "bogus", "Known are: action, page, page_size, state."),
        ("decisions/?page_size=-1", "page_size", "from 1 to 500"),
        ("decisions/?page_size=100000", "page_size", "from 1 to 500"),
        ("decisions/?page_size=²", "page_size", "from 1 to 500"),
        ("decisions/?page=0", "page", "from 1"),
        ("campaigns/?page_size=101", "page_size", "from 1 to 100"),
        ("campaigns/?effective=x", "effective", "effective_status"),
        ("cycles/?state=done", "state", "Known are: page, page_size."),
        ("journal/?sinc=2026-01-01", "sinc", "since"),
        ("insights/?group=ad", "group", "by, compare, from, page, page_size, to"),
        ("insights/?page_size=5001", "page_size", "from 1 to 5000"),
        ("insights/?from=yesterday", "from", "Date has wrong format"),
        ("insights/?by=moon", "by", "nothing to ask totals by"),
        ("?page=1", "page", "takes none"),
    ],
)
def test_parameter_that_cannot_be_used_is_named(account, manager, brand, query, field, words):
    answer = client_of(manager, brand).get(f"/api/accounts/{account.key}/{query}")
    assert answer.status_code in (400, 422)
    body = told(answer)
    assert {"detail", "remedy", "errors"} <= body.keys() <= {"detail", "remedy", "errors", "field", "value"}
    assert list(body["errors"]) == [field]
    assert words in body["errors"][field][0]


def test_parameters_of_lists_without_an_account_are_checked_too(manager, brand):
    for address in ("accounts", "imports"):
        answer = client_of(manager, brand).get(f"/api/{address}/?bogus=1")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["bogus"])


@pytest.mark.parametrize("given", [{}, {"hash": "x"}, {"hash": "0" * 63}, {"hash": None}])
def test_malformed_hash_is_no_change_of_the_decision(account, manager, brand, given):
    decision = DecisionFactory.create(account=account)
    for move in ("approve", "arrived"):
        content = {**given, "change": "a8a5f6b6-3c51-4a57-9dfc-6d6b3c5a0d7e"}
        answer = client_of(manager, brand).post(f"/api/decisions/{decision.key}/{move}/", content, format="json")
        assert answer.status_code == 400
        assert list(told(answer)["errors"]) == ["hash"]


def test_body_that_is_no_object_gets_a_sentence(account, manager, brand):
    decision = DecisionFactory.create(account=account)
    answer = client_of(manager, brand).post(f"/api/decisions/{decision.key}/approve/", [1], format="json")
    assert (answer.status_code, list(told(answer))) == (400, ["detail"])


def test_missing_thing_is_called_by_its_name(account, stranger):
    api = client_of(stranger, stranger.member_set.get().brand)
    decision = DecisionFactory.create(account=account)
    for address, what in (
        (f"accounts/{account.key}", "account"),
        (f"accounts/{account.key}/insights", "account"),
        (f"decisions/{decision.key}", "decision"),
        (f"cycles/{decision.key}", "cycle"),
        (f"imports/{decision.key}", "file"),
    ):
        answer = api.get(f"/api/{address}/")
        assert (answer.status_code, told(answer)["detail"]) == (404, f"There is no such {what}, or you may not see it.")


def test_late_answer_is_sent_to_the_decision_not_to_a_page(account, manager, brand):
    decision = DecisionFactory.create(account=account, state="done")
    answer = client_of(manager, brand).post(
        f"/api/decisions/{decision.key}/approve/", {"hash": decision.content_hash}, format="json"
    )
    assert answer.status_code == 409
    assert answer.json()["remedy"] == "GET the decision again; nothing was changed by you."


def test_documentation_for_people_points_programs_to_the_schema(manager, client):
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/api/docs/", headers={"accept": "application/json"})
    assert answer.status_code == 406
    assert "/api/schema/" in answer.json()["detail"]


def test_pages_stay_pages(client):
    answer = client.get("/nothing/")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")
