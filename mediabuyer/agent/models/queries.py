"""Which decisions there are to look at: by whose turn it is, and by what may still spend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Exists, FloatField, OuterRef, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from campaigns.models import AdAccount
from mediabuyer.agent.context import Severity
from mediabuyer.agent.guardrails import mode
from mediabuyer.agent.models.choices import REVERSIBLE

MOMENTS = ("undone_at", "finished_at", "decided_at", "proposed_at")
"""When it came to where it stands: the first of them that is known."""
TOLD_AT = Coalesce(*MOMENTS)
DECIDED = ~Q(state__in=["proposed", "awaiting"])


def when_told(decision: Any) -> datetime:
    """`told_at` of one decision, as `by_end` has it."""
    return next(when for name in MOMENTS if (when := getattr(decision, name)))


def _held_by_another_rule() -> Exists:
    findings = apps.get_model("agent", "Finding")._default_manager
    holding = findings.filter(decision=OuterRef("pk"), severity=Severity.BLOCK).exclude(guardrail=mode.SLUG)
    return Exists(holding)


class DecisionQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> DecisionQuerySet:
        return self.filter(account__in=AdAccount.objects.visible_to(user))

    def with_parts(self) -> DecisionQuerySet:
        """All that a page of one shows. To plan a join of nine tables takes longer than small questions."""
        parts = ("cycle", "ad", "decided_by", "requested_by", "outcome")
        return self.select_related("account__brand").prefetch_related(*parts)

    def awaiting(self) -> DecisionQuerySet:
        return self.filter(state="awaiting")

    def to_decide(self, now: datetime) -> DecisionQuerySet:
        """Those whose turn it is: awaiting and not deferred."""
        return self.awaiting().filter(Q(deferred_until=None) | Q(deferred_until__lte=now))

    def deferred(self, now: datetime) -> DecisionQuerySet:
        return self.awaiting().filter(deferred_until__gt=now)

    def shown_only(self, now: datetime) -> DecisionQuerySet:
        """Of an account that is only looked at: what I would do, if it were not for the mode."""
        return self._standing(now).filter(~_held_by_another_rule())

    def shown_and_held(self, now: datetime) -> DecisionQuerySet:
        """Of an account that is only looked at: what a rule other than the mode holds back too."""
        return self._standing(now).filter(_held_by_another_rule())

    def _standing(self, now: datetime) -> DecisionQuerySet:
        return self.filter(state="proposed", expires_at__gt=now)

    def lapsed(self, now: datetime) -> DecisionQuerySet:
        """Those whose time is over without an answer; a shadow account's proposals never get one."""
        return self.filter(state__in=["proposed", "awaiting"], expires_at__lte=now)

    def decided(self) -> DecisionQuerySet:
        return self.filter(DECIDED)

    def by_end(self) -> DecisionQuerySet:
        """What was decided or ended last comes first; each with that moment as `told_at`."""
        return self.annotate(told_at=TOLD_AT).order_by("-told_at", "-pk")

    def by_effect(self) -> DecisionQuerySet:
        """The largest expected effect a day first, then those that have none."""
        effect = Cast(KT("expected__per_day"), FloatField())
        return self.order_by(effect.desc(nulls_last=True), "pk")

    def open(self) -> DecisionQuerySet:
        """Those that may still spend: their rises count against the caps."""
        return self.filter(state__in=["approved", "executing", "unknown"])

    def with_failed_undo(self) -> DecisionQuerySet:
        """Done at least in part, and not taken back although a person asked for it."""
        return self.filter(state__in=REVERSIBLE, undo_state__in=["failed", "blocked", "unknown"])
