"""A live account is changed only where five things are there at once, and nothing travels between modes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.checks import run_checks
from django.urls import reverse

from campaigns.checks import live_accounts_are_complete, live_accounts_are_ids
from campaigns.live import missing_for_live
from campaigns.models import AdAccount, Change
from campaigns.platforms.base import ChangeKind, Level, PlatformChange
from campaigns.platforms.meta import connect
from mediabuyer.agent import execute
from mediabuyer.agent.models import Decision
from mediabuyer.agent.undo import undo
from mediabuyer.lib.clock import wall_now
from mediabuyer.lib.errors import Fault, PlatformError
from tests.agent.conftest import ad_sets, approved, carry_out, fake  # noqa: F401 - fixtures
from tests.factories import AccountFactory, budget_change
from tests.proofs import log_in

pytestmark = pytest.mark.django_db
KEYS = {"access_token": "x", "app_id": "1", "app_secret": "y"}


@pytest.fixture
def live(brand: Any, settings: Any) -> AdAccount:
    """A live account to which nothing is missing."""
    settings.LIVE_ACCOUNTS = ["act_4711"]
    return AccountFactory.create(
        brand=brand, mode="live", graph_url="", external_id="4711", credentials=json.dumps(KEYS), is_live_confirmed=True
    )


WITHOUT = {
    "allow-list": ({}, [], "LIVE_ACCOUNTS does not name 4711"),
    "another account's id": ({}, ["act_47110"], "LIVE_ACCOUNTS does not name 4711"),
    "token": ({"credentials": json.dumps({**KEYS, "access_token": ""})}, ["4711"], "no access token"),
    "credentials": ({"credentials": ""}, ["4711"], "no access token"),
    "credentials that are no JSON": ({"credentials": "EAAsecret"}, ["4711"], "no access token"),
    "app": ({"credentials": '{"access_token": "x"}'}, ["4711"], "META_APP_ID and META_APP_SECRET"),
    "daily cap": ({"daily_cap": None}, ["4711"], "No daily cap"),
    "cap of an ad set": ({"ad_set_cap": None}, ["4711"], "No highest budget"),
    "confirmation": ({"is_live_confirmed": False}, ["4711"], "Nobody has"),
}


def test_complete_account_misses_nothing(live):
    assert missing_for_live(live) == []


WHILE_CONNECTING = {"token", "credentials", "credentials that are no JSON"}
"""Without a token nothing can be read either; all else forbids writing alone and leaves the account connected."""


@pytest.mark.parametrize(("values", "allowed", "words"), WITHOUT.values(), ids=WITHOUT)
def test_each_missing_one_shuts_the_door(live, settings, values, allowed, words):
    """The adapter's own door, behind the guardrail: nothing is written to the socket."""
    settings.LIVE_ACCOUNTS = allowed
    AdAccount.objects.filter(pk=live.pk).update(**values)
    live.refresh_from_db()
    assert any(words in one for one in missing_for_live(live))
    with pytest.raises(PlatformError, match=words):
        connect(live).apply(
            PlatformChange(ChangeKind.SET_STATUS, Level.AD, "1", {"status": "PAUSED"}), "m", pytest.fail
        )


@pytest.mark.parametrize("name", sorted(set(WITHOUT) - WHILE_CONNECTING))
def test_refusal_at_the_door_leaves_the_account_connected(live, settings, name):
    """In particular an account that nobody has confirmed yet: it is read, and not shut before it was opened."""
    values, settings.LIVE_ACCOUNTS, _ = WITHOUT[name]
    AdAccount.objects.filter(pk=live.pk).update(**values)
    live.refresh_from_db()
    settings.META_APP_ID = settings.META_APP_SECRET = ""
    platform = connect(live)
    with pytest.raises(PlatformError) as refused:
        platform.apply(PlatformChange(ChangeKind.SET_STATUS, Level.AD, "1", {"status": "PAUSED"}), "m", pytest.fail)
    assert refused.value.fault is Fault.INVALID


def test_settings_say_what_is_missing(live, settings, client, person):
    settings.LIVE_ACCOUNTS = []
    log_in(client, person("viewer"))
    page = client.get(reverse("settings", args=[live.key])).content.decode()
    assert "LIVE_ACCOUNTS does not name 4711" in page
    assert "No daily cap" not in page


def test_checks_name_typing_errors_and_what_is_missing(live, settings):
    settings.LIVE_ACCOUNTS = ["act_12x", "13"]
    (error,) = live_accounts_are_ids()
    assert (error.id, "act_12x" in error.msg) == ("mediabuyer.E004", True)
    assert live_accounts_are_complete() == []
    (hint,) = live_accounts_are_complete(databases=["default"])
    assert (hint.id, "LIVE_ACCOUNTS does not name 4711" in hint.msg) == ("mediabuyer.W003", True)
    settings.LIVE_ACCOUNTS = ["4711"]
    assert [one.id for one in run_checks(databases=["default"]) if one.id == "mediabuyer.W003"] == []


# --- A switch of mode ------------------------------------------------------------------------------------------------


def switch_to_live(account: AdAccount, settings: Any) -> None:
    settings.LIVE_ACCOUNTS = [account.external_id]
    AdAccount.objects.filter(pk=account.pk).update(
        mode="live", graph_url="", credentials=json.dumps(KEYS), is_live_confirmed=True
    )


def test_approval_does_not_travel_to_live(approved, carry_out, fake, account, settings):  # noqa: F811
    approved([budget_change("130001", "50", "60")])
    switch_to_live(account, settings)
    carry_out()
    assert (Decision.objects.get().state, fake.writes) == ("blocked", 0)


def test_planned_changes_do_not_travel_to_live(approved, carry_out, fake, account, settings):  # noqa: F811
    approved([budget_change("130001", "50", "60")])
    execute.begin_due(wall_now())
    switch_to_live(account, settings)
    carry_out()
    assert (Change.objects.get().error["message"], fake.writes) == ("It is not what was approved.", 0)


def test_undo_does_not_travel_to_live(approved, carry_out, fake, account, settings, manager, now):  # noqa: F811
    decision = approved([budget_change("130001", "50", "60")])
    carry_out()
    decision.refresh_from_db()
    undo(decision, manager, now, wall_now())
    switch_to_live(account, settings)
    carry_out()
    decision.refresh_from_db()
    assert (decision.undo_state, fake.writes) == ("blocked", 1)
