"""Everything sent to a platform: operations and their changes, written down before they leave."""

from __future__ import annotations

import uuid

import pghistory
from django.db import models
from django.db.models import Q

from campaigns.models.account import AdAccount
from campaigns.models.money import money


class Operation(models.Model):
    """One piece of work at a platform, made of changes; belongs to one decision, whose key it carries."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.PROTECT)
    decision_key = models.UUIDField(null=True, blank=True, db_index=True)
    workflow = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=320)
    is_undo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.workflow} {self.key}"


class ChangeQuerySet(models.QuerySet["Change"]):
    def open(self) -> ChangeQuerySet:
        return self.filter(state__in=Change.OPEN)

    def settled(self) -> ChangeQuerySet:
        return self.exclude(state__in=Change.OPEN)


@pghistory.track(exclude=["lease_until", "fence"])
class Change(models.Model):
    """One call that alters something at a platform, written down before it is sent and settled after."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        SENT = "sent", "Sent, answer awaited"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Not known; a person should look"
        BLOCKED = "blocked", "Held back by a guardrail"
        CANCELLED = "cancelled", "Cancelled before it was sent"

    OPEN = ("planned", "sent")
    MAX_ATTEMPTS = 6
    """Sendings without an answer before a person is asked; who has it taken up again allows more."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operation = models.ForeignKey(Operation, models.CASCADE)
    account = models.ForeignKey(AdAccount, models.PROTECT)
    order = models.PositiveSmallIntegerField(default=0, help_text="A change waits for those of lower order.")
    kind = models.CharField(max_length=20)
    level = models.CharField(max_length=10)
    external_id = models.CharField(max_length=64, blank=True, help_text="The object to alter; empty for a creation.")
    params = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, help_text="Of kind, level, object and params: what was approved.")
    exposure = money(default=0, help_text="By how much it raises what can be spent on a day; falls are negative.")
    expected = models.JSONField(default=dict, blank=True, help_text="State it was planned on; drift blocks it.")
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Counted before sending.")
    allowed_attempts = models.PositiveSmallIntegerField(
        default=MAX_ATTEMPTS, help_text="Rises when a person has it taken up again."
    )
    lookups = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0, help_text="Rises with each claim; an older claim's write is void.")
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Database time.")
    settled_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True, help_text="When it took effect, in the account's time.")
    remote_id = models.CharField(max_length=64, blank=True)
    error = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["operation", "order", "id"]
        indexes = [
            models.Index(fields=["not_before", "id"], name="change_due", condition=Q(state__in=["planned", "sent"])),
            models.Index(fields=["account", "state"], name="change_account_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["planned", "sent", "done", "failed", "unknown", "blocked", "cancelled"]),
                name="change_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id or self.key}"

    @property
    def marker(self) -> str:
        """Short and unique: what is written into the name of what we create."""
        return self.key.hex[:16]
