"""Ad accounts, the campaign tree, what it delivered, and the ledger of everything sent to a platform."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.db import models, transaction
from django.db.models import F, Q

from creatives.models import Creative
from mediabuyer.brands.models import Brand, User
from mediabuyer.brands.permissions import MANAGERS
from mediabuyer.lib.errors import Conflict, NotAllowed
from mediabuyer.lib.secrets import SecretTextField
from memory.events import record
from memory.mirror import touch

META_EXPOSURE = Decimal("1.75")
"""Meta may spend up to 75 % over a daily budget on a single day."""


def money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=4, **options)


class AdAccountQuerySet(models.QuerySet["AdAccount"]):
    def visible_to(self, user: Any) -> AdAccountQuerySet:
        if not user.is_authenticated:
            return self.none()
        return self.filter(brand__member__user=user, brand__member__is_active=True)

    def running(self) -> AdAccountQuerySet:
        """Accounts whose agent runs on a schedule."""
        return self.filter(is_agent_on=True).exclude(connection=AdAccount.Connection.RECONNECT)


@pghistory.track(exclude=["credentials", "clock_at", "synced_at", "structure_synced_at", "last_cycle_at"])
class AdAccount(models.Model):
    """One account at one platform, its limits and its stop. An empty limit means no spending, never unlimited."""

    class Mode(models.TextChoices):
        SANDBOX = "sandbox", "Sandbox"
        LIVE = "live", "Live"
        SHADOW = "shadow", "Shadow"

    class Connection(models.TextChoices):
        OK = "ok", "Connected"
        RECONNECT = "reconnect", "Needs to be connected again"
        HELD = "held", "Held by the platform"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.PROTECT)
    name = models.CharField(max_length=120)
    platform = models.CharField(max_length=20, default="meta")
    mode = models.CharField(max_length=8, choices=Mode)
    external_id = models.CharField(max_length=64)
    graph_url = models.CharField(max_length=200, blank=True, help_text="Where a sandbox answers; empty for live.")
    credentials = SecretTextField(blank=True, help_text="JSON: access_token, app_id, app_secret, page_id.")
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=40, default="UTC")

    daily_cap = money(null=True, blank=True, help_text="Most that may be spent on one day, all campaigns together.")
    ad_set_cap = money(null=True, blank=True, help_text="Highest daily budget of one ad set or campaign.")
    approval_over = money(null=True, blank=True, help_text="A rise of more than this a day always asks a person.")
    budget_step = models.DecimalField(
        max_digits=4,
        decimal_places=2,
        default=Decimal("0.20"),
        help_text="Largest change of a budget at once, as a share.",
    )
    cooldown_hours = models.PositiveSmallIntegerField(default=72)
    is_agent_on = models.BooleanField(default=True)
    is_live_confirmed = models.BooleanField(default=False, help_text="A manager has typed the confirmation.")

    is_stopped = models.BooleanField(default=False)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    stop_reason = models.CharField(max_length=400, blank=True)

    connection = models.CharField(max_length=10, choices=Connection, default=Connection.OK)
    connection_detail = models.CharField(max_length=400, blank=True)
    held_until = models.DateTimeField(null=True, blank=True, help_text="Rate limit: no call before this time.")
    clock_at = models.DateTimeField(null=True, blank=True, help_text="Last known time of a sandbox.")
    structure_synced_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True, help_text="When insights were last read, account time.")
    last_cycle_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AdAccountQuerySet.as_manager()

    class Meta:
        ordering = ["brand", "name"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "platform", "mode", "external_id"], name="account_once"),
            models.CheckConstraint(condition=Q(mode__in=["sandbox", "live", "shadow"]), name="account_mode_known"),
            models.CheckConstraint(condition=Q(connection__in=["ok", "reconnect", "held"]), name="account_link_known"),
            models.CheckConstraint(
                condition=~Q(mode="sandbox") | Q(graph_url__startswith="http://127.0.0.1:"),
                name="sandbox_is_on_this_machine",
            ),
            models.CheckConstraint(condition=~Q(mode="live") | Q(graph_url=""), name="live_has_no_other_host"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_read_only(self) -> bool:
        return self.mode == self.Mode.SHADOW

    @transaction.atomic
    def stop(self, person: User, reason: str, now: datetime) -> None:
        """The red stop: from now on nothing that raises exposure is sent. Pressing twice changes nothing."""
        account = self._locked()
        if account.is_stopped:
            return
        self._set(is_stopped=True, stopped_at=now, stopped_by=person, stop_reason=reason[:400])
        record(
            "account.stopped",
            "account",
            self.key,
            brand=self.brand,
            account=self.key,
            now=now,
            actor=f"person:{person.email}",
            reason=reason,
        )

    @transaction.atomic
    def release(self, person: User, reason: str, now: datetime) -> None:
        """Ends the stop. Whoever pressed it cannot release it; nothing is sent by the release itself."""
        account = self._locked()
        if not account.is_stopped:
            raise Conflict("The stop was released already.", remedy="Reload the page to see by whom.")
        if account.stopped_by_id == person.pk:
            raise NotAllowed(
                "The stop you pressed is released by somebody else.",
                remedy="Ask another manager or owner to release it.",
            )
        if not self.brand.member_set.filter(user=person, is_active=True, role__in=MANAGERS).exists():
            raise NotAllowed("Only a manager or owner releases the stop.", remedy="Ask a manager.")
        self._set(is_stopped=False, stopped_at=None, stopped_by=None, stop_reason="")
        record(
            "account.released",
            "account",
            self.key,
            brand=self.brand,
            account=self.key,
            now=now,
            actor=f"person:{person.email}",
            reason=reason,
        )

    @transaction.atomic
    def change_limits(self, person: User, now: datetime, **limits: Any) -> None:
        """Caps, step, cooldown and switches; old and new values go into the journal."""
        account = self._locked()
        before = {name: getattr(account, name) for name in limits}
        changed = {name: [before[name], value] for name, value in limits.items() if before[name] != value}
        if not changed:
            return
        self._set(**limits)
        record(
            "account.limits_changed",
            "account",
            self.key,
            brand=self.brand,
            account=self.key,
            now=now,
            actor=f"person:{person.email}",
            changed=changed,
        )

    def _locked(self) -> AdAccount:
        """The row as it is now, for us alone. Rows that name the account may still be added: whoever adds one holds
        the journal, which comes after the account for everybody.
        """
        return AdAccount.objects.select_for_update(no_key=True).get(pk=self.pk)

    def _set(self, **values: Any) -> None:
        AdAccount.objects.filter(pk=self.pk).update(**values)
        for name, value in values.items():
            setattr(self, name, value)
        touch([self])


class Status(models.TextChoices):
    """Meta's own words. What we do not know counts as neither running nor paused."""

    ACTIVE = "ACTIVE", "Active"
    PAUSED = "PAUSED", "Paused"
    ARCHIVED = "ARCHIVED", "Archived"
    DELETED = "DELETED", "Deleted"


class TreeQuerySet(models.QuerySet[Any]):
    def present(self) -> TreeQuerySet:
        return self.exclude(status__in=[Status.ARCHIVED, Status.DELETED])

    def active(self) -> TreeQuerySet:
        return self.filter(effective_status=Status.ACTIVE)


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

    class Meta(Node.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="ad_once")]


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
            models.Index(
                fields=["account", "day"],
                name="insight_account_day",
                include=["ad", "until", "spend", "impressions", "clicks", "link_clicks", "results", "revenue"],
            ),
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
                name="breakdown_account_day",
                include=["value", "until", "spend", "impressions", "clicks", "link_clicks", "results", "revenue"],
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


class Operation(models.Model):
    """One piece of work at a platform, made of changes; belongs to one decision, whose key it carries."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.PROTECT)
    decision_key = models.UUIDField(null=True, blank=True, db_index=True)
    workflow = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    actor = models.CharField(max_length=120)
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
