"""Below /api/ a program reads JSON, whatever goes wrong, with the reference by which the log is searched."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from tests.api_client import client_of
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


def test_pages_stay_pages(client):
    answer = client.get("/nothing/")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")
