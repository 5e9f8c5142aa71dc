"""The tabs of the inbox: which of them lists a decision, and what stands below it there."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from mediabuyer.agent.models import Decision

VIEWS = ("waiting", "deferred", "decided")


def next_after(answered: Decision, now: datetime) -> Decision | None:
    """Of those that wait the one below it in the list; after the last the first, for whoever left some out."""
    rows = Decision.objects.filter(account=answered.account_id).to_decide(now).order_by("expires_at", "pk")
    due = answered.expires_at
    return rows.filter(Q(expires_at__gt=due) | Q(expires_at=due, pk__gt=answered.pk)).first() or rows.first()


def tab_of(decision: Decision, now: datetime) -> str:
    """The tab of the inbox that lists it."""
    if decision.state not in (Decision.State.PROPOSED, Decision.State.AWAITING):
        return "decided"
    return "deferred" if decision.deferred_until and decision.deferred_until > now else "waiting"
