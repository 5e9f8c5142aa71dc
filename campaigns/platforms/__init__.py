"""The platforms we can speak to. To add one is to add a module and a line here."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.models import AdAccount
from campaigns.platforms import export, meta
from campaigns.platforms.base import Platform

PLATFORMS: dict[str, Callable[[AdAccount], Platform]] = {
    "meta": meta.connect,
    "export": export.connect,
}


def connect(account: AdAccount) -> Platform:
    """The account's platform, with the account's own credentials and host and no others."""
    return PLATFORMS[account.platform](account)
