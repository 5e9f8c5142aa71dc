"""Brands, people and their keys, for operators."""

from __future__ import annotations

from typing import Any

from allauth.account import admin as account_admin
from allauth.mfa import admin as mfa_admin
from allauth.usersessions import admin as sessions_admin
from axes import admin as axes_admin
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django_q import admin as queue_admin

from mediabuyer.brands.models import Brand, Member, Token, User
from mediabuyer.lib.admin import ReadOnly

OTHERS = (account_admin, mfa_admin, sessions_admin, axes_admin, queue_admin)
"""Imported so that they have registered by now. Editing a queue, a lockout or a second factor by hand harms more than
it helps: whoever may edit a schedule may run any function of ours. The pages of allauth and `manage.py axes_reset` do
it properly."""


def forget_others() -> None:
    names = {module.__name__.split(".")[0] for module in OTHERS}
    foreign = [model for model in admin.site._registry if model.__module__.split(".")[0] in names]
    admin.site.unregister([*foreign, Group])


forget_others()


@admin.register(User)
class PersonAdmin(UserAdmin):
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined", "seen_today_at")}),
    )
    readonly_fields = ("last_login", "date_joined", "seen_today_at")
    add_fieldsets = ((None, {"fields": ("email", "first_name", "last_name", "password1", "password2")}),)


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ("name", "key", "created_at")
    search_fields = ("name", "key")
    readonly_fields = ("key", "created_at")

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        """Its journal has to outlive it."""
        return False


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ("user", "brand", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "brand")
    search_fields = ("user__email", "brand__name")
    raw_id_fields = ("user", "brand")
    readonly_fields = ("key", "created_at")


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ("name", "prefix", "member", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("member__user", "member__brand")
    search_fields = ("name", "prefix", "member__user__email")
    exclude = ("digest",)
