"""The ad account: its limits, its stop, its connection."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pghistory
from django.db import models, transaction
from django.db.models import Q

from campaigns.models.money import money
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Brand, User
from mediabuyer.brands.permissions import MANAGERS
from mediabuyer.lib.errors import Conflict, NotAllowed
from mediabuyer.lib.secrets import SecretTextField
from mediabuyer.lib.seen import require_seen
from memory.events import record
from memory.mirror import touch

META_EXPOSURE = Decimal("1.75")
"""Meta may spend up to 75 % over a daily budget on a single day."""

LOOSER_WHEN_HIGHER = ("daily_cap", "ad_set_cap", "approval_over", "budget_step")


class AdAccountQuerySet(models.QuerySet["AdAccount"]):
    def visible_to(self, user: Any) -> AdAccountQuerySet:
        if not user.is_authenticated:
            return self.none()
        return self.filter(brand__member__user=user, brand__member__is_active=True)

    def running(self) -> AdAccountQuerySet:
        """Accounts whose agent runs on a schedule."""
        return self.filter(is_agent_on=True).exclude(connection=AdAccount.Connection.RECONNECT)


@pghistory.track(
    exclude=["credentials", "clock_at", "synced_at", "structure_synced_at", "last_cycle_at", "probes", "probe_after"]
)
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
    approval_over = money(
        null=True, blank=True, help_text="Moves by rule of 24 hours that come to more than this ask a person."
    )
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
    probes = models.PositiveSmallIntegerField(default=0, help_text="Looks in vain since it was refused or held.")
    probe_after = models.DateTimeField(null=True, blank=True, help_text="Database time of the next look.")
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
        self._tell(
            "account.stopped",
            person,
            now,
            reason=reason or "no reason given",
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
        self._tell(
            "account.released",
            person,
            now,
            reason=reason,
        )

    @transaction.atomic
    def change_limits(self, person: User, now: datetime, seen: Mapping[str, Any] | None = None, **limits: Any) -> None:
        """Caps, step, cooldown and switches; old and new values go into the journal.

        With `seen`, what the person was shown, nothing is written over what another changed meanwhile.
        """
        account = self._locked()
        before = {name: getattr(account, name) for name in limits}
        if seen is not None:
            require_seen(before, seen, limits)
        changed = {name: [before[name], value] for name, value in limits.items() if before[name] != value}
        if not changed:
            return
        self._set(**limits)
        self._tell(
            "account.limits_changed",
            person,
            now,
            changed=changed,
        )

    def loosens(self, limits: Mapping[str, Any]) -> bool:
        """Whether these limits allow more than those in force: a higher cap, a larger step, a shorter rest."""
        for name in LOOSER_WHEN_HIGHER:
            if limits.get(name) is not None and limits[name] > (getattr(self, name) or Decimal(0)):
                return True
        return bool(limits.get("cooldown_hours", self.cooldown_hours) < self.cooldown_hours)

    def _tell(self, event: str, person: User, now: datetime, **data: Any) -> None:
        actor = named(person)
        record(event, "account", self.key, brand=self.brand, account=self.key, now=now, actor=actor, **data)

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
