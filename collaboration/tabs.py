"""The tabs of the inbox: what each lists, where a decision stands in it, and what stands below it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from campaigns.models import AdAccount
from mediabuyer.agent.actions import BY_SLUG
from mediabuyer.agent.models import Decision, DecisionQuerySet, when_told

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
    if decision.account.is_read_only:
        is_held = Decision.objects.filter(pk=decision.pk).shown_and_held(now).exists()
        return "deferred" if is_held else "waiting"
    return "deferred" if decision.deferred_until and decision.deferred_until > now else "waiting"


def rows_of(account: AdAccount, view: str, kind: str, now: datetime) -> DecisionQuerySet:
    """What the tab lists, in its order; of one kind of action where it is known."""
    rows = Decision.objects.filter(account=account).select_related("decided_by", "ad")
    chosen = {"waiting": rows.to_decide, "deferred": rows.deferred}.get(view)
    found = chosen(now).order_by("expires_at", "pk") if chosen else rows.decided().by_end()
    if account.is_read_only and chosen:  # nobody answers, so nothing is deferred
        found = (rows.shown_only if view == "waiting" else rows.shown_and_held)(now).by_effect()
    return found.filter(action=kind) if kind in BY_SLUG else found


def above(decision: Decision, view: str, rows: DecisionQuerySet) -> int:
    """How many of the rows stand above it; so that the list shows the page on which it lies."""
    if view == "decided":
        told = when_told(decision)
        return rows.filter(Q(told_at__gt=told) | Q(told_at=told, pk__gt=decision.pk)).count()
    if decision.account.is_read_only:
        known = list(rows.values_list("pk", flat=True))
        return known.index(decision.pk) if decision.pk in known else 0
    due = decision.expires_at
    return rows.filter(Q(expires_at__lt=due) | Q(expires_at=due, pk__lt=decision.pk)).count()


def tab_labels(account: AdAccount) -> dict[str, str]:
    """What is proposed on an account that is only looked at waits for nobody, and a rule may hold it back as well."""
    if account.is_read_only:
        return {"waiting": "I would do", "deferred": "Held back", "decided": "Decided"}
    return {"waiting": "Waiting", "deferred": "Deferred", "decided": "Decided"}


def tabs_of(account: AdAccount, view: str, now: datetime) -> list[dict[str, Any]]:
    url = reverse("inbox", args=[account.key])
    labels = tab_labels(account)
    return [
        {
            "label": labels[name],
            "href": f"{url}?view={name}",
            "count": rows_of(account, name, "", now).count(),
            "current": name == view,
        }
        for name in VIEWS
    ]
