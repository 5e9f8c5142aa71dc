"""What is hard to take back asks again who sits there, when the last proof is old; and nothing typed is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount, Operation
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import Member, Token
from tests.agent.conftest import ad_sets  # noqa: F401 - a fixture
from tests.collaboration.test_settings import SHOWN
from tests.factories import PASSWORD, DecisionFactory, MemberFactory, budget_change
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
LIMITS = {"daily_cap": "900", "ad_set_cap": "200", "approval_over": "20", "budget_step": "20", "cooldown_hours": "72",
          "is_agent_on": "on", "shown": SHOWN}  # fmt: skip
OLD = 31


@pytest.fixture(autouse=True)
def no_memory():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def url(account: AdAccount) -> Any:
    return lambda name, *keys: reverse(name, args=[account.key, *keys])


def with_second_factor(user: Any) -> str:
    """Sets one up and returns its secret."""
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def code_of(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))


def asked(response: Any) -> str:
    return response.headers.get("Location", "").split("?")[0]


def test_raised_cap_asks_for_the_password_and_goes_on(client, manager, url, account):
    log_in(client, manager, OLD)
    response = client.post(url("settings-limits"), LIMITS)
    assert asked(response) == "/accounts/reauthenticate/"
    account.refresh_from_db()
    assert account.daily_cap == 600
    page = client.get(response["Location"]).content.decode()
    assert "nothing you typed is lost" in page
    wrong = client.post("/accounts/reauthenticate/", {"password": "no", "next": url("settings-limits")})
    assert (wrong.status_code, AdAccount.objects.get().daily_cap) == (200, Decimal(600))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": url("settings-limits")})
    assert AdAccount.objects.get().daily_cap == 900


def test_second_factor_is_what_counts_where_there_is_one(client, manager, url):
    secret = with_second_factor(manager)
    log_in(client, manager, 0)  # by password only
    response = client.post(url("settings-limits"), LIMITS)
    assert asked(response) == "/accounts/2fa/reauthenticate/"
    assert asked(client.get("/accounts/reauthenticate/")) == "/accounts/2fa/reauthenticate/"
    wrong = client.post("/accounts/2fa/reauthenticate/", {"code": "000000", "next": url("settings-limits")})
    assert (wrong.status_code, AdAccount.objects.get().daily_cap) == (200, Decimal(600))
    client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret), "next": url("settings-limits")})
    assert AdAccount.objects.get().daily_cap == 900


@pytest.mark.parametrize(("minutes", "is_asked"), [(29, False), (31, True)])
def test_proof_is_good_for_half_an_hour(client, manager, url, minutes, is_asked):
    log_in(client, manager, minutes)
    response = client.post(url("settings-limits"), LIMITS)
    assert (asked(response) == "/accounts/reauthenticate/") is is_asked
    assert (AdAccount.objects.get().daily_cap == 600) is is_asked


@pytest.mark.parametrize(
    ("name", "value", "is_asked"),
    [
        ("daily_cap", "500", False),
        ("daily_cap", "", False),
        ("cooldown_hours", "96", False),
        ("budget_step", "10", False),
        ("cooldown_hours", "48", True),
        ("budget_step", "21", True),
        ("approval_over", "25", True),
        ("ad_set_cap", "201", True),
    ],
)
def test_only_what_allows_more_asks(client, manager, url, name, value, is_asked):
    log_in(client, manager, OLD)
    response = client.post(url("settings-limits"), LIMITS | {"daily_cap": "600"} | {name: value})
    assert (asked(response) == "/accounts/reauthenticate/") is is_asked


def test_release_live_members_and_tokens_ask(client, brand, person, url, account, manager):
    owner = person("owner")
    account.stop(manager, "Fire", account.clock_at)
    other = MemberFactory.create(brand=brand, role="viewer")
    AdAccount.objects.update(mode="live", graph_url="")
    log_in(client, owner, OLD)
    token = {"name": "Reports", "scopes": ["read"], "days": "30"}
    invited = {"email": "new@example.com", "first_name": "Neu", "role": "viewer"}
    role = {f"m{other.pk}-role": "owner", f"m{other.pk}-is_active": "on"}
    sent = [
        (url("settings-release"), {"reason": "Put out"}),
        (url("settings-live"), {"words": "ALLOW SPEND"}),
        (url("settings-token"), token),
        (url("settings-invite"), invited),
        (url("settings-member", other.key), role),
    ]
    for address, data in sent:
        assert asked(client.post(address, data)) == "/accounts/reauthenticate/", address
    account.refresh_from_db()
    assert (account.is_stopped, account.is_live_confirmed, Token.objects.count()) == (True, False, 0)
    assert set(Member.objects.filter(brand=brand).values_list("role", flat=True)) == {"owner", "manager", "viewer"}


def test_stop_never_asks(client, manager, url):
    log_in(client, manager, OLD)
    client.post(url("settings-stop"), {"reason": "Fire"})
    assert AdAccount.objects.get().is_stopped


@pytest.fixture
def decision(account, ad_sets, settings):  # noqa: F811 - a fixture asks for fixtures
    settings.LIVE_ACCOUNTS = [account.external_id]
    return DecisionFactory.create(account=account, subject_id="130001", changes=[budget_change("130001", "50", "60")])


def go_live(decision: Decision) -> None:
    keys = '{"access_token": "x", "app_id": "1", "app_secret": "y"}'
    account = decision.account
    account.mode, account.graph_url, account.credentials, account.is_live_confirmed = "live", "", keys, True
    account.synced_at = decision.proposed_at
    account.save()
    Decision.objects.update(content_hash=decision.compute_hash())
    decision.refresh_from_db()


def test_approval_in_the_sandbox_does_not_ask(client, manager, url, decision):
    log_in(client, manager, OLD)
    client.post(url("decision-approve", decision.key), {"hash": decision.content_hash})
    assert Decision.objects.get().state == "approved"


@pytest.mark.parametrize("is_bulk", [False, True])
def test_live_approval_asks_and_then_is_carried_out(client, manager, url, decision, is_bulk, monkeypatch):
    go_live(decision)
    monkeypatch.setattr("campaigns.clock.wall_now", lambda: decision.proposed_at)  # the clock of a live account
    log_in(client, manager, OLD)
    address = url("decision-bulk") if is_bulk else url("decision-approve", decision.key)
    picked = {"decision": f"{decision.key}:{decision.content_hash}", "confirm": "1"}
    response = client.post(address, picked if is_bulk else {"hash": decision.content_hash})
    assert asked(response) == "/accounts/reauthenticate/"
    assert Decision.objects.get().state == "awaiting"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": address})
    decision.refresh_from_db()
    assert (decision.state, decision.decided_by) == ("approved", manager)


@pytest.mark.parametrize("by_api", [False, True])
def test_undo_of_what_was_sent_to_a_live_account_asks(client, manager, url, decision, by_api):
    """The way back may raise a budget."""
    go_live(decision)
    Decision.objects.update(state="done", finished_at=decision.proposed_at)
    log_in(client, manager, OLD)
    if by_api:
        response = client.post(f"/api/decisions/{decision.key}/undo/", content_type="application/json")
        assert response.status_code == 403
        assert "real money" in response.json()["detail"]
    else:
        assert asked(client.post(url("decision-undo", decision.key))) == "/accounts/reauthenticate/"
    assert not Operation.objects.exists()


@pytest.mark.parametrize("by_api", [False, True])
def test_approval_that_was_not_sent_is_withdrawn_without_asking(client, manager, url, decision, by_api):
    go_live(decision)
    Decision.objects.update(state="approved", decided_by=manager, decided_at=decision.proposed_at)
    log_in(client, manager, OLD)
    if by_api:
        client.post(f"/api/decisions/{decision.key}/undo/", content_type="application/json")
    else:
        client.post(url("decision-undo", decision.key))
    assert Decision.objects.get().state == "awaiting"


def test_live_approval_by_a_sessions_api_call_is_refused(manager, decision):
    go_live(decision)
    client = log_in(Client(), manager, OLD)
    sent = {"hash": decision.content_hash}
    response = client.post(f"/api/decisions/{decision.key}/approve/", sent, content_type="application/json")
    assert response.status_code == 403
    assert "real money" in response.json()["detail"]
    assert Decision.objects.get().state == "awaiting"
