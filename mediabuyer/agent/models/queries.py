"""Which decisions there are to look at: by whose turn it is, and by what may still spend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from campaigns.models import AdAccount
from mediabuyer.agent.models.choices import REVERSIBLE


class DecisionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> DecisionQuerySet:
        return self.filter(account__in=AdAccount.objects.visible_to(user))

    def awaiting(self) -> DecisionQuerySet:
        return self.filter(state="awaiting")

    def to_decide(self, now: datetime) -> DecisionQuerySet:
        """Those whose turn it is: awaiting and not deferred."""
        return self.awaiting().filter(Q(deferred_until=None) | Q(deferred_until__lte=now))

    def deferred(self, now: datetime) -> DecisionQuerySet:
        return self.awaiting().filter(deferred_until__gt=now)

    def lapsed(self, now: datetime) -> DecisionQuerySet:
        """Those whose time is over without an answer; a shadow account's proposals never get one."""
        return self.filter(state__in=["proposed", "awaiting"], expires_at__lte=now)

    def decided(self) -> DecisionQuerySet:
        return self.exclude(state__in=["proposed", "awaiting"])

    def open(self) -> DecisionQuerySet:
        """Those that may still spend: their rises count against the caps."""
        return self.filter(state__in=["approved", "executing", "unknown"])

    def with_failed_undo(self) -> DecisionQuerySet:
        """Done at least in part, and not taken back although a person asked for it."""
        return self.filter(state__in=REVERSIBLE, undo_state__in=["failed", "blocked", "unknown"])
