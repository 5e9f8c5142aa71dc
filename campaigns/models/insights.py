"""What ads delivered, what people wrote under them, and the pulls and files that brought it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from campaigns.models.account import AdAccount
from campaigns.models.money import money
from campaigns.models.tree import Ad
from mediabuyer.brands.models import Brand, User

STORED_FIGURES = ("spend", "impressions", "reach", "clicks", "link_clicks", "results", "revenue")
"""What `portfolio.performance` adds up. Held by the indexes too, so that totals are read from them alone."""


class Measures(models.Model):
    """What was delivered and what came of it. Sums only: rates are computed where they are shown."""

    day = models.DateField(help_text="The account's day; first day of a longer row.")
    until = models.DateField(help_text="Last day of the row; the same day unless an imported file was coarser.")
    spend = money(default=0)
    impressions = models.BigIntegerField(default=0)
    reach = models.BigIntegerField(null=True, blank=True, help_text="Not additive.")
    clicks = models.BigIntegerField(default=0)
    link_clicks = models.BigIntegerField(default=0)
    landing_page_views = models.BigIntegerField(default=0)
    results = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    revenue = money(default=0)
    results_1d = models.IntegerField(default=0)
    results_7d = models.IntegerField(default=0)
    results_28d = models.IntegerField(default=0)

    class Meta:
        abstract = True


class InsightDay(Measures):
    """One ad on one day (or one period of an imported file)."""

    account = models.ForeignKey(AdAccount, models.CASCADE)
    ad = models.ForeignKey(Ad, models.CASCADE)
    is_derived = models.BooleanField(default=False, help_text="Summed from breakdown rows for want of plain ones.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ad", "day", "until"], name="insight_once"),
            models.CheckConstraint(condition=Q(until__gte=F("day")), name="insight_ends_after_start"),
        ]
        indexes = [
            models.Index(fields=["account", "day"], name="insight_figures", include=["ad", "until", *STORED_FIGURES]),
        ]

    def __str__(self) -> str:
        return f"{self.ad_id} {self.day}"


class InsightBreakdown(Measures):
    """The same, split by a dimension: `age,gender` with values like `25-34,female`."""

    account = models.ForeignKey(AdAccount, models.CASCADE)
    ad = models.ForeignKey(Ad, models.CASCADE)
    dimension = models.CharField(max_length=80)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ad", "dimension", "value", "day", "until"], name="breakdown_once"),
        ]
        indexes = [
            models.Index(
                fields=["account", "dimension", "day"],
                name="breakdown_figures",
                include=["ad", "value", "until", *STORED_FIGURES],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ad_id} {self.day} {self.dimension}={self.value}"


class Comment(models.Model):
    """What somebody wrote under an ad. Data, never instruction."""

    account = models.ForeignKey(AdAccount, models.CASCADE)
    ad = models.ForeignKey(Ad, models.CASCADE)
    external_id = models.CharField(max_length=80)
    author = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    likes = models.PositiveIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-written_at"]
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="comment_once")]

    def __str__(self) -> str:
        return self.text[:80]


class SyncRun(models.Model):
    """One pull from a platform: how far it came, so that a killed one goes on where it stopped."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    account = models.ForeignKey(AdAccount, models.CASCADE)
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    parts_done = models.JSONField(default=list, help_text="Names of the finished parts.")
    parts_total = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    alive_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["running", "done", "failed"]), name="sync_state_known")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class ImportFile(models.Model):
    """An Ads Manager file that somebody dropped: what was understood, and what came of it."""

    class State(models.TextChoices):
        UNDERSTOOD = "understood", "Waiting for confirmation"
        RUNNING = "running", "Importing"
        DONE = "done", "Imported"
        FAILED = "failed", "Failed"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    account = models.ForeignKey(AdAccount, models.CASCADE, null=True, blank=True)
    uploaded_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)
    name = models.CharField(max_length=255)
    path = models.CharField(max_length=400, help_text="Below MEDIA_ROOT, under a name of our own.")
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.UNDERSTOOD)
    mapping = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    report = models.JSONField(default=dict, help_text="Totals, rows, errors, columns left out.")
    rows_done = models.PositiveBigIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Counted before a worker begins, back to 0 by people."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["understood", "running", "done", "failed"]), name="import_state_known"
            )
        ]

    def __str__(self) -> str:
        return self.name
