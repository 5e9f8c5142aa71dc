"""What a live account needs before anything may be changed on it. Whatever is missing forbids; nothing opens by itself.

Mode, allow-list, credentials, caps and a typed confirmation: five things that no single mistake sets at once.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from campaigns.models import AdAccount


def missing_for_live(account: AdAccount) -> list[str]:
    """In words, what is missing; empty when all is there, and for accounts that are not live."""
    if account.mode != AdAccount.Mode.LIVE:
        return []
    needs = (
        (is_allowed(account.external_id), f"The server's LIVE_ACCOUNTS does not name {account.external_id}."),
        (_has_token(account), "The account has no access token."),
        (_has_app(account), "Neither the account nor META_APP_ID and META_APP_SECRET name Meta's app."),
        (account.daily_cap is not None, "No daily cap is set."),
        (account.ad_set_cap is not None, "No highest budget of one ad set is set."),
        (account.is_live_confirmed, "Nobody has typed the confirmation."),
    )
    return [words for is_there, words in needs if not is_there]


def is_allowed(external_id: str) -> bool:
    """With or without Meta's `act_`."""
    return _plain(external_id) in {_plain(one) for one in settings.LIVE_ACCOUNTS}


def _plain(external_id: str) -> str:
    return external_id.strip().removeprefix("act_")


def stored_keys(account: AdAccount) -> dict[str, Any]:
    """What the account was given; text that is no JSON is no key, and is asked for again like one that is absent."""
    try:
        found = json.loads(account.credentials or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _has_token(account: AdAccount) -> bool:
    return bool(stored_keys(account).get("access_token"))


def _has_app(account: AdAccount) -> bool:
    keys = {"app_id": settings.META_APP_ID, "app_secret": settings.META_APP_SECRET, **stored_keys(account)}
    return bool(keys["app_id"] and keys["app_secret"])
