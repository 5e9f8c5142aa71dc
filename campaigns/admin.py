"""Accounts, what they hold and what was sent to them, for operators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from campaigns.clock import now_for
from campaigns.models import Ad, AdAccount, AdSet, Campaign, Change, ImportFile, Operation, SyncRun
from mediabuyer.brands.models import User
from mediabuyer.lib.admin import ReadOnly


@admin.register(AdAccount)
class AdAccountAdmin(ReadOnly):
    """Limits and the stop are changed on the pages, which ask for reasons and keep the journal."""

    list_display = ("name", "brand", "platform", "mode", "connection", "is_agent_on", "is_stopped", "synced_at")
    list_filter = ("mode", "platform", "connection", "is_agent_on", "is_stopped")
    list_select_related = ("brand",)
    search_fields = ("name", "external_id", "key", "brand__name")
    exclude = ("credentials",)
    actions = ("switch_agent_off",)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.has_perm("campaigns.change_adaccount"))

    @admin.action(description="Switch the agent off", permissions=["operate"])
    def switch_agent_off(self, request: HttpRequest, accounts: QuerySet[AdAccount]) -> None:
        """No further cycle starts on schedule; what is approved already goes on."""
        assert isinstance(request.user, User)
        running = accounts.filter(is_agent_on=True).select_related("brand")
        for account in running:
            account.change_limits(request.user, now_for(account), is_agent_on=False)
        self.message_user(request, f"The agent is off on {len(running)} accounts.", messages.SUCCESS)


class NodeAdmin(ReadOnly):
    list_filter = ("effective_status",)
    search_fields = ("name", "external_id", "key", "account__name")


@admin.register(Campaign)
class CampaignAdmin(NodeAdmin):
    list_display = ("name", "account", "effective_status", "daily_budget", "external_id")
    list_select_related = ("account",)


@admin.register(AdSet)
class AdSetAdmin(NodeAdmin):
    list_display = ("name", "campaign", "account", "effective_status", "daily_budget", "learning_status")
    list_select_related = ("campaign", "account")


@admin.register(Ad)
class AdAdmin(NodeAdmin):
    list_display = ("name", "ad_set", "account", "effective_status", "external_id")
    list_select_related = ("ad_set", "account")


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly):
    list_display = ("kind", "account", "state", "rows", "started_at", "finished_at")
    list_filter = ("kind", "state")
    list_select_related = ("account",)


@admin.register(ImportFile)
class ImportFileAdmin(ReadOnly):
    list_display = ("name", "brand", "account", "state", "size", "uploaded_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("brand", "account", "uploaded_by")
    search_fields = ("name", "key")


class ChangeInline(admin.TabularInline):
    model = Change
    fields = ("order", "kind", "level", "external_id", "state", "attempts", "sent_at", "settled_at")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Operation)
class OperationAdmin(ReadOnly):
    list_display = ("workflow", "account", "actor", "is_undo", "created_at", "decision_key")
    list_filter = ("workflow", "is_undo")
    list_select_related = ("account",)
    search_fields = ("key", "decision_key")
    inlines = (ChangeInline,)


@admin.register(Change)
class ChangeAdmin(ReadOnly):
    list_display = ("kind", "level", "external_id", "account", "state", "attempts", "sent_at", "settled_at")
    list_filter = ("state", "kind", "level")
    list_select_related = ("account",)
    search_fields = ("key", "external_id", "remote_id", "operation__decision_key")
