from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.models import AdAccount
from campaigns.platforms.meta import connect
from campaigns.platforms.meta_access import graph_of, keys_of
from mediabuyer.lib.errors import Fault, PlatformError

LIVE = "https://graph.facebook.com"


def account(mode: str, url: str, **values: Any) -> AdAccount:
    return AdAccount(mode=mode, graph_url=url, external_id="act_1", currency="EUR", **values)


@pytest.mark.parametrize(
    ("mode", "url", "confirmed", "host"),
    [
        ("sandbox", "http://127.0.0.1:8123", False, "http://127.0.0.1:8123"),
        ("live", "", True, LIVE),
        ("live", "", False, LIVE),  # to be read; it is written to only once that is confirmed
        ("shadow", "", False, LIVE),
        ("shadow", "http://127.0.0.1:8123/", False, "http://127.0.0.1:8123"),
    ],
)
def test_each_mode_has_its_host(mode: str, url: str, confirmed: bool, host: str) -> None:
    assert graph_of(account(mode, url, is_live_confirmed=confirmed)) == host


@pytest.mark.parametrize(
    ("mode", "url", "confirmed"),
    [
        ("sandbox", "", True),
        ("sandbox", LIVE, True),
        ("sandbox", "http://127.0.0.1:80@evil.example", True),
        ("sandbox", "http://127.0.0.1.evil.example:80", True),
        ("sandbox", "https://127.0.0.1:80", True),
        ("live", "http://127.0.0.1:8123", True),
        ("shadow", "https://evil.example", True),
        ("", "", True),
    ],
)
def test_sandbox_and_live_never_cross(mode: str, url: str, confirmed: bool) -> None:
    with pytest.raises(PlatformError) as caught:
        graph_of(account(mode, url, is_live_confirmed=confirmed))
    assert caught.value.fault is Fault.PERMISSION


def test_sandbox_never_takes_the_live_apps_keys(settings: Any) -> None:
    settings.META_APP_ID, settings.META_APP_SECRET = "1", "live-secret"
    token = json.dumps({"access_token": "t"})
    assert keys_of(account("sandbox", "http://127.0.0.1:1", credentials=token)) == {"access_token": "t"}
    assert keys_of(account("live", "", credentials=token))["app_secret"] == "live-secret"


@pytest.mark.parametrize("kept", ["", "{}", "EAAsecret", "[]", '"x"'])
def test_account_without_a_token_asks_to_be_connected(kept: str) -> None:
    with pytest.raises(PlatformError) as caught:
        keys_of(account("sandbox", "http://127.0.0.1:1", credentials=kept))
    assert caught.value.fault is Fault.AUTH


def test_every_call_has_a_limit(settings: Any) -> None:
    settings.PLATFORM_TIMEOUT = 7
    platform = connect(account("sandbox", "http://127.0.0.1:1", credentials='{"access_token": "t"}'))
    assert platform._api._session.timeout == 7
    assert platform._http.limit == 7
    assert platform._api._session.requests is platform._http


def test_secret_proves_itself_with_each_call() -> None:
    keys = json.dumps({"access_token": "t", "app_secret": "s"})
    platform = connect(account("sandbox", "http://127.0.0.1:1", credentials=keys))
    assert len(platform._http.params["appsecret_proof"]) == 64
