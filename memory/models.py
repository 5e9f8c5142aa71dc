"""What happened, what we learned from it, and what the graph has yet to hear.

The room knows none of the models above it: subjects are plain kinds and keys, so history outlives the rows it is about.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q

from mediabuyer.brands.models import Brand


class EventQuerySet(models.QuerySet["Event"]):
    def about(self, subject: str, key: uuid.UUID | str) -> EventQuerySet:
        return self.filter(subject=subject, subject_key=str(key))

    def of_account(self, key: uuid.UUID | str) -> EventQuerySet:
        return self.filter(account_key=key)

    def between(self, start: datetime, end: datetime) -> EventQuerySet:
        return self.filter(happened_at__gte=start, happened_at__lt=end)


class Event(models.Model):
    """One line of the journal: audit trail and timeline in one. Append-only, each line hashed with the one before."""

    number = models.PositiveBigIntegerField(help_text="Position in the brand's chain, without gaps.")
    kind = models.CharField(max_length=40)
    brand = models.ForeignKey(Brand, models.PROTECT)
    account_key = models.UUIDField(null=True, blank=True)
    subject = models.CharField(max_length=40, help_text="What it is about: decision, change, account, cycle …")
    subject_key = models.CharField(max_length=64)
    actor = models.CharField(max_length=320, help_text="agent, system, or person:<e-mail>, token:<prefix>")
    data = models.JSONField(default=dict)
    happened_at = models.DateTimeField(help_text="In the account's time: a sandbox has a clock of its own.")
    recorded_at = models.DateTimeField(help_text="The machine's time.")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["brand", "number"], name="event_chain_has_no_forks")]
        indexes = [
            models.Index(fields=["subject", "subject_key", "-id"], name="event_subject"),
            models.Index(fields=["account_key", "-id"], name="event_account"),
            models.Index(fields=["account_key", "kind", "-happened_at"], name="event_account_kind"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_key}"


class PlainWords(models.Func):
    """Letters and digits only: without a system locale the parser takes “ and € for letters."""

    function = "regexp_replace"
    template = "%(function)s(%(expressions)s, '[^[:alnum:]]+', ' ', 'g')"


class Episode(models.Model):
    """Something that was tried and how it went, in one sentence and a few numbers; what recall searches.

    Never edited: what becomes known later is another version with the same source, and recall takes the last version
    that was known at its time.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    brand = models.ForeignKey(Brand, models.CASCADE)
    account_key = models.UUIDField(null=True, blank=True)
    source = models.CharField(max_length=80, help_text="What it was made from; makes writing idempotent.")
    kind = models.CharField(max_length=40, help_text="The action's slug, or the kind of note.")
    text = models.TextField()
    entities = models.JSONField(default=list, help_text='List of "type:key", for example "angle:price".')
    payload = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, blank=True, choices=[("good", "Good"), ("bad", "Bad"), ("open", "Open")])
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(help_text="In the account's time: from when on recall may know it.")
    words = models.GeneratedField(
        expression=SearchVector(PlainWords("text"), config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        ordering = ["-occurred_at"]
        indexes = [
            GinIndex(fields=["words"], name="episode_words"),
            GinIndex(fields=["entities"], name="episode_entities", opclasses=["jsonb_path_ops"]),
            models.Index(fields=["brand", "kind", "-occurred_at"], name="episode_kind"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=["", "good", "bad", "open"]), name="episode_outcome_known"),
            models.UniqueConstraint(fields=["source", "recorded_at"], name="episode_version_once"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class GraphChange(models.Model):
    """One thing the graph has to hear, written in the transaction that made it true. `seq` guards the order."""

    seq = models.BigAutoField(primary_key=True)
    tx = models.BigIntegerField(help_text="Transaction id: rows are read only once every older transaction has ended.")
    op = models.CharField(
        max_length=8, choices=[("node", "node"), ("edge", "edge"), ("delete", "delete"), ("unlink", "unlink")]
    )
    label = models.CharField(max_length=40, help_text="Node label or relationship type, from a declaration.")
    key = models.CharField(max_length=120)
    payload = models.JSONField(default=dict, help_text="The full desired state, never a delta.")
    checksum = models.BigIntegerField(default=0, help_text="crc32 of the canonical payload.")
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Not before this time, database's clock.")
    trouble = models.TextField(blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["seq"], name="graph_change_waiting", condition=Q(applied_at=None, set_aside_at=None)),
            models.Index(fields=["label", "key", "-seq"], name="graph_change_last"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(op__in=["node", "edge", "delete", "unlink"]), name="graph_change_op_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.label} {self.key}"


class GraphMirror(models.Model):
    """The one row that says how the graph is doing, so that pages never ask the graph itself."""

    class State(models.TextChoices):
        READY = "ready", "Ready"
        DOWN = "down", "Not reachable"
        REBUILDING = "rebuilding", "Being rebuilt"

    name = models.CharField(max_length=20, primary_key=True, default="mirror")
    state = models.CharField(max_length=10, choices=State, default=State.DOWN)
    detail = models.CharField(max_length=400, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="Last sign of life of the projector.")
    rebuilt_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    parity = models.JSONField(default=list, help_text="Last parity, one object a label or type.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["ready", "down", "rebuilding"]), name="mirror_state_known")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"
