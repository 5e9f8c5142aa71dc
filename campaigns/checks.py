"""System checks of how changes are sent: said before anything starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Hint
from django.db import connection

from campaigns.live import missing_for_live
from campaigns.models import AdAccount

NEEDED = ("external_id", "mode", "credentials", "daily_cap", "ad_set_cap", "is_live_confirmed")


@register()
def lease_ends_before_the_settle_window(**_: Any) -> list[CheckMessage]:
    """A worker may send until its lease ends; whoever believes earlier that nothing arrived would send it twice."""
    if 0 < settings.LEASE_SECONDS < settings.SETTLE_SECONDS:
        return []
    return [
        Error(
            "LEASE_SECONDS must be more than 0 and less than SETTLE_SECONDS.",
            hint="Raise SETTLE_SECONDS or lower LEASE_SECONDS; otherwise a late send can be made twice.",
            id="mediabuyer.E003",
        )
    ]


@register()
def live_accounts_are_ids(**_: Any) -> list[CheckMessage]:
    """A typing error in the allow-list would silently keep an account shut."""
    wrong = [one for one in settings.LIVE_ACCOUNTS if not one.removeprefix("act_").isdigit()]
    return [
        Error(
            f"LIVE_ACCOUNTS names “{one}”, which is no id of an ad account.",
            hint="Digits, with or without act_, separated by commas.",
            id="mediabuyer.E004",
        )
        for one in wrong
    ]


@register(Tags.database)
def live_accounts_are_complete(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Only where the database is asked about at all: `manage.py check --database default`, and before migrating."""
    if not databases or AdAccount._meta.db_table not in connection.introspection.table_names():
        return []
    return [
        Hint(
            f"The live account {account.external_id} cannot be changed. {' '.join(missing)}",
            hint="Settings of the account names the same; LIVE_ACCOUNTS is set on the server.",
            id="mediabuyer.W003",
        )
        for account in AdAccount.objects.filter(mode=AdAccount.Mode.LIVE).only(*NEEDED)
        if (missing := missing_for_live(account))
    ]
