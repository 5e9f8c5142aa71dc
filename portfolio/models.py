"""What people bought and when, what we believe of each ad, and what the account is to reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.db import models, transaction
from django.db.models import Q

from campaigns.models import Ad, AdAccount, money
from mediabuyer.brands.models import User
from mediabuyer.lib.seen import require_seen
from memory.events import record


class Conversion(models.Model):
    """One order or refund of the advertiser's own ledger, tied to the click that led to it."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase", "Purchase"
        REFUND = "refund", "Refund"

    account = models.ForeignKey(AdAccount, models.CASCADE)
    ad = models.ForeignKey(Ad, models.SET_NULL, null=True, blank=True)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PURCHASE)
    clicked_at = models.DateTimeField()
    converted_at = models.DateTimeField()
    clicked_on = models.DateField(help_text="The account's day of the click.")
    lag_days = models.PositiveSmallIntegerField(help_text="Whole days from click to event.")
    value = money(help_text="Negative for a refund.")

    class Meta:
        ordering = ["-converted_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "event_id"], name="conversion_once"),
            models.CheckConstraint(condition=Q(kind__in=["purchase", "refund"]), name="conversion_kind_known"),
        ]
        indexes = [
            models.Index(
                fields=["account", "clicked_on"],
                name="conversion_click_day",
                include=["ad", "lag_days", "value", "kind"],
            ),
            models.Index(fields=["account", "converted_at"], name="conversion_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.value}"


@pghistory.track()
class Goal(models.Model):
    """What a manager wants of an account. Never edited: a new goal replaces the last."""

    account = models.ForeignKey(AdAccount, models.CASCADE)
    margin = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        default=Decimal(1),
        help_text="Share of revenue that is left after the goods, 0–1.",
    )
    target_cpa = money(null=True, blank=True)
    target_roas = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    focus = models.CharField(max_length=400, blank=True)
    set_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["-set_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(margin__gt=0, margin__lte=1), name="goal_margin_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.focus or f"margin {self.margin}"

    @classmethod
    def current(cls, account: AdAccount) -> Goal:
        """The goal in force; without one, revenue counts in full and nothing is targeted."""
        return cls.objects.filter(account=account).first() or cls(account=account, set_at=account.created_at)

    @classmethod
    @transaction.atomic
    def put(
        cls,
        account: AdAccount,
        person: User | None,
        now: datetime,
        seen: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Goal:
        """With `seen`, what the person was shown, the rest of the goal in force is kept, and nothing is written over
        what another changed meanwhile."""
        if seen is not None:
            AdAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
            current = cls.current(account)
            kept = {name: getattr(current, name) for name in ("margin", "target_cpa", "target_roas", "focus")}
            require_seen(kept, seen, values)
            values = kept | values
            if current.pk and values == kept:
                return current
        goal = cls.objects.create(account=account, set_by=person, set_at=now, **values)
        record(
            "account.goal_set",
            "account",
            account.key,
            brand=account.brand,
            account=account.key,
            now=now,
            actor=f"person:{person.email}" if person else "system",
            **values,
        )
        return goal


class AdState(models.Model):
    """What we believed of one ad on one day; money per money unless said otherwise."""

    ad = models.ForeignKey(Ad, models.CASCADE)
    day = models.DateField(help_text="Last whole day that it rests on.")
    payout_per_spend = models.FloatField(null=True, help_text="Posterior mean of 30-day payout per money, margin in.")
    low = models.FloatField(null=True, help_text="10 % quantile of the same.")
    high = models.FloatField(null=True, help_text="90 % quantile.")
    p_profit = models.FloatField(null=True, help_text="P(payout per money ≥ 1).")
    p_bar = models.FloatField(null=True, help_text="P(payout per money ≥ the bar).")
    payout_7 = money(null=True)
    payout_30 = money(null=True)
    cpa = money(null=True)
    maturity = models.FloatField(null=True, help_text="Share of the 30-day payout that has had time to arrive.")
    fatigue = models.FloatField(null=True, help_text="Fitted fall of the click rate, 0–1.")
    is_tired = models.BooleanField(default=False)
    trend = models.FloatField(null=True, help_text="Smoothed ROAS now against 14 days ago, relative.")
    spend = money(default=0, help_text="Since launch.")
    results = models.IntegerField(default=0, help_text="Since launch.")
    figures = models.JSONField(default=dict, help_text="What else was computed, for replay.")

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["ad", "day"], name="ad_state_once_a_day")]

    def __str__(self) -> str:
        return f"{self.ad_id} {self.day}"
