"""Our own rows after a change: what we altered we need not read again to know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from campaigns.models import Ad, AdSet, Campaign, Change

MODELS: dict[str, type[Campaign] | type[AdSet] | type[Ad]] = {"campaign": Campaign, "ad_set": AdSet, "ad": Ad}


def note_in_tree(change: Change, state: dict[str, Any]) -> None:
    """Saved one by one, so that the graph's mirror hears of it. Objects we created come with the next sync."""
    node = (
        MODELS[change.level].objects.filter(account=change.account_id, external_id=change.external_id).first()
        if change.external_id and change.level in MODELS
        else None
    )
    if node is None:
        return
    fields = [name for name in ("status", "effective_status") if state.get(name)]
    for name in fields:
        setattr(node, name, state[name])
    if state.get("daily_budget") is not None and not isinstance(node, Ad):
        node.daily_budget = Decimal(state["daily_budget"])
        fields.append("daily_budget")
    node.save(update_fields=fields)
