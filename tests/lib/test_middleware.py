"""Every answer has a reference, every error has words, and the policy is strict on each of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from structlog.testing import capture_logs

from mediabuyer.lib.middleware import visitors_address
from tests.factories import DecisionFactory
from tests.proofs import log_in

REFERENCE = re.compile(r'Reference <span class="mono">([0-9a-f]{12})</span>')
POLICY = {
    "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "object-src 'none'",
    "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
}  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_role(person: Callable[[str], Any]) -> Callable[[str], Client]:
    def login(role: str) -> Client:
        return log_in(Client(raise_request_exception=False), person(role))

    return login


def check_reference(response: Any) -> None:
    [shown] = REFERENCE.findall(response.content.decode())
    assert shown == response["X-Request-ID"]


def test_policy_is_strict_on_every_page(client, as_role, account):
    for response in (
        client.get(reverse("account_login")),
        as_role("manager").get(reverse("settings", args=[account.key])),
        client.get("/nothing/"),
    ):
        assert set(response["Content-Security-Policy"].split("; ")) == POLICY
        assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert response["Referrer-Policy"] == "same-origin"
        assert "<script>" not in response.content.decode()
        assert not re.search(r"\son\w+=|\sstyle=", response.content.decode())


def test_every_request_has_its_own_reference(client):
    first, second = (client.get(reverse("account_login"))["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert first != second


def test_stranger_sees_not_found_with_a_reference(client, account, stranger):
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    response = client.get(reverse("inbox", args=[account.key]))
    assert response.status_code == 404
    assert account.name not in response.content.decode()
    check_reference(response)


def test_not_allowed_says_whom_to_ask(as_role, account):
    response = as_role("viewer").post(reverse("settings-limits", args=[account.key]), {"budget_step": "20"})
    assert response.status_code == 403
    assert "Ask somebody with the role: manager, owner." in response.content.decode()
    check_reference(response)


def test_conflict_says_that_nothing_changed(as_role, account):
    response = as_role("manager").post(reverse("settings-release", args=[account.key]), {"reason": "All fine."})
    assert response.status_code == 409
    assert "The stop was released already." in response.content.decode()
    assert "Nothing was changed." in response.content.decode()
    check_reference(response)


def test_invalid_says_what_is_missing(as_role, account):
    account.__class__.objects.update(is_stopped=True)
    response = as_role("manager").post(reverse("settings-release", args=[account.key]), {"reason": " "})
    assert response.status_code == 400
    assert "Say what has been put right." in response.content.decode()
    check_reference(response)


@pytest.mark.parametrize(
    "name", ["decision-approve", "decision-reject", "decision-defer", "decision-change", "decision-undo"]
)
def test_answer_without_csrf_token_is_refused(account, manager, name):
    decision = DecisionFactory.create(account=account)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    response = browser.post(reverse(name, args=[account.key, decision.key]), {"hash": decision.content_hash})
    assert response.status_code == 403
    assert "Please send that again" in response.content.decode()
    decision.refresh_from_db()
    assert (decision.state, decision.deferred_until, decision.version) == ("awaiting", None, 1)
    check_reference(response)


@pytest.mark.parametrize(
    "name",
    ["decision-bulk", "settings-limits", "settings-goal", "settings-live", "settings-stop", "settings-release",
     "settings-invite", "settings-token"],
)  # fmt: skip
def test_settings_without_csrf_token_are_refused(account, manager, name):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(reverse(name, args=[account.key]), {"reason": "x"}).status_code == 403
    account.refresh_from_db()
    assert not account.is_stopped


def test_login_without_csrf_token_is_refused():
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "a@b.c", "password": "x"})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "name", ["decision-approve", "decision-reject", "decision-defer", "decision-change", "decision-undo"]
)
def test_looking_at_an_address_changes_nothing(as_role, account, name):
    decision = DecisionFactory.create(account=account)
    assert as_role("manager").get(reverse(name, args=[account.key, decision.key])).status_code == 405
    decision.refresh_from_db()
    assert decision.state == "awaiting"


@pytest.fixture
def named(settings: Any) -> Callable[..., str]:
    """By which address a request is known that comes from the proxy with this header, or without."""
    settings.BEHIND_PROXY = True
    seen: list[str] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    ask = visitors_address(answer)

    def name(*said: str) -> str:
        ask(RequestFactory().get("/", REMOTE_ADDR="172.18.0.1", **({"HTTP_X_FORWARDED_FOR": said[0]} if said else {})))
        return seen[-1]

    return name


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:5678", "203.0.113.9"),
        ("10.0.0.1, 203.0.113.9:5678", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("10.0.0.1:80, [2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_visitor_is_known_by_an_address_without_port(named, said, expected):
    with capture_logs() as lines:
        assert named(said) == expected
    assert lines == []


@pytest.mark.parametrize(
    "said",
    ["", "unknown", "203.0.113.9, ", "203.0.113.9:", "203.0.113.9:x", "[203.0.113.9", "[]:1", ":443", "proxy:443",
     "203.0.113.9:1:2", "[2001:db8::1]443"],
)  # fmt: skip
def test_what_is_no_address_is_warned_of_once(named, said):
    with capture_logs() as lines:
        assert [named(said), named(said), named()] == ["172.18.0.1"] * 3
    assert [(one["log_level"], one["event"], one["taken"]) for one in lines] == [
        ("warning", "proxy.names_no_address", "172.18.0.1")
    ]


def test_silent_database_is_said_so(as_role, account, monkeypatch):
    """In a thread of its own, whose connection is made anew and finds nobody at the address."""
    browser, told = as_role("manager"), []
    monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(connections.settings["default"], "PORT", "9")

    def go() -> None:
        told.append(browser.get(reverse("inbox", args=[account.key])))

    thread = threading.Thread(target=go)
    thread.start()
    thread.join(timeout=30)
    [response] = told
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "The database does not answer." in response.content.decode()
    assert "Traceback" not in response.content.decode()
    check_reference(response)
