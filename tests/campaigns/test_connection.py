"""An account that its platform refuses or holds comes back by itself, and what waited goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from campaigns.connection import due_for_probe, note_trouble, probe
from campaigns.models import AdAccount, Change
from mediabuyer.agent.tasks import sweep_changes, sweep_connections
from mediabuyer.lib.clock import database_now
from mediabuyer.lib.errors import Fault, PlatformError
from memory.models import Event
from tests.campaigns.operations.conftest import plan  # noqa: F401 - a fixture
from tests.campaigns.operations.fake_platform import pause
from tests.factories import AccountFactory
from tests.proofs import log_in
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.django_db
REFUSED = PlatformError(Fault.AUTH, "The token has expired.", code=190)


def minutes_until_probe(account: Any) -> int:
    account.refresh_from_db()
    return round((account.probe_after - database_now()) / timedelta(minutes=1))


def test_first_look_is_ten_minutes_away_and_then_ever_later(account, now):
    note_trouble(account, REFUSED, now)
    assert (minutes_until_probe(account), due_for_probe()) == (10, [])
    waits = []
    for _ in range(5):
        assert probe(account, now) is False  # no token at all: refused without a call
        waits.append(minutes_until_probe(account))
    assert waits == [10, 20, 40, 60, 60]
    assert Event.objects.filter(kind="account.reconnect_needed").count() == 1


def test_only_refused_and_held_accounts_are_looked_at(account, brand):
    AccountFactory.create(brand=brand)
    AccountFactory.create(brand=brand, mode="shadow", graph_url="", connection="reconnect")
    AdAccount.objects.filter(pk=account.pk).update(connection="held")
    assert due_for_probe() == [account]
    AdAccount.objects.update(probe_after=database_now() + timedelta(minutes=1))
    assert due_for_probe() == []


def test_look_rests_while_the_platform_wants_no_calls(account, now):
    note_trouble(account, REFUSED, now)
    AdAccount.objects.update(held_until=database_now() + timedelta(hours=2))
    account.refresh_from_db()
    assert probe(account, now) is False
    assert AdAccount.objects.get().connection == "reconnect"


@pytest.fixture
def sandbox_account(account: Any) -> Any:
    with running_sandbox(history_days=3) as sandbox:
        keys = {name: getattr(sandbox, name) for name in ("access_token", "app_id", "app_secret", "page_id")}
        _, told = sandbox.graph(f"act_{sandbox.account_id.removeprefix('act_')}", fields="currency,timezone_name")
        AdAccount.objects.filter(pk=account.pk).update(
            external_id=sandbox.account_id, graph_url=sandbox.url, credentials=json.dumps(keys),
            currency=told["currency"], time_zone=told["timezone_name"], connection="reconnect",
            connection_detail="The token has expired.",
        )  # fmt: skip
        account.refresh_from_db()
        account.sandbox = sandbox
        yield account


def test_account_comes_back_without_a_person_and_what_waited_goes_on(sandbox_account, plan, now):  # noqa: F811
    _, found = sandbox_account.sandbox.graph(f"act_{sandbox_account.external_id.removeprefix('act_')}/adsets")
    wish = pause(found["data"][0]["id"])
    plan(wish)
    sweep_changes()
    assert Change.objects.get().state == "planned"
    sweep_connections()
    sandbox_account.refresh_from_db()
    assert (sandbox_account.connection, sandbox_account.connection_detail, sandbox_account.probe_after) == (
        "ok",
        "",
        None,
    )
    assert Event.objects.filter(kind="account.connected").count() == 1
    sweep_changes()
    assert Change.objects.get().state != "planned"


def test_changed_currency_stays_held(sandbox_account, now):
    AdAccount.objects.update(currency="JPY")
    sandbox_account.refresh_from_db()
    assert probe(sandbox_account, now) is False
    sandbox_account.refresh_from_db()
    assert (sandbox_account.connection, "currency is now" in sandbox_account.connection_detail) == ("held", True)


def test_button_tries_now(sandbox_account, client, person):
    log_in(client, person("team"))
    page = client.get(reverse("status")).content.decode()
    assert "The token has expired." in page
    address = reverse("settings-try-now", args=[sandbox_account.key])
    assert f'action="{address}"' in page
    answer = client.post(address, follow=True).content.decode()
    assert "can be used again. What waited goes on now." in answer


def test_button_leaves_an_imported_account_as_it_is(brand, client, person):
    """Nothing is connected there: a look would find it refused, and nothing would ever bring it back."""
    imported = AccountFactory.create(brand=brand, mode="shadow", platform="export", graph_url="")
    log_in(client, person("team"))
    assert client.post(reverse("settings-try-now", args=[imported.key])).status_code == 400
    imported.refresh_from_db()
    assert (imported.connection, Event.objects.count()) == ("ok", 0)


def test_button_asks_nothing_of_an_account_that_is_connected(account, client, person):
    """A double click: the first has brought it back. The sandbox of this account does not even answer."""
    log_in(client, person("team"))
    client.post(reverse("settings-try-now", args=[account.key]))
    account.refresh_from_db()
    assert (account.connection, Event.objects.count()) == ("ok", 0)


def test_button_says_why_not(account, client, person, now):
    note_trouble(account, REFUSED, now)
    log_in(client, person("manager"))
    answer = client.post(reverse("settings-try-now", args=[account.key]), follow=True).content.decode()
    assert "still cannot be used: The account has no access token." in answer
