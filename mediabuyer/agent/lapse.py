"""What nobody answered in time lapses: its figures are too old to act on, and its object may be proposed afresh."""

from __future__ import annotations

from datetime import datetime

from campaigns.models import AdAccount
from mediabuyer.agent.models import Decision
from mediabuyer.lib.errors import Conflict


def lapse_due(account: AdAccount, now: datetime) -> int:
    """Ends what waited for an answer, or was only shown, until after its time. Returns how many lapsed."""
    return sum(lapse(decision, now) for decision in Decision.objects.filter(account=account).lapsed(now))


def lapse(decision: Decision, now: datetime, event: str | None = None) -> bool:
    """Whether it did: what was answered or ended this very moment stays as it is."""
    try:
        decision.expire(now, event)
    except Conflict:
        return False
    return True
