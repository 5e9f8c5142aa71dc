"""The admin: operators look at everything, edit names, and nothing that opens a door or the journal vouches for."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from campaigns.models import AdAccount
from mediabuyer.agent.models import Decision
from mediabuyer.brands.models import Member, User
from memory.events import record
from memory.models import Event
from tests.factories import (
    NOW,
    PASSWORD,
    AdFactory,
    ChangeFactory,
    CycleFactory,
    DecisionFactory,
    TokenFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ADDED = {"brands.Brand"}
REGISTERED = {
    "agent.Cycle", "agent.Decision", "agent.Finding", "agent.Outcome", "brands.Brand", "brands.Member", "brands.Token",
    "brands.User", "campaigns.Ad", "campaigns.AdAccount", "campaigns.AdSet", "campaigns.Campaign", "campaigns.Change",
    "campaigns.ImportFile", "campaigns.Operation", "campaigns.SyncRun", "creatives.Angle", "creatives.Creative",
    "creatives.LandingPage", "memory.Episode", "memory.Event", "memory.GraphChange", "portfolio.Conversion",
    "portfolio.Goal",
}  # fmt: skip


@pytest.fixture
def operator(db: None) -> User:
    return UserFactory.create(is_staff=True, is_superuser=True)


@pytest.fixture
def office(operator: User) -> Client:
    client = Client()
    client.force_login(operator, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_registered_models_are_these() -> None:
    """In particular none of the queue's: whoever may edit a schedule may run any function."""
    assert {model._meta.label for model in admin.site._registry} == REGISTERED


@pytest.mark.parametrize("label", sorted(REGISTERED))
def test_list_opens_and_only_brands_are_added(office: Client, label: str) -> None:
    url = f"admin:{label.lower().replace('.', '_')}"
    assert office.get(reverse(f"{url}_changelist")).status_code == 200
    assert office.get(reverse(f"{url}_add")).status_code == (200 if label in ADDED else 403)


def test_superuser_cannot_edit_a_decision(office: Client) -> None:
    decision = DecisionFactory.create()
    url = reverse("admin:agent_decision_change", args=[decision.pk])
    assert office.get(url).status_code == 200
    assert office.post(url, {"state": "approved", "title": "Mine"}).status_code == 403
    assert office.post(reverse("admin:agent_decision_delete", args=[decision.pk])).status_code == 403
    assert Decision.objects.get().state == "awaiting"


def test_superuser_cannot_edit_the_journal(office: Client, account: AdAccount) -> None:
    event = record("cycle.started", "cycle", "1", brand=account.brand, now=NOW, actor="agent")
    url = reverse("admin:memory_event_change", args=[event.pk])
    assert office.get(url).status_code == 200
    assert office.post(url, {"actor": "somebody else"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    office.post(reverse("admin:memory_event_changelist"), action)
    assert Event.objects.get().actor == "agent"


def test_credentials_and_digests_are_not_shown(office: Client, account: AdAccount) -> None:
    account.credentials = '{"access_token": "EAAsecret"}'
    account.save()
    token = TokenFactory.create()
    text = office.get(reverse("admin:campaigns_adaccount_change", args=[account.pk])).content.decode()
    assert "EAAsecret" not in text
    assert "redentials" not in text
    assert token.digest not in office.get(reverse("admin:brands_token_change", args=[token.pk])).content.decode()


def test_action_switches_the_agent_off_and_is_journalled(office: Client, account: AdAccount, operator: User) -> None:
    action = {"action": "switch_agent_off", "_selected_action": [account.pk]}
    AdAccount.objects.update(mode="live", graph_url="")
    office.post(reverse("admin:campaigns_adaccount_changelist"), action)
    account.refresh_from_db()
    assert not account.is_agent_on
    event = Event.objects.get()
    assert (event.kind, event.actor) == ("account.limits_changed", f"person:{operator.email}")
    assert event.data["changed"] == {"is_agent_on": [True, False]}


def test_staff_without_rights_switches_nothing(account: AdAccount) -> None:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True), backend="django.contrib.auth.backends.ModelBackend")
    action = {"action": "switch_agent_off", "_selected_action": [account.pk]}
    assert client.post(reverse("admin:campaigns_adaccount_changelist"), action).status_code == 403
    account.refresh_from_db()
    assert account.is_agent_on


