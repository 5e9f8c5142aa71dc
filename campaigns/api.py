"""Accounts, their campaign trees and their journals by REST; the frame of every view below an account."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request

from campaigns.models import Ad, AdAccount, AdSet, Campaign, Status
from mediabuyer.brands.api_permissions import HasScope, brands_of
from mediabuyer.brands.models import Brand
from mediabuyer.lib.api_views import View, find
from mediabuyer.lib.paging import Pages
from memory.api import EventFilter, EventSerializer
from memory.models import Event


def accounts_of(request: Request) -> QuerySet[AdAccount]:
    """Accounts that the asking person or token may see."""
    return AdAccount.objects.filter(brand__in=brands_of(request)).select_related("brand")


class OfAccount(View):
    """A view below `/api/accounts/{key}/`: 404 for whoever has no business with the account."""

    permission_classes = [HasScope]
    what = "account"
    account: AdAccount

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.account = find(accounts_of(request), "account", kwargs["key"])

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """A program sees which world it reads of, also where the body is a list of rows."""
        if hasattr(self, "account"):
            response["X-Account-Mode"] = self.account.mode
        return super().finalize_response(request, response, *args, **kwargs)


class BrandSerializer(serializers.ModelSerializer[Brand]):
    class Meta:
        model = Brand
        fields = ["key", "name"]
        read_only_fields = fields


class AccountSerializer(serializers.ModelSerializer[AdAccount]):
    """Everything but the credentials and the address they are for."""

    brand = BrandSerializer(read_only=True)

    class Meta:
        model = AdAccount
        fields = ["key", "brand", "name", "platform", "mode", "external_id", "currency", "time_zone", "daily_cap",
                  "ad_set_cap", "approval_over", "budget_step", "cooldown_hours", "is_agent_on", "is_live_confirmed",
                  "is_stopped", "stopped_at", "stop_reason", "connection", "connection_detail", "held_until",
                  "structure_synced_at", "synced_at", "last_cycle_at", "created_at"]  # fmt: skip
        read_only_fields = fields


NODE_FIELDS = ["key", "external_id", "name", "status", "effective_status", "is_placeholder", "platform_created_at"]


class AdSerializer(serializers.ModelSerializer[Ad]):
    angle = serializers.CharField(source="creative.angle.name", default=None, read_only=True, allow_null=True)
    landing_page = serializers.CharField(
        source="creative.landing_page.url", default=None, read_only=True, allow_null=True
    )
    headline = serializers.CharField(source="creative.headline", default=None, read_only=True, allow_null=True)

    class Meta:
        model = Ad
        fields = [*NODE_FIELDS, "angle", "landing_page", "headline", "review_feedback", "result_kind"]
        read_only_fields = fields


class AdSetSerializer(serializers.ModelSerializer[AdSet]):
    ads = AdSerializer(source="ad_set", many=True, read_only=True)

    class Meta:
        model = AdSet
        fields = [*NODE_FIELDS, "daily_budget", "lifetime_budget", "optimization_goal", "learning_status",
                  "learning_conversions", "last_significant_edit_at", "ads"]  # fmt: skip
        read_only_fields = fields


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    ad_sets = AdSetSerializer(source="adset_set", many=True, read_only=True)

    class Meta:
        model = Campaign
        fields = [*NODE_FIELDS, "objective", "bid_strategy", "daily_budget", "lifetime_budget", "ad_sets"]
        read_only_fields = fields


class CampaignFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)

    class Meta:
        model = Campaign
        fields = ["effective_status"]


class CampaignPages(Pages):
    """A campaign brings all that is below it, so pages are shorter."""

    page_size = 25
    max_page_size = 100


@extend_schema(summary="Accounts that the token may see")
class Accounts(View, ListAPIView[AdAccount]):
    permission_classes = [HasScope]
    serializer_class = AccountSerializer
    queryset = AdAccount.objects.none()

    def get_queryset(self) -> QuerySet[AdAccount]:
        return accounts_of(self.request)


@extend_schema(summary="One account with its limits and its state")
class Account(View, RetrieveAPIView[AdAccount]):
    permission_classes = [HasScope]
    what = "account"
    serializer_class = AccountSerializer
    queryset = AdAccount.objects.none()
    lookup_field = "key"

    def get_queryset(self) -> QuerySet[AdAccount]:
        return accounts_of(self.request)


@extend_schema(summary="Campaigns with their ad sets and ads", description="Paged by campaign.")
class Campaigns(OfAccount, ListAPIView[Campaign]):
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilter
    pagination_class = CampaignPages
    queryset = Campaign.objects.order_by("name", "pk")

    def get_queryset(self) -> QuerySet[Campaign]:
        ads = Ad.objects.select_related("creative__angle", "creative__landing_page")
        tree = Prefetch("adset_set", AdSet.objects.prefetch_related(Prefetch("ad_set", ads)))
        return super().get_queryset().filter(account=getattr(self, "account", None)).prefetch_related(tree)


@extend_schema(summary="The account's journal, newest first")
class Journal(OfAccount, ListAPIView[Event]):
    serializer_class = EventSerializer
    filterset_class = EventFilter
    queryset = Event.objects.all()

    def get_queryset(self) -> QuerySet[Event]:
        account = getattr(self, "account", None)
        return Event.objects.filter(brand=account.brand, account_key=account.key) if account else Event.objects.none()
