"""Orders in: the advertiser's own ledger, pushed by REST. Sending an order again updates it, never adds another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api import OfAccount
from campaigns.clock import known_now
from campaigns.models import Ad, AdAccount
from mediabuyer.brands.actors import named
from mediabuyer.brands.api_permissions import person_of, token_of
from mediabuyer.brands.idempotency import idempotent
from mediabuyer.brands.models import Scope
from mediabuyer.brands.permissions import Right, require
from mediabuyer.lib.errors import Invalid
from memory.events import record
from portfolio.conversions import Order, record_conversions
from portfolio.models import Conversion

MOST = 5000
LONGEST_LAG = timedelta(days=365)
CLOCKS_DIFFER = timedelta(days=1)
"""How far ahead of the account's time an order may be booked."""


class OrderSerializer(serializers.Serializer[Any]):
    event_id = serializers.CharField(max_length=80, help_text="Yours; sending it again replaces the order.")
    ad_id = serializers.CharField(max_length=64, help_text="The platform's id of the ad that was clicked.")
    kind = serializers.ChoiceField(Conversion.Kind.choices, default=Conversion.Kind.PURCHASE)
    clicked_at = serializers.DateTimeField()
    converted_at = serializers.DateTimeField()
    value = serializers.DecimalField(max_digits=18, decimal_places=4, help_text="Negative for a refund.")
    currency = serializers.CharField(max_length=3, required=False, help_text="The account's, if given.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        account, now = self.context["account"], self.context["now"]
        is_refund = attrs["kind"] == Conversion.Kind.REFUND
        problems = {
            "currency": attrs.pop("currency", account.currency) != account.currency
            and f"The account is in {account.currency}.",
            "value": (attrs["value"] > 0 if is_refund else attrs["value"] < 0)
            and ("A refund has a negative value." if is_refund else "A purchase has no negative value."),
            "ad_id": attrs["ad_id"] not in self.context["ads"]
            and "The account has no such ad. Send it again after the next sync.",
            "clicked_at": not timedelta(0) <= attrs["converted_at"] - attrs["clicked_at"] <= LONGEST_LAG
            and f"The click comes before the order, by {LONGEST_LAG.days} days at most.",
            "converted_at": attrs["converted_at"] > now + CLOCKS_DIFFER and "This lies in the future.",
        }
        if found := {field: message for field, message in problems.items() if message}:
            raise serializers.ValidationError(found)
        return attrs


class RowErrorSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Place in the list, from 0.")
    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class RecordedSerializer(serializers.Serializer[Any]):
    received = serializers.IntegerField()
    recorded = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]


class Conversions(OfAccount):
    serializer_class = OrderSerializer
    write_scope = Scope.IMPORT

    @extend_schema(
        summary="Push orders and refunds",
        description=f"Up to {MOST:,} at once. Rows with errors are named and left out; the others are recorded.",
        request=OrderSerializer(many=True),
        responses={200: RecordedSerializer},
    )
    @idempotent
    def post(self, request: Request, **_: Any) -> Response:
        require(request.user, Right.IMPORT, self.account.brand)
        rows = request.data
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
            raise Invalid("", type(rows).__name__, f"Send a JSON list of 1 to {MOST:,} orders.")
        now = known_now(self.account)
        orders, errors = _read(self.account, rows, now)
        if not orders:
            return Response(_refused(request, len(rows), errors), 422)
        with transaction.atomic():
            count = record_conversions(self.account, orders)
            record(
                "orders.received", "account", self.account.key, brand=self.account.brand, account=self.account.key,
                now=now, actor=named(person_of(request), token_of(request)), orders=count, refused=len(errors),
            )  # fmt: skip
        return Response({"received": len(rows), "recorded": count, "errors": errors})


def _read(account: AdAccount, rows: list[Any], now: datetime) -> tuple[list[Order], list[dict[str, Any]]]:
    """Good orders, sorted so that two requests at once lock them in one order, and what is wrong with the rest."""
    ads = set(Ad.objects.filter(account=account).values_list("external_id", flat=True))
    orders: list[Order] = []
    errors: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        order = OrderSerializer(data=row, context={"account": account, "now": now, "ads": ads})
        if order.is_valid():
            orders.append(Order(**order.validated_data))
        else:
            errors.extend(_errors(place, row, order.errors))
    return sorted(orders, key=lambda order: order.event_id), errors


def _refused(request: Request, received: int, errors: list[dict[str, Any]]) -> dict[str, Any]:
    """In the shape of every refusal; a field is named with the place of its order: `0.value`."""
    faults: dict[str, list[str]] = {}
    for one in errors:
        faults.setdefault(f"{one['row']}.{one['field']}", []).append(one["message"])
    return {
        "detail": "None of the orders can be used, so nothing was recorded.",
        "remedy": "Correct what `errors` names and send it again.",
        "received": received,
        "recorded": 0,
        "errors": faults,
        "reference": getattr(request, "reference", ""),
    }


def _errors(place: int, row: Any, errors: Any) -> Iterator[dict[str, Any]]:
    for field, messages in errors.items():
        value = row.get(field, "") if isinstance(row, dict) else row
        yield {"row": place, "field": field, "value": str(value)[:200], "message": " ".join(map(str, messages))}
