"""How much money moved without a person lately: many small moves together are as large as one that asks somebody."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from campaigns.models import AdAccount, Change
from mediabuyer.agent.context import BY_RULE_WINDOW, largest_move, planned_from
from mediabuyer.agent.models import Decision

COUNTED = ["approved", "executing", "unknown", "done", "undone"]


def moved_by_rule(account: AdAccount, now: datetime, but_not: Decision | None) -> Decimal:
    """What rules alone allowed within the window and has gone, or may still go; a failed one where a part arrived."""
    allowed = Decision.objects.filter(account=account, decided_by=None, decided_at__gt=now - BY_RULE_WINDOW)
    if but_not is not None:
        allowed = allowed.exclude(pk=but_not.pk)
    arrived = Change.objects.filter(account=account, state=Change.State.DONE, operation__is_undo=False)
    counted = allowed.filter(state__in=COUNTED) | allowed.filter(
        state=Decision.State.FAILED, key__in=arrived.values("operation__decision_key")
    )
    return sum(
        (largest_move(planned_from(changes)) for changes in counted.values_list("changes", flat=True)),
        Decimal(0),
    )
