"""Campaigns, ad sets and ads, as the platform last told them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from campaigns.models.account import AdAccount
from campaigns.models.money import money
from creatives.models import Creative


class Status(models.TextChoices):
    """Meta's own words. What we do not know counts as neither running nor paused."""

    ACTIVE = "ACTIVE", "Active"
    PAUSED = "PAUSED", "Paused"
    ARCHIVED = "ARCHIVED", "Archived"
    DELETED = "DELETED", "Deleted"


DELIVERED = "DELIVERED"
"""Of what an imported file shows that it ran, and not whether it still does. It counts as running."""
RUNNING = (Status.ACTIVE, DELIVERED)
BY_NAME, OF_ALL = "name:", "all:"
"""What the id of a row begins with that a file named without one, or did not name."""


class TreeQuerySet(models.QuerySet[Any]):
    def present(self) -> TreeQuerySet:
        return self.exclude(status__in=[Status.ARCHIVED, Status.DELETED])

    def active(self) -> TreeQuerySet:
        return self.filter(effective_status__in=RUNNING)


class Node(models.Model):
    """What campaigns, ad sets and ads share."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.CASCADE)
    external_id = models.CharField(max_length=64)
    name = models.CharField(max_length=500)
    status = models.CharField(max_length=20, default=Status.PAUSED)
    effective_status = models.CharField(max_length=40, default=Status.PAUSED)
    is_placeholder = models.BooleanField(default=False, help_text="Stands for what an imported file did not name.")
    platform_created_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = TreeQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def platform_id(self) -> str:
        """The id at the platform; empty where no file told it."""
        return "" if self.external_id.startswith((BY_NAME, OF_ALL)) else self.external_id


def finest_told(account: AdAccount) -> str:
    """`ad`; of an imported account `ad set` or `campaign` where its files name nothing finer."""
    if not account.is_read_only or Ad.objects.filter(account=account, is_placeholder=False).exists():
        return "ad"
    return "ad set" if AdSet.objects.filter(account=account, is_placeholder=False).exists() else "campaign"


class Campaign(Node):
    objective = models.CharField(max_length=60, blank=True)
    bid_strategy = models.CharField(max_length=60, blank=True)
    daily_budget = money(null=True, blank=True)
    lifetime_budget = money(null=True, blank=True)

    class Meta(Node.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="campaign_once")]


class AdSet(Node):
    campaign = models.ForeignKey(Campaign, models.CASCADE)
    daily_budget = money(null=True, blank=True, help_text="Empty where the campaign holds the budget.")
    lifetime_budget = money(null=True, blank=True)
    optimization_goal = models.CharField(max_length=60, blank=True)
    learning_status = models.CharField(max_length=20, blank=True)
    learning_conversions = models.PositiveIntegerField(default=0)
    last_significant_edit_at = models.DateTimeField(null=True, blank=True)
    targeting = models.JSONField(default=dict, blank=True)

    class Meta(Node.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="ad_set_once")]


class Ad(Node):
    ad_set = models.ForeignKey(AdSet, models.CASCADE)
    campaign = models.ForeignKey(Campaign, models.CASCADE)
    creative = models.ForeignKey(Creative, models.SET_NULL, null=True, blank=True)
    review_feedback = models.TextField(blank=True)
    told_kinds = models.JSONField(
        blank=True,
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="What one result is, by who says it: a file itself is “”, a person's answer the digest of its file.",
    )
    result_kind = models.CharField(
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text="What one result is, by all that is told of it; “several” where it is not one.",
    )

    class Meta(Node.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="ad_once")]

    @classmethod
    def pausable_of(cls, account: AdAccount) -> TreeQuerySet:
        """Without what stands for the unnamed rest of a campaign of which ads are named: it is no ad, and nobody could
        pause it. Where a file names campaigns or ad sets only, their placeholders are all there is.
        """
        named = cls.objects.filter(account=account, is_placeholder=False)
        of_campaign = Exists(named.filter(campaign=OuterRef("campaign")))
        of_account = Q(campaign__is_placeholder=True) & Q(Exists(named))
        return cls.objects.filter(account=account).exclude(Q(is_placeholder=True) & (Q(of_campaign) | of_account))
