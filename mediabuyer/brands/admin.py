"""Brands, people and their keys, for operators."""

from __future__ import annotations

from typing import Any

from allauth.account import admin as account_admin
from allauth.mfa import admin as mfa_admin
from allauth.usersessions import admin as sessions_admin
from axes import admin as axes_admin
from django.contrib import admin
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
class PersonAdmin(admin.ModelAdmin):
    """Names only: whoever could set a password, an address or a right here could be anybody, untold by the journal."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        ("Person", {"fields": ("email", "first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined", "seen_today_at")}),
    )
    readonly_fields = (
        "email", "is_active", "is_staff", "is_superuser", "last_login", "date_joined", "seen_today_at",
    )  # fmt: skip

    def has_add_permission(self, request: Any) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        """Memberships would go with it, the last owner's too."""
        return False


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):
    list_display = ("name", "key", "created_at")
    search_fields = ("name", "key")
    readonly_fields = ("key", "created_at")

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002
        """Its journal has to outlive it."""
        return False


@admin.register(Member)
class MemberAdmin(ReadOnly):
    """Roles are changed in Settings, by an owner; the first owner of a brand is made by `manage.py first_owner`."""

    list_display = ("user", "brand", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "brand")
    search_fields = ("user__email", "brand__name")


@admin.register(Token)
class TokenAdmin(ReadOnly):
    list_display = ("name", "prefix", "member", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("member__user", "member__brand")
    search_fields = ("name", "prefix", "member__user__email")
    exclude = ("digest",)
