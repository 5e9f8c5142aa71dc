"""What the agent did, step by step."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from campaigns.models import AdAccount
from mediabuyer.brands.models import User


class CycleQuerySet(models.QuerySet["Cycle"]):
    def knowing(self, moment: datetime) -> CycleQuerySet:
        """Those that looked when what was read at `moment` was there, and one that has yet to look.

        Which ones that are is not told by when they ran: an import is stamped before others can see it.
        """
        unnoted = Q(figures_at=None, created_at__gte=moment)  # given up before it began, or older than the note
        return self.filter(Q(figures_at__gte=moment) | unnoted | Q(state=Cycle.State.QUEUED))


class Cycle(models.Model):
    """One run of the agent over one account."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN = ("queued", "running")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.CASCADE)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    trigger = models.CharField(max_length=20, default="schedule")
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    now = models.DateTimeField(help_text="The account's time when the cycle began.")
    figures_at = models.DateTimeField(
        null=True, blank=True, help_text="The account's synced_at when the cycle began: all up to then was known to it."
    )
    observation = models.JSONField(default=dict, help_text="What it knew, for replay.")
    recalled = models.JSONField(default=list)
    seed = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="cycle_state_known"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state__in=["queued", "running"]), name="one_cycle_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.now:%Y-%m-%d %H:%M}"


class Step(models.Model):
    """One step of a cycle: when, how long, what came out, in words and figures."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    cycle = models.ForeignKey(Cycle, models.CASCADE)
    order = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    waits_for = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    figures = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "order"], name="step_once"),
            models.CheckConstraint(condition=Q(state__in=["running", "done", "failed"]), name="step_state_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
