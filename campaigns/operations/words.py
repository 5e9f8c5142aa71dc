"""A change in a few words for the journal, and small questions about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from campaigns.models import Change
from mediabuyer.lib.money import format_money

LEVELS = {"campaign": "campaign", "ad_set": "ad set", "ad": "ad", "creative": "creative"}
SWITCHES = {"ACTIVE": "switch on", "PAUSED": "pause"}


def describe(change: Change) -> str:
    level = LEVELS.get(change.level, change.level)
    if is_creation(change):
        return f"create the {level} “{change.params.get('name', '')}”"
    what = f"{level} “{change.expected.get('name') or change.external_id}”"
    if change.kind == "set_budget":
        amount = format_money(Decimal(change.params["daily_budget"]), change.account.currency)
        return f"daily budget of the {what} to {amount}"
    status = change.params["status"]
    return f"{SWITCHES[status]} the {what}" if status in SWITCHES else f"status of the {what} to {status}"


def told(change: Change, actor: str = "") -> dict[str, Any]:
    """What the journal says of a change in every line about it: what it does, and whether it takes something back.

    `actor`, where it is not who wanted the change, only gives a word on how it ended.
    """
    is_word = actor.startswith("person:") and actor != change.operation.actor
    said: dict[str, Any] = {"what": describe(change)}
    return said | ({"is_undo": True} if change.operation.is_undo else {}) | ({"is_word": True} if is_word else {})


def times(count: int) -> str:
    """How often, in words: "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def is_creation(change: Change) -> bool:
    return change.kind.startswith("create_")
