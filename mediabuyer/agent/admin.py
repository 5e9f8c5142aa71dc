"""Cycles, decisions and what came of them, for operators: to read, never to edit."""

from __future__ import annotations

from django.contrib import admin

from mediabuyer.agent.models import Cycle, Decision, Finding, Outcome, Step
from mediabuyer.lib.admin import ReadOnly


class StepInline(admin.TabularInline):
    model = Step
    fields = ("order", "name", "state", "summary", "started_at", "finished_at")
    readonly_fields = fields
    extra = max_num = 0
    can_delete = False


class FindingInline(admin.TabularInline):
    model = Finding
    fields = ("stage", "guardrail", "severity", "message", "created_at")
    readonly_fields = fields
    extra = max_num = 0
    can_delete = False


@admin.register(Cycle)
class CycleAdmin(ReadOnly):
    list_display = ("account", "state", "trigger", "started_by", "now", "started_at", "finished_at")
    list_filter = ("state", "trigger")
    list_select_related = ("account", "started_by")
    search_fields = ("key", "account__name")
    exclude = ("observation", "recalled")
    inlines = (StepInline,)


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("title", "account", "action", "state", "risk", "proposed_at", "decided_by", "decided_at")
    list_filter = ("state", "action", "risk")
    list_select_related = ("account", "decided_by")
    search_fields = ("key", "title", "subject_id")
    inlines = (FindingInline,)


@admin.register(Finding)
class FindingAdmin(ReadOnly):
    list_display = ("guardrail", "severity", "message", "stage", "decision", "created_at")
    list_filter = ("severity", "guardrail", "stage")
    list_select_related = ("decision",)


@admin.register(Outcome)
class OutcomeAdmin(ReadOnly):
    list_display = ("decision", "due_on", "measured_at", "verdict")
    list_filter = ("verdict",)
    list_select_related = ("decision",)
