"""Where an account's calls go and with which keys. Sandbox and live never cross, whatever the account's row says."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

from campaigns.live import missing_for_live, stored_keys
from campaigns.models import AdAccount
from mediabuyer.lib.errors import Fault, PlatformError

LIVE = "https://graph.facebook.com"
SANDBOX = re.compile(r"http://127\.0\.0\.1:\d{1,5}/?")


def graph_of(account: AdAccount) -> str:
    """The one host this account may reach. A live one is read before anybody has confirmed that it may be changed."""
    is_local = SANDBOX.fullmatch(account.graph_url) is not None
    if account.mode == AdAccount.Mode.SANDBOX and is_local:
        return account.graph_url.rstrip("/")
    if account.mode == AdAccount.Mode.SHADOW and (is_local or not account.graph_url):
        return account.graph_url.rstrip("/") or LIVE
    if account.mode == AdAccount.Mode.LIVE and not account.graph_url:
        return LIVE
    raise PlatformError(
        Fault.PERMISSION,
        f"A {account.mode} account may not use {account.graph_url or LIVE}.",
        remedy="Correct the account's address, or connect it anew.",
    )


def check_writable(account: AdAccount) -> None:
    """The last door before a write, whatever was checked before it: raises unless this account may be changed."""
    if account.is_read_only:
        raise PlatformError(Fault.PERMISSION, "This account is connected for reading only.")
    if missing := missing_for_live(account):
        raise PlatformError(
            Fault.INVALID,
            f"This live account may not be changed yet. {' '.join(missing)}",
            remedy="Settings names what is missing.",
        )


def keys_of(account: AdAccount) -> dict[str, Any]:
    """The account's credentials; a live account may leave the app's own to the settings."""
    keys = stored_keys(account)
    if account.mode != AdAccount.Mode.SANDBOX and not account.graph_url:
        keys = {"app_id": settings.META_APP_ID, "app_secret": settings.META_APP_SECRET, **keys}
    if not keys.get("access_token"):
        raise PlatformError(Fault.AUTH, "The account has no access token.", remedy="Connect the account in Settings.")
    return keys
