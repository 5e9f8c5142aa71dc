"""The journal as the API tells it: what happened, who did it, and the hash that chains it to the line before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters
from rest_framework import serializers

from mediabuyer.lib.errors import Invalid
from memory.events import KINDS, sentence
from memory.models import Event


class EventSerializer(serializers.ModelSerializer[Event]):
    sentence = serializers.SerializerMethodField(help_text="What happened, in words; the actor stands in front of it.")

    class Meta:
        model = Event
        fields = ["number", "kind", "sentence", "actor", "subject", "subject_key", "data", "happened_at",
                  "recorded_at", "previous_hash", "hash"]  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, event: Event) -> str:
        return sentence(event)


class MomentFilter(django_filters.IsoDateTimeFilter):
    """In UTC, since the database knows no offsets beyond 16 hours."""

    def filter(self, rows: Any, value: datetime | None) -> Any:
        try:
            return super().filter(rows, value and value.astimezone(UTC))
        except OverflowError as error:
            raise Invalid(self.field_name, value, "There is no such moment.") from error


class EventFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS])
    since = MomentFilter("happened_at", "gte", help_text="In the account's time, this moment too.")
    until = MomentFilter("happened_at", "lt")

    class Meta:
        model = Event
        fields = ["subject", "subject_key"]
