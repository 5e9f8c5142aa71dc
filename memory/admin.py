"""The journal, the episodes and what the graph has yet to hear, for operators: to read, never to edit."""

from __future__ import annotations

from django.contrib import admin

from mediabuyer.lib.admin import ReadOnly
from memory.models import Episode, Event, GraphChange


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("recorded_at", "number", "brand", "kind", "actor", "subject", "subject_key")
    list_filter = ("kind",)
    list_select_related = ("brand",)
    search_fields = ("subject_key", "actor", "account_key")
    show_full_result_count = False


@admin.register(Episode)
class EpisodeAdmin(ReadOnly):
    list_display = ("text", "brand", "kind", "outcome", "occurred_at")
    list_filter = ("kind", "outcome")
    list_select_related = ("brand",)
    exclude = ("words",)
    search_fields = ("text", "source")


@admin.register(GraphChange)
class GraphChangeAdmin(ReadOnly):
    list_display = ("seq", "op", "label", "key", "created_at", "applied_at", "tries", "set_aside_at")
    list_filter = ("op", "label")
    search_fields = ("key", "trouble")
    show_full_result_count = False
