"""Angles, landing pages and creatives, for operators: to read, never to edit."""

from __future__ import annotations

from django.contrib import admin

from creatives.models import Angle, Creative, LandingPage
from mediabuyer.lib.admin import ReadOnly


@admin.register(Angle)
class AngleAdmin(ReadOnly):
    list_display = ("name", "brand", "created_at")
    list_select_related = ("brand",)
    search_fields = ("name", "brand__name")


@admin.register(LandingPage)
class LandingPageAdmin(ReadOnly):
    list_display = ("url", "brand", "created_at")
    list_select_related = ("brand",)
    search_fields = ("url",)


@admin.register(Creative)
class CreativeAdmin(ReadOnly):
    list_display = ("__str__", "brand", "angle", "landing_page", "external_id", "created_at")
    list_select_related = ("brand", "angle", "landing_page")
    search_fields = ("headline", "name", "external_id")