@pytest.mark.parametrize("name", ["agent_decision", "agent_cycle", "campaigns_ad", "campaigns_change"])
def test_list_asks_as_much_for_many_as_for_few(
    office: Client, account: AdAccount, name: str, django_assert_max_num_queries: Any
) -> None:
    factory = {"decision": DecisionFactory, "cycle": CycleFactory, "ad": AdFactory, "change": ChangeFactory}
    make, url = factory[name.split("_")[1]], reverse(f"admin:{name}_changelist")
    for _ in range(12):
        make.create()  # type: ignore[attr-defined]
    with django_assert_max_num_queries(14):
        office.get(url)


def test_manager_without_staff_has_no_admin(client: Client, manager: User) -> None:
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("admin:index")).status_code == 302


def test_superuser_cannot_edit_a_role(office: Client, person: Any) -> None:
    """Roles are changed in Settings: after a proof, with a line in the journal, and never the last owner's."""
    member = Member.objects.get(user=person("owner"))
    url = reverse("admin:brands_member_change", args=[member.pk])
    sent = {"user": member.user_id, "brand": member.brand_id, "role": "viewer", "is_active": "on"}
    assert office.get(url).status_code == 200
    assert office.post(url, sent).status_code == 403
    assert office.post(reverse("admin:brands_member_delete", args=[member.pk]), {"post": "yes"}).status_code == 403
    member.refresh_from_db()
    assert member.role == "owner"


def test_superuser_cannot_become_somebody_by_the_admin(office: Client, manager: User) -> None:
    """Neither by a password, nor by an address to which a new one is sent; and nobody is made an operator there."""
    url = reverse("admin:brands_user_change", args=[manager.pk])
    sent = {"email": "mine@example.com", "first_name": "New", "last_name": "Name", "is_active": "on",
            "is_staff": "on", "is_superuser": "on"}  # fmt: skip
    assert office.post(url, sent).status_code == 302
    password = {"password1": "a whole new one", "password2": "a whole new one", "usable_password": "true"}
    office.post(f"/admin/brands/user/{manager.pk}/password/", password)
    before = (manager.email, manager.password)
    manager.refresh_from_db()
    assert ((manager.email, manager.password), manager.is_staff, manager.is_superuser) == (before, False, False)
    assert manager.first_name == "New"


# --- The door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_second_factor", [True, False])
def test_admin_has_no_login_of_its_own(client: Client, operator: User, has_second_factor: bool) -> None:
    """A form that asks for the password alone would open the whole site without the second factor."""
    if has_second_factor:
        totp.TOTP.activate(operator, totp.generate_totp_secret())
    sent = {"username": operator.email, "password": PASSWORD}
    for answer in (client.get("/admin/login/?next=/"), client.post("/admin/login/?next=/", sent)):
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")
    assert "_auth_user_id" not in client.session
    assert client.get(reverse("admin:index")).status_code == 302


def test_others_are_told_that_it_is_for_operators(client: Client, manager: User) -> None:
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(reverse("admin:index"), follow=True)
    text = answer.content.decode()
    assert answer.status_code == 403
    assert ("for those who operate this installation" in text, "allows you to look at this" in text) == (True, False)


def test_logged_in_operator_goes_straight_in(office: Client) -> None:
    assert office.get("/admin/login/?next=/admin/")["Location"] == "/admin/"


def test_operator_cannot_become_somebody_else_there(office: Client, manager: User, operator: User) -> None:
    manager.is_staff = True
    manager.save()
    sent = {"username": manager.email, "password": PASSWORD}
    assert office.post("/admin/login/?next=/", sent).status_code == 405
    assert office.session["_auth_user_id"] == str(operator.pk)
