"""Orders and goals, for operators: to read, never to edit."""

from __future__ import annotations

from django.contrib import admin

from mediabuyer.lib.admin import ReadOnly
from portfolio.models import Conversion, Goal


@admin.register(Conversion)
class ConversionAdmin(ReadOnly):
    list_display = ("event_id", "account", "ad", "kind", "value", "clicked_on", "lag_days", "converted_at")
    list_filter = ("kind",)
    list_select_related = ("account", "ad")
    search_fields = ("event_id",)
    show_full_result_count = False


@admin.register(Goal)
class GoalAdmin(ReadOnly):
    list_display = ("account", "margin", "target_cpa", "target_roas", "focus", "set_by", "set_at")
    list_select_related = ("account", "set_by")
