"""The decision: its one state machine, its content hash, its moves."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime
from typing import Any

import pghistory
from django.db import models, transaction
from django.db.models import Q

from campaigns.models import Ad, AdAccount, money
from mediabuyer.agent.models.choices import (
    ENDINGS,
    MOVES,
    REASON_CODES,
    RETRACTED,
    REVERSIBLE,
    UNDO_KINDS,
    UNDO_WINDOW,
    Refusal,
    Stage,
    WayBack,
    overtaken,
    part_of,
    told_label,
    told_state,
    why_no_return,
)
from mediabuyer.agent.models.cycle import Cycle
from mediabuyer.agent.models.queries import DECIDED, TOLD_AT, DecisionQuerySet
from mediabuyer.brands.actors import named
from mediabuyer.brands.models import Token, User
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Conflict, Invalid, NotAllowed
from memory.events import record
from memory.mirror import touch

UNANSWERED: dict[str, Any] = {"decided_by": None, "decided_at": None, "reason_code": "", "note": "",
                              "approved_hash": "", "execute_after": None, "finished_at": None}  # fmt: skip


@pghistory.track()
class Decision(models.Model):
    """What the agent or a person wants done, what it rests on, and what became of it."""

    State, Reason, Undo = Stage, Refusal, WayBack

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(AdAccount, models.PROTECT)
    cycle = models.ForeignKey(Cycle, models.SET_NULL, null=True, blank=True)
    action = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    ad = models.ForeignKey(Ad, models.SET_NULL, null=True, blank=True)
    subject_level = models.CharField(max_length=10, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    params = models.JSONField(default=dict)
    changes = models.JSONField(default=list, help_text="PlannedChange as JSON: exactly what would be sent.")
    evidence = models.JSONField(default=dict)
    expected = models.JSONField(default=dict, help_text="per_day, low, high, p_loss in account currency; may be empty.")
    risk = models.CharField(max_length=10, default="low")
    way_back = models.TextField(blank=True)
    precedents = models.JSONField(default=list, help_text="Episodes shown with it: text, outcome, key.")
    waiting_cost = money(null=True, blank=True, help_text="What a day without an answer costs, expected.")
    version = models.PositiveSmallIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    requested_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The person who asked for it first; may not approve it.",
    )
    raised_by = models.ManyToManyField(User, related_name="+", help_text="Who raised it in any version; as who asked.")

    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    deferred_until = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    reason_code = models.CharField(max_length=20, blank=True, choices=REASON_CODES)
    note = models.TextField(blank=True)
    execute_after = models.DateTimeField(null=True, blank=True, help_text="The machine's time.")
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    undo_state = models.CharField(
        max_length=8,
        blank=True,
        choices=WayBack,
        help_text="How the last try to take it back stands; empty: none asked.",
    )
    undo_error = models.TextField(blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "state", "-id"], name="decision_account_state"),
            models.Index(fields=["execute_after"], name="decision_due", condition=Q(state="approved")),
            models.Index("account", TOLD_AT.desc(), models.F("id").desc(), name="decision_told", condition=DECIDED),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=Stage.values), name="decision_state_known"),
            models.CheckConstraint(
                condition=Q(undo_state__in=["", "running", "failed", "blocked", "unknown"]), name="decision_undo_known"
            ),
            models.UniqueConstraint(
                fields=["account", "action", "subject_id"],
                condition=Q(state__in=["proposed", "awaiting", "approved", "executing", "unknown"]),
                name="one_open_decision_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    # --- What an approval covers ---------------------------------------------------------------------------------

    def compute_hash(self) -> str:
        """Digest of everything an approval covers: where, what, on which state, and at which version."""
        covered = [
            str(self.account.key),
            self.account.mode,
            self.account.currency,
            self.account.external_id,
            self.action,
            self.params,
            self.changes,
            self.version,
        ]
        return hashlib.sha256(json.dumps(covered, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    # --- Moves ---------------------------------------------------------------------------------------------------

    def _move(
        self, new: str, now: datetime, actor: str, *, event: str | None = None, reason: str = "", **values: Any
    ) -> None:
        """The only place where `state` changes: one guarded update and one journal line, together or not at all.

        `reason` is why this move was made, in words; the journal must not tell the reason of an earlier one.
        """
        old = self.state
        if new not in MOVES[old]:
            raise Conflict(
                f"A decision that is “{self.get_state_display()}” cannot become “{new}”.",
                remedy="Reload the page to see what happened to it.",
            )
        with transaction.atomic():
            same = Decision.objects.filter(pk=self.pk, state=old, content_hash=self.content_hash)
            if same.update(state=new, **values) != 1:
                raise overtaken()
            self.state = new
            for name, value in values.items():
                setattr(self, name, value)
            self._tell(event or f"decision.{new}", now, actor, hash=self.content_hash, reason=reason)
            touch([self])

    def _alter(
        self, event: str, now: datetime, actor: str, seen_hash: str, values: dict[str, Any], **data: Any
    ) -> None:
        """New values while it still awaits an answer as it was shown; the state stays."""
        with transaction.atomic():
            same = Decision.objects.filter(pk=self.pk, state=self.State.AWAITING, content_hash=seen_hash)
            if not same.update(**values):
                raise overtaken()
            for name, value in values.items():
                setattr(self, name, value)
            self._tell(event, now, actor, **data)
            touch([self])

    def _tell(self, event: str, now: datetime, actor: str, **data: Any) -> None:
        """One line in the journal; for the transaction of the change that it tells of."""
        brand, account = self.account.brand, self.account.key
        record(event, "decision", self.key, brand=brand, account=account, now=now, actor=actor, what=self.title, **data)

    def block(self, now: datetime, why: str, actor: str = "agent") -> None:
        self._move(self.State.BLOCKED, now, actor, reason=why, error=why, finished_at=now)

    def ask(self, now: datetime, actor: str = "agent") -> None:
        self._move(self.State.AWAITING, now, actor)

    def approve_by_rule(self, now: datetime, execute_after: datetime) -> None:
        """For what the account's limits allow without a person."""
        values: dict[str, Any] = {"decided_at": now, "approved_hash": self.content_hash, "execute_after": execute_after}
        self._move(self.State.APPROVED, now, "agent", **values)

    def approve(
        self,
        person: User,
        seen_hash: str,
        now: datetime,
        machine_now: datetime,
        via: Token | None = None,
        note: str = "",
    ) -> None:
        """A person's yes to exactly what was shown. Refused when it changed, lapsed, or is the person's own.

        Repeating the same approval is harmless; `machine_now` is the wall clock, from which the undo window runs.
        """
        require(person, Right.DECIDE, self.account.brand)
        self.require_same(seen_hash)
        if part := part_of(self, person):
            raise NotAllowed(f"You {part} this, so somebody else decides it.", remedy="Ask another manager.")
        if self.state == self.State.APPROVED and self.decided_by_id == person.pk:
            return
        self._require_open(now)
        self._move(
            self.State.APPROVED,
            now,
            named(person, via),
            reason=note,
            decided_by=person,
            decided_at=now,
            note=note,
            approved_hash=seen_hash,
            execute_after=machine_now + UNDO_WINDOW,
            deferred_until=None,
        )

    def reject(
        self, person: User, seen_hash: str, reason_code: str, now: datetime, note: str = "", via: Token | None = None
    ) -> None:
        require(person, Right.DECIDE, self.account.brand)
        if reason_code not in self.Reason.values:
            remedy = f"Choose one of: {', '.join(self.Reason.values)}."
            raise Invalid("reason_code", reason_code, "A rejection needs a reason.", remedy=remedy)
        self.require_same(seen_hash)
        if self.state == self.State.REJECTED and self.decided_by_id == person.pk:
            return
        self._require_open(now)
        self._move(
            self.State.REJECTED,
            now,
            named(person, via),
            reason=": ".join(part for part in (str(self.Reason(reason_code).label), note) if part),
            decided_by=person,
            decided_at=now,
            reason_code=reason_code,
            note=note,
            finished_at=now,
        )

    def is_own_of(self, person: User) -> bool:
        """Whether this person proposed it. Whoever only raised the agent's proposal did not."""
        return self.cycle_id is None and self.requested_by_id == person.pk

    @property
    def told_state(self) -> str:
        """What people are told: to retract is nobody's refusal, and a yes to a request has not made it yet."""
        return told_state(self.state, self.reason_code, is_request=not self.changes)

    @property
    def told_label(self) -> str:
        return told_label(self.state, self.told_state)

    def retract(self, person: User, seen_hash: str, now: datetime, via: Token | None = None) -> None:
        """Whoever proposed it does not want it any more. Ends it, and is no opinion about it."""
        require(person, Right.PROPOSE, self.account.brand)
        self.require_same(seen_hash)
        if not self.is_own_of(person):
            raise NotAllowed("You did not ask for this.", remedy="Only the one who asked can retract it.")
        if self.told_state == RETRACTED:
            return
        self._require_open(now)
        self._move(self.State.REJECTED, now, named(person, via), event="decision.retracted",
                   decided_by=person, decided_at=now, reason_code=RETRACTED, finished_at=now)  # fmt: skip

    def revise(
        self,
        person: User,
        seen_hash: str,
        now: datetime,
        *,
        changes: list[dict[str, Any]],
        raises_exposure: bool,
        **values: Any,
    ) -> None:
        """A person's change before the answer: a new version with a new hash, still awaiting.

        Whoever raises what may be spent has asked for it and cannot approve it, whatever others change afterwards.
        """
        self.require_answerable(person, seen_hash, now)
        before = self.changes
        self.changes, self.version = changes, self.version + 1
        values |= {"changes": changes, "version": self.version, "content_hash": self.compute_hash()}
        if raises_exposure and self.requested_by is None:
            values["requested_by"] = person
        with transaction.atomic():
            self._alter("decision.changed", now, named(person), seen_hash, values, before=before, after=changes)
            if raises_exposure:
                self.raised_by.add(person)

    def defer(self, person: User, until: datetime | None, now: datetime) -> None:
        """Out of the way until then, or with None back at once; what lapses meanwhile lapses."""
        require(person, Right.DECIDE, self.account.brand)
        self._require_open(now)
        event = "decision.deferred" if until else "decision.resumed"
        self._alter(event, now, named(person), self.content_hash, {"deferred_until": until}, until=until)

    def withdraw(self, person: User, now: datetime, via: Token | None = None) -> None:
        """Undo of an approval while nothing has been sent: it waits for an answer again."""
        require(person, Right.DECIDE, self.account.brand)
        if self.state == self.State.REJECTED:
            raise Conflict("A rejection is no approval.", remedy="Whoever rejected it can take that back.")
        self._move(self.State.AWAITING, now, named(person, via), event="decision.cancelled", **UNANSWERED)

    def reconsider(self, person: User, now: datetime, via: Token | None = None) -> None:
        """Undo of the person's own no, within the undo window and while it has not lapsed: it waits again."""
        require(person, Right.DECIDE, self.account.brand)
        if why_not := why_no_return(self, person, now):
            raise Conflict(why_not)
        self._move(self.State.AWAITING, now, named(person, via), event="decision.reconsidered", **UNANSWERED)

    def expire(self, now: datetime, event: str | None = None) -> None:
        self._move(self.State.EXPIRED, now, "system", event=event, finished_at=now, reason_code=ENDINGS.get(event, ""))

    def begin(self, now: datetime) -> None:
        """From approved to executing; only the sweep that wins this move plans the changes.

        What is begun is what the table holds now: the row in memory may be older than the last change of it.
        """
        with transaction.atomic():
            row = Decision.objects.select_for_update(of=("self",)).select_related("account").get(pk=self.pk)
            if not row.approved_hash == row.content_hash == row.compute_hash():
                self.block(now, "It is no longer what was approved.", actor="system")
            else:
                self._move(self.State.EXECUTING, now, "system")

    def finish(self, state: str, now: datetime, error: str = "") -> None:
        """done, failed or unknown, as its changes ended."""
        self._move(state, now, "system", reason=error, error=error, finished_at=now)

    # --- The way back of what is done ----------------------------------------------------------------------------

    def begin_undo(self, person: User, now: datetime, machine_now: datetime, via: Token | None = None) -> None:
        """A person asks to set it back; asking again after a failed try begins anew."""
        require(person, Right.DECIDE, self.account.brand)
        not_under_way = Q(state__in=REVERSIBLE) & ~Q(undo_state__in=[self.Undo.RUNNING, self.Undo.UNKNOWN])
        self._note_undo(not_under_way, self.Undo.RUNNING, "decision.undo_requested", now, named(person, via),
                        asked_at=machine_now)  # fmt: skip

    def fail_undo(self, how: str, now: datetime, why: str) -> None:
        """failed, blocked or unknown, as the changes of its way back ended. Told once."""
        going = Q(state__in=REVERSIBLE, undo_state__in=["", self.Undo.RUNNING, self.Undo.UNKNOWN])
        self._note_undo(going & ~Q(undo_state=how), how, UNDO_KINDS[how], now, "system", reason=why)

    def _note_undo(
        self, where: Q, how: str, event: str, now: datetime, actor: str, *, reason: str = "", **data: Any
    ) -> None:
        with transaction.atomic():
            if not Decision.objects.filter(where, pk=self.pk).update(undo_state=how, undo_error=reason):
                raise overtaken()
            self.undo_state, self.undo_error = how, reason
            self._tell(event, now, actor, reason=reason, **data)
            touch([self])

    def mark_undone(self, now: datetime, actor: str) -> None:
        self._move(self.State.UNDONE, now, actor, undo_state="", undo_error="", undone_at=now)

    # --- What every answer asks first ----------------------------------------------------------------------------

    def askers(self) -> list[User]:
        """Who asked for it or raised it in any version: somebody else approves it and says how it ended."""
        first = [self.requested_by] if self.requested_by else []
        return [*first, *(person for person in self.raised_by.order_by("pk") if person not in first)]

    def require_answerable(self, person: User, seen_hash: str, now: datetime) -> None:
        """Raises unless this person may answer it now, as it was shown."""
        require(person, Right.DECIDE, self.account.brand)
        self.require_same(seen_hash)
        self._require_open(now)

    def require_same(self, seen_hash: str) -> None:
        if seen_hash != self.content_hash:
            raise Conflict(
                "This decision changed since you opened it, so your answer was not taken.",
                remedy="Look at what changed and answer again.",
            )

    def _require_open(self, now: datetime) -> None:
        if self.state != self.State.AWAITING:
            by = f" by {self.decided_by}" if self.decided_by else ""
            raise Conflict(
                f"This decision is already “{self.told_label}”{by}.",
                remedy="Reload the page; nothing was changed by you.",
            )
        if self.expires_at <= now:
            raise Conflict(
                "This decision has lapsed; its figures are too old to act on.",
                remedy="The next cycle proposes again if it still makes sense.",
            )
