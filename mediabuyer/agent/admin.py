"""Cycles, decisions and what came of them, for operators: to read, never to edit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from mediabuyer.agent.models import Cycle, Decision, Finding, Outcome, Step
from mediabuyer.lib.admin import ReadOnly


class Rows(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class StepRows(Rows):
    model = Step
    fields = ("name", "state", "summary", "started_at", "finished_at")


class FindingRows(Rows):
    model = Finding
    fields = ("guardrail", "severity", "message", "stage")


@admin.register(Cycle)
class CycleAdmin(ReadOnly):
    list_display = ("now", "account", "state", "trigger", "started_by", "started_at", "finished_at")
    list_filter = ("state", "trigger")
    list_select_related = ("account", "started_by")
    search_fields = ("key", "account__name")
    exclude = ("observation", "recalled")
    inlines = (StepRows,)


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("title", "account", "action", "state", "decided_by", "proposed_at", "decided_at")
    list_filter = ("state", "action", "reason_code")
    list_select_related = ("account", "decided_by")
    search_fields = ("key", "title", "account__name")
    inlines = (FindingRows,)


@admin.register(Finding)
class FindingAdmin(ReadOnly):
    list_display = ("guardrail", "severity", "message", "stage", "decision", "created_at")
    list_filter = ("severity", "guardrail", "stage")
    list_select_related = ("decision",)


@admin.register(Outcome)
class OutcomeAdmin(ReadOnly):
    list_display = ("decision", "verdict", "due_on", "measured_at")
    list_filter = ("verdict",)
    list_select_related = ("decision",)
